//! The four services as programs, before they talk to anybody: their configuration, and what they refuse.

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use e2e::process::Process;
use e2e::services::{PROGRAMS, Ready};
use e2e::{client, household, program, wait};
use proto::meter::SendReadingRequest;

fn run(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Output> {
    let mut command = program::command(name)?;
    command.args(arguments).envs(environment.iter().copied());
    Ok(command.output()?)
}

/// The printed default is a contract: whoever changes it tells in the changelog. `UPDATE_DOCS=1` writes it anew.
#[test]
fn the_default_configuration_is_the_documented_one() -> Result<()> {
    for name in PROGRAMS {
        let printed = run(name, &["--print-config"], &[])?;
        assert!(printed.status.success(), "{name}: {printed:?}");
        let printed = String::from_utf8(printed.stdout)?;
        let folder = program::repository().join("e2e/tests/it/programs");
        let file = folder.join(format!("{name}.toml"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(&file, &printed)?;
        }
        assert_eq!(printed, std::fs::read_to_string(&file)?, "{name}");
    }
    Ok(())
}

#[test]
fn every_problem_of_the_configuration_is_reported_at_once() -> Result<()> {
    for name in PROGRAMS {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), "shutdown_grace = \"soon\"\n[log]\ncolour = 1\n")?;
        let path = file.path().to_string_lossy().into_owned();
        let output = run(
            name,
            &["--config", &path, "--metrics-listen", "nowhere"],
            &[("GRIDTALLY_LOG_LEVEL", "=loud="), ("GRIDTALLY_NO_SUCH_KEY", "1")],
        )?;
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        let said = String::from_utf8(output.stderr)?;
        for key in [
            "shutdown_grace:",
            "log.colour:",
            "log.level:",
            "GRIDTALLY_NO_SUCH_KEY:",
            "--metrics-listen:",
        ] {
            assert!(said.contains(key), "{name} does not name {key} {said}");
        }
    }
    Ok(())
}

/// The drivers' own parsers read the addresses before anything starts; every program those that it uses.
#[test]
fn the_inside_of_addresses_is_checked() -> Result<()> {
    const WRONG: [(&str, &str); 3] = [
        ("bus", "amqp://user:secret@broker:port/%2f"),
        ("store", "mongodb://user:secret@store:port/gridtally"),
        ("cache", "redis://:secret@cache:port"),
    ];
    for (name, verb, keys) in [
        ("gridtally", Some("up"), &["bus", "store", "cache"][..]),
        ("billing-service", None, &["bus", "store", "cache"]),
        ("analytics-service", None, &["bus", "store"]),
        ("ingestion-service", None, &["bus"]),
    ] {
        let mut arguments: Vec<String> = verb.into_iter().map(str::to_owned).collect();
        for (key, url) in WRONG {
            arguments.extend([format!("--{key}"), url.to_owned()]);
        }
        arguments.push("--print-config".to_owned());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(name, &arguments, &[])?;
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        let said = String::from_utf8(output.stderr)?;
        for (key, _) in WRONG {
            let told = said.contains(&format!("  {key}: "));
            assert_eq!(told, keys.contains(&key), "{name} and {key}: {said}");
        }
        assert!(!said.contains("secret"), "{name}: {said}");
    }
    let output = run(
        "billing-service",
        &["--bus", "amqps://broker?verify=verify_none", "--print-config"],
        &[],
    )?;
    let said = String::from_utf8(output.stderr)?;
    assert!(
        said.contains("bus: ") && said.contains("always verified"),
        "{said}"
    );
    Ok(())
}

#[test]
fn an_unknown_level_does_not_silence_the_log() -> Result<()> {
    for name in PROGRAMS {
        let output = run(name, &["--log-level", "loud", "--print-config"], &[])?;
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        let said = String::from_utf8(output.stderr)?;
        assert!(said.contains("log.level: `loud` is no level"), "{name}: {said}");
    }
    Ok(())
}

#[test]
fn a_journal_is_of_one_process() -> Result<()> {
    for name in PROGRAMS.into_iter().filter(|name| *name != "api-gateway") {
        let output = run(name, &["--bus", "embedded:", "--print-config"], &[])?;
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = String::from_utf8(output.stderr)?;
        assert!(
            said.contains("the journal of embedded: belongs to one process"),
            "{name}: {said}"
        );
    }
    Ok(())
}

#[test]
fn ingestion_alone_does_not_know_the_register() -> Result<()> {
    let settings = [("GRIDTALLY_INGESTION_UNKNOWN_METERS", "reject")];
    let output = run("ingestion-service", &["--print-config"], &settings)?;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr)?;
    assert!(said.contains("ingestion.unknown_meters: "), "{said}");
    Ok(())
}

#[test]
fn passwords_are_not_printed() -> Result<()> {
    for name in PROGRAMS {
        let output = run(
            name,
            &["--print-config"],
            &[("GRIDTALLY_BUS", "amqp://user:secret@broker:5672")],
        )?;
        assert!(output.status.success(), "{name}: {output:?}");
        let printed = String::from_utf8(output.stdout)?;
        assert!(
            printed.contains("bus = \"amqp://user:***@broker:5672\""),
            "{name}: {printed}"
        );
    }
    Ok(())
}

/// An address that nobody has at the moment.
pub(crate) fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

#[tokio::test]
async fn who_waits_for_a_server_says_for_which() -> Result<()> {
    let (store, cache) = ("store: down (not asked yet)\n", "cache: down (not asked yet)\n");
    for (name, expected) in [
        ("ingestion-service", &[][..]),
        ("billing-service", &[store, cache]),
        ("analytics-service", &[store]),
    ] {
        let (data, metrics) = (tempfile::tempdir()?, free_address()?);
        let mut command = program::command(name)?;
        command.arg("--data").arg(data.path());
        command.args(["--listen", "127.0.0.1:0", "--metrics-listen", &metrics]);
        // Nobody listens on the discard port of loopback.
        command.args(["--bus", "amqp://user:secret@127.0.0.1:9"]);
        command.args(["--store", "mongodb://user:secret@127.0.0.1:9/gridtally"]);
        command.args(["--cache", "redis://user:secret@127.0.0.1:9"]);
        let process = Process::spawn(command)?;
        wait::eventually(async || {
            let answer = client::get(&metrics, "/readyz", "")?;
            ensure!(answer.status == 503, "{name}: {}", answer.body);
            let waiting = "bus: down (waiting for it: it cannot be reached)\n";
            ensure!(answer.body.contains(waiting), "{name}: {}", answer.body);
            for line in expected {
                ensure!(answer.body.contains(line), "{name}: {}", answer.body);
            }
            assert!(!answer.body.contains("secret"), "{name}: {}", answer.body);
            Ok(())
        })
        .await?;
        assert_eq!(client::get(&metrics, "/healthz", "")?.status, 200);
        let said = process.stop()?;
        assert!(!said.contains("secret"), "{name}: {said}");
    }
    Ok(())
}

/// A gateway on free ports, with nobody where the other services should be.
fn gateway_alone(data: &Path) -> Result<(Process, Ready)> {
    let mut command = program::command("api-gateway")?;
    command.arg("--data").arg(data).args(["--log-format", "json"]);
    for flag in ["--listen", "--staff-listen", "--metrics-listen"] {
        command.args([flag, "127.0.0.1:0"]);
    }
    // Nobody listens on the discard port of loopback.
    for flag in ["--ingestion-url", "--billing-url", "--analytics-url"] {
        command.args([flag, "http://127.0.0.1:9"]);
    }
    Process::start(command)
}

#[tokio::test]
async fn a_gateway_without_services_says_so_and_ends_well() -> Result<()> {
    let data = tempfile::tempdir()?;
    let (gateway, ready) = gateway_alone(data.path())?;
    assert_eq!(client::get(&ready.metrics, "/healthz", "")?.status, 200);
    wait::eventually(async || {
        let answer = client::get(&ready.metrics, "/readyz", "")?;
        ensure!(answer.status == 503, "{}", answer.body);
        for name in ["ingestion", "billing", "analytics"] {
            let line = format!("{name}: down (it cannot be reached)");
            ensure!(answer.body.contains(&line), "{}", answer.body);
        }
        Ok(())
    })
    .await?;

    let staff = ready.staff_http.context("no staff port")?;
    let viewer = program::token(data.path(), "viewer", "tester")?;
    let answer = client::get(&staff, "/api/v1/meters", &viewer)?;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.json()?["reason"], "UNAVAILABLE", "{}", answer.body);
    let devices = ready.device_grpc.context("no device port")?;
    let mut device = client::device(&devices, &program::token(data.path(), "device", "m-*")?).await?;
    let request = SendReadingRequest {
        reading: Some(household::reading("m-1", 1_777_593_600, 1)),
    };
    let status = device.send_reading(request).await.map(|_| ()).unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");

    assert!(
        data.path().join("run.json").is_file(),
        "the command line finds it"
    );
    drop(device);
    let said = gateway.stop()?;
    assert!(!data.path().join("run.json").exists());
    for line in said.lines() {
        let logged: serde_json::Value = serde_json::from_str(line).context(line.to_owned())?;
        assert!(logged["message"].is_string(), "{line}");
    }
    Ok(())
}

#[test]
fn one_gateway_per_folder() -> Result<()> {
    let data = tempfile::tempdir()?;
    let (first, _) = gateway_alone(data.path())?;
    let second = gateway_alone(data.path()).map(drop).unwrap_err().to_string();
    assert!(second.contains("is in use by another gridtally"), "{second}");
    first.stop()?;
    Ok(())
}
