//! Parts of the data folder that are damaged or gone: the start says which folder it is about, and what to do.

use std::path::Path;

use anyhow::{Context as _, Result};
use e2e::platform::Platform;
use e2e::{client, household, wait};
use proto::meter::SendReadingsRequest;

use crate::sending::EPOCH;

/// A day's readings of one meter, sent and in the windows; the windows. The platform is stopped.
async fn filled(data: &Path) -> Result<serde_json::Value> {
    let platform = Platform::up(data)?;
    let token = platform.token("device", "kept-*")?;
    let mut device = client::device(&platform.ready().device_grpc, &token).await?;
    for quarter in 0..96 {
        let readings = vec![household::reading("kept-1", EPOCH + quarter * 900, 250_000)];
        device.send_readings(SendReadingsRequest { readings }).await?;
    }
    let shown = windows(&platform).await?;
    platform.stop()?;
    Ok(shown)
}

/// The hours of that day, once all 96 readings are in them.
async fn windows(platform: &Platform) -> Result<serde_json::Value> {
    let viewer = platform.token("viewer", "tester")?;
    let (from, to) = (
        household::instant(EPOCH / 60),
        household::instant(EPOCH / 60 + 24 * 60),
    );
    let path = format!("/api/v1/usage?by=region&resolution=1h&from={from}&to={to}");
    wait::eventually(async || {
        let answer = client::get(&platform.ready().staff_http, &path, &viewer)?;
        let mut items = answer.json()?["items"].clone();
        let hours = items.as_array_mut().context("items")?;
        let readings: u64 = hours.iter().filter_map(|hour| hour["readings"].as_u64()).sum();
        anyhow::ensure!(readings == 96, "{readings} of 96");
        for hour in hours {
            hour["closed"].take();
        }
        Ok(items)
    })
    .await
}

/// What the start says when it is refused.
fn refusal(data: &Path) -> Result<String> {
    match Platform::up(data) {
        Ok(_) => anyhow::bail!("it started"),
        Err(said) => Ok(format!("{said:#}")),
    }
}

fn overwrite(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            overwrite(&path)?;
        } else {
            let length = std::fs::metadata(&path)?.len();
            std::fs::write(&path, vec![0xa5; usize::try_from(length)?])?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn damaged_windows_are_named_and_come_back_when_deleted() -> Result<()> {
    let data = tempfile::tempdir()?;
    let before = filled(data.path()).await?;
    let folder = data.path().join("analytics");
    overwrite(&folder)?;
    let said = refusal(data.path())?;
    assert!(said.contains(&folder.display().to_string()), "{said}");
    assert!(said.contains("delete this folder"), "{said}");
    std::fs::remove_dir_all(&folder)?;
    let platform = Platform::up(data.path())?;
    assert_eq!(windows(&platform).await?, before);
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn without_its_journal_nothing_starts_in_silence() -> Result<()> {
    let data = tempfile::tempdir()?;
    filled(data.path()).await?;
    let (journal, billing, analytics) = (
        data.path().join("journal"),
        data.path().join("billing"),
        data.path().join("analytics"),
    );
    std::fs::remove_dir_all(&journal)?;
    let said = refusal(data.path())?;
    assert!(said.contains("cannot start billing"), "{said}");
    assert!(said.contains("the journal ends at 0: it was deleted"), "{said}");
    // the start that was refused made an empty journal, which changes nothing
    assert!(refusal(data.path())?.contains("it was deleted"));

    std::fs::remove_dir_all(&journal)?;
    std::fs::remove_dir_all(&billing)?;
    let said = refusal(data.path())?;
    assert!(said.contains("of the readings in billing's store"), "{said}");
    let way_out = format!("delete the folder {}", analytics.display());
    assert!(said.contains(&way_out), "{said}");
    std::fs::remove_dir_all(&analytics)?;
    Platform::up(data.path())?.stop()?;
    Ok(())
}

/// Readings would come again from the journal, yet not the bills: their numbers would be given twice.
#[tokio::test]
async fn an_older_or_deleted_store_of_billing_is_refused() -> Result<()> {
    let data = tempfile::tempdir()?;
    let (billing, older) = (data.path().join("billing"), data.path().join("older"));
    Platform::up(data.path())?.stop()?;
    copy(&billing, &older)?;
    filled(data.path()).await?;
    let newer = data.path().join("newer");
    std::fs::rename(&billing, &newer)?;
    std::fs::rename(&older, &billing)?;
    let said = refusal(data.path())?;
    assert!(
        said.contains("is an older copy") && said.contains("same backup"),
        "{said}"
    );
    std::fs::remove_dir_all(&billing)?;
    assert!(refusal(data.path())?.contains("was deleted"));
    std::fs::remove_dir_all(&billing)?;
    std::fs::rename(&newer, &billing)?;
    Platform::up(data.path())?.stop()?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
