//! One row of a load file: `start_utc,import_kwh[,export_kwh][,reactive_kvarh][,device_id][,minutes][,quality][,revision]`.

use std::cmp::Ordering;
use std::path::Path;

use chrono::DateTime;
use proto::meter::{Channel, Quality, Reading};

use super::Outcome;
use crate::error::CommandError;
use crate::input;

/// Columns with energy, and what they mean.
const ENERGY: [(&str, Channel); 3] = [
    ("import_kwh", Channel::Import),
    ("export_kwh", Channel::Export),
    ("reactive_kvarh", Channel::Reactive),
];

/// Why a row was refused before it was sent.
pub(super) const BAD: &str = "BAD_ROW";

/// What becomes of a row in which every value is empty: an interval that is missing.
pub(super) const EMPTY: &str = "EMPTY";

/// Readings with their line, and the outcomes of rows that are none.
type Rows = (Vec<(u64, Reading)>, Vec<Outcome>);

/// The readings of `file`; those of `meter` unless the file has a column `device_id`. An empty value is no reading, and a row of them is told apart.
///
/// # Errors
/// [`CommandError::Input`] when the file cannot be read, [`CommandError::Invalid`] when its header lacks a column.
pub(super) fn read(file: &Path, meter: Option<&str>) -> Result<Rows, CommandError> {
    let wrong = |what: String| CommandError::Invalid(format!("{}: {what}", file.display()));
    parse(&input::text(file)?, meter).map_err(wrong)
}

fn parse(text: &str, meter: Option<&str>) -> Result<Rows, String> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .trim_end()
        .split(',')
        .map(str::trim)
        .collect();
    let has = |name: &str| header.contains(&name);
    if !has("start_utc") || !ENERGY.iter().any(|(name, _)| has(name)) {
        return Err("the header needs start_utc and import_kwh, export_kwh or reactive_kvarh".to_owned());
    }
    if meter.is_none() && !has("device_id") {
        return Err("no column device_id; name the meter with --meter".to_owned());
    }
    let mut rows: Rows = (Vec::new(), Vec::new());
    for (line, number) in lines.zip(2_u64..) {
        let fields: Vec<&str> = line.trim_end().split(',').map(str::trim).collect();
        let field = |name: &str| {
            let column = header.iter().position(|title| *title == name)?;
            fields.get(column).copied().filter(|value| !value.is_empty())
        };
        let device = field("device_id").or(meter).unwrap_or_default();
        let found = match fields.len().cmp(&header.len()) {
            Ordering::Less => Err("fewer cells than the header has: the row may be cut off".to_owned()),
            Ordering::Equal => readings(device, field),
            Ordering::Greater => {
                Err("more cells than the header has; decimals have a point, not a comma".to_owned())
            }
        };
        let outcome = |verdict: &str, reason: &str, message: String| Outcome {
            line: number,
            meter: device.to_owned(),
            verdict: verdict.to_owned(),
            reason: reason.to_owned(),
            message,
        };
        match found {
            Ok(found) if found.is_empty() => {
                rows.1
                    .push(outcome(EMPTY, "", "no value: nothing was sent".to_owned()));
            }
            Ok(found) => rows.0.extend(found.into_iter().map(|reading| (number, reading))),
            Err(message) => rows.1.push(outcome("REJECTED", BAD, message)),
        }
    }
    Ok(rows)
}

fn readings<'a>(device: &str, field: impl Fn(&str) -> Option<&'a str>) -> Result<Vec<Reading>, String> {
    let start = field("start_utc").ok_or("start_utc is empty")?;
    let start = DateTime::parse_from_rfc3339(start)
        .map_err(|_| format!("start_utc: `{start}` is no RFC 3339 instant"))?;
    let minutes: u32 = number("minutes", field("minutes"))?;
    let revision: u32 = number("revision", field("revision"))?;
    let quality = match field("quality").map(str::to_ascii_lowercase).as_deref() {
        None | Some("actual") => Quality::Actual,
        Some("estimated") => Quality::Estimated,
        Some("edited") => Quality::Edited,
        Some("questionable") => Quality::Questionable,
        Some(other) => return Err(format!("quality: `{other}` is none")),
    };
    let mut found = Vec::new();
    for (name, channel) in ENERGY {
        let Some(text) = field(name) else { continue };
        let usage = text
            .parse::<f64>()
            .map_err(|_| format!("{name}: `{text}` is no number"))?;
        found.push(Reading {
            device_id: device.to_owned(),
            timestamp: Some(prost_types::Timestamp {
                seconds: start.timestamp(),
                nanos: i32::try_from(start.timestamp_subsec_nanos()).unwrap_or_default(),
            }),
            usage_kwh: Some(usage),
            interval_seconds: minutes.saturating_mul(60),
            channel: channel.into(),
            quality: quality.into(),
            revision,
            ..Reading::default()
        });
    }
    Ok(found)
}

/// 0 when there is none.
fn number(name: &str, text: Option<&str>) -> Result<u32, String> {
    text.map_or(Ok(0), |text| {
        text.parse()
            .map_err(|_| format!("{name}: `{text}` is no whole number"))
    })
}

#[cfg(test)]
mod tests;
