//! The stretch of time that one bill covers.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use crate::RatingError;
use crate::local;

/// The longest period, ten years: what is worked out for one stays in bounds.
const MAX_MS: i64 = 3660 * local::DAY_MS;

/// A half-open stretch of time in a zone: the whole of a cycle, or what an agreement has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Whose clock counts.
    pub zone: Tz,
    /// The first instant, milliseconds since 1970 UTC.
    pub start_ms: i64,
    /// The end, exclusive.
    pub end_ms: i64,
}

impl Period {
    /// From 00:00 of one local date to 00:00 of another (`RATING` 1.4).
    ///
    /// # Errors
    /// [`RatingError::Period`] if it is empty, longer than ten years, or beyond the calendar.
    pub fn of_dates(zone: Tz, from: NaiveDate, to: NaiveDate) -> Result<Self, RatingError> {
        let at = |date| local::midnight(zone, date).ok_or(RatingError::Period);
        Self::new(zone, at(from)?, at(to)?)
    }

    /// From one instant to another.
    ///
    /// # Errors
    /// [`RatingError::Period`] if it is empty or longer than ten years.
    pub fn new(zone: Tz, start_ms: i64, end_ms: i64) -> Result<Self, RatingError> {
        if start_ms >= end_ms || end_ms.saturating_sub(start_ms) > MAX_MS {
            return Err(RatingError::Period);
        }
        Ok(Self {
            zone,
            start_ms,
            end_ms,
        })
    }

    /// The local date on which it begins.
    ///
    /// # Errors
    /// [`RatingError::Period`] beyond the calendar.
    pub fn from_date(&self) -> Result<NaiveDate, RatingError> {
        local::date(self.zone, self.start_ms).ok_or(RatingError::Period)
    }

    /// The local date after the last one it touches.
    ///
    /// # Errors
    /// [`RatingError::Period`] beyond the calendar.
    pub fn to_date(&self) -> Result<NaiveDate, RatingError> {
        let last = self.end_ms.saturating_sub(1);
        local::date(self.zone, last)
            .and_then(|date| date.succ_opt())
            .ok_or(RatingError::Period)
    }

    /// The local days that count: those whose first instant lies inside.
    ///
    /// # Errors
    /// [`RatingError::Period`] beyond the calendar.
    pub fn days(&self) -> Result<Vec<NaiveDate>, RatingError> {
        let first = self.from_date()?;
        let end = self.to_date()?;
        let mut days = Vec::new();
        let mut day = first;
        while day < end {
            let begins = local::midnight(self.zone, day).ok_or(RatingError::Period)?;
            if (self.start_ms..self.end_ms).contains(&begins) {
                days.push(day);
            }
            day = day.checked_add_days(Days::new(1)).ok_or(RatingError::Period)?;
        }
        Ok(days)
    }

    /// The first of [`Self::days`] and the day after the last; `None` beyond the calendar.
    pub(crate) fn day_span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let first = self.from_date().ok()?;
        let begins_before = local::midnight(self.zone, first)? < self.start_ms;
        let first = if begins_before { first.succ_opt()? } else { first };
        Some((first, self.to_date().ok()?))
    }

    /// What it has in common with `start_ms..end_ms`, if anything.
    #[must_use]
    pub fn part(&self, start_ms: i64, end_ms: i64) -> Option<Self> {
        let (start_ms, end_ms) = (self.start_ms.max(start_ms), self.end_ms.min(end_ms));
        (start_ms < end_ms).then_some(Self {
            start_ms,
            end_ms,
            ..*self
        })
    }
}
