//! Which windows there are: quarters, hours and the like by the clock of UTC, days by the clock of a zone.

use std::ops::Range;

use chrono::{DateTime, Datelike as _, Days, LocalResult, NaiveDate, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use crate::day::MINUTE_MS;
use crate::error::Refusal;

/// Windows of one group that a request may span.
pub(crate) const MAX_WINDOWS: i64 = 10_000;
/// The latest first minute of a local day is sought this long after midnight: no zone ever jumped further within a day.
const LONGEST_JUMP_MINUTES: i64 = 24 * 60;
/// The shortest local day that ever was.
const SHORTEST_DAY_MS: i64 = 20 * 60 * MINUTE_MS;

/// How long a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// `1m`
    Minute,
    /// `15m`
    Quarter,
    /// `1h`
    Hour,
    /// `1d`: the local day.
    Day,
}

impl Resolution {
    /// From the word in a request.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "1m" => Some(Self::Minute),
            "15m" => Some(Self::Quarter),
            "1h" => Some(Self::Hour),
            "1d" => Some(Self::Day),
            _ => None,
        }
    }

    /// The windows of `zone` that overlap `range` (milliseconds since 1970 UTC), each whole, in order of time: the same rule as for the
    /// usage of one meter.
    ///
    /// # Errors
    /// [`Refusal::TooLong`] beyond [`MAX_WINDOWS`].
    pub(crate) fn windows(self, range: &Range<i64>, zone: Tz) -> Result<Vec<Range<i64>>, Refusal> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Minute => fixed(range, MINUTE_MS),
            Self::Quarter => fixed(range, 15 * MINUTE_MS),
            Self::Hour => fixed(range, 60 * MINUTE_MS),
            Self::Day => local_days(range, zone),
        }
    }
}

fn fixed(range: &Range<i64>, length: i64) -> Result<Vec<Range<i64>>, Refusal> {
    let first = range.start.div_euclid(length).saturating_mul(length);
    let span = range.end.saturating_sub(first);
    let count = span / length + i64::from(span % length > 0);
    if count > MAX_WINDOWS {
        return Err(Refusal::TooLong);
    }
    let start = |number: i64| first + number * length;
    Ok((0..count)
        .map(|number| start(number)..start(number + 1))
        .collect())
}

fn local_days(range: &Range<i64>, zone: Tz) -> Result<Vec<Range<i64>>, Refusal> {
    if range.end.saturating_sub(range.start) / SHORTEST_DAY_MS > MAX_WINDOWS {
        return Err(Refusal::TooLong);
    }
    let mut days = Vec::new();
    let Some(first) = DateTime::from_timestamp_millis(range.start) else {
        return Ok(days);
    };
    let mut date = first.with_timezone(&zone).date_naive();
    let mut start = start_of(zone, date);
    while let Some(begins) = start.filter(|begins| *begins < range.end) {
        let Some(next) = date.checked_add_days(Days::new(1)) else {
            break;
        };
        let end = start_of(zone, next);
        // a date that a zone left out has no length
        if let Some(ends) = end.filter(|ends| *ends > begins.max(range.start)) {
            days.push(begins..ends);
        }
        (date, start) = (next, end);
    }
    Ok(days)
}

/// The first instant of the local day that `at` (milliseconds since 1970 UTC) lies in; `at` itself beyond the calendar.
pub(crate) fn day_start(zone: Tz, at: i64) -> i64 {
    DateTime::from_timestamp_millis(at)
        .and_then(|time| start_of(zone, time.with_timezone(&zone).date_naive()))
        .unwrap_or(at)
}

/// The first instant of the local month that `at` (milliseconds since 1970 UTC) lies in; `at` itself beyond the calendar.
pub(crate) fn month_start(zone: Tz, at: i64) -> i64 {
    DateTime::from_timestamp_millis(at)
        .and_then(|time| time.with_timezone(&zone).date_naive().with_day(1))
        .and_then(|first| start_of(zone, first))
        .unwrap_or(at)
}

/// The first instant of a local date: midnight, the earlier one of two, or the end of the jump that leaves it out.
fn start_of(zone: Tz, date: NaiveDate) -> Option<i64> {
    let midnight = date.and_hms_opt(0, 0, 0)?;
    (0..=LONGEST_JUMP_MINUTES).find_map(|minutes| {
        let local = midnight.checked_add_signed(TimeDelta::minutes(minutes))?;
        match zone.from_local_datetime(&local) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => {
                Some(instant.timestamp_millis())
            }
            LocalResult::None => None,
        }
    })
}

#[cfg(test)]
mod tests;
