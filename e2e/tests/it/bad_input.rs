//! Bad input, each with its clear verdict or status.

use anyhow::{Context as _, Result};
use e2e::platform::Platform;
use e2e::{client, household, wait};
use proto::billing::ListExceptionsRequest;
use proto::meter::{Reading, SendReadingRequest, SendReadingsRequest, Verdict};
use tonic::Code;

use crate::sending::EPOCH;

fn good() -> Reading {
    household::reading("bad-1", EPOCH, 250_000)
}

fn at(seconds: i64) -> Reading {
    household::reading("bad-1", seconds, 1)
}

#[rustfmt::skip] // a table reads best with a row per line
/// What is sent, and the reason why it is refused.
fn table() -> Vec<(&'static str, Reading, &'static str)> {
    let usage = |kwh| Reading {
        usage_kwh: Some(kwh),
        ..good()
    };
    let id = |id: &str| Reading {
        device_id: id.to_owned(),
        ..good()
    };
    let soon = chrono::Utc::now().timestamp() + 600;
    vec![
        ("not a number", usage(f64::NAN), "NOT_FINITE"),
        ("infinite", usage(f64::INFINITY), "NOT_FINITE"),
        ("negative", usage(-0.001), "NEGATIVE"),
        ("beyond 100 MWh", usage(100_000.1), "TOO_LARGE"),
        ("ten minutes ahead", at(soon), "IN_FUTURE"),
        ("the year 2100", at(4_102_444_800), "IN_FUTURE"),
        ("1970", at(0), "TOO_OLD"),
        ("no timestamp", Reading { timestamp: None, ..good() }, "BAD_TIMESTAMP"),
        ("no id", id(""), "BAD_ID"),
        ("an id with a space", id("bad 1"), "BAD_ID"),
        ("an id of 65 characters", id(&"x".repeat(65)), "BAD_ID"),
        ("two values", Reading { register_kwh: Some(1.0), register: "import".to_owned(), ..good() }, "TWO_VALUES"),
        ("no value", Reading { usage_kwh: None, ..good() }, "NO_VALUE"),
        ("a dial without its name", Reading { usage_kwh: None, register_kwh: Some(1.0), ..good() }, "BAD_REGISTER"),
        ("an interval that divides no day", Reading { interval_seconds: 7_000, ..good() }, "BAD_INTERVAL"),
        ("an unknown channel", Reading { channel: 9, ..good() }, "UNKNOWN_ENUM"),
        ("an unknown quality", Reading { quality: 77, ..good() }, "UNKNOWN_ENUM"),
        ("another's meter", id("other-1"), "NOT_YOURS"),
    ]
}

#[tokio::test]
async fn every_bad_reading_has_its_reason_and_costs_only_itself() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    let token = platform.token("device", "bad*")?;
    let mut device = client::device(&platform.ready().device_grpc, &token).await?;
    let table = table();
    for (name, reading, reason) in &table {
        let request = SendReadingRequest {
            reading: Some(reading.clone()),
        };
        let receipt = device
            .send_reading(request)
            .await?
            .into_inner()
            .receipt
            .context("a receipt")?;
        assert_eq!(
            (receipt.verdict(), receipt.reason.as_str()),
            (Verdict::Rejected, *reason),
            "{name}: {receipt:?}"
        );
        assert!(!receipt.message.is_empty(), "{name}");
    }
    let mut readings: Vec<Reading> = table.iter().map(|(_, reading, _)| reading.clone()).collect();
    readings.push(good());
    let receipts = device
        .send_readings(SendReadingsRequest { readings })
        .await?
        .into_inner()
        .receipts;
    assert_eq!(receipts.len(), table.len() + 1, "a receipt per reading, in order");
    for ((name, _, reason), receipt) in table.iter().zip(&receipts) {
        assert_eq!(receipt.reason, *reason, "{name}");
    }
    assert_eq!(
        receipts.last().map(proto::meter::Receipt::verdict),
        Some(Verdict::Accepted)
    );
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn calls_that_are_wrong_as_a_whole_have_a_status() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    let token = platform.token("device", "bad*")?;
    let address = &platform.ready().device_grpc;
    let mut device = client::device(address, &token).await?;
    let readings = vec![good(); 1_001];
    let status = device
        .send_readings(SendReadingsRequest { readings })
        .await
        .expect_err("too many");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let status = device.send_reading(SendReadingRequest { reading: None }).await;
    let told = match &status {
        Ok(answer) => answer
            .get_ref()
            .receipt
            .as_ref()
            .is_some_and(|receipt| receipt.verdict() == Verdict::Rejected),
        Err(status) => status.code() == Code::InvalidArgument,
    };
    assert!(told, "{status:?}");
    let status = client::raw_call(
        address,
        &token,
        "/gridtally.meter.v1.MeterGateway/SendReading",
        &[0xff; 16],
    )
    .await
    .expect_err("undecodable");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let status = client::raw_call(address, &token, "/gridtally.meter.v1.MeterGateway/Nothing", &[])
        .await
        .expect_err("unknown");
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn an_unknown_meter_is_kept_and_becomes_an_exception() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    let token = platform.token("device", "bad*")?;
    let mut device = client::device(&platform.ready().device_grpc, &token).await?;
    let request = SendReadingRequest {
        reading: Some(good()),
    };
    let receipt = device
        .send_reading(request)
        .await?
        .into_inner()
        .receipt
        .context("a receipt")?;
    assert_eq!(receipt.verdict(), Verdict::Accepted);
    let mut billing = client::billing(
        &platform.ready().device_grpc,
        &platform.token("viewer", "tester")?,
    )
    .await?;
    let exception = wait::eventually(async || {
        let request = ListExceptionsRequest {
            kind: "UNKNOWN_METER".to_owned(),
            ..Default::default()
        };
        billing
            .list_exceptions(request)
            .await?
            .into_inner()
            .items
            .pop()
            .context("no exception yet")
    })
    .await?;
    assert_eq!(exception.subject, "bad-1");
    platform.stop()?;
    Ok(())
}
