//! kill -9 at random moments under load: what was accepted is there exactly once, and nothing that was not sent.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use e2e::instance::Instance;
use e2e::journal::Journal;
use e2e::platform::Platform;
use e2e::{client, wait};

use crate::sending::{self, Shared};

const RUNS: u64 = 50;
const SENDERS: usize = 6;

/// What the meters that begin with `prefix` were promised is there once, and nothing else.
pub(crate) async fn check(instance: &impl Instance, journal: &Shared, prefix: &str) -> Result<()> {
    let token = instance.token("viewer", "tester")?;
    let mut billing = client::billing(instance.device_grpc(), &token).await?;
    let meters = journal.meters();
    for meter in meters.iter().filter(|meter| meter.starts_with(prefix)) {
        wait::eventually(async || {
            let kept = sending::kept(&mut billing, meter).await?;
            journal.check(meter, &kept)
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_power_cuts_lose_nothing_that_was_accepted() -> Result<()> {
    let data = tempfile::tempdir()?;
    let journal: Shared = Arc::new(Journal::default());
    let mut platform = Platform::up(data.path())?;
    for run in 0..RUNS {
        let prefix = format!("run{run}-");
        let senders = sending::start_senders(&platform, &prefix, SENDERS, &journal).await?;
        // From in the middle of the first calls to some hundred calls later; other moments in every run, the same in every repetition.
        let moment = Duration::from_millis(5 + run * 7_919 % 300);
        tokio::time::sleep(moment).await;
        platform.kill()?;
        for sender in senders {
            sender.await?;
        }
        platform = Platform::up(data.path())?;
        check(&platform, &journal, &prefix).await?;
    }
    let promises = journal.promises();
    assert!(
        promises > 1_000,
        "the senders were promised only {promises} readings"
    );
    check(&platform, &journal, "run").await?;
    platform.stop()?;
    Ok(())
}
