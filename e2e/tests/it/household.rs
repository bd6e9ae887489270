//! One household, one month, to the cent, against the oracle.

use anyhow::Result;
use e2e::instance::Instance;
use e2e::oracle::{self, Civil};
use e2e::platform::Platform;
use e2e::{client, household, wait};
use proto::billing::{Bill, ListBillsRequest, RunBillsRequest};

use crate::sending;

/// A platform with households that used `load(seed)` in a month, delivered, read and billed.
pub(crate) async fn billed(
    platform: &impl Instance,
    seeds: std::ops::Range<u64>,
    month: Civil,
) -> Result<Vec<(u64, Bill)>> {
    let address = platform.device_grpc();
    let mut register = client::register(address, &platform.token("billing", "tester")?).await?;
    client::put_all(&mut register, household::shared()).await?;
    let mut device = client::device(address, &platform.token("device", "home-*")?).await?;
    for seed in seeds.clone() {
        let meter = format!("home-{seed}");
        client::put_all(
            &mut register,
            household::objects(&meter, month, month.next_month()),
        )
        .await?;
        let load = household::load(seed, month, month.next_month());
        sending::send_all(&mut device, &household::readings(&meter, &load)).await?;
    }
    run_bills(platform, seeds, month).await
}

/// Runs the bills once everything of the month was read.
pub(crate) async fn run_bills(
    platform: &impl Instance,
    seeds: std::ops::Range<u64>,
    month: Civil,
) -> Result<Vec<(u64, Bill)>> {
    let address = platform.device_grpc();
    let mut billing = client::billing(address, &platform.token("billing", "tester")?).await?;
    for seed in seeds.clone() {
        let expected = household::load(seed, month, month.next_month()).len();
        wait::eventually(async || {
            let kept = sending::kept(&mut billing, &format!("home-{seed}")).await?;
            anyhow::ensure!(kept.len() == expected, "{} of {expected} are there", kept.len());
            Ok(())
        })
        .await?;
    }
    let run = billing.run_bills(RunBillsRequest::default()).await?.into_inner();
    anyhow::ensure!(
        run.held == 0,
        "{:?}",
        run.bills.iter().map(|bill| &bill.holds).collect::<Vec<_>>()
    );
    let mut bills = Vec::new();
    for seed in seeds {
        let request = ListBillsRequest {
            agreement_id: household::agreement(&format!("home-{seed}")),
            status: "issued".to_owned(),
            ..ListBillsRequest::default()
        };
        let mut items = billing.list_bills(request).await?.into_inner().items;
        anyhow::ensure!(items.len() == 1, "one bill: {items:?}");
        bills.extend(items.pop().map(|bill| (seed, bill)));
    }
    Ok(bills)
}

async fn agrees(month: Civil, intervals: u32) -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    for (seed, bill) in billed(&platform, 1..5, month).await? {
        let load = household::load(seed, month, month.next_month());
        let expected = household::tariff().bill(&load, month, month.next_month());
        let lines: Vec<(&str, &str)> = bill
            .lines
            .iter()
            .map(|line| (line.id.as_str(), line.amount.as_str()))
            .collect();
        let shown: Vec<(String, String)> = expected
            .lines
            .iter()
            .map(|(id, cents)| (id.clone(), oracle::show(*cents)))
            .collect();
        let shown: Vec<(&str, &str)> = shown
            .iter()
            .map(|(id, cents)| (id.as_str(), cents.as_str()))
            .collect();
        assert_eq!(lines, shown, "{month} household {seed}");
        assert_eq!(
            bill.total,
            oracle::show(expected.total),
            "{month} household {seed}"
        );
        assert_eq!(bill.intervals, intervals, "{month} household {seed}");
        assert_eq!(
            (bill.from.as_str(), bill.to.as_str()),
            (&*month.to_string(), &*month.next_month().to_string())
        );
        assert!(!bill.number.is_empty(), "an issued bill has a number");
    }
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn a_month_of_31_days_and_25_hours_on_one_of_them() -> Result<()> {
    agrees(Civil::new(2025, 10, 1), 31 * 96 + 4).await
}

#[tokio::test]
async fn a_month_of_31_days_and_23_hours_on_one_of_them() -> Result<()> {
    agrees(Civil::new(2026, 3, 1), 31 * 96 - 4).await
}

#[tokio::test]
async fn a_month_without_a_clock_change() -> Result<()> {
    agrees(Civil::new(2026, 2, 1), 28 * 96).await
}
