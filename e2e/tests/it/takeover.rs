//! Two billing-services: one leads, and the other takes over when it dies or stands still.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::instance::Instance;
use e2e::journal::Journal;
use e2e::platform::Platform;
use e2e::process::Process;
use e2e::services::{Launcher, Running, Services};
use e2e::{client, household, wait};
use proto::billing::register_client::RegisterClient;
use proto::billing::register_object::Object;
use proto::billing::{ListBillsRequest, Meter, RegisterKey, RegisterObject};
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};

use crate::crash;
use crate::household::{billed, run_bills};
use crate::order::{MONTH, disordered, export};
use crate::programs::free_address;
use crate::sending::{self, Shared};
use crate::services::own;

/// A call that takes longer went to one that stands still.
const CALL: Duration = Duration::from_secs(2);
/// Who hears that it was replaced ends within so long.
const END: Duration = Duration::from_secs(40);

/// What was on its way to one that stands still is handed on within so long: the broker has missed it, and given up writing to it.
const HANDED_ON: Duration = Duration::from_secs(90);

/// A billing-service that does not lead, yet.
struct StandBy {
    process: Process,
    metrics: String,
}

impl StandBy {
    /// On `listen`, once it stands by.
    async fn start(launcher: &Launcher, listen: &str, urls: &str) -> Result<Self> {
        let metrics = free_address()?;
        let mut command = launcher.command("billing-service", &metrics)?;
        command.args(["--listen", listen, "--billing-url", urls]);
        let process = Process::spawn(command)?;
        let standby = Self { process, metrics };
        wait::eventually(async || {
            let answer = client::get(&standby.metrics, "/readyz", "")?;
            let stands_by = "lead: down (another billing-service leads; this one stands by)";
            ensure!(
                answer.status == 200 && answer.body.contains(stands_by),
                "{}",
                answer.body
            );
            Ok(())
        })
        .await?;
        Ok(standby)
    }

    /// Waits until it leads.
    fn leads(self) -> Result<Running> {
        let ready = self.process.ready().context("it never led")?;
        Ok(Running::new("billing-service", self.process, ready))
    }
}

/// Waits until billing answers staff.
async fn answers(instance: &impl Instance) -> Result<()> {
    let token = instance.token("viewer", "tester")?;
    let mut billing = client::billing(instance.device_grpc(), &token).await?;
    wait::eventually(async || {
        timeout(CALL, billing.list_bills(ListBillsRequest::default())).await??;
        Ok(())
    })
    .await
}

fn meter(id: &str) -> RegisterObject {
    let meter = Meter {
        id: id.to_owned(),
        ..Meter::default()
    };
    RegisterObject {
        object: Some(Object::Meter(meter)),
    }
}

/// Asks the billing-service at `place`, not whoever leads, to register a meter.
async fn register_at(place: String, id: &'static str) -> Result<(), Status> {
    let unreachable = |error: tonic::transport::Error| Status::unavailable(error.to_string());
    let mut register = RegisterClient::connect(format!("http://{place}"))
        .await
        .map_err(unreachable)?;
    register.put(meter(id)).await.map(drop)
}

/// Whether whoever leads knows the meter.
async fn is_registered(instance: &impl Instance, id: &str) -> Result<bool> {
    let mut register =
        client::register(instance.device_grpc(), &instance.token("billing", "tester")?).await?;
    let key = RegisterKey {
        kind: "meter".to_owned(),
        id: id.to_owned(),
    };
    match register.get(key).await {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(status.into()),
    }
}

/// Puts objects of the register through the gateway.
async fn put(instance: &impl Instance, objects: Vec<Object>) -> Result<()> {
    let mut register =
        client::register(instance.device_grpc(), &instance.token("billing", "tester")?).await?;
    client::put_all(&mut register, objects).await
}

/// Lets `happens` take the lead from one billing-service under load; all that was accepted is there once. Who leads then, and
/// how long it took.
async fn take_over(
    services: &Services,
    standby: StandBy,
    prefix: &str,
    journal: &Shared,
    happens: impl FnOnce() -> Result<()>,
) -> Result<(Running, String)> {
    let senders = sending::start_senders(services, prefix, 4, journal).await?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    happens()?;
    let began = Instant::now();
    let leader = tokio::task::block_in_place(|| standby.leads())?;
    let led = began.elapsed();
    answers(services).await?;
    let answered = began.elapsed();
    for sender in senders {
        assert!(!sender.is_finished(), "readings are taken all the time");
        sender.abort();
    }
    let there = async { while crash::check(services, journal, prefix).await.is_err() {} };
    // Should it take longer, the check itself says what is missing.
    if timeout(HANDED_ON, there).await.is_err() {
        crash::check(services, journal, prefix).await?;
    }
    let times = format!(
        "the next one led after {led:?}, staff had answers after {answered:?}, everything was there after {:?}",
        began.elapsed()
    );
    Ok((leader, times))
}

/// Lets a leader that was replaced while it stood still, at `place`, go on: it refuses the change that waited at its door, and ends.
async fn comes_back(services: &Services, zombie: Process, place: &str) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a test has no task tracker")]
    let waiting = tokio::spawn(register_at(place.to_owned(), "by-a-zombie"));
    put(services, meter("after-the-zombie").object.into_iter().collect()).await?;
    tokio::time::sleep(Duration::from_millis(200)).await; // the change is at the door
    zombie.signal("CONT")?;
    match timeout(END, waiting).await?? {
        Err(status) => ensure!(status.code() == Code::Unavailable, "{status}"),
        Ok(()) => bail!("a change was made by one that does not lead"),
    }
    let (status, said) = tokio::task::block_in_place(|| zombie.wait(END))?;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("another billing-service leads"), "{said}");
    assert!(!is_registered(services, "by-a-zombie").await?);
    assert!(is_registered(services, "after-the-zombie").await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_billing_takes_over_from_one_that_dies_and_from_one_that_stands_still() -> Result<()> {
    let (embedded, data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let one = Platform::up(embedded.path())?;
    billed(&one, 1..4, MONTH).await?;
    let expected = export(&one)?;
    one.stop()?;

    let (servers, prefix) = own("takeover")?;
    let places = [free_address()?, free_address()?];
    let launcher = Launcher::new(servers, data.path(), &prefix);
    let first = launcher.start("billing-service", &places[0], &[])?;
    let urls = places.each_ref().map(|place| format!("http://{place}")).join(",");
    let mut services = Services::around(launcher, first, &urls)?;
    let second = StandBy::start(&services.launcher, &places[1], &urls).await?;
    let mut device = client::device(services.device_grpc(), &services.token("device", "home-*")?).await?;
    let mut everything = Vec::new();
    for seed in 1..4 {
        let load = household::load(seed, MONTH, MONTH.next_month());
        everything.extend(household::readings(&format!("home-{seed}"), &load));
    }
    let everything = disordered(everything);
    let mut thirds = everything.chunks(everything.len().div_ceil(3));
    let mut third = || thirds.next().unwrap_or_default();
    let journal: Shared = Arc::new(Journal::default());

    // One dies.
    sending::send_all(&mut device, third()).await?;
    put(&services, household::shared()).await?;
    let killed = || services.billing.process.signal("KILL");
    let (leader, times) = take_over(&services, second, "dies-", &journal, killed).await?;
    services.billing = leader;
    eprintln!("killed: {times}");
    let third_one = StandBy::start(&services.launcher, &places[0], &urls).await?;
    sending::send_all(&mut device, third()).await?;
    for seed in 1..4 {
        let objects = household::objects(&format!("home-{seed}"), MONTH, MONTH.next_month());
        put(&services, objects).await?;
    }

    // One stands still, and comes back when another leads.
    let stopped = || services.billing.process.signal("STOP");
    let (leader, times) = take_over(&services, third_one, "still-", &journal, stopped).await?;
    eprintln!("stopped: {times}");
    let zombie = std::mem::replace(&mut services.billing, leader).process;
    comes_back(&services, zombie, &places[1]).await?;
    let standby = StandBy::start(&services.launcher, &places[1], &urls).await?;

    crash::check(&services, &journal, "").await?;
    assert!(
        journal.promises() > 1_000,
        "{} readings were promised",
        journal.promises()
    );
    sending::send_all(&mut device, third()).await?;
    run_bills(&services, 1..4, MONTH).await?;
    assert_eq!(
        export(&services)?,
        expected,
        "as one process that nothing happened to"
    );
    standby.process.stop()?;
    services.stop()
}
