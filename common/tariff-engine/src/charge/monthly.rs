//! An amount for every calendar month, spread over its days (`RATING` 3.6).

use chrono::NaiveDate;

use super::{Draft, count};
use crate::exact::{Exact, Overflow};
use crate::local::days_of_month;
use crate::reader::{Fields, Problems};
use crate::statement::Unit;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Monthly {
    amount: Exact,
}

impl Monthly {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let amount = fields.need("amount", problems)?.number(problems)?;
        Some(Self { amount })
    }

    /// Each day costs the amount divided by the days of its month, so that a whole month costs exactly the amount.
    pub(super) fn line(&self, days: &[NaiveDate]) -> Result<Draft, Overflow> {
        let share =
            |months: Exact, day: &NaiveDate| months.plus(Exact::ratio(1, i128::from(days_of_month(*day)))?);
        let months = days.iter().try_fold(Exact::ZERO, share)?;
        let quantity = count(days);
        Ok(Draft {
            band: None,
            quantity,
            unit: Unit::Days,
            price: None,
            exact: months.times(self.amount)?,
            how: format!("{quantity} days, {months} of a month x {} a month", self.amount),
        })
    }
}
