//! How many readings per second one core takes from messages into windows: `cargo run --release -p analytics-service --example hot_path`.
//!
//! 100,000 meters in 300 groups, all in one shard, 1,000 readings per message, in order of time (every meter's first quarter of an
//! hour, then every meter's second ...), and once meter by meter.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::sync::Arc;
use std::time::Duration;

use analytics_service::day::DAY_MS;
use analytics_service::group::Groups;
use analytics_service::meters::{Assigned, Assignment, Stays};
use analytics_service::shard::{Moment, Policy, Shard};
use analytics_service::store::Kept;
use bytes::Bytes;
use model::Stay;
use prost::Message as _;
use proto::billing::Group;
use proto::columns::Row;
use proto::meter::ReadingColumns;
use tokio::time::Instant;

const METERS: u32 = 100_000;
const GROUPS: u32 = 300;
const PER_MESSAGE: usize = 1_000;
const QUARTERS: i64 = 96;
const DAY: i32 = 20_000;

fn main() {
    for (shape, messages) in [("in order of time", by_time()), ("meter by meter", by_meter())] {
        let readings = messages.len() * PER_MESSAGE;
        let rate = |took: Duration| readings as f64 / took.as_secs_f64() / 1e6;
        let decoded: Vec<ReadingColumns> = messages
            .iter()
            .filter_map(|body| ReadingColumns::decode(body.clone()).ok())
            .collect();
        let apply = best(|shard| {
            for (position, columns) in (1..).zip(&decoded) {
                let _applied = shard.apply(position, columns, moment());
            }
        });
        let mut columns = ReadingColumns::default();
        let whole = best(|shard| {
            for (position, body) in (1..).zip(&messages) {
                columns.clear();
                if columns.merge(body.clone()).is_ok() {
                    let _applied = shard.apply(position, &columns, moment());
                }
            }
        });
        println!(
            "{shape}: {readings} readings; windows {:.1} M readings/s; decoding and windows {:.1} M readings/s",
            rate(apply),
            rate(whole)
        );
    }
}

/// The best of five runs, each on a shard that knows its meters and has no readings.
fn best(mut work: impl FnMut(&mut Shard)) -> Duration {
    let runs = (0..5).map(|_| {
        let mut shard = shard();
        let start = Instant::now();
        work(&mut shard);
        start.elapsed()
    });
    runs.min().unwrap_or_default()
}

fn moment() -> Moment {
    Moment {
        since_start: Duration::ZERO,
        first_open_day: DAY,
    }
}

fn shard() -> Shard {
    let groups = Arc::new(Groups::default());
    let stays: Vec<Stays> = (0..GROUPS)
        .map(|number| {
            let place = groups.number(&Group {
                region: format!("region-{}", number % 10),
                feeder: format!("feeder-{number}"),
                ..Group::default()
            });
            let (from_ms, to_ms) = (0, i64::MAX);
            Stays::from([Stay {
                from_ms,
                to_ms,
                place,
            }])
        })
        .collect();
    let assigned = |(meter, stays): (_, &Stays)| Assigned {
        hash: model::meter_hash(&name(meter)),
        stays: Arc::clone(stays),
        heard: false,
    };
    let assignment = Assignment {
        version: 1,
        meters: (0..METERS).zip(stays.iter().cycle()).map(assigned).collect(),
    };
    let policy = Policy {
        quiet: Duration::from_secs(1),
        stale_delay: Duration::from_secs(30),
        provisional_delay: Duration::from_mins(5),
        provisional_rest: Duration::from_secs(10),
        resident_bytes: 64 << 20,
    };
    let mut shard = Shard::restore(0, &Kept::default(), groups, policy);
    shard.assign(&assignment, moment());
    shard
}

fn name(meter: u32) -> String {
    format!("METER-{meter:08}")
}

/// Every meter's first quarter, then every meter's second ...
fn by_time() -> Vec<Bytes> {
    let meters: Vec<u32> = (0..METERS).collect();
    let messages = (0..QUARTERS).flat_map(|quarter| {
        meters
            .chunks(PER_MESSAGE)
            .map(move |meters| message(meters.iter().map(|meter| (*meter, quarter))))
    });
    messages.collect()
}

/// A day of one meter, then a day of the next ...
fn by_meter() -> Vec<Bytes> {
    let readings: Vec<(u32, i64)> = (0..METERS)
        .flat_map(|meter| (0..QUARTERS).map(move |quarter| (meter, quarter)))
        .collect();
    readings
        .chunks(PER_MESSAGE)
        .map(|readings| message(readings.iter().copied()))
        .collect()
}

fn message(readings: impl Iterator<Item = (u32, i64)>) -> Bytes {
    let mut columns = ReadingColumns::default();
    let mut last = None;
    let mut place = 0;
    for (meter, quarter) in readings {
        if last != Some(meter) {
            columns.push_meter_id(&name(meter));
            place = last.map_or(0, |_| place + 1);
            last = Some(meter);
        }
        columns.push(&Row {
            meter: place,
            start_ms: i64::from(DAY) * DAY_MS + quarter * 900_000,
            kind: 1,
            channel: 1,
            register: 0,
            value: 100_000 + i64::from(meter % 977) * 311,
            interval_seconds: 0,
            quality: 1,
            revision: 0,
            sequence: 0,
        });
    }
    columns.squeeze();
    columns.encode_to_vec().into()
}
