//! Which stretches of an agreement are billed together: cycles of its calendar, cut where the agreement or an assignment begins or ends.

use chrono::{Datelike, Days, Months, NaiveDate};
use chrono_tz::Tz;
use tariff_engine::{Period, local};

/// Days after the end of a cycle at which bills are made, when the calendar says nothing.
pub(crate) const RUN_AFTER_DAYS: u32 = 3;
/// Days after the end of a cycle at which it closes, when the calendar says nothing.
pub(crate) const WINDOW_DAYS: u32 = 7;
/// The local hour of a run.
const RUN_HOUR: u32 = 6;

/// A part of an agreement with one set of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Index of the assignment.
    pub(crate) assignment: usize,
    pub(crate) start_ms: i64,
    /// Exclusive; `i64::MAX` = open-ended.
    pub(crate) end_ms: i64,
    /// 1 to 31.
    pub(crate) billing_day: u32,
    pub(crate) run_after_days: u32,
}

/// What one bill is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) assignment: usize,
    pub(crate) period: Period,
    pub(crate) billing_day: u32,
    /// When the run may bill it, milliseconds since 1970 UTC.
    pub(crate) due_ms: i64,
}

/// The spans of `stretches` (in order of time) that begin before `until_ms`, in order. Empty beyond the calendar.
pub(crate) fn spans(zone: Tz, stretches: &[Stretch], until_ms: i64) -> Vec<Span> {
    let mut spans = Vec::new();
    for stretch in stretches {
        let mut at = stretch.start_ms;
        while at < stretch.end_ms.min(until_ms) {
            let Some(span) = span_at(zone, stretch, at) else {
                break;
            };
            at = span.period.end_ms;
            spans.push(span);
        }
    }
    spans
}

/// The span that begins at `at` in a stretch.
fn span_at(zone: Tz, stretch: &Stretch, at: i64) -> Option<Span> {
    let date = local::date(zone, at)?;
    let cycle_end = cycle_end(date, stretch.billing_day)?;
    let end_ms = local::midnight(zone, cycle_end)?.min(stretch.end_ms);
    let period = Period::new(zone, at, end_ms).ok()?;
    let run_day = period
        .to_date()
        .ok()?
        .checked_add_days(Days::new(u64::from(stretch.run_after_days)))?;
    Some(Span {
        assignment: stretch.assignment,
        period,
        billing_day: stretch.billing_day,
        due_ms: local::clock_hour(zone, run_day, RUN_HOUR)?,
    })
}

/// The first billing day after `date`: where the cycle that `date` belongs to ends.
fn cycle_end(date: NaiveDate, billing_day: u32) -> Option<NaiveDate> {
    let this_month = billing_date(date, billing_day)?;
    if this_month > date {
        return Some(this_month);
    }
    billing_date(date.with_day(1)?.checked_add_months(Months::new(1))?, billing_day)
}

/// The billing day in the month of `date`, clamped to the month's end.
fn billing_date(date: NaiveDate, billing_day: u32) -> Option<NaiveDate> {
    date.with_day(billing_day.clamp(1, local::days_of_month(date)))
}

#[cfg(test)]
mod tests;
