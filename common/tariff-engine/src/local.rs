//! Local days and clocks of a zone, as instants in milliseconds since 1970 UTC.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::load::MINUTE_MS;
use crate::rule::{Clock, DAY_MINUTES};

/// Milliseconds of 24 hours.
pub const DAY_MS: i64 = 86_400_000;
/// Offsets are looked up at this distance; two changes of a zone are further apart.
const STEP_MS: i64 = 21_600_000;
/// Offsets are whole seconds, and so are the instants at which they change.
const SECOND_MS: i64 = 1000;

/// The zone's offset from UTC at an instant, in milliseconds; `None` beyond the calendar.
#[must_use]
pub fn offset_ms(zone: Tz, instant_ms: i64) -> Option<i64> {
    let utc = DateTime::from_timestamp_millis(instant_ms)?.naive_utc();
    let seconds = zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
    i64::from(seconds).checked_mul(SECOND_MS)
}

/// The local date at an instant; `None` beyond the calendar.
#[must_use]
pub fn date(zone: Tz, instant_ms: i64) -> Option<NaiveDate> {
    let local = instant_ms.checked_add(offset_ms(zone, instant_ms)?)?;
    Some(DateTime::from_timestamp_millis(local)?.date_naive())
}

/// Whether the clock shows the same time once more, an hour or so earlier or later: then a time needs its offset.
#[must_use]
pub fn is_twice(zone: Tz, instant_ms: i64) -> bool {
    let utc = DateTime::from_timestamp_millis(instant_ms).map(|at| at.naive_utc());
    let clock = utc.map(|utc| zone.from_utc_datetime(&utc).naive_local());
    clock.is_some_and(|clock| zone.from_local_datetime(&clock).single().is_none())
}

/// The first instant of a local date: its 00:00, of two the earlier, and where a clock change leaves none the first instant after.
#[must_use]
pub fn midnight(zone: Tz, day: NaiveDate) -> Option<i64> {
    let clock = day.and_time(NaiveTime::MIN);
    if let Some(instant) = zone.from_local_datetime(&clock).earliest() {
        return Some(instant.timestamp_millis());
    }
    // The clock skips 00:00. Zones are at most 14 h ahead of UTC and 12 h behind; in this window the date turns once.
    let about = clock.and_utc().timestamp_millis();
    let (mut before, mut after) = (about.checked_sub(DAY_MS)?, about.checked_add(DAY_MS)?);
    while after.checked_sub(before)? > SECOND_MS {
        let middle = before.midpoint(after);
        let middle = middle.checked_sub(middle.checked_rem_euclid(SECOND_MS)?)?;
        if date(zone, middle)? < day {
            before = middle;
        } else {
            after = middle;
        }
    }
    Some(after)
}

/// The instant at which the clock of `day` shows `hours` full hours, of two the earlier; where a clock change leaves none, that long
/// after the day's first instant.
#[must_use]
pub fn clock_hour(zone: Tz, day: NaiveDate, hours: u32) -> Option<i64> {
    let clock = day.and_hms_opt(hours, 0, 0)?;
    if let Some(instant) = zone.from_local_datetime(&clock).earliest() {
        return Some(instant.timestamp_millis());
    }
    midnight(zone, day)?.checked_add(i64::from(hours).checked_mul(3_600_000)?)
}

/// The instant at which the clock of `day` shows `clock_ms` after 00:00, of two the earlier; `None` where a clock change leaves none.
pub(crate) fn clock_instant(zone: Tz, day: NaiveDate, clock_ms: i64) -> Option<i64> {
    let clock = clock_midnight_ms(day).checked_add(clock_ms)?;
    let clock = DateTime::from_timestamp_millis(clock)?.naive_utc();
    Some(zone.from_local_datetime(&clock).earliest()?.timestamp_millis())
}

/// Local midnight at the start of `day` as milliseconds of the local clock (not an instant).
pub(crate) fn clock_midnight_ms(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

/// A stretch of time in which a zone keeps one offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetPiece {
    /// From this instant on.
    pub start_ms: i64,
    /// To this instant, exclusive.
    pub end_ms: i64,
    /// Local clock minus UTC.
    pub offset_ms: i64,
}

impl OffsetPiece {
    /// The instants of this piece at which the local clock runs through the stretch that begins on `date`.
    pub(crate) fn clock_stretch(&self, date: NaiveDate, clock: Clock) -> Option<(i64, i64)> {
        let at = |minutes: u32| {
            let clock_ms = i64::from(minutes).checked_mul(MINUTE_MS)?;
            clock_midnight_ms(date)
                .checked_add(clock_ms)?
                .checked_sub(self.offset_ms)
        };
        let past_midnight = if clock.to > clock.from { 0 } else { DAY_MINUTES };
        let (from, to) = (at(clock.from)?, at(clock.to.checked_add(past_midnight)?)?);
        let (from, to) = (from.max(self.start_ms), to.min(self.end_ms));
        (from < to).then_some((from, to))
    }
}

/// The zone's offsets from `start_ms` to `end_ms`, in order; `None` beyond the calendar.
#[must_use]
pub fn offsets(zone: Tz, start_ms: i64, end_ms: i64) -> Option<Vec<OffsetPiece>> {
    let mut pieces = Vec::new();
    let mut piece = OffsetPiece {
        start_ms,
        end_ms,
        offset_ms: offset_ms(zone, start_ms)?,
    };
    let mut at = start_ms;
    while at < end_ms {
        let next = at.checked_add(STEP_MS)?.min(end_ms);
        // The last step looks at the last instant inside.
        let seen = offset_ms(zone, next.checked_sub(i64::from(next == end_ms))?)?;
        if seen != piece.offset_ms {
            let change = change_between(zone, at, next, piece.offset_ms)?;
            pieces.push(OffsetPiece {
                end_ms: change,
                ..piece
            });
            piece = OffsetPiece {
                start_ms: change,
                end_ms,
                offset_ms: seen,
            };
        }
        at = next;
    }
    pieces.push(piece);
    Some(pieces)
}

/// The first whole second after `before` at which the offset is no longer `offset`.
fn change_between(zone: Tz, before: i64, after: i64, offset: i64) -> Option<i64> {
    let floor = |ms: i64| ms.checked_sub(ms.checked_rem_euclid(SECOND_MS)?);
    let (mut before, mut after) = (floor(before)?, floor(after)?);
    while after.checked_sub(before)? > SECOND_MS {
        let middle = floor(before.midpoint(after))?;
        if offset_ms(zone, middle)? == offset {
            before = middle;
        } else {
            after = middle;
        }
    }
    Some(after)
}

/// How many days the month of `day` has.
#[must_use]
pub fn days_of_month(day: NaiveDate) -> u32 {
    u32::from(day.num_days_in_month())
}

/// 365, or 366 in a leap year.
#[must_use]
pub fn days_of_year(day: NaiveDate) -> u32 {
    if day.leap_year() { 366 } else { 365 }
}

#[cfg(test)]
mod tests;
