//! Instants and dates as texts: RFC 3339 outside, milliseconds since 1970 UTC inside.

use chrono::{DateTime, SecondsFormat, TimeZone};
use chrono_tz::Tz;

use crate::error::Error;

/// Reads RFC 3339 with an offset; digits finer than milliseconds are cut.
///
/// # Errors
/// [`Error::Invalid`] names the field.
pub(crate) fn parse(field: &str, text: &str) -> Result<i64, Error> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Ok(time.timestamp_millis()),
        Err(_) => Err(Error::Invalid {
            reason: "BAD_TIME",
            message: format!("{field} must be a time like 2026-01-31T00:00:00Z, not {text:?}"),
        }),
    }
}

/// That a query asks for no time at all.
pub(crate) fn bad_range() -> Error {
    Error::Invalid {
        reason: "BAD_RANGE",
        message: "from must be before to".to_owned(),
    }
}

/// The beginning of a stored range: checked before it was written.
pub(crate) fn start(text: &str) -> i64 {
    parse("from", text).unwrap_or(i64::MAX)
}

/// The end of a stored range; empty = open.
pub(crate) fn end(text: &str) -> i64 {
    if text.is_empty() {
        i64::MAX
    } else {
        parse("to", text).unwrap_or(i64::MIN)
    }
}

/// As UTC with `Z`; milliseconds only where there are some.
pub(crate) fn utc(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        .unwrap_or_default()
}

/// With the zone's offset at that instant.
pub(crate) fn in_zone(zone: Tz, ms: i64) -> String {
    let time = zone.timestamp_millis_opt(ms).earliest();
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, zone == Tz::UTC))
        .unwrap_or_default()
}
