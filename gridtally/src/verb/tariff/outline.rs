//! `gridtally tariff show FILE`: a tariff in words.

use std::path::Path;

use serde_json::{Map, Value, json};
use tariff_engine::{Outline, Version, case};

use super::{read, wrong};
use crate::cli::Format;
use crate::error::CommandError;
use crate::output::{self, Column};

const CHARGES: &[Column] = &[
    ("FROM", "version"),
    ("CHARGE", "id"),
    ("TYPE", "type"),
    ("TERMS", "terms"),
];

pub(super) fn run(file: &Path, format: Format) -> Result<(), CommandError> {
    let text = read(file)?;
    if case::is_record(&text) {
        let reason = "a rate record is shown by `gridtally tariff calendar`";
        return Err(wrong(file, &reason));
    }
    let outline = Outline::of(&text).map_err(|problems| wrong(file, &problems))?;
    match format {
        Format::Json => output::one(format, &object(&outline)),
        Format::Csv => output::list(format, CHARGES, &[terms(&outline), charges(&outline)].concat()),
        Format::Table => {
            for row in terms(&outline) {
                let word = |key| row.get(key).and_then(Value::as_str).unwrap_or_default();
                output::line(&format!("{} {}", word("type"), word("terms")))?;
            }
            output::line("")?;
            output::list(format, CHARGES, &charges(&outline))
        }
    }
}

fn object(outline: &Outline) -> Value {
    let terms = outline
        .terms
        .iter()
        .map(|(key, words)| (key.clone(), json!(words)));
    let version = |version: &Version| json!({"name": version.name, "valid_from": version.valid_from, "valid_to": version.valid_to});
    json!({
        "edition": outline.edition,
        "terms": terms.collect::<Map<_, _>>(),
        "versions": outline.versions.iter().map(version).collect::<Vec<_>>(),
        "charges": charges(outline),
    })
}

fn charges(outline: &Outline) -> Vec<Value> {
    let charges = outline.charges.iter();
    charges
        .map(|row| json!({"version": row.version, "id": row.id, "type": row.kind, "terms": row.words}))
        .collect()
}

/// What holds for the whole tariff, and the days of its versions, as rows without an id.
fn terms(outline: &Outline) -> Vec<Value> {
    let row =
        |from: &str, key: &str, words: &str| json!({"version": from, "id": "", "type": key, "terms": words});
    let mut rows = vec![row("", "edition", &outline.edition)];
    rows.extend(outline.terms.iter().map(|(key, words)| row("", key, words)));
    rows.extend(
        outline
            .versions
            .iter()
            .map(|version| row(&version.valid_from, "version", &days(version))),
    );
    rows
}

/// `valid_to` is the day after the last.
fn days(version: &Version) -> String {
    let parts = [
        ("name", &version.name),
        ("valid_from", &version.valid_from),
        ("valid_to", &version.valid_to),
    ];
    let said = parts.iter().filter(|(_, words)| !words.is_empty());
    said.map(|(key, words)| format!("{key} {words}"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
