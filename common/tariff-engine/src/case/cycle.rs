//! The cycles of a case (`RATING` 1.4).

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use crate::RatingError;
use crate::instant;
use crate::local;
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
