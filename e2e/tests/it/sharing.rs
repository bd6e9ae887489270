//! Two billing-services that both work: one leads, the other assists it and takes in half of the shards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::instance::Instance;
use e2e::journal::Journal;
use e2e::platform::Platform;
use e2e::process::Process;
use e2e::services::{Launcher, Services};
use e2e::{client, wait};
use proto::billing::ListExceptionsRequest;
use proto::meter::SendReadingsRequest;
use tokio::time::{Instant, timeout};

use crate::crash;
use crate::household::billed;
use crate::order::{MONTH, export};
use crate::programs::free_address;
use crate::sending::{self, Shared};
use crate::services::own;

/// Enough that every shard has some.
const SENDERS: usize = 24;
/// The load goes on for so long after something happened.
const GOES_ON: Duration = Duration::from_secs(2);
/// The broker misses who stands still, and hands on what was on its way to it, within so long.
const HANDED_ON: Duration = Duration::from_secs(90);

/// How many shards the program takes in whose health and metrics are at `metrics`.
fn shards(metrics: &str) -> Result<u16> {
    let answer = client::get(metrics, "/metrics", "")?;
    let line = answer
        .body
        .lines()
        .find(|line| line.starts_with("gridtally_billing_shards "));
    let number = line.and_then(|line| line.rsplit(' ').next());
    Ok(number.context("no metric of shards")?.parse()?)
}

/// Waits until each takes in as many shards as is said, and says how long that took.
pub(crate) async fn take_in(wanted: &[(&str, u16)], within: Duration) -> Result<Duration> {
    let began = Instant::now();
    let there = async {
        let as_wanted = || {
            wanted
                .iter()
                .all(|(at, number)| shards(at).is_ok_and(|found| found == *number))
        };
        while !tokio::task::block_in_place(as_wanted) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(within, there).await.is_err() {
        let found: Vec<_> = wanted.iter().map(|(at, _)| shards(at)).collect();
        anyhow::bail!("wanted {wanted:?}, found {found:?}");
    }
    Ok(began.elapsed())
}

/// An assistant, and where its health and metrics are.
pub(crate) fn assistant(launcher: &Launcher, listen: &str, urls: &str) -> Result<(Process, String)> {
    let metrics = free_address()?;
    let mut command = launcher.command("billing-service", &metrics)?;
    command.args(["--listen", listen, "--billing-url", urls]);
    Ok((Process::spawn(command)?, metrics))
}

/// Readings that come all the time.
struct Load {
    senders: Vec<tokio::task::JoinHandle<()>>,
    over: Arc<AtomicBool>,
    prefix: &'static str,
}

impl Load {
    async fn start(services: &Services, prefix: &'static str, journal: &Shared) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let senders = sending::start_patient(services, prefix, SENDERS, (journal, &over)).await?;
        Ok(Self {
            senders,
            over,
            prefix,
        })
    }

    /// Ends it; everything that was promised is there once, and so long after the last promise.
    async fn end(self, services: &Services, journal: &Shared) -> Result<Duration> {
        self.over.store(true, Ordering::Relaxed);
        for sender in self.senders {
            sender.await?;
        }
        let began = Instant::now();
        let there = async { while crash::check(services, journal, self.prefix).await.is_err() {} };
        if timeout(HANDED_ON, there).await.is_err() {
            crash::check(services, journal, self.prefix).await?; // says what is missing
        }
        Ok(began.elapsed())
    }
}

/// Waits until windows have counted what is stored of every meter, no more and no less.
async fn windows_agree(services: &Services, journal: &Shared) -> Result<()> {
    let token = services.token("viewer", "tester")?;
    let mut billing = client::billing(services.device_grpc(), &token).await?;
    let mut stored = 0;
    for meter in journal.meters() {
        stored += sending::kept(&mut billing, &meter).await?.len();
    }
    let range = "from=2025-09-01T00:00:00Z&to=2026-12-01T00:00:00Z";
    let path = format!("/api/v1/usage?by=region&resolution=1d&limit=10000&{range}");
    let staff = services
        .gateway
        .ready
        .staff_http
        .as_deref()
        .context("no staff port")?;
    wait::eventually(async || {
        let answer = client::get(staff, &path, &token)?.json()?;
        let items = answer["items"].as_array().context("no items")?;
        let counted: u64 = items.iter().filter_map(|item| item["readings"].as_u64()).sum();
        ensure!(answer["next_cursor"].is_null(), "more windows than one page has");
        ensure!(answer["recomputing"] == false, "days are being computed");
        ensure!(
            counted == u64::try_from(stored)?,
            "{counted} counted, {stored} stored"
        );
        Ok(())
    })
    .await
}

/// What readings bring about is brought about whoever takes them in: strangers and conflicts are seen, in all shards.
async fn consequences_follow(services: &Services) -> Result<()> {
    let mut device = client::device(services.device_grpc(), &services.token("device", "conflict-*")?).await?;
    let meters: Vec<String> = (0..SENDERS).map(|number| format!("conflict-{number}")).collect();
    for value in [1_000, 2_000] {
        let reading = |meter: &String| e2e::household::reading(meter, 1_767_225_600, value);
        let readings = meters.iter().map(reading).collect();
        device.send_readings(SendReadingsRequest { readings }).await?;
    }
    let mut billing = client::billing(services.device_grpc(), &services.token("viewer", "tester")?).await?;
    wait::eventually(async || {
        for kind in ["UNKNOWN_METER", "READING_CONFLICT"] {
            let request = ListExceptionsRequest {
                kind: kind.to_owned(),
                limit: 1_000,
                ..ListExceptionsRequest::default()
            };
            let found = billing.list_exceptions(request).await?.into_inner().items;
            for meter in &meters {
                let of = |subject: &str| subject.split('|').next() == Some(meter);
                let raised = found.iter().any(|exception| of(&exception.subject));
                ensure!(raised, "no {kind} of {meter}");
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assistant_takes_in_half_of_the_shards_dies_stands_still_and_comes_back() -> Result<()> {
    let (embedded, data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let one = Platform::up(embedded.path())?;
    billed(&one, 1..4, MONTH).await?;
    let expected = export(&one)?;
    one.stop()?;

    let (servers, prefix) = own("sharing")?;
    let places = [free_address()?, free_address()?];
    let urls = places.each_ref().map(|place| format!("http://{place}")).join(",");
    let launcher = Launcher::new(servers, data.path(), &prefix);
    let elsewhere = Launcher::new(own("sharing-elsewhere")?.0, data.path(), &prefix);
    let more = ["--billing-url".to_owned(), urls.clone()];
    let first = launcher.start("billing-service", &places[0], &more)?;
    let leader = first.ready.metrics.clone();
    let services = Services::around(launcher, first, &urls)?;
    take_in(&[(&leader, 8)], Duration::from_secs(5)).await?;
    // Whether it would assist or only stand by, until it leads.
    for urls in [&*urls, ""] {
        let (stranger, _) = assistant(&elsewhere, &places[1], urls)?;
        let (status, said) = tokio::task::block_in_place(|| stranger.wait(Duration::from_secs(30)))?;
        assert_eq!(status.code(), Some(5), "what it stored nobody would find: {said}");
        assert!(
            said.contains("the readings of this bus are for the store"),
            "{said}"
        );
    }

    let journal: Shared = Arc::new(Journal::default());
    let load = Load::start(&services, "dies-", &journal).await?;
    let (second, at_second) = assistant(&services.launcher, &places[1], &urls)?;
    let shared = take_in(&[(&leader, 4), (&at_second, 4)], Duration::from_secs(20)).await?;
    let answer = client::get(&at_second, "/readyz", "")?;
    ensure!(answer.status == 200, "{}", answer.body);
    tokio::time::sleep(GOES_ON).await;
    second.signal("KILL")?;
    let taken_back = take_in(&[(&leader, 8)], Duration::from_secs(10)).await?;
    tokio::time::sleep(GOES_ON).await;
    let there = load.end(&services, &journal).await?;
    eprintln!(
        "shared after {shared:?}; killed: taken back after {taken_back:?}, all there {there:?} after the load"
    );

    // Another one stands still, and comes back when it was given up.
    let load = Load::start(&services, "still-", &journal).await?;
    let (third, at_third) = assistant(&services.launcher, &places[1], &urls)?;
    take_in(&[(&leader, 4), (&at_third, 4)], Duration::from_secs(20)).await?;
    tokio::time::sleep(GOES_ON).await;
    third.signal("STOP")?;
    let taken_back = take_in(&[(&leader, 8)], Duration::from_secs(10)).await?;
    tokio::time::sleep(GOES_ON).await;
    let there = load.end(&services, &journal).await?;
    eprintln!("stopped: taken back after {taken_back:?}, all there {there:?} after the load");
    let load = Load::start(&services, "again-", &journal).await?;
    third.signal("CONT")?;
    let again = take_in(&[(&leader, 4), (&at_third, 4)], Duration::from_secs(20)).await?;
    tokio::time::sleep(GOES_ON).await;
    let there = load.end(&services, &journal).await?;
    eprintln!("went on: shared again after {again:?}, all there {there:?} after the load");

    ensure!(
        journal.promises() > 1_000,
        "{} readings were promised",
        journal.promises()
    );
    windows_agree(&services, &journal).await?;
    consequences_follow(&services).await?;
    billed(&services, 1..4, MONTH).await?;
    assert_eq!(export(&services)?, expected, "as one process alone");
    assert_eq!((shards(&leader)?, shards(&at_third)?), (4, 4));
    third.stop()?;
    services.stop()
}
