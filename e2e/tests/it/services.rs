//! The four services as programs of their own on real servers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::instance::Instance;
use e2e::journal::Journal;
use e2e::platform::Platform;
use e2e::services::{Launcher, Running, Servers, Services};
use e2e::{client, household, wait};
use proto::billing::ListBillsRequest;
use tokio::time::Instant;

use crate::crash;
use crate::household::{billed, run_bills};
use crate::order::{MONTH, disordered, export};
use crate::sending::{self, Shared};

/// Queues, a database and keys of the cache for `test` alone.
pub(crate) fn own(test: &str) -> Result<(Servers, String)> {
    let name = format!("{test}-{}", std::process::id());
    Ok((Servers::of_environment(&name)?, format!("{name}.")))
}

fn start(data: &Path, test: &str) -> Result<Services> {
    let (servers, prefix) = own(test)?;
    Services::start(Launcher::new(servers, data, &prefix))
}

/// `gridtally up` on the same servers as the programs.
fn up(data: &Path, test: &str) -> Result<Platform> {
    let (servers, prefix) = own(test)?;
    let settings = data.join("settings.toml");
    std::fs::write(&settings, format!("[broker]\nprefix = \"{prefix}\"\n"))?;
    let settings = settings.to_string_lossy();
    let Servers { bus, store, cache } = &servers;
    let more = [
        "--config", &settings, "--bus", bus, "--store", store, "--cache", cache,
    ];
    Platform::start("up", data, &more)
}

/// A month of some households, half of it before anybody registered the meters, some of it twice, and none of it in order, with something
/// that happens in the middle; then its bills as they are exported.
async fn disorderly<I: Instance>(
    instance: &mut I,
    happens: impl FnOnce(&mut I) -> Result<()>,
) -> Result<String> {
    let address = &instance.device_grpc().to_owned();
    let mut device = client::device(address, &instance.token("device", "home-*")?).await?;
    let mut everything = Vec::new();
    for seed in 1..4 {
        let load = household::load(seed, MONTH, MONTH.next_month());
        everything.extend(household::readings(&format!("home-{seed}"), &load));
    }
    let everything = disordered(everything);
    let (early, late) = everything.split_at(everything.len() / 2);
    sending::send_all(&mut device, early).await?;
    happens(instance)?;
    answers(instance).await?;
    let mut register = client::register(address, &instance.token("billing", "tester")?).await?;
    client::put_all(&mut register, household::shared()).await?;
    for seed in 1..4 {
        let objects = household::objects(&format!("home-{seed}"), MONTH, MONTH.next_month());
        client::put_all(&mut register, objects).await?;
    }
    for readings in late.chunks(173) {
        sending::send_all(&mut device, readings).await?;
    }
    run_bills(instance, 1..4, MONTH).await?;
    export(instance)
}

/// Waits until billing can be asked.
async fn answers(instance: &impl Instance) -> Result<()> {
    let token = instance.token("viewer", "tester")?;
    let mut billing = client::billing(instance.device_grpc(), &token).await?;
    wait::eventually(async || {
        billing.list_bills(ListBillsRequest::default()).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn one_process_four_programs_and_any_backend_issue_the_same_bytes() -> Result<()> {
    let data = || tempfile::tempdir();
    let (embedded, on_servers, apart) = (data()?, data()?, data()?);
    let one = Platform::up(embedded.path())?;
    billed(&one, 1..4, MONTH).await?;
    let expected = export(&one)?;
    assert_eq!(expected.lines().count(), 3);
    one.stop()?;

    let mut one = up(on_servers.path(), "one")?;
    let exported = disorderly(&mut one, |_| Ok(())).await?;
    assert_eq!(exported, expected, "one process on servers");
    one.stop()?;

    let mut four = start(apart.path(), "four")?;
    let exported = disorderly(&mut four, Services::restart_billing).await?;
    assert_eq!(exported, expected, "four programs, billing killed in the middle");
    four.stop()
}

/// Each time at another moment of the second from one checkpoint to the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn billing_that_is_killed_under_load_loses_and_doubles_nothing() -> Result<()> {
    const KILLS: u64 = 8;
    let data = tempfile::tempdir()?;
    let mut services = start(data.path(), "killed")?;
    let journal: Shared = Arc::new(Journal::default());
    for run in 0..KILLS {
        let prefix = format!("run{run}-");
        let senders = sending::start_senders(&services, &prefix, 4, &journal).await?;
        tokio::time::sleep(Duration::from_millis(1_000 + run * 7_919 % 1_000)).await;
        let killed = Instant::now();
        services.restart_billing()?;
        eprintln!("killed, and ready again after {:?}", killed.elapsed());
        for sender in senders {
            assert!(!sender.is_finished(), "the bus takes readings without billing");
            sender.abort();
        }
        answers(&services).await?;
        crash::check(&services, &journal, &prefix).await?;
        eprintln!("everything was there after {:?}", killed.elapsed());
    }
    let promises = journal.promises();
    assert!(promises > 1_000, "only {promises} readings were promised");
    crash::check(&services, &journal, "run").await?;
    services.stop()
}

fn readyz(running: &Running) -> Result<(u16, String)> {
    let answer = client::get(&running.ready.metrics, "/readyz", "")?;
    Ok((answer.status, answer.body))
}

/// Waits until the first program says of its dependencies what it should.
async fn says(running: &Running, status: u16, line: &str) -> Result<()> {
    wait::eventually(async || {
        let (found, body) = readyz(running)?;
        ensure!(
            found == status && body.contains(line),
            "not {status} {line}: {found} {body}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn without_billing_readings_are_taken_and_nothing_is_lost() -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut services = start(data.path(), "without-billing")?;
    for running in [
        &services.gateway,
        &services.ingestion,
        &services.billing,
        &services.analytics,
    ] {
        says(running, 200, "ready\n").await?;
        let metrics = client::get(&running.ready.metrics, "/metrics", "")?.body;
        assert!(
            metrics.contains("gridtally_process_resident_memory_bytes"),
            "{metrics}"
        );
    }
    let address = services.device_grpc().to_owned();
    let staff = services
        .gateway
        .ready
        .staff_http
        .clone()
        .context("no staff port")?;
    let viewer = services.token("viewer", "tester")?;
    let mut device = client::device(&address, &services.token("device", "home-*")?).await?;

    let where_billing_was = services
        .billing
        .ready
        .billing_grpc
        .clone()
        .context("no address")?;
    services.billing.process.kill()?;
    says(&services.gateway, 200, "billing: down").await?;
    says(&services.analytics, 200, "billing: down").await?;
    let asked = Instant::now();
    let answer = client::get(&staff, "/api/v1/meters/home-9", &viewer)?;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.json()?["reason"], "UNAVAILABLE");
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "it took {:?}",
        asked.elapsed()
    );
    let reading = household::reading("home-9", MONTH_START, 250_000);
    // The bus takes it.
    sending::send_all(&mut device, &[reading]).await?;

    let back = Instant::now();
    services.billing = services
        .launcher
        .start("billing-service", &where_billing_was, &[])?;
    says(&services.gateway, 200, "billing: up").await?;
    let mut billing = client::billing(&address, &viewer).await?;
    wait::eventually(async || {
        let kept = sending::kept(&mut billing, "home-9").await?;
        ensure!(kept.len() == 1, "{kept:?}");
        Ok(())
    })
    .await?;
    eprintln!("billing was back and had everything after {:?}", back.elapsed());
    services.stop()
}

/// 2026-05-01T00:00:00Z.
const MONTH_START: i64 = 1_777_593_600;
