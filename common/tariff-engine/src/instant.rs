//! Instants in files: UTC, as milliseconds since 1970.

use chrono::{DateTime, NaiveDateTime, SecondsFormat};

/// Reads an RFC 3339 time; without an offset it is UTC, and seconds may be left out.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    let clock = text.strip_suffix('Z').unwrap_or(text);
    [
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(clock, form).ok())
    .map(|at| at.and_utc().timestamp_millis())
}

/// `2026-01-31T23:15:00Z`; empty beyond the calendar.
#[must_use]
pub fn show(instant_ms: i64) -> String {
    DateTime::from_timestamp_millis(instant_ms)
        .map_or_else(String::new, |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}
