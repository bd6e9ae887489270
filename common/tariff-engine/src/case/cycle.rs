//! The cycles of a case (`RATING` 1.4).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use crate::RatingError;
use crate::instant;
use crate::local::{self, DAY_MS};
use crate::period::Period;
use crate::reader::{At, Problems};

/// A cycle as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cycle {
    pub(super) from: Edge,
    pub(super) to: Edge,
    /// Only what was received until then exists.
    pub(super) as_of_ms: Option<i64>,
}

/// Where a cycle begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    /// As it was written.
    pub(super) text: String,
    at: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// 00:00 of a local date.
    Date(NaiveDate),
    /// A time of the local clock.
    Clock(NaiveDateTime),
    /// An instant, of the first or last cycle of an agreement.
    Instant(i64),
}

impl Cycle {
    pub(super) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let from = fields
            .need("from", problems)
            .and_then(|at| Edge::read(&at, problems));
        let to = fields
            .need("to", problems)
            .and_then(|at| Edge::read(&at, problems));
        let as_of_ms = fields.maybe("as_of", problems, |at, problems| at.instant(problems));
        fields.finish(problems);
        Some(Self {
            from: from?,
            to: to?,
            as_of_ms: as_of_ms?,
        })
    }

    pub(super) fn period(&self, zone: Tz) -> Result<Period, RatingError> {
        let start = self.from.instant(zone).ok_or(RatingError::Period)?;
        Period::new(zone, start, self.to.instant(zone).ok_or(RatingError::Period)?)
    }
}

/// Whether the cycles can be those of one agreement: none overlaps another, though one may be billed again as of another instant; and
/// where one bill `carries` something to the next they come in order.
pub(super) fn check(cycles: &[Cycle], zone: Tz, carries: bool) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let mut spans = spans(cycles, zone);
    let mut seen = BTreeSet::new();
    for (span, _, index) in spans.iter().filter(|_| carries) {
        let latest = seen.last().copied();
        if seen.insert(*span) && latest.is_some_and(|latest| *span < latest) {
            let reason = "begins before one that comes earlier, and what a bill carries goes to the next";
            problems.add(&format!("cycles[{index}]"), reason);
        }
    }
    spans.sort_unstable();
    for pair in spans.windows(2) {
        if let [(a, as_of, first), (b, later_as_of, second)] = pair {
            let path = format!("cycles[{}]", first.max(second));
            let other = first.min(second);
            if a == b && as_of == later_as_of {
                problems.add(
                    &path,
                    format!("is cycles[{other}] again; as of another instant it may be billed twice"),
                );
            } else if a != b && b.0 < a.1 {
                problems.add(&path, format!("overlaps cycles[{other}]"));
            }
        }
    }
    if problems.all().is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Which bill each cycle of the list goes on from, as a place in the list: the latest, so far, of the latest cycle that ends at or before
/// its start. `None` = of what there was before the first.
pub(super) fn predecessors(cycles: &[Cycle], zone: Tz) -> Vec<Option<usize>> {
    let mut by_end: BTreeMap<i64, usize> = BTreeMap::new();
    let mut predecessor = |(index, cycle): (usize, &Cycle)| {
        let period = cycle.period(zone).ok()?;
        let found = by_end.range(..=period.start_ms).next_back();
        let found = found.map(|(_, index)| *index);
        by_end.insert(period.end_ms, index);
        found
    };
    cycles.iter().enumerate().map(&mut predecessor).collect()
}

/// The length of the shortest cycle, in days of 24 hours, rounded: clock changes make no difference.
pub(super) fn shortest_days(cycles: &[Cycle], zone: Tz) -> i64 {
    let lengths = spans(cycles, zone).into_iter().map(|((start, end), ..)| {
        let rounded = end.saturating_sub(start).saturating_add(DAY_MS.div_euclid(2));
        rounded.div_euclid(DAY_MS)
    });
    lengths.min().unwrap_or_default()
}

/// Start and end, billing instant, and place in the list of every cycle that has a period.
fn spans(cycles: &[Cycle], zone: Tz) -> Vec<((i64, i64), Option<i64>, usize)> {
    let numbered = cycles.iter().enumerate();
    let spans = numbered.filter_map(|(index, cycle)| {
        let period = cycle.period(zone).ok()?;
        Some(((period.start_ms, period.end_ms), cycle.as_of_ms, index))
    });
    spans.collect()
}

impl Edge {
    pub(super) fn of_date(date: NaiveDate) -> Self {
        Self {
            text: date.to_string(),
            at: Moment::Date(date),
        }
    }

    pub(super) fn of_instant(at_ms: i64) -> Self {
        Self {
            text: instant::show(at_ms),
            at: Moment::Instant(at_ms),
        }
    }

    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let text = at.text(problems)?;
        let moment = if text.len() <= "2026-01-31".len() {
            Moment::Date(at.date(problems)?)
        } else if let Some(clock) = parse_clock(text) {
            Moment::Clock(clock) // without an offset it is the tariff's clock
        } else {
            Moment::Instant(at.instant(problems)?)
        };
        Some(Self {
            text: text.to_owned(),
            at: moment,
        })
    }

    fn instant(&self, zone: Tz) -> Option<i64> {
        match self.at {
            Moment::Date(date) => local::midnight(zone, date),
            Moment::Clock(clock) => Some(zone.from_local_datetime(&clock).earliest()?.timestamp_millis()),
            Moment::Instant(at) => Some(at),
        }
    }
}

/// A time without an offset; seconds may be left out.
fn parse_clock(text: &str) -> Option<NaiveDateTime> {
    let forms = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}
