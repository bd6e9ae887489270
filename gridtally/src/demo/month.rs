//! The month that is billed: the last complete one before now, in the zone of a site.

use chrono::{DateTime, Datelike as _, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The first days of the last complete month and of the current one, by the wall clock of `zone`.
pub(super) fn last_complete(now: DateTime<Utc>, zone: Tz) -> (NaiveDate, NaiveDate) {
    let today = now.with_timezone(&zone).date_naive();
    let current = today.with_day(1).unwrap_or(today);
    (
        current.checked_sub_months(Months::new(1)).unwrap_or(current),
        current,
    )
}

/// The first instant of a local date.
pub(super) fn midnight(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    const STEP: TimeDelta = TimeDelta::minutes(15);
    let mut local = date.and_time(NaiveTime::MIN);
    // Where the clock jumps over midnight, the date begins later; no jump is longer than a day.
    for _ in 0..96 {
        if let Some(instant) = zone.from_local_datetime(&local).earliest() {
            return instant.to_utc();
        }
        local += STEP;
    }
    local.and_utc()
}

#[cfg(test)]
mod tests;
