//! From nothing to an answered query: a folder, a token, a reading, and everything that shows it.

use anyhow::{Context as _, Result};
use e2e::platform::Platform;
use e2e::{client, household, program, wait};
use proto::meter::{Receipt, SendReadingRequest, Verdict};
use tonic::Code;

use crate::sending::{self, EPOCH};

async fn send(platform: &Platform, token: &str, meter: &str, used: i64) -> Result<Receipt> {
    let mut device = client::device(&platform.ready().device_grpc, token).await?;
    let request = SendReadingRequest {
        reading: Some(household::reading(meter, EPOCH, used)),
    };
    device
        .send_reading(request)
        .await?
        .into_inner()
        .receipt
        .context("no receipt")
}

#[tokio::test]
async fn a_reading_can_be_asked_for_in_every_way() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    assert!(platform.ready().ready);
    let token = platform.token("device", "meter-1")?;
    let receipt = send(&platform, &token, "meter-1", 250_000).await?;
    assert_eq!(
        (receipt.verdict(), receipt.reason.as_str()),
        (Verdict::Accepted, "")
    );

    let viewer = platform.token("viewer", "tester")?;
    let (from, to) = (
        household::instant(EPOCH / 60),
        household::instant(EPOCH / 60 + 24 * 60),
    );
    let query = format!("from={from}&to={to}");
    let staff = &platform.ready().staff_http;
    let item = wait::eventually(async || {
        let answer = client::get(
            staff,
            &format!("/api/v1/meters/meter-1/readings?{query}"),
            &viewer,
        )?;
        anyhow::ensure!(answer.status == 200, "{answer:?}");
        answer.json()?["items"][0]
            .as_object()
            .cloned()
            .context("not there yet")
    })
    .await?;
    assert_eq!(item["usage_kwh"], "0.25");
    assert_eq!(item["channel"], "IMPORT");
    assert_eq!(item["quality"], "ACTUAL");
    assert_eq!(item["interval_seconds"], 900);
    let at = chrono::DateTime::parse_from_rfc3339(item["timestamp"].as_str().context("a timestamp")?)?;
    assert_eq!(at.timestamp(), EPOCH);

    let usage = client::get(
        staff,
        &format!("/api/v1/meters/meter-1/usage?resolution=1h&{query}"),
        &viewer,
    )?;
    assert_eq!(usage.status, 200, "{usage:?}");
    assert_eq!(usage.json()?["items"][0]["import_kwh"], "0.25", "{usage:?}");
    let bills = client::get(staff, "/api/v1/bills", &viewer)?.json()?;
    assert_eq!(
        bills["items"].as_array().map(Vec::len),
        Some(0),
        "nobody is billed for an unknown meter"
    );
    let openapi = client::get(staff, "/api/openapi.json", &viewer)?.json()?;
    assert!(
        openapi["paths"].as_object().is_some_and(|paths| paths.len() > 5),
        "{openapi}"
    );
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn the_same_again_is_a_duplicate_with_the_same_receipt_and_another_value_a_conflict() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    let token = platform.token("device", "meter-*")?;
    let first = send(&platform, &token, "meter-1", 250_000).await?;
    let again = send(&platform, &token, "meter-1", 250_000).await?;
    assert_eq!(again.verdict(), Verdict::Duplicate);
    assert_eq!(again.id, first.id);
    let other = send(&platform, &token, "meter-1", 300_000).await?;
    assert_eq!(other.verdict(), Verdict::Conflict);
    assert_ne!(other.id, first.id);

    let mut billing = client::billing(
        &platform.ready().device_grpc,
        &platform.token("viewer", "tester")?,
    )
    .await?;
    let reading = wait::eventually(async || {
        let found = sending::readings(&mut billing, "meter-1").await?;
        found
            .into_iter()
            .find(|reading| reading.quality == "CONFLICT")
            .context("no conflict yet")
    })
    .await?;
    assert_eq!(reading.versions.len(), 2, "both are kept: {reading:?}");
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn nobody_gets_in_without_a_token_that_fits() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    for token in ["", "nonsense", "a.b.c"] {
        let error = send(&platform, token, "meter-1", 1).await.expect_err("refused");
        let status = error.downcast_ref::<tonic::Status>().context("a status")?;
        assert_eq!(status.code(), Code::Unauthenticated, "{token}: {status:?}");
        assert_eq!(
            client::get(&platform.ready().staff_http, "/api/v1/meters", token)?.status,
            401
        );
    }
    let receipt = send(&platform, &platform.token("device", "meter-2")?, "meter-1", 1).await?;
    assert_eq!(
        (receipt.verdict(), receipt.reason.as_str()),
        (Verdict::Rejected, "NOT_YOURS")
    );
    let device = platform.token("device", "meter-1")?;
    assert_eq!(
        client::get(&platform.ready().staff_http, "/api/v1/meters", &device)?.status,
        403
    );
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn health_and_metrics_need_no_token() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    send(&platform, &platform.token("device", "meter-1")?, "meter-1", 1).await?;
    let metrics = &platform.ready().metrics;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(client::get(metrics, path, "")?.status, 200, "{path}");
    }
    let text = client::get(metrics, "/metrics", "")?.body;
    for area in ["gateway", "ingestion", "billing", "analytics", "process"] {
        assert!(
            text.contains(&format!("# TYPE gridtally_{area}_")),
            "no metrics of {area}:\n{text}"
        );
    }
    assert!(!text.contains("meter-1"), "no meter is ever a label");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').context("a sample has a value")?;
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn a_second_start_on_the_folder_is_refused_and_a_restart_finds_everything() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    send(
        &platform,
        &platform.token("device", "meter-1")?,
        "meter-1",
        250_000,
    )
    .await?;
    let folder = data.path().to_string_lossy();
    let second = program::gridtally(["up", "--data", &folder])?;
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(5), "{said}");
    assert!(said.contains("is in use by another gridtally"), "{said}");
    assert!(second.stdout.is_empty(), "no ready line");
    assert!(data.path().join("run.json").exists(), "the first one still runs");
    platform.stop()?;
    assert!(!data.path().join("run.json").exists());

    let platform = Platform::up(data.path())?;
    let mut billing = client::billing(
        &platform.ready().device_grpc,
        &platform.token("viewer", "tester")?,
    )
    .await?;
    assert_eq!(
        sending::kept(&mut billing, "meter-1").await?,
        [(EPOCH * 1_000, 250_000)]
    );
    platform.stop()?;
    Ok(())
}
