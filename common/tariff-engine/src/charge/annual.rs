//! An amount for every year, spread over its days (`RATING` 3.6).

use chrono::NaiveDate;

use super::{Draft, count};
use crate::exact::{Exact, Overflow};
use crate::local::days_of_year;
use crate::reader::{Fields, Problems};
use crate::statement::Unit;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annual {
    amount: Exact,
}

impl Annual {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let amount = fields.need("amount", problems)?.number(problems)?;
        Some(Self { amount })
    }

    /// Each day costs the amount / 365, or / 366 in a leap year.
    pub(super) fn line(&self, days: &[NaiveDate]) -> Result<Draft, Overflow> {
        let share =
            |years: Exact, day: &NaiveDate| years.plus(Exact::ratio(1, i128::from(days_of_year(*day)))?);
        let years = days.iter().try_fold(Exact::ZERO, share)?;
        let quantity = count(days);
        Ok(Draft {
            band: None,
            quantity,
            unit: Unit::Days,
            price: None,
            exact: years.times(self.amount)?,
            how: format!("{quantity} days, {years} of a year x {} a year", self.amount),
        })
    }
}
