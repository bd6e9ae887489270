//! `gridtally tariff show FILE`: a tariff in words.

use std::path::Path;

use serde_json::json;
use tariff_engine::{Outline, case};

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
    let charges: Vec<_> = outline
        .charges
        .iter()
        .map(|row| json!({"version": row.version, "id": row.id, "type": row.kind, "terms": row.words}))
        .collect();
    if format == Format::Table {
        output::line(&format!("edition {}", outline.edition))?;
        for (key, value) in &outline.terms {
            output::line(&format!("{key} {value}"))?;
        }
        output::line("")?;
    }
    output::list(format, CHARGES, &charges)
}
