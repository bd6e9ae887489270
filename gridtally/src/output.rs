//! How answers are printed: a table for people, JSON or CSV for programs. An answer is a list of JSON objects.

mod csv;
mod progress;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::cli::Format;
use crate::error::CommandError;

pub(crate) use progress::Progress;

/// A column: its title, and the path of the field, parts separated by `.`.
pub(crate) type Column = (&'static str, &'static str);

/// Prints `items`: JSON shows everything, table and CSV the given columns.
///
/// # Errors
/// [`CommandError::Failed`] when standard output cannot be written.
pub(crate) fn list<T: Serialize>(
    format: Format,
    columns: &[Column],
    items: &[T],
) -> Result<(), CommandError> {
    write_list(&mut io::stdout().lock(), format, columns, items)
}

/// As [`list`], into `out`.
///
/// # Errors
/// [`CommandError::Failed`] when it cannot be written.
pub(crate) fn write_list<T: Serialize>(
    out: &mut impl Write,
    format: Format,
    columns: &[Column],
    items: &[T],
) -> Result<(), CommandError> {
    let rows = items
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<_>, _>>();
    let rows = rows.map_err(|error| CommandError::failed("cannot show the answer", error))?;
    match format {
        Format::Json => json(out, &rows),
        Format::Csv => csv::write(out, columns, &rows),
        Format::Table => table(out, columns, &rows),
    }
    .or_else(unwritten)
}

/// Prints a text that was put together before.
///
/// # Errors
/// As [`list`].
pub(crate) fn bytes(text: &[u8]) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).or_else(unwritten)
}

/// Prints one thing: JSON as it is, otherwise a line per field.
///
/// # Errors
/// As [`list`].
pub(crate) fn one<T: Serialize>(format: Format, item: &T) -> Result<(), CommandError> {
    let value =
        serde_json::to_value(item).map_err(|error| CommandError::failed("cannot show the answer", error))?;
    if format == Format::Json {
        return line(&serde_json::to_string_pretty(&value).unwrap_or_default());
    }
    let mut fields = Vec::new();
    flatten("", &value, &mut fields);
    let rows: Vec<Value> = fields
        .into_iter()
        .map(|(field, value)| serde_json::json!({"field": field, "value": value}))
        .collect();
    list(format, &[("FIELD", "field"), ("VALUE", "value")], &rows)
}

/// Prints one line.
///
/// # Errors
/// [`CommandError::Failed`] when standard output cannot be written.
pub(crate) fn line(text: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .or_else(unwritten)
}

/// Whoever reads our answer may have read enough: `gridtally meter list | head -3` is no failure.
fn unwritten(error: io::Error) -> Result<(), CommandError> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Ok(())
    } else {
        Err(CommandError::failed("cannot write to standard output", error))
    }
}

/// Says something to the person, beside the answer.
pub(crate) fn note(text: &str) {
    // Nobody can be told that standard error is closed.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

fn json(out: &mut impl Write, rows: &[Value]) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, rows)?;
    writeln!(out)
}

fn table(out: &mut impl Write, columns: &[Column], rows: &[Value]) -> io::Result<()> {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| columns.iter().map(|(_, path)| cell(row, path)).collect())
        .collect();
    let width = |index: usize, title: &str| {
        let longest = cells
            .iter()
            .filter_map(|row| row.get(index))
            .map(|text| text.chars().count())
            .max();
        longest.unwrap_or(0).max(title.chars().count())
    };
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, (title, _))| width(index, title))
        .collect();
    let titles: Vec<String> = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
    // Numbers are easier to compare when their ends are aligned.
    let right: Vec<bool> = (0..columns.len())
        .map(|index| {
            !cells.is_empty()
                && cells
                    .iter()
                    .filter_map(|row| row.get(index))
                    .all(|text| is_number(text))
        })
        .collect();
    for row in std::iter::once(&titles).chain(&cells) {
        let aligned: Vec<String> = row
            .iter()
            .zip(&widths)
            .zip(&right)
            .map(|((text, &width), &right)| {
                if right {
                    format!("{text:>width$}")
                } else {
                    format!("{text:<width$}")
                }
            })
            .collect();
        writeln!(out, "{}", aligned.join("  ").trim_end())?;
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    text.is_empty() || text.parse::<f64>().is_ok()
}

fn cell(row: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(row, |value, name| value.get(name));
    found.map(text).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            let shown: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}={}", text(value)))
                .collect();
            shown.join(" ")
        }
    }
}

fn flatten(prefix: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    let Value::Object(members) = value else {
        if !text(value).is_empty() {
            fields.push((prefix.to_owned(), text(value)));
        }
        return;
    };
    for (name, member) in members {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match member {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for (index, item) in items.iter().enumerate() {
                    fields.push((format!("{path}[{index}]"), text(item)));
                }
            }
            _ => flatten(&path, member, fields),
        }
    }
}

#[cfg(test)]
mod tests;
