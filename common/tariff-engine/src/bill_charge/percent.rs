//! A share of other lines: tax, levy, discount.

use super::Outcome;
use crate::exact::{Exact, Overflow};
use crate::reader::{Fields, Problems};
use crate::rounding::Rounding;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Percent {
    /// 0.20 = 20 %; negative = a discount.
    rate: Exact,
    /// Worked out and rounded on each line, then added.
    per_line: bool,
    /// The category of a tax (`RATING` 3.18).
    tax: Option<String>,
}

impl Percent {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let rate = fields.need("rate", problems).and_then(|at| at.number(problems));
        let per_line = fields.get("per_line").map_or(Some(false), |at| at.flag(problems));
        let tax = fields.get("tax").map(|at| {
            let mut fields = at.object(problems)?;
            let category = fields.need("category", problems).and_then(|at| at.text(problems));
            let exemption = fields.get("exemption").map_or(Some(""), |at| at.text(problems));
            fields.finish(problems);
            exemption.and(category).map(str::to_owned)
        });
        Some(Self {
            rate: rate?,
            per_line: per_line?,
            tax: tax.map_or(Some(None), |tax| tax.map(Some))?,
        })
    }

    pub(super) fn tax(&self) -> Option<&str> {
        self.tax.as_deref()
    }

    pub(super) fn apply(
        &self,
        lines: &[Exact],
        sum: Exact,
        rounding: &Rounding,
    ) -> Result<Outcome, Overflow> {
        let percent = self.rate.times(Exact::whole(100))?;
        if !self.per_line {
            let exact = sum.times(self.rate)?;
            return Ok(Outcome {
                price: Some(self.rate),
                exact,
                how: format!("{percent} % of {sum}"),
            });
        }
        let add = |total: Exact, line: &Exact| total.plus(rounding.line(line.times(self.rate)?)?);
        let exact = lines.iter().try_fold(Exact::ZERO, add)?;
        let how = format!("{percent} % of each of {} lines, {sum} together", lines.len());
        Ok(Outcome {
            price: None,
            exact,
            how,
        })
    }
}
