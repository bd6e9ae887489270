//! The cycles of a case (`RATING` 1.4).

use chrono::NaiveDate;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// 00:00 of a local date.
    Date(NaiveDate),
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
    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let text = at.text(problems)?;
        if text.len() <= "2026-01-31".len() {
            return at.date(problems).map(Self::Date);
        }
        at.instant(problems).map(Self::Instant)
    }

    fn instant(self, zone: Tz) -> Option<i64> {
        match self {
            Self::Date(date) => local::midnight(zone, date),
            Self::Instant(at) => Some(at),
        }
    }

    /// As it was written.
    pub(super) fn text(self) -> String {
        match self {
            Self::Date(date) => date.to_string(),
            Self::Instant(at) => instant::show(at),
        }
    }
}
