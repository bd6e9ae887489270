//! What is missing to a least amount.

use super::{Outcome, read_amount};
use crate::exact::{Exact, Overflow};
use crate::reader::{Fields, Problems};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Minimum {
    amount: Exact,
}

impl Minimum {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        Some(Self {
            amount: read_amount(fields, problems)?,
        })
    }

    pub(super) fn apply(&self, sum: Exact) -> Result<Outcome, Overflow> {
        let exact = self.amount.minus(sum)?.at_least_zero();
        Ok(Outcome {
            price: None,
            exact,
            how: format!("what {sum} lacks to at least {}", self.amount),
        })
    }
}
