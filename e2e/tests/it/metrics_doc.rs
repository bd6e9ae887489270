//! `docs/metrics.md` lists what a fresh platform shows, no more and no less. With `UPDATE_DOCS=1` this writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use e2e::platform::Platform;
use e2e::{client, program};

#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
}

const HEAD: &str = "# Metrics

What `/metrics` shows (port 9100 in one process), generated from a running platform by `make docs`. Every family is there from the start;
labels have few values, and no meter or account is ever one.

| metric | type | labels | meaning |
|---|---|---|---|
";

fn families(text: &str) -> Result<BTreeMap<String, Family>> {
    let mut found: BTreeMap<String, Family> = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').context("a help text")?;
            found.entry(name.to_owned()).or_default().help = help.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').context("a type")?;
            found.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else if let Some((name, labels)) = line.split_once('{') {
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            let family = [Some(name), base]
                .into_iter()
                .flatten()
                .find(|name| found.contains_key(*name));
            let family = found
                .get_mut(family.context("a family of the sample")?)
                .context("it")?;
            let labels = labels.rsplit_once('}').map_or("", |(labels, _)| labels);
            let names = labels
                .split("\",")
                .filter_map(|label| label.split_once('='))
                .map(|(name, _)| name.trim());
            family.labels.extend(
                names
                    .filter(|name| !name.is_empty() && *name != "le")
                    .map(str::to_owned),
            );
        }
    }
    Ok(found)
}

#[tokio::test]
async fn every_metric_is_documented() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    let text = client::get(&platform.ready().metrics, "/metrics", "")?.body;
    platform.stop()?;
    let mut page = HEAD.to_owned();
    for (name, family) in families(&text)? {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(
            page,
            "| `{name}` | {} | {} | {} |",
            family.kind,
            labels.join(", "),
            family.help
        )?;
    }
    let path = program::repository().join("docs/metrics.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page)?;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, page,
        "docs/metrics.md is not what the platform shows; run `make docs`"
    );
    Ok(())
}
