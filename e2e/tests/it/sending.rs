//! Senders that keep a journal of what they were promised.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::client::{self, Authorized};
use e2e::household;
use e2e::instance::Instance;
use e2e::journal::Journal;
use proto::billing::billing_client::BillingClient;
use proto::billing::{ListReadingsRequest, ReadingView};
use proto::meter::meter_gateway_client::MeterGatewayClient;
use proto::meter::{Reading, SendReadingRequest, SendReadingsRequest, Verdict};

/// 1 October 2025 00:00 UTC: long over, whenever the tests run.
pub(crate) const EPOCH: i64 = 1_759_276_800;

/// A journal that senders share.
pub(crate) type Shared = Arc<Journal>;

/// Every reading in one batch after the other; each must be kept.
pub(crate) async fn send_all(
    device: &mut MeterGatewayClient<Authorized>,
    readings: &[Reading],
) -> Result<()> {
    for batch in readings.chunks(1_000) {
        let request = SendReadingsRequest {
            readings: batch.to_vec(),
        };
        let receipts = device.send_readings(request).await?.into_inner().receipts;
        anyhow::ensure!(receipts.len() == batch.len(), "a receipt per reading");
        for receipt in receipts {
            let kept = matches!(receipt.verdict(), Verdict::Accepted | Verdict::Duplicate);
            anyhow::ensure!(kept, "{receipt:?}");
        }
    }
    Ok(())
}

/// Sends readings of `meter` one by one and in batches by turns until the platform is gone.
pub(crate) async fn send_until_gone(
    mut device: MeterGatewayClient<Authorized>,
    meter: String,
    journal: Shared,
) {
    let mut number = 0_i64;
    loop {
        let count = if number % 7 == 0 { 50 } else { 1 };
        let batch: Vec<(i64, i64)> = (number..number + count)
            .map(|number| (EPOCH + number * 900, 1 + number * 37 % 400_000))
            .collect();
        number += count;
        {
            for (start, value) in &batch {
                journal.sending(&meter, start * 1_000, *value);
            }
        }
        let mut readings: Vec<Reading> = batch
            .iter()
            .map(|(start, value)| household::reading(&meter, *start, *value))
            .collect();
        let verdicts = if count == 1 {
            let request = SendReadingRequest {
                reading: readings.pop(),
            };
            device
                .send_reading(request)
                .await
                .map(|answer| answer.into_inner().receipt.into_iter().collect())
        } else {
            let request = SendReadingsRequest { readings };
            device
                .send_readings(request)
                .await
                .map(|answer| answer.into_inner().receipts)
        };
        let Ok(receipts) = verdicts else { return };
        for ((start, _), receipt) in batch.iter().zip(receipts) {
            if matches!(receipt.verdict(), Verdict::Accepted | Verdict::Duplicate) {
                journal.promised(&meter, start * 1_000);
            }
        }
    }
}

/// Sends readings of `meter` in small batches, each again until it is promised as a device does, until it is `over`.
async fn send_until_over(
    mut device: MeterGatewayClient<Authorized>,
    meter: String,
    (journal, over): (Shared, Arc<AtomicBool>),
) {
    const BATCH: i64 = 5;
    let mut number = 0_i64;
    while !over.load(Ordering::Relaxed) {
        let batch: Vec<(i64, i64)> = (number..number + BATCH)
            .map(|number| (EPOCH + number * 900, 1 + number * 37 % 400_000))
            .collect();
        for (start, value) in &batch {
            journal.sending(&meter, start * 1_000, *value);
        }
        let readings = batch
            .iter()
            .map(|(start, value)| household::reading(&meter, *start, *value));
        let request = SendReadingsRequest {
            readings: readings.collect(),
        };
        let answer = device.send_readings(request).await;
        let receipts = answer
            .map(|answer| answer.into_inner().receipts)
            .unwrap_or_default();
        let kept = |verdict| matches!(verdict, Verdict::Accepted | Verdict::Duplicate);
        for ((start, _), receipt) in batch.iter().zip(&receipts) {
            if kept(receipt.verdict()) {
                journal.promised(&meter, start * 1_000);
            }
        }
        let all = receipts.len() == batch.len() && receipts.iter().all(|receipt| kept(receipt.verdict()));
        if all {
            number += BATCH;
        }
        tokio::time::sleep(Duration::from_millis(if all { 5 } else { 50 })).await;
    }
}

/// Starts `count` senders under `prefix` that go on through every outage until it is `over`.
pub(crate) async fn start_patient(
    instance: &impl Instance,
    prefix: &str,
    count: usize,
    (journal, over): (&Shared, &Arc<AtomicBool>),
) -> Result<Vec<tokio::task::JoinHandle<()>>> {
    let token = instance.token("device", &format!("{prefix}*"))?;
    let mut senders = Vec::new();
    for number in 0..count {
        let device = client::device(instance.device_grpc(), &token).await?;
        let shared = (Arc::clone(journal), Arc::clone(over));
        let sender = send_until_over(device, format!("{prefix}{number}"), shared);
        #[expect(clippy::disallowed_methods, reason = "a test has no task tracker")]
        senders.push(tokio::spawn(sender));
    }
    Ok(senders)
}

/// Starts `count` senders under `prefix`.
pub(crate) async fn start_senders(
    instance: &impl Instance,
    prefix: &str,
    count: usize,
    journal: &Shared,
) -> Result<Vec<tokio::task::JoinHandle<()>>> {
    let token = instance.token("device", &format!("{prefix}*"))?;
    let mut senders = Vec::new();
    for number in 0..count {
        let device = client::device(instance.device_grpc(), &token).await?;
        let sender = send_until_gone(device, format!("{prefix}{number}"), Arc::clone(journal));
        #[expect(clippy::disallowed_methods, reason = "a test has no task tracker")]
        senders.push(tokio::spawn(sender));
    }
    Ok(senders)
}

/// Every interval that the platform has of `meter`: start in milliseconds and 10^-6 kWh.
pub(crate) async fn kept(billing: &mut BillingClient<Authorized>, meter: &str) -> Result<Vec<(i64, i64)>> {
    readings(billing, meter).await?.iter().map(interval).collect()
}

/// Every interval that the platform has of `meter` in the time of these tests, as it shows it.
pub(crate) async fn readings(
    billing: &mut BillingClient<Authorized>,
    meter: &str,
) -> Result<Vec<ReadingView>> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let request = ListReadingsRequest {
            meter_id: meter.to_owned(),
            from: "2025-09-01T00:00:00Z".to_owned(),
            to: "2026-12-01T00:00:00Z".to_owned(),
            cursor,
            limit: 10_000,
            ..ListReadingsRequest::default()
        };
        let page = match billing.list_readings(request).await {
            Ok(page) => page.into_inner(),
            Err(status) if status.code() == tonic::Code::NotFound => return Ok(items),
            Err(status) => return Err(status.into()),
        };
        items.extend(page.items);
        match page.next_cursor {
            Some(next) if !next.is_empty() => cursor = next,
            _ => return Ok(items),
        }
    }
}

fn interval(view: &ReadingView) -> Result<(i64, i64)> {
    let start = chrono::DateTime::parse_from_rfc3339(&view.timestamp)?.timestamp_millis();
    Ok((start, micro_kwh(&view.usage_kwh)?))
}

/// 10^-6 kWh of a decimal.
pub(crate) fn micro_kwh(decimal: &str) -> Result<i64> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    anyhow::ensure!(fraction.len() <= 6, "{decimal} has more than six decimals");
    format!("{whole}{fraction:0<6}")
        .parse()
        .with_context(|| format!("`{decimal}` is no decimal"))
}
