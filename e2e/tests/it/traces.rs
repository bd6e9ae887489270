//! Traces: from the call of a device to the stored bill, what they must not say, and what a collector that is away costs.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::collector::{Collector, Seen, Trace};
use e2e::instance::Instance;
use e2e::platform::Platform;
use e2e::process::Process;
use e2e::services::{Launcher, Ready, Services};
use e2e::{client, household, program, wait};
use proto::ingestion::SubmitResponse;
use proto::ingestion::ingestion_server::{Ingestion, IngestionServer};
use proto::meter::{Reading, ReadingColumns, SendReadingRequest};
use tokio::time::Instant;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::order::MONTH;
use crate::programs::free_address;
use crate::sending;
use crate::services::own;
use crate::sharing::{assistant, take_in};

/// What a device sends with a call that it wants traced, and where that trace stands.
const DEVICE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const DEVICE_SPAN: &str = "00f067aa0ba902b7";
/// The same of staff.
const STAFF: &str = "0af7651916cd43dd8448eb211c80319c";
const STAFF_SPAN: &str = "b7ad6b7169203331";
/// A meter of a shard that the first assistant is given.
const ASSISTED: &str = "home-7";
/// All that spans may say beside their names: nothing about whom.
const SAID: [&str; 3] = [
    "batch.size",
    "messaging.message.body.size",
    "messaging.message.id",
];

/// A reading that its sender wants traced, or wants not to be.
fn flagged(reading: Reading, flag: &str) -> Result<Request<SendReadingRequest>> {
    let mut request = Request::new(SendReadingRequest {
        reading: Some(reading),
    });
    let traceparent = format!("00-{DEVICE}-{DEVICE_SPAN}-{flag}");
    request.metadata_mut().insert("traceparent", traceparent.parse()?);
    Ok(request)
}

/// A month of a household with the meter `meter`, its last reading traced, and a bill run by REST that is traced too; returns what nobody may find in a trace.
async fn month(instance: &impl Instance, staff: &str, meter: &str) -> Result<Vec<String>> {
    let address = instance.device_grpc();
    let mut register = client::register(address, &instance.token("billing", "tester")?).await?;
    client::put_all(&mut register, household::shared()).await?;
    let objects = household::objects(meter, MONTH, MONTH.next_month());
    client::put_all(&mut register, objects).await?;
    let load = household::load(1, MONTH, MONTH.next_month());
    let mut readings = household::readings(meter, &load);
    let last = readings.pop().context("a reading")?;
    let token = instance.token("device", "home-*")?;
    let mut device = client::device(address, &token).await?;
    sending::send_all(&mut device, &readings).await?;
    let used = last.usage_kwh.context("a value")?.to_string();
    device.send_reading(flagged(last.clone(), "01")?).await?;
    device.send_reading(flagged(last, "00")?).await?;

    let mut billing = client::billing(address, &instance.token("viewer", "tester")?).await?;
    wait::eventually(async || {
        let kept = sending::kept(&mut billing, meter).await?;
        ensure!(kept.len() == load.len(), "{} of {}", kept.len(), load.len());
        Ok(())
    })
    .await?;
    let header = format!("traceparent: 00-{STAFF}-{STAFF_SPAN}-01");
    let biller = instance.token("billing", "tester")?;
    let run = client::post(staff, "/api/v1/bill-runs", &biller, &header, "{}")?;
    let run = run.json()?;
    ensure!(run["issued"] == 1 && run["held"] == 0, "{run}");
    let total = run["bills"][0]["total"].as_str().context("a total")?.to_owned();
    Ok(vec![
        meter.to_owned(),
        "tester".to_owned(),
        token,
        biller,
        used,
        total,
    ])
}

/// The two traces, and nothing else, without a word about anybody.
fn checked(seen: &[Seen], secrets: &[String]) -> Result<(Trace, Trace)> {
    for span in seen {
        assert!(
            [DEVICE, STAFF].contains(&span.trace.as_str()),
            "nobody asked for {span:?}"
        );
        assert!(!span.failed && span.events.is_empty(), "{span:?}");
        for (key, _) in &span.attributes {
            assert!(SAID.contains(&key.as_str()), "{key} of {span:?}");
        }
        let text = format!("{span:?}");
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    Ok((Trace::of(seen, DEVICE), Trace::of(seen, STAFF)))
}

/// The bill is in the trace of its reading, and each of the two traces leads to the other.
fn joined(reading: &Trace, run: &Trace) -> Result<()> {
    let (bill, issue) = (reading.span("bill store")?, run.span("bills issue")?);
    let consume = reading.span("readings consume")?;
    assert_eq!(bill.links, [(issue.trace.clone(), issue.id.clone())]);
    assert_eq!(issue.links, [(consume.trace.clone(), consume.id.clone())]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_the_call_of_a_device_to_the_stored_bill() -> Result<()> {
    let (data, collector) = (tempfile::tempdir()?, Collector::start().await?);
    let (servers, prefix) = own("traced")?;
    let launcher = Launcher::new(servers, data.path(), &prefix).with(collector.settings("0"));
    let services = Services::start(launcher)?;
    let staff = services
        .gateway
        .ready
        .staff_http
        .clone()
        .context("no staff port")?;
    let secrets = month(&services, &staff, "home-1").await?;
    services.stop()?;

    let seen = collector.seen();
    let (reading, run) = checked(&seen, &secrets)?;
    let publish = "ingestion-service: readings publish < gridtally.ingestion.v1.Ingestion/Submit";
    let send = "gridtally.meter.v1.MeterGateway/SendReading";
    assert_eq!(
        reading.tree(),
        [
            "analytics-service: windows consume < readings publish",
            &format!("api-gateway: {send} < {DEVICE_SPAN}"),
            "billing-service: bill store < readings consume",
            "billing-service: readings acknowledge < readings consume",
            "billing-service: readings consume < readings publish",
            "billing-service: readings store < readings consume",
            &format!("ingestion-service: gridtally.ingestion.v1.Ingestion/Submit < {send}"),
            publish,
        ]
    );
    let run_bills = "gridtally.billing.v1.Billing/RunBills";
    assert_eq!(
        run.tree(),
        [
            format!("api-gateway: POST /api/v1/bill-runs < {STAFF_SPAN}"),
            format!("billing-service: bills issue < {run_bills}"),
            format!("billing-service: {run_bills} < POST /api/v1/bill-runs"),
        ]
    );
    joined(&reading, &run)?;
    let of = |service: &str| {
        seen.iter()
            .find(|span| span.service == service)
            .map(|span| &span.instance)
    };
    assert_ne!(of("billing-service"), of("api-gateway"));
    Ok(())
}

/// The one that takes a reading in is not the one that makes the bill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_of_an_assistant_lead_to_the_bill() -> Result<()> {
    let (data, collector) = (tempfile::tempdir()?, Collector::start().await?);
    let (servers, prefix) = own("traced-assistant")?;
    let places = [free_address()?, free_address()?];
    let urls = places.each_ref().map(|place| format!("http://{place}")).join(",");
    let launcher = Launcher::new(servers, data.path(), &prefix).with(collector.settings("0"));
    let more = ["--billing-url".to_owned(), urls.clone()];
    let first = launcher.start("billing-service", &places[0], &more)?;
    let (_second, at_second) = assistant(&launcher, &places[1], &urls)?;
    take_in(
        &[(&first.ready.metrics, 4), (&at_second, 4)],
        Duration::from_secs(20),
    )
    .await?;
    let services = Services::around(launcher, first, &urls)?;
    let staff = services.gateway.ready.staff_http.clone();
    let secrets = month(&services, &staff.context("no staff port")?, ASSISTED).await?;
    services.stop()?;
    let (reading, run) = checked(&collector.seen(), &secrets)?;
    joined(&reading, &run)?;
    let (bill, consume) = (reading.span("bill store")?, reading.span("readings consume")?);
    assert_eq!(bill.parent, consume.id);
    assert_ne!(bill.instance, consume.instance);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_is_traced_with_the_messages_of_its_journal() -> Result<()> {
    let (data, collector) = (tempfile::tempdir()?, Collector::start().await?);
    let platform = Platform::with(data.path(), &collector.settings("0"))?;
    let staff = platform.ready().staff_http.clone();
    let secrets = month(&platform, &staff, "home-1").await?;
    platform.stop()?;
    let (reading, run) = checked(&collector.seen(), &secrets)?;
    let send = "gridtally.meter.v1.MeterGateway/SendReading";
    assert_eq!(
        reading.tree(),
        [
            "gridtally: bill store < readings consume",
            &format!("gridtally: {send} < {DEVICE_SPAN}"),
            "gridtally: readings acknowledge < readings consume",
            "gridtally: readings consume < readings publish",
            &format!("gridtally: readings publish < {send}"),
            "gridtally: readings store < readings consume",
            "gridtally: windows consume < readings publish",
        ]
    );
    assert_eq!(
        run.tree(),
        [
            &format!("gridtally: POST /api/v1/bill-runs < {STAFF_SPAN}"),
            "gridtally: bills issue < POST /api/v1/bill-runs",
        ]
    );
    joined(&reading, &run)
}

/// Readings of one meter, one call each.
async fn send_each(platform: &Platform, count: i64) -> Result<()> {
    let token = platform.token("device", "m-1")?;
    let mut device = client::device(&platform.ready().device_grpc, &token).await?;
    for number in 0..count {
        let reading = household::reading("m-1", sending::EPOCH + number * 900, 1_000);
        device
            .send_reading(SendReadingRequest {
                reading: Some(reading),
            })
            .await?;
    }
    Ok(())
}

/// Of spans that became `outcome`, by the metrics.
fn spans(platform: &Platform, outcome: &str) -> Result<u64> {
    let text = client::get(&platform.ready().metrics, "/metrics", "")?.body;
    let name = format!("gridtally_trace_spans_total{{outcome=\"{outcome}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    Ok(line.context(name)?.parse()?)
}

/// The end may take as long as without traces, and two seconds; the rest is for a busy machine.
const END_WITHIN: Duration = Duration::from_secs(10);

async fn intake_goes_on(otlp: &str, lost: bool) -> Result<()> {
    let data = tempfile::tempdir()?;
    let settings = [
        ("GRIDTALLY_TELEMETRY_OTLP".to_owned(), format!("http://{otlp}")),
        ("GRIDTALLY_TELEMETRY_SHARE".to_owned(), "1".to_owned()),
        ("GRIDTALLY_TELEMETRY_PER_SECOND".to_owned(), "10000".to_owned()),
    ];
    let platform = Platform::with(data.path(), &settings)?;
    send_each(&platform, 300).await?;
    if lost {
        wait::eventually(async || {
            let failed = spans(&platform, "failed")?;
            ensure!(failed > 0, "none failed yet");
            Ok(())
        })
        .await?;
        send_each(&platform, 300).await?;
    }
    assert_eq!(spans(&platform, "exported")?, 0);
    let asked = Instant::now();
    let said = platform.stop()?;
    assert!(asked.elapsed() < END_WITHIN, "the end took {:?}", asked.elapsed());
    let told = said.matches("traces are lost").count();
    assert!(told <= 1 && (!lost || told == 1), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_costs_traces_and_nothing_else() -> Result<()> {
    // Nobody listens on the discard port of loopback.
    intake_goes_on("127.0.0.1:9", true).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_delays_nothing() -> Result<()> {
    // Connections are made by the kernel, and nobody takes them.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    intake_goes_on(&silent.local_addr()?.to_string(), false).await
}

/// An ingestion that notes where the trace stands that its callers tell.
#[derive(Debug, Clone, Default)]
struct Noting(Arc<Mutex<Vec<Option<String>>>>);

impl Noting {
    fn take(&self) -> Vec<Option<String>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[tonic::async_trait]
impl Ingestion for Noting {
    async fn submit(&self, request: Request<ReadingColumns>) -> Result<Response<SubmitResponse>, Status> {
        let told = request.metadata().get("traceparent");
        let told = told.and_then(|told| told.to_str().ok()).map(str::to_owned);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        let rows = request.get_ref().rows();
        Ok(Response::new(SubmitResponse {
            verdict: vec![1],
            identity: vec![1; rows],
            content: vec![1; rows],
            ..SubmitResponse::default()
        }))
    }
}

/// A gateway in front of `ingestion`, which gets one call that asks to be traced and one that says nothing.
async fn two_calls(ingestion: &str, settings: &[(String, String)]) -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut command = program::command("api-gateway")?;
    command.arg("--data").arg(data.path());
    for flag in ["--listen", "--staff-listen", "--metrics-listen"] {
        command.args([flag, "127.0.0.1:0"]);
    }
    command.args(["--ingestion-url", &format!("http://{ingestion}")]);
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    let (gateway, ready): (Process, Ready) = Process::start(command)?;
    let token = program::token(data.path(), "device", "m-1")?;
    let mut device = client::device(&ready.device_grpc.context("no port")?, &token).await?;
    let reading = household::reading("m-1", sending::EPOCH, 1_000);
    device.send_reading(flagged(reading.clone(), "01")?).await?;
    device
        .send_reading(SendReadingRequest {
            reading: Some(reading),
        })
        .await?;
    drop(device);
    gateway.stop().map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the server ends with the test")]
async fn only_with_a_collector_is_a_trace_passed_on() -> Result<()> {
    let noting = Noting::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let serving = tonic::transport::Server::builder()
        .add_service(IngestionServer::new(noting.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    let serving = tokio::spawn(serving);

    two_calls(&address, &[]).await?;
    assert_eq!(noting.take(), [None, None]);

    let collector = Collector::start().await?;
    two_calls(&address, &collector.settings("0")).await?;
    let seen = collector.seen();
    let [call] = &seen[..] else { panic!("{seen:?}") };
    let expected = format!("00-{DEVICE}-{}-01", call.id);
    assert_eq!(noting.take(), [Some(expected), None]);
    serving.abort();
    Ok(())
}
