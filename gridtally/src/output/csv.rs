//! Comma-separated values that a spreadsheet may open.

use std::io::{self, Write};

use serde_json::Value;

use super::{Column, cell};

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A header and a line for every row.
pub(super) fn write(out: &mut impl Write, columns: &[Column], rows: &[Value]) -> io::Result<()> {
    let titles: Vec<&str> = columns.iter().map(|(_, path)| *path).collect();
    writeln!(out, "{}", titles.join(","))?;
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|(_, path)| field(&cell(row, path))).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

/// A cell as RFC 4180 wants it. Somebody else may have chosen a text, so what would be a formula stands behind an apostrophe; numbers,
/// also below zero, are left as they are.
fn field(text: &str) -> String {
    let guard = if text.starts_with(FORMULA) && !is_decimal(text) {
        "'"
    } else {
        ""
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

/// A sign, digits, a point and digits.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, decimals)) => digits(whole) && digits(decimals),
        None => digits(unsigned),
    }
}

#[cfg(test)]
mod tests;
