//! Amounts that depend on days alone: for every day, or for months and years spread over their days (`RATING` 3.6).

use chrono::NaiveDate;

use super::{Draft, Pricing};
use crate::RatingError;
use crate::carry::Carried;
use crate::exact::Exact;
use crate::how::How;
use crate::local::{days_of_month, days_of_year};
use crate::reader::{Fields, Problems};
use crate::scene::Scene;
use crate::statement::Unit;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fee {
    every: Every,
    amount: Exact,
}

/// What the amount is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Every {
    Day,
    /// Each day costs the amount divided by the days of its month, so that a whole month costs exactly the amount.
    Month,
    /// Each day costs the amount / 365, or / 366 in a leap year.
    Year,
}

impl Every {
    /// How many days, months or years these days are.
    pub(super) fn of(self, days: &[NaiveDate]) -> Exact {
        let parts = |day: &NaiveDate| match self {
            Self::Day => 1,
            Self::Month => days_of_month(*day),
            Self::Year => days_of_year(*day),
        };
        // Days of one month or year follow each other: they are added in one step.
        let runs = days.chunk_by(|a, b| parts(a) == parts(b));
        Exact::sum(runs.map(|run| {
            let parts = run.first().map_or(1, parts);
            let count = i128::try_from(run.len()).unwrap_or(i128::MAX);
            Exact::ratio(count, parts.into()).unwrap_or(Exact::ZERO)
        }))
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

impl Fee {
    pub(super) fn read(every: Every, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let amount = fields.number("amount", problems)?;
        Some(Self { every, amount })
    }

    pub(super) fn daily_amount(&self) -> Option<&Exact> {
        (self.every == Every::Day).then_some(&self.amount)
    }

    /// The line for these days.
    pub(super) fn line(&self, days: &[NaiveDate]) -> Draft {
        let quantity = Exact::count(days.len());
        let times = self.every.of(days);
        let how = How::Days {
            every: self.every.word(),
            amount: self.amount.clone(),
        };
        match self.every {
            Every::Day => Draft::priced(quantity, Unit::Days, &self.amount, how),
            Every::Month | Every::Year => Draft::of(quantity, Unit::Days, times.times(&self.amount), how),
        }
    }
}

impl Pricing for Fee {
    fn needs_intervals(&self) -> bool {
        false
    }

    fn takes_reads(&self) -> bool {
        true
    }

    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        Ok(vec![self.line(scene.days)])
    }
}
