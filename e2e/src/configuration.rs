//! What can be set, as the programs' own configuration structs say it: every key with its meaning, read from the source, and its default,
//! as the program prints it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::program;

/// A program and where its configuration begins: a file and a struct in it.
pub const PROGRAMS: [(&str, &str, &str); 5] = [
    ("gridtally", "gridtally/src/config.rs", "Config"),
    (
        "api-gateway",
        "api-gateway/src/program/config.rs",
        "ProgramConfig",
    ),
    (
        "ingestion-service",
        "ingestion-service/src/program/config.rs",
        "ProgramConfig",
    ),
    (
        "billing-service",
        "billing-service/src/program/config.rs",
        "ProgramConfig",
    ),
    (
        "analytics-service",
        "analytics-service/src/program/config.rs",
        "ProgramConfig",
    ),
];

/// Types of fields that are sections: the type as a struct names it, beside which file that struct lies, and where the section is.
const SECTIONS: [(&str, &str, &str); 14] = [
    ("LogConfig", "", "common/service-kit/src/telemetry.rs"),
    ("TraceConfig", "", "common/service-kit/src/trace/settings.rs"),
    ("MetricsConfig", "gridtally/", "gridtally/src/config.rs"),
    ("MetricsConfig", "", "common/service-kit/src/program/settings.rs"),
    ("JournalConfig", "", "gridtally/src/config.rs"),
    ("BrokerConfig", "", "common/service-kit/src/bus.rs"),
    ("LinkConfig", "", "common/service-kit/src/remote/settings.rs"),
    ("api_gateway::Config", "", "api-gateway/src/config.rs"),
    ("ingestion_service::Config", "", "ingestion-service/src/config.rs"),
    ("billing_service::Config", "", "billing-service/src/config.rs"),
    ("analytics_service::Config", "", "analytics-service/src/config.rs"),
    ("device::Config", "", "api-gateway/src/device.rs"),
    ("Config", "", "SERVICE/src/config.rs"),
    ("Settings", "", "SERVICE/src/config.rs"),
];

/// A field of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// With the sections it lies in: `metrics.listen`.
    pub key: String,
    /// Its comment.
    pub meaning: String,
}

/// Every key of the struct `name` in `file`, in its order.
///
/// # Errors
/// When the struct is not there, or a key says nothing about itself.
pub fn keys(file: &str, name: &str) -> Result<Vec<Key>> {
    let text = std::fs::read_to_string(program::repository().join(file)).with_context(|| file.to_owned())?;
    let last_name = name.rsplit("::").next().unwrap_or(name);
    let opening = format!("struct {last_name} {{");
    let start = text
        .find(&opening)
        .with_context(|| format!("{file} has no {opening}"))?;
    let mut found = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    let body = text.get(start..).unwrap_or_default();
    for line in body
        .lines()
        .skip(1)
        .map(str::trim)
        .take_while(|line| *line != "}")
    {
        if let Some(words) = line.strip_prefix("///") {
            comment.push(words.trim());
        } else if let Some((field, kind)) = field(line) {
            let meaning = std::mem::take(&mut comment).join(" ");
            anyhow::ensure!(!meaning.is_empty(), "{file}: {field} says nothing about itself");
            match section(kind, file) {
                Some(inner) => found.extend(keys(&inner, kind)?.into_iter().map(|key| Key {
                    key: format!("{field}.{}", key.key),
                    ..key
                })),
                None => found.push(Key {
                    key: field.to_owned(),
                    meaning,
                }),
            }
        }
    }
    Ok(found)
}

/// `pub name: Kind,` or `pub(crate) name: Kind,`.
fn field(line: &str) -> Option<(&str, &str)> {
    let public = line.strip_prefix("pub")?;
    let declared = public.strip_prefix("(crate)").unwrap_or(public);
    let (name, kind) = declared.trim().strip_suffix(',')?.split_once(": ")?;
    Some((name, kind))
}

fn section(kind: &str, beside: &str) -> Option<String> {
    let known = SECTIONS
        .iter()
        .find(|(name, at, _)| *name == kind && beside.starts_with(at))?;
    let service = beside.split('/').next().unwrap_or_default();
    Some(known.2.replace("SERVICE", service))
}

/// What `name` prints as its default configuration, by key.
///
/// # Errors
/// When it does not print one.
pub fn defaults(name: &str) -> Result<BTreeMap<String, String>> {
    let mut command = program::command(name)?;
    if name == "gridtally" {
        command.arg("up");
    }
    let output = command.arg("--print-config").output()?;
    anyhow::ensure!(output.status.success(), "{name}: {output:?}");
    let mut found = BTreeMap::new();
    let mut inside = String::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = format!("{section}.");
        } else if let Some((key, value)) = line.split_once(" = ") {
            found.insert(format!("{inside}{key}"), value.trim_matches('"').to_owned());
        }
    }
    Ok(found)
}

/// Pairs of string literals that follow each other in `files`: how the source says that a flag, or another name of the environment, stands
/// for a key.
///
/// # Errors
/// When a file is not there.
pub fn pairs(files: &[&str]) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(program::repository().join(Path::new(file)))?;
        let literals: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
        for pair in literals.windows(2) {
            if let [first, second] = pair {
                found.push(((*first).to_owned(), (*second).to_owned()));
            }
        }
    }
    Ok(found)
}
