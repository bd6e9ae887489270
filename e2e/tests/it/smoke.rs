//! `scripts/smoke` on one process, and on the four programs as `make up-local` starts them: with the environment of the compose file.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use e2e::platform::Platform;
use e2e::process::Process;
use e2e::services::{PROGRAMS, Ready};
use e2e::{program, tools};

fn script(name: &str, data: &Path) -> Result<Command> {
    let gateway = program::path("api-gateway")?;
    let mut command = Command::new(program::repository().join("scripts").join(name));
    command
        .arg(data)
        .env("BIN", gateway.parent().context("a folder of programs")?);
    Ok(command)
}

/// What the script said of what runs on `data`.
fn smoke(data: &Path) -> Result<String> {
    let output = script("smoke", data)?.output()?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said)
}

#[test]
fn one_process_is_checked_up_to_a_bill() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    for again in ["once", "again"] {
        let said = smoke(data.path())?;
        assert!(
            said.contains("gridtally: ready, with all it needs"),
            "{again}: {said}"
        );
        assert!(said.contains("it is on the bill to date"), "{again}: {said}");
    }
    platform.stop()?;
    let output = script("smoke", &data.path().join("nowhere"))?.output()?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing runs on"));
    Ok(())
}

#[test]
fn the_environment_of_the_compose_file_starts_the_four() -> Result<()> {
    let data = tempfile::tempdir()?;
    tools::find("bin/compose-check")?;
    let mut services = script("services", data.path())?;
    services.env("FREE_PORTS", "1");
    let (process, _): (_, Ready) = Process::start(services)?;
    let said = smoke(data.path())?;
    for name in PROGRAMS {
        assert!(
            said.contains(&format!("{name}: ready, with all it needs")),
            "{said}"
        );
    }
    assert!(said.contains("it is on the bill to date"), "{said}");

    // One that dies is named, the others drain, and the script fails.
    let pid = std::fs::read_to_string(data.path().join("billing-service.pid"))?;
    let killed = Command::new("kill").args(["-KILL", pid.trim()]).status()?;
    assert!(killed.success(), "billing-service runs");
    let (status, said) = process.wait(e2e::process::PATIENCE)?;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("billing-service ended by itself with -9"), "{said}");
    assert!(!said.contains("api-gateway ended with"), "{said}");
    assert!(!data.path().join("run.json").exists(), "the gateway drained");
    Ok(())
}
