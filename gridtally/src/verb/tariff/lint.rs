//! `gridtally tariff lint`: what is wrong with a file, and what its author may not have meant.

use std::path::Path;

use serde_json::json;
use tariff_engine::lint::{Finding, Severity, lint};

use super::{read, wrong};
use crate::cli::Format;
use crate::error::CommandError;
use crate::output::{self, Column};

const FINDINGS: &[Column] = &[
    ("SEVERITY", "severity"),
    ("CODE", "code"),
    ("PLACE", "path"),
    ("WHAT", "text"),
];

/// Prints the findings. Errors among them fail the command, warnings do not.
pub(super) fn run(file: &Path, format: Format) -> Result<(), CommandError> {
    let findings = lint(&read(file)?);
    if findings.is_empty() && format == Format::Table {
        return output::line(&format!("{}: ok", file.display()));
    }
    let row = |finding: &Finding| {
        json!({
            "severity": finding.severity.to_string(), "code": finding.code, "path": finding.path, "text": finding.text,
        })
    };
    let rows: Vec<_> = findings.iter().map(row).collect();
    output::list(format, FINDINGS, &rows)?;
    verdict(file, &findings)
}

pub(super) fn verdict(file: &Path, findings: &[Finding]) -> Result<(), CommandError> {
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    match findings.iter().filter(is_error).count() {
        0 => Ok(()),
        1 => Err(wrong(file, &"1 error")),
        errors => Err(wrong(file, &format!("{errors} errors"))),
    }
}
