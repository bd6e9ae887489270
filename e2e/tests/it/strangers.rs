//! The servers of an instance as strangers see them: pymongo, redis-py and pika, with code generated from the published schema.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use e2e::instance::Instance;
use e2e::services::{Launcher, Servers, Services};
use e2e::{client, household, program, tools, wait};
use proto::billing::{Bill, ListBillsRequest};
use serde_json::Value;

use crate::household::{billed, run_bills};
use crate::order::MONTH;
use crate::sending;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/strangers/stranger.py");
/// What a draft may live at most.
const DRAFT_SECONDS: i64 = 3_600;

/// Runs Python; its standard output.
fn python(arguments: &[&str]) -> Result<String> {
    let output = Command::new(tools::find("venv/bin/python")?)
        .args(arguments)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {said}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Generates the code of the published schema into `folder`.
fn generate(folder: &str) -> Result<()> {
    let protos = program::repository().join("common/proto/proto");
    let (include, out) = (
        format!("-I{}", protos.display()),
        format!("--python_out={folder}"),
    );
    let files = [
        "gridtally/billing/v1/billing.proto",
        "gridtally/meter/v1/meter.proto",
        "gridtally/meter/v1/columns.proto",
    ];
    let arguments = ["-m", "grpc_tools.protoc", &include, &out];
    python(&[&arguments[..], &files[..]].concat()).map(drop)
}

struct Stranger {
    generated: String,
}

impl Stranger {
    fn new(folder: &Path) -> Result<Self> {
        let generated = folder.to_string_lossy().into_owned();
        generate(&generated)?;
        Ok(Self { generated })
    }

    fn asked(&self, what: &[&str]) -> Result<Value> {
        let said = python(&[&[SCRIPT, &self.generated][..], what].concat())?;
        serde_json::from_str(&said).context(said)
    }
}

/// The bills of a household, as staff see them.
async fn bills(services: &Services, meter: &str) -> Result<Vec<Bill>> {
    let token = services.token("viewer", "tester")?;
    let mut billing = client::billing(services.device_grpc(), &token).await?;
    let request = ListBillsRequest {
        agreement_id: household::agreement(meter),
        ..ListBillsRequest::default()
    };
    Ok(billing.list_bills(request).await?.into_inner().items)
}

#[tokio::test]
async fn strangers_read_what_the_servers_keep() -> Result<()> {
    let (data, generated) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let name = format!("strangers-{}", std::process::id());
    let (servers, prefix) = (Servers::of_environment(&name)?, format!("{name}."));
    let mut services = Services::start(Launcher::new(servers.clone(), data.path(), &prefix))?;
    let stranger = Stranger::new(generated.path())?;
    stranger.asked(&["bind", &servers.bus, &prefix])?;

    // An issued bill: in the store, and announced.
    let (_, issued) = billed(&services, 1..2, MONTH).await?.pop().context("a bill")?;
    let stored = stranger.asked(&["bill", &servers.store, &issued.id])?;
    let announced = stranger.asked(&["event", &servers.bus, &prefix])?;
    assert_eq!(announced["type"], "bill.issued");
    for seen in [&stored, &announced] {
        assert_eq!(seen["id"], issued.id, "{seen}");
        assert_eq!(seen["number"], issued.number, "{seen}");
        assert_eq!(seen["total"], issued.total, "{seen}");
        assert_eq!(seen["lines"], issued.lines.len(), "{seen}");
    }
    assert_eq!(stored["view_total"], issued.total);
    assert_eq!(stored["schema"], 1);

    drafted(&services, &servers, &stranger).await?;
    waiting(&mut services, &servers, (&stranger, &prefix)).await?;
    services.stop()
}

/// A draft that somebody looked at is in the cache, for an hour at most.
async fn drafted(services: &Services, servers: &Servers, stranger: &Stranger) -> Result<()> {
    let address = services.device_grpc();
    let mut register = client::register(address, &services.token("billing", "tester")?).await?;
    client::put_all(
        &mut register,
        household::objects("home-2", MONTH, MONTH.next_month()),
    )
    .await?;
    let load = household::load(2, MONTH, MONTH.next_month());
    let mut device = client::device(address, &services.token("device", "home-*")?).await?;
    sending::send_all(&mut device, &household::readings("home-2", &load)).await?;
    wait::eventually(async || {
        let draft = bills(services, "home-2").await?.pop().context("a draft")?;
        ensure!(
            draft.status == "draft" && draft.holds.is_empty(),
            "{:?}",
            draft.holds
        );
        let agreement = household::agreement("home-2");
        let cached = stranger.asked(&["draft", &servers.cache, &agreement])?;
        ensure!(cached["total"] == draft.total, "{cached}, not {}", draft.total);
        let ttl = cached["ttl_seconds"].as_i64().context("a time to live")?;
        ensure!((1..=DRAFT_SECONDS).contains(&ttl), "{ttl}");
        Ok(())
    })
    .await?;
    run_bills(services, 2..3, MONTH).await.map(drop)
}

/// While billing is away, readings wait in its queue, where anybody who knows the schema can read them.
async fn waiting(
    services: &mut Services,
    servers: &Servers,
    (stranger, prefix): (&Stranger, &str),
) -> Result<()> {
    let where_billing_was = services.billing.ready.billing_grpc.clone();
    let where_billing_was = where_billing_was.context("no address")?;
    services.billing.process.kill()?;
    let mut device = client::device(services.device_grpc(), &services.token("device", "seen-*")?).await?;
    let reading = household::reading("seen-1", sending::EPOCH, 123_456);
    sending::send_all(&mut device, &[reading]).await?;
    let seen = stranger.asked(&["message", &servers.bus, prefix, "seen-1"])?;
    assert_eq!(seen["type"], "gridtally.meter.v1.ReadingColumns", "{seen}");
    assert_eq!(seen["content_type"], "application/x-protobuf", "{seen}");
    assert_eq!(seen["persistent"], true, "{seen}");
    assert_eq!(seen["schema"], 1, "{seen}");
    assert_eq!(seen["meters"], serde_json::json!(["seen-1"]), "{seen}");
    assert_eq!(
        seen["starts_ms"],
        serde_json::json!([sending::EPOCH * 1_000]),
        "{seen}"
    );
    assert_eq!(seen["micro_kwh"], serde_json::json!([123_456]), "{seen}");
    let queue = seen["queue"].as_str().unwrap_or_default();
    assert!(queue.starts_with("billing.readings."), "{seen}");

    services.billing = services
        .launcher
        .start("billing-service", &where_billing_was, &[])?;
    let mut billing = client::billing(services.device_grpc(), &services.token("viewer", "tester")?).await?;
    wait::eventually(async || {
        let kept = sending::kept(&mut billing, "seen-1").await?;
        ensure!(kept == [(sending::EPOCH * 1_000, 123_456)], "{kept:?}");
        Ok(())
    })
    .await
}
