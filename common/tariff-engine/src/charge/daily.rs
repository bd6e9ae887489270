//! An amount for every local day (`RATING` 3.6).

use chrono::NaiveDate;

use super::{Draft, count};
use crate::exact::{Exact, Overflow};
use crate::reader::{Fields, Problems};
use crate::statement::Unit;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Daily {
    amount: Exact,
}

impl Daily {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let amount = fields.need("amount", problems)?.number(problems)?;
        Some(Self { amount })
    }

    pub(super) fn line(&self, days: &[NaiveDate]) -> Result<Draft, Overflow> {
        let quantity = count(days);
        Ok(Draft {
            band: None,
            quantity,
            unit: Unit::Days,
            price: Some(self.amount),
            exact: quantity.times(self.amount)?,
            how: format!("{quantity} days x {} a day", self.amount),
        })
    }
}
