//! The demo, as a newcomer sees it, and its folder afterwards.

use std::process::Command;

use anyhow::{Context as _, Result};
use e2e::platform::Platform;
use e2e::{client, program, readme, tools};

const SMALL: [&str; 2] = ["--households", "15"];

fn exported(platform: &Platform) -> Result<String> {
    let data = platform.data().to_string_lossy();
    program::gridtally_ok(["bill", "export", "--data", &data])
}

fn counted(platform: &Platform) -> Result<String> {
    let data = platform.data().to_string_lossy();
    program::gridtally_ok(["meter", "list", "--output", "csv", "--data", &data])
}

#[tokio::test]
async fn a_month_is_billed_and_up_finds_all_of_it_again() -> Result<()> {
    let data = tempfile::tempdir()?;
    let demo = Platform::start("demo", data.path(), &SMALL)?;
    let story = demo.wait_for_line("Serving until Ctrl-C")?.join("\n");
    assert!(story.contains("GT-INV-"), "numbered bills: {story}");
    assert!(story.contains(", 0 rejected;"), "{story}");
    assert!(story.contains(", 0 held;"), "{story}");
    let (bills, meters) = (exported(&demo)?, counted(&demo)?);
    assert_eq!(bills.lines().count(), 35, "20 recorded and 15 simulated: {story}");
    assert_eq!(meters.lines().count(), 36, "{meters}");
    let (from, to) = month(&bills)?;
    let windows = format!("/api/v1/usage?by=region&resolution=1d&from={from}&to={to}");
    let shown = regions(&demo, &windows)?;
    demo.stop()?;

    // A second start on the folder finds the month: what it sends is what was measured since.
    let again = Platform::start("demo", data.path(), &SMALL)?;
    let story_again = again.wait_for_line("Serving until Ctrl-C")?.join("\n");
    let (sent, seen) = (
        count(&story, "readings accepted")?,
        count(&story_again, "seen before")?,
    );
    assert_eq!(count(&story, "seen before")?, 0, "{story}");
    assert!(seen >= sent, "{seen} of {sent} were there: {story_again}");
    assert!(
        count(&story_again, "readings accepted")? <= 35 * 2 * 4,
        "{story_again}"
    );
    assert!(
        story_again.contains("; 0 bills issued now, 35 before, 0 held;"),
        "{story_again}"
    );
    again.stop()?;

    let platform = Platform::up(data.path())?;
    assert_eq!(exported(&platform)?, bills);
    assert_eq!(counted(&platform)?, meters);
    assert_eq!(regions(&platform, &windows)?, shown);
    platform.stop()?;
    Ok(())
}

/// The number before `what` in the line that sums up the demo.
fn count(story: &str, what: &str) -> Result<u64> {
    let before = story.split(what).next().context("a story")?;
    anyhow::ensure!(before.len() < story.len(), "no `{what}` in {story}");
    let number = before.trim_end().rsplit(' ').next().context("a number")?;
    Ok(number.parse()?)
}

/// The days of the month of the first bill, in the middle of it, where windows of all zones are complete.
fn month(bills: &str) -> Result<(String, String)> {
    let first: serde_json::Value = serde_json::from_str(bills.lines().next().context("a bill")?)?;
    let from = first["from"].as_str().context("from")?;
    let month = from.get(..8).context("a date")?;
    Ok((format!("{month}05T00:00:00Z"), format!("{month}20T00:00:00Z")))
}

/// Group, day, energy and count of every window.
fn regions(platform: &Platform, path: &str) -> Result<Vec<String>> {
    let token = platform.token("viewer", "tester")?;
    let answer = client::get(&platform.ready().staff_http, path, &token)?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    let json = answer.json()?;
    let items = json["items"].as_array().context("items")?;
    anyhow::ensure!(!items.is_empty(), "{json}");
    let shown = |item: &serde_json::Value| {
        format!(
            "{} {} {} {} {}",
            item["group"], item["start"], item["import_kwh"], item["export_kwh"], item["readings"]
        )
    };
    Ok(items.iter().map(shown).collect())
}

#[tokio::test]
async fn a_power_cut_in_the_middle_changes_no_bill() -> Result<()> {
    let (whole, broken) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let statements = |platform: &Platform| {
        let data = platform.data().to_string_lossy().into_owned();
        program::gridtally_ok(["bill", "export", "--statement", "--data", &data])
    };
    let undisturbed = Platform::start("demo", whole.path(), &SMALL)?;
    undisturbed.wait_for_line("Serving until Ctrl-C")?;
    let expected = statements(&undisturbed)?;
    undisturbed.stop()?;

    for moment in [150, 700, 1_500] {
        let demo = Platform::start("demo", broken.path(), &SMALL)?;
        tokio::time::sleep(std::time::Duration::from_millis(moment)).await;
        demo.kill()?;
    }
    let demo = Platform::start("demo", broken.path(), &SMALL)?;
    demo.wait_for_line("Serving until Ctrl-C")?;
    assert_eq!(statements(&demo)?, expected);
    demo.stop()?;
    Ok(())
}

#[tokio::test]
async fn the_lines_it_prints_work_as_they_are_printed() -> Result<()> {
    let data = tempfile::tempdir()?;
    let demo = Platform::start("demo", data.path(), &["--households", "3"])?;
    let lines = demo.wait_for_line("Serving until Ctrl-C")?;
    let begin = lines
        .iter()
        .position(|line| line == "Look further:")
        .context("what to do next")?;
    let script: Vec<&str> = lines
        .iter()
        .skip(begin + 1)
        .map(String::as_str)
        .filter(|line| !line.is_empty())
        .collect();
    let (_, script) = script.split_last().context("lines")?;
    assert!(script.len() >= 6, "{script:?}");
    for number in 1..script.len() {
        // The first line sets the token for the others.
        let text = format!("{}\n{}", script[0], script[number]);
        let printed = readme::run(&text, data.path())?;
        assert!(printed.trim().len() > 2, "{text} printed nothing");
    }
    demo.stop()?;
    Ok(())
}

#[tokio::test]
async fn once_ends_by_itself() -> Result<()> {
    let data = tempfile::tempdir()?;
    let demo = Platform::start("demo", data.path(), &["--households", "0", "--once"])?;
    let (status, said) = demo.wait(std::time::Duration::from_secs(120))?;
    assert_eq!(status.code(), Some(0), "{said}");
    Ok(())
}

#[test]
fn curl_is_there() -> Result<()> {
    let found = Command::new("curl")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(found, "curl is missing; run scripts/test-tools");
    tools::find("bin/grpcurl")?;
    Ok(())
}
