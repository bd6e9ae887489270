//! What is too much above a greatest amount.

use super::{Outcome, read_amount};
use crate::exact::{Exact, Overflow};
use crate::reader::{Fields, Problems};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Maximum {
    amount: Exact,
}

impl Maximum {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        Some(Self {
            amount: read_amount(fields, problems)?,
        })
    }

    pub(super) fn apply(&self, sum: Exact) -> Result<Outcome, Overflow> {
        let exact = sum.minus(self.amount)?.at_least_zero().negated()?;
        Ok(Outcome {
            price: None,
            exact,
            how: format!("what {sum} has above at most {}", self.amount),
        })
    }
}
