//! By how many weeks a recorded load is moved to fill a month.

use std::str::FromStr;

use chrono::{Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;

use super::WEEK_MS;

const DAY_MS: i64 = 86_400_000;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

/// A text that is not a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a month; write for example 2026-10")]
pub struct InvalidMonth;

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let (year, month) = text.split_once('-').ok_or(InvalidMonth)?;
        let (year, month) = (
            year.parse().map_err(|_| InvalidMonth)?,
            month.parse().map_err(|_| InvalidMonth)?,
        );
        Self::new(year, month)
    }
}

impl Month {
    /// Month 1 to 12 of `year`.
    ///
    /// # Errors
    /// [`InvalidMonth`] outside 1970 to 9998, where every time has its milliseconds.
    pub fn new(year: i32, month: u32) -> Result<Self, InvalidMonth> {
        if !(1970..=9998).contains(&year) {
            return Err(InvalidMonth);
        }
        NaiveDate::from_ymd_opt(year, month, 1)
            .map(Self)
            .ok_or(InvalidMonth)
    }

    /// From local midnight of its first day to that of the next month's, milliseconds since 1970 UTC.
    #[must_use]
    pub fn span_ms(self, zone: Tz) -> (i64, i64) {
        let next = self.0.checked_add_months(Months::new(1)).unwrap_or(self.0);
        (midnight_ms(self.0, zone), midnight_ms(next, zone))
    }
}

/// The first instant of `day` in `zone`.
fn midnight_ms(day: NaiveDate, zone: Tz) -> i64 {
    // where midnight does not exist, the day begins with the first quarter of an hour that does
    let quarters = (0..96_u32).filter_map(|quarter| {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(quarter * 900, 0)?;
        zone.from_local_datetime(&day.and_time(time)).earliest()
    });
    let first = quarters.map(|time| time.timestamp_millis()).next();
    first.unwrap_or_else(|| i64::from(day.num_days_from_ce()) * DAY_MS)
}

/// The number of weeks by which a load over `source` is moved to fill `target` (both from and to, milliseconds); see `Recording::into_month`.
pub(super) fn weeks_into(source: (i64, i64), target: (i64, i64)) -> i64 {
    let first = (target.0 - source.1).div_euclid(WEEK_MS);
    let last = (target.1 - source.0).div_euclid(WEEK_MS) + 1;
    let rank = |weeks: &i64| {
        let shift = weeks * WEEK_MS;
        let covered = (source.1 + shift).min(target.1) - (source.0 + shift).max(target.0);
        // what counts first is cover, then season, then the earlier move: the smallest rank wins
        (
            -covered.max(0),
            season_distance(target.0, target.0 - shift),
            *weeks,
        )
    };
    (first..=last).min_by_key(rank).unwrap_or_default()
}

/// How many days `found` is away from the day of its own or a neighbouring year that `wanted` has in its year.
fn season_distance(wanted: i64, found: i64) -> i64 {
    let day_of = |ms: i64| {
        chrono::DateTime::from_timestamp_millis(ms)
            .unwrap_or_default()
            .date_naive()
    };
    let (wanted, found) = (day_of(wanted), day_of(found));
    let same_day = |year: i32| {
        let exact = NaiveDate::from_ymd_opt(year, wanted.month(), wanted.day());
        // 29 February in other years
        exact.or_else(|| NaiveDate::from_ymd_opt(year, wanted.month(), 28)?.checked_add_days(Days::new(1)))
    };
    let years = [found.year() - 1, found.year(), found.year() + 1];
    let distances = years
        .into_iter()
        .filter_map(same_day)
        .map(|day| (day - found).num_days().abs());
    distances.min().unwrap_or(i64::MAX)
}
