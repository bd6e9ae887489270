//! The command line as a person uses it: exit codes, and verbs with and without a running instance.

use anyhow::Result;
use e2e::platform::Platform;
use e2e::{program, wait};

fn code(arguments: &[&str]) -> Result<(i32, String)> {
    let output = program::gridtally(arguments)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((output.status.code().unwrap_or(-1), said))
}

#[test]
fn wrong_input_is_2_and_all_of_it_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("gridtally.toml");
    std::fs::write(
        &file,
        "colour = 'red'\nshutdown_grace = '5'\n[gateway]\nspeed = 1\n",
    )?;
    let file = file.to_string_lossy();
    let (status, said) = code(&[
        "config",
        "check",
        "--config",
        &file,
        "--bus",
        "kafka://user:secret@host",
    ])?;
    assert_eq!(status, 2, "{said}");
    for part in [
        "colour: ",
        "shutdown_grace: ",
        "gateway.speed: ",
        "bus: not a backend of this program",
    ] {
        assert!(said.contains(part), "`{part}` is missing in {said}");
    }
    assert!(!said.contains("secret"), "{said}");
    assert_eq!(code(&["up", "--nonsense"])?.0, 2);
    assert_eq!(code(&["up", "--store", "sqlite:"])?.0, 2);
    let (status, said) = code(&["up", "--insecure-no-auth", "--device-listen", "0.0.0.0:0"])?;
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("not loopback"), "{said}");
    Ok(())
}

#[test]
fn what_is_printed_as_configuration_is_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let servers = [
        "--bus",
        "amqp://user:secret@broker/v",
        "--store",
        "mongodb://host",
    ];
    let flags = ["up", "--print-config", "--device-listen", "127.0.0.1:7"];
    let printed = program::gridtally_ok(flags.into_iter().chain(servers))?;
    assert!(printed.contains("listen = \"127.0.0.1:7\""), "{printed}");
    assert!(
        printed.contains("bus = \"amqp://user:***@broker/v\""),
        "{printed}"
    );
    let file = folder.path().join("gridtally.toml");
    std::fs::write(&file, printed)?;
    program::gridtally_ok(["config", "check", "--config", &file.to_string_lossy()])?;
    Ok(())
}

#[test]
fn the_token_that_the_simulator_reads_is_no_setting_of_ours() -> Result<()> {
    let check = |variable: &str| -> Result<Option<i32>> {
        let mut command = program::command("gridtally")?;
        Ok(command
            .args(["config", "check"])
            .env(variable, "abc")
            .output()?
            .status
            .code())
    };
    assert_eq!(check("GRIDTALLY_TOKEN")?, Some(0));
    assert_eq!(check("GRIDTALLY_TOKENS")?, Some(2));
    Ok(())
}

#[test]
fn what_is_not_there_is_4() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let empty = folder.path().join("nothing");
    let data = empty.to_string_lossy();
    let token = [
        "token",
        "issue",
        "--role",
        "device",
        "--subject",
        "m-1",
        "--data",
        &data,
    ];
    assert_eq!(code(&token)?.0, 4);
    assert_eq!(code(&["meter", "list", "--data", &data])?.0, 4);
    assert_eq!(code(&["log", "verify", "--data", &data])?.0, 4);
    assert!(!empty.exists(), "asking makes no folder");
    Ok(())
}

#[test]
fn a_file_that_is_not_there_is_4_for_every_verb() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (gone, data, load) = (path("gone"), path("data"), path("load.csv"));
    std::fs::write(&load, CSV)?;
    let verbs: [&[&str]; 7] = [
        &["config", "check", "--config", &gone],
        &["rate", "--case", &gone],
        &["rate", "--tariff", &gone, "--load", &load],
        &["rate", "--case-dir", &gone, "--out-dir", &data],
        &["tariff", "lint", &gone],
        &["reading", "import", &gone, "--meter", "m", "--data", &data],
        &["register", "import", &gone, "--data", &data],
    ];
    for verb in verbs {
        let (status, said) = code(verb)?;
        assert_eq!(status, 4, "{verb:?}: {said}");
        assert!(said.contains(&gone), "{verb:?}: {said}");
    }
    let mut replay = program::command("gridtally-simulator")?;
    let replay = replay
        .args(["replay", "--load", &gone, "--meters", "m", "--dry-run"])
        .output()?;
    assert_eq!(replay.status.code(), Some(4), "{replay:?}");
    // what is there and is no text is wrong input
    assert_eq!(code(&["tariff", "lint", &folder.path().to_string_lossy()])?.0, 2);
    Ok(())
}

#[test]
fn a_tariff_whose_bills_would_all_be_held_is_warned_about() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("tariff.json");
    let text = r#"{"currency": "EUR", "timezone": "UTC", "rounding": {"scope": "line", "mode": "half_up", "places": 2},
        "charges": [{"id": "base", "type": "daily", "amount": 1}]}"#;
    std::fs::write(&file, text)?;
    let printed = program::gridtally_ok(["tariff", "lint", &file.to_string_lossy()])?;
    assert!(
        printed.contains("warning") && printed.contains("(TAX)"),
        "{printed}"
    );
    Ok(())
}

const CSV: &str =
    "start_utc,import_kwh\n2025-10-01T00:00:00Z,0.5\n2025-10-01T00:15:00Z,0.25\n2025-10-01T00:30:00Z,-1\n";

#[tokio::test]
async fn verbs_ask_the_running_instance_and_open_the_folder_without_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let csv = folder.path().join("load.csv");
    std::fs::write(&csv, CSV)?;
    let platform = Platform::up(&data)?;
    let (data, csv) = (
        data.to_string_lossy().into_owned(),
        csv.to_string_lossy().into_owned(),
    );
    let import = [
        "reading", "import", &csv, "--meter", "csv-1", "--data", &data, "--output", "csv",
    ];
    let done = program::gridtally(import)?;
    assert_eq!(
        done.status.code(),
        Some(3),
        "one row of three is refused: {done:?}"
    );
    let printed = String::from_utf8(done.stdout)?;
    assert_eq!(
        printed
            .lines()
            .nth(1)
            .map(|line| line.starts_with("4,csv-1,REJECTED,NEGATIVE,")),
        Some(true),
        "{printed}"
    );

    let list = ["meter", "list", "--data", &data, "--output", "csv"];
    let running = wait::eventually(async || {
        let printed = program::gridtally_ok(list)?;
        anyhow::ensure!(printed.contains("csv-1,unknown"), "{printed}");
        Ok(printed)
    })
    .await?;
    assert_eq!(code(&["bill", "show", "nothing", "--data", &data])?.0, 4);
    platform.stop()?;

    assert_eq!(
        program::gridtally_ok(list)?,
        running,
        "the same answer from the folder alone"
    );
    let again = program::gridtally(import)?;
    let printed = String::from_utf8(again.stdout)?;
    assert_eq!(again.status.code(), Some(3), "{printed}");
    let usage = [
        "meter",
        "usage",
        "csv-1",
        "--from",
        "2025-10-01T00:00:00Z",
        "--to",
        "2025-10-02T00:00:00Z",
    ];
    let mut usage = usage.to_vec();
    usage.extend(["--resolution", "1h", "--output", "json", "--data", &data]);
    let usage: serde_json::Value = serde_json::from_str(&program::gridtally_ok(usage)?)?;
    assert_eq!(usage[0]["import_kwh"], "0.75", "{usage}");
    ranges_and_kinds(&data)?;
    let verified = program::gridtally_ok(["log", "verify", "--data", &data])?;
    assert!(verified.contains("SEGMENT"), "{verified}");
    let dumped = program::gridtally_ok(["log", "dump", "--data", &data, "--output", "json"])?;
    assert!(dumped.contains("gridtally.meter.v1.ReadingColumns"), "{dumped}");
    Ok(())
}

/// What verbs assume and refuse, on a folder with the meter `csv-1`.
fn ranges_and_kinds(data: &str) -> Result<()> {
    let recent = ["meter", "usage", "csv-1", "--output", "json", "--data", data];
    let recent: serde_json::Value = serde_json::from_str(&program::gridtally_ok(recent)?)?;
    assert_eq!(
        recent.as_array().map(Vec::len),
        Some(2),
        "yesterday and today: {recent}"
    );
    let turned = [
        "--from",
        "2025-10-02T00:00:00Z",
        "--to",
        "2025-10-01T00:00:00Z",
        "--data",
        data,
    ];
    for verb in ["readings", "usage"] {
        let (status, said) = code(&[&["meter", verb, "csv-1"], &turned[..]].concat())?;
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("from must be before to (BAD_RANGE)"), "{said}");
    }
    let (status, said) = code(&["register", "list", "foo", "--data", data])?;
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("service_point"), "{said}");
    Ok(())
}
