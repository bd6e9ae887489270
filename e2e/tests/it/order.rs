//! Any order and any duplication of deliveries: the same bytes.

use anyhow::Result;
use e2e::instance::Instance;
use e2e::oracle::Civil;
use e2e::platform::Platform;
use e2e::{client, household, program};
use proto::meter::Reading;

use crate::household::{billed, run_bills};
use crate::sending;

pub(crate) const MONTH: Civil = Civil {
    year: 2026,
    month: 5,
    day: 1,
};

/// Deterministic disorder: every reading once, every third once more, all in an order that has nothing to do with time.
pub(crate) fn disordered(mut readings: Vec<Reading>) -> Vec<Reading> {
    let again: Vec<Reading> = readings.iter().step_by(3).cloned().collect();
    readings.extend(again);
    let count = readings.len();
    for index in 0..count {
        readings.swap(index, index * 7_919 % count);
    }
    readings
}

pub(crate) fn export(platform: &impl Instance) -> Result<String> {
    let data = platform.data().to_string_lossy();
    program::gridtally_ok(["bill", "export", "--statement", "--data", &data])
}

#[tokio::test]
async fn two_instances_fed_differently_export_the_same_bytes() -> Result<()> {
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let orderly = Platform::up(first.path())?;
    billed(&orderly, 1..4, MONTH).await?;

    let disorderly = Platform::up(second.path())?;
    let address = disorderly.ready().device_grpc.clone();
    let mut device = client::device(&address, &disorderly.token("device", "home-*")?).await?;
    let mut everything = Vec::new();
    for seed in 1..4 {
        let load = household::load(seed, MONTH, MONTH.next_month());
        everything.extend(household::readings(&format!("home-{seed}"), &load));
    }
    // Half of it comes before anybody registered the meters, and the platform restarts in between.
    let everything = disordered(everything);
    let (early, late) = everything.split_at(everything.len() / 2);
    sending::send_all(&mut device, early).await?;
    disorderly.stop()?;
    let disorderly = Platform::up(second.path())?;
    let address = disorderly.ready().device_grpc.clone();
    let mut register = client::register(&address, &disorderly.token("billing", "tester")?).await?;
    client::put_all(&mut register, household::shared()).await?;
    for seed in 1..4 {
        let objects = household::objects(&format!("home-{seed}"), MONTH, MONTH.next_month());
        client::put_all(&mut register, objects).await?;
    }
    let mut device = client::device(&address, &disorderly.token("device", "home-*")?).await?;
    for reading in late.chunks(173) {
        sending::send_all(&mut device, reading).await?;
    }
    run_bills(&disorderly, 1..4, MONTH).await?;

    let (orderly, disorderly) = (export(&orderly)?, export(&disorderly)?);
    assert_eq!(orderly.lines().count(), 3);
    assert_eq!(orderly, disorderly);
    Ok(())
}
