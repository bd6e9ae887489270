//! The files under `deployments/`: what checkers say of them, and what a real Prometheus finds of a running platform with them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use e2e::platform::Platform;
use e2e::{client, household, program, tools, wait};
use proto::meter::{Reading, SendReadingRequest};
use serde_json::Value;

use crate::sending::EPOCH;

#[test]
fn checkers_find_nothing_wrong_with_the_files() -> Result<()> {
    let checks = program::repository().join("scripts/check-deployments");
    let gateway = program::path("api-gateway")?;
    let output = Command::new(tools::find("venv/bin/python")?)
        .arg(checks)
        .arg(gateway.parent().context("a folder of programs")?)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(
        said.contains("programs take what compose sets"),
        "few checks: {said}"
    );
    Ok(())
}

/// A Prometheus that asks a platform every second; killed when dropped.
struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Prometheus {
    fn start(folder: &Path, platform: &Platform) -> Result<Self> {
        let rules = program::repository().join("deployments/prometheus/rules.yml");
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: ['{}']\nscrape_configs:\n  - job_name: gridtally\n    \
             static_configs: [{{ targets: ['{}'] }}]\n",
            rules.display(),
            platform.ready().metrics
        );
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config)?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("prometheus cannot be started; run scripts/test-tools")?;
        Ok(Self { child, address })
    }

    /// The series that an expression has now.
    fn series(&self, expression: &str) -> Result<usize> {
        let answer = client::get(
            &self.address,
            &format!("/api/v1/query?query={}", escaped(expression)),
            "",
        )?;
        let json = answer.json()?;
        ensure!(json["status"] == "success", "{expression}: {json}");
        Ok(json["data"]["result"].as_array().context("a vector")?.len())
    }

    /// The rules that do not work.
    fn broken_rules(&self) -> Result<Vec<String>> {
        let json = client::get(&self.address, "/api/v1/rules", "")?.json()?;
        let groups = json["data"]["groups"].as_array().context("groups")?;
        let rules: Vec<&Value> = groups
            .iter()
            .filter_map(|group| group["rules"].as_array())
            .flatten()
            .collect();
        ensure!(!rules.is_empty(), "no rules: {json}");
        let broken = rules.into_iter().filter(|rule| rule["health"] != "ok");
        Ok(broken.map(|rule| rule["name"].to_string()).collect())
    }
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn dashboards() -> Result<Vec<PathBuf>> {
    let folder = program::repository().join("deployments/grafana/dashboards");
    let found: std::io::Result<Vec<PathBuf>> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect();
    Ok(found?)
}

/// Every expression of every panel as (dashboard and panel, expression), with its variables filled in as Grafana does.
fn expressions() -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for path in dashboards()? {
        let board: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        for panel in board["panels"].as_array().context("panels")? {
            for target in panel["targets"].as_array().context("targets")? {
                let text = target["expr"].as_str().context("an expression")?;
                let text = text.replace("$__rate_interval", "10s");
                let text = text.replace("$region", ".*").replace("$tariff_class", ".*");
                ensure!(!text.contains('$'), "a variable that nobody fills in: {text}");
                found.push((format!("{}: {}", board["title"], panel["title"]), text));
            }
        }
    }
    Ok(found)
}

#[tokio::test]
async fn every_panel_shows_something_of_a_platform_at_work() -> Result<()> {
    let (data, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let platform = Platform::start("demo", data.path(), &["--households", "5"])?;
    let prometheus = Prometheus::start(folder.path(), &platform)?;
    platform.wait_for_line("Serving until Ctrl-C")?;
    // what the demo does not do: a staff request, and a reading that is refused
    let viewer = platform.token("viewer", "panels")?;
    client::get(&platform.ready().staff_http, "/api/v1/overview", &viewer)?;
    let token = platform.token("device", "panel*")?;
    let mut device = client::device(&platform.ready().device_grpc, &token).await?;
    let refused = Reading {
        usage_kwh: Some(-1.0),
        ..household::reading("panel-1", EPOCH, 0)
    };
    let request = SendReadingRequest {
        reading: Some(refused),
    };
    device.send_reading(request).await?;

    let mut waiting = expressions()?;
    ensure!(waiting.len() > 40, "few panels: {}", waiting.len());
    wait::eventually(async || {
        let mut empty = Vec::new();
        for (panel, expression) in &waiting {
            if prometheus.series(expression)? == 0 {
                empty.push((panel.clone(), expression.clone()));
            }
        }
        waiting = empty;
        ensure!(waiting.is_empty(), "nothing to see in {waiting:?}");
        Ok(())
    })
    .await?;
    wait::eventually(async || {
        let broken = prometheus.broken_rules()?;
        ensure!(broken.is_empty(), "{broken:?}");
        Ok(())
    })
    .await?;
    platform.stop()?;
    Ok(())
}
