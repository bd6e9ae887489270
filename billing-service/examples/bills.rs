//! How fast a bill run goes: `cargo run --release -p billing-service --example bills [METERS]`.
//!
//! METERS households (2,000) with quarter-hours of one month are registered, read and stored. After a restart, so that all of it comes
//! from the store, they are planned (a dry run), issued, and run again. Core time is that of the whole process.
#![expect(clippy::print_stdout, reason = "a bench is there to print")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use billing_service::{Config, Deps, Running, start};
use bytes::Bytes;
use message_bus::embedded::{Journal, Options};
use message_bus::{Bus, Message, Topic};
use model::{FixedClock, meter_hash, shard_of};
use prost::Message as _;
use proto::billing::register_object::Object;
use proto::billing::{
    Account, Agreement, Assignment, Calendar, Installation, Meter, RegisterObject, RunBillsRequest,
    ServicePoint, Tariff,
};
use proto::columns::{KIND_INTERVAL, Row};
use proto::meter::ReadingColumns;
use service_kit::Tasks;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Request;

const SHARDS: u16 = 4;
const QUARTER_MS: i64 = 900_000;
/// 1 March 2026 00:00 in Berlin; the month has 31 days and an hour less.
const BEGIN_MS: i64 = 1_772_319_600_000;
const QUARTERS: i64 = 31 * 96 - 4;
const TARIFF: &str = include_str!("../src/world/household.json");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let meters: usize = std::env::args().nth(1).map_or(Ok(2000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let bus = Journal::open(
        Options::new(folder.path().join("journal"), SHARDS),
        CancellationToken::new(),
    )?;
    let billing = open(folder.path(), Arc::clone(&bus) as Arc<dyn Bus>).await?;

    let started = Instant::now();
    register(&billing, meters).await?;
    show("register", meters * 4, "objects", started.elapsed());

    let started = Instant::now();
    for first in (0..meters).step_by(8) {
        publish(&*bus, first..meters.min(first + 8)).await?;
    }
    // A cycle with all its readings is ready.
    loop {
        let request = RunBillsRequest {
            dry_run: true,
            ..RunBillsRequest::default()
        };
        let answer = billing
            .billing()
            .run_bills(Request::new(request))
            .await?
            .into_inner();
        if answer.held == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    show(
        "read",
        meters * usize::try_from(QUARTERS)?,
        "readings",
        started.elapsed(),
    );

    billing.stop(Duration::from_secs(60)).await;
    let billing = open(folder.path(), Arc::clone(&bus) as Arc<dyn Bus>).await?;
    for (name, dry_run) in [
        ("dry run", true),
        ("dry run again", true),
        ("issue", false),
        ("run again", false),
    ] {
        let started = Instant::now();
        let cores_before = core_seconds()?;
        let request = RunBillsRequest {
            dry_run,
            ..RunBillsRequest::default()
        };
        let answer = billing
            .billing()
            .run_bills(Request::new(request))
            .await?
            .into_inner();
        show(name, meters, "bills", started.elapsed());
        let core_ms = (core_seconds()? - cores_before) * 1000.0 / meters as f64;
        println!(
            "    {core_ms:.3} core-ms each; {} issued, {} ready, {} held, {} done before",
            answer.issued, answer.ready, answer.held, answer.already_issued
        );
    }
    billing.stop(Duration::from_secs(60)).await;
    Ok(())
}

fn show(what: &str, count: usize, unit: &str, took: Duration) {
    let rate = u128::try_from(count).unwrap_or_default() * 1_000_000 / took.as_micros().max(1);
    println!(
        "{what:<14} {count:>10} {unit} in {:>7} ms, {rate:>9} per s",
        took.as_millis()
    );
}

/// Processor time of this process.
fn core_seconds() -> anyhow::Result<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let ticks = stat.split_whitespace().skip(13).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
}

async fn open(folder: &Path, bus: Arc<dyn Bus>) -> anyhow::Result<Running> {
    let now = chrono::DateTime::from_timestamp_millis(BEGIN_MS + 40 * 86_400_000);
    let deps = Deps {
        bus,
        clock: Arc::new(FixedClock(now.unwrap_or_default())),
        registry: prometheus::Registry::new(),
        tasks: Tasks::new(CancellationToken::new()),
        readiness: service_kit::Readiness::default(),
        store: "embedded:".to_owned(),
        cache: "memory:".to_owned(),
        folder: folder.join("billing"),
    };
    Ok(start(Config::default(), deps).await?)
}

async fn register(billing: &Running, meters: usize) -> anyhow::Result<()> {
    let register = billing.register();
    let put = async |object: Object| {
        register
            .put(Request::new(RegisterObject { object: Some(object) }))
            .await
    };
    let text = |text: &str| text.to_owned();
    put(Object::Account(Account {
        id: text("c"),
        currency: text("EUR"),
        ..Account::default()
    }))
    .await?;
    put(Object::Calendar(Calendar {
        id: text("k"),
        ..Calendar::default()
    }))
    .await?;
    put(Object::Tariff(Tariff {
        id: text("t"),
        body: text(TARIFF),
        ..Tariff::default()
    }))
    .await?;
    for meter in 0..meters {
        let (meter_id, point) = (format!("meter-{meter}"), format!("point-{meter}"));
        put(Object::ServicePoint(ServicePoint {
            id: point.clone(),
            zone: text("Europe/Berlin"),
            ..ServicePoint::default()
        }))
        .await?;
        put(Object::Meter(Meter {
            id: meter_id.clone(),
            ..Meter::default()
        }))
        .await?;
        let place = Installation {
            id: format!("place-{meter}"),
            meter_id,
            service_point_id: point.clone(),
            from: text("2026-03-01T00:00:00+01:00"),
            ..Installation::default()
        };
        put(Object::Installation(place)).await?;
        let assignment = Assignment {
            tariff_id: text("t"),
            calendar_id: text("k"),
            ..Assignment::default()
        };
        let agreement = Agreement {
            id: format!("agreement-{meter}"),
            account_id: text("c"),
            service_point_id: point,
            from: text("2026-03-01T00:00:00+01:00"),
            to: text("2026-04-01T00:00:00+02:00"),
            assignments: vec![assignment],
        };
        put(Object::Agreement(agreement)).await?;
    }
    Ok(())
}

/// The month of some meters, a message per meter.
async fn publish(bus: &dyn Bus, meters: std::ops::Range<usize>) -> anyhow::Result<()> {
    let message = |meter: usize| {
        let id = format!("meter-{meter}");
        let mut columns = ReadingColumns::default();
        columns.push_meter_id(&id);
        for quarter in 0..QUARTERS {
            columns.push(&Row {
                meter: 0,
                start_ms: BEGIN_MS + quarter * QUARTER_MS,
                kind: KIND_INTERVAL,
                channel: 1,
                register: 0,
                value: (quarter * 37 % 96 + 20) * 1000,
                interval_seconds: 0,
                quality: 1,
                revision: 0,
                sequence: 0,
            });
        }
        columns.received_ms = BEGIN_MS;
        columns.squeeze();
        Message {
            topic: Topic::Readings {
                shard: shard_of(meter_hash(&id), SHARDS),
            },
            id: u128::try_from(meter).unwrap_or_default(),
            kind: "gridtally.meter.v1.ReadingColumns",
            time_ms: BEGIN_MS,
            traced: Vec::new(),
            body: Bytes::from(columns.encode_to_vec()),
        }
    };
    bus.publish(meters.map(message).collect()).await?;
    Ok(())
}
