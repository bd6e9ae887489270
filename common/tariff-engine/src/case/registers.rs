//! Bills on register reads, and what becomes of estimated ones (`RATING` 3.14).

use std::sync::Arc;

use crate::RatingError;
use crate::carry::{Carry, Estimated};
use crate::charge::{Charge, Draft};
use crate::compiled::{Circumstances, Compiled, Inputs};
use crate::exact::Exact;
use crate::how::How;
use crate::local;
use crate::period::Period;
use crate::reads::{Closing, Reads};
use crate::statement::{Line, Statement, Unit};
use crate::tariff::{PREVIOUSLY_BILLED, Tariff};

/// What bills on reads are made from.
pub(super) struct Source<'a> {
    pub(super) tariff: &'a Arc<Tariff>,
    pub(super) circumstances: &'a Circumstances,
    pub(super) reads: &'a Reads,
    /// Bills on estimates are settled by the next actual read.
    pub(super) trueup: bool,
}

/// Whether a charge is about energy, and so part of what an actual read settles.
fn is_on_energy(charge: &Charge) -> bool {
    !charge.pricing().measures().is_empty()
}

impl Source<'_> {
    pub(super) fn bill(&self, compiled: &Compiled, carry: &Carry) -> Result<Statement, RatingError> {
        let takes = |charge: &&Charge| {
            let pricing = charge.pricing();
            pricing.takes_reads() && pricing.measures().iter().all(|measure| measure.is_plain())
        };
        if let Some(charge) = compiled.charges().find(|charge| !takes(charge)) {
            return Err(RatingError::not_priced(
                &charge.id,
                "register reads have no bands, power or rounding",
            ));
        }
        let tally = self.reads.tally(compiled)?;
        let mut carry = carry.clone();
        if !self.trueup {
            let lines = compiled.charge_lines(Inputs::default(), &tally, &mut carry, |_| true)?;
            return compiled.finish(lines, &tally, carry.next(compiled.from()));
        }
        let to = local::date(compiled.period().zone, compiled.period().end_ms).ok_or(RatingError::Period)?;
        let closing = self.reads.closing(to);
        let closing = closing
            .ok_or_else(|| RatingError::not_priced("", format!("no read on {to} closes the cycle")))?;
        let lines = match (closing, carry.estimated.take()) {
            (Closing::Actual, Some(open)) => {
                let mut lines = self.settled(&open, compiled, &mut carry)?;
                let fees = |charge: &Charge| !is_on_energy(charge);
                lines.extend(compiled.charge_lines(Inputs::default(), &tally, &mut carry, fees)?);
                lines.push(previously_billed(&open, compiled));
                lines
            }
            (closing, open) => {
                let lines = compiled.charge_lines(Inputs::default(), &tally, &mut carry, |_| true)?;
                if closing == Closing::Estimated {
                    let billed = energy_amounts(&lines);
                    let mut open = open.unwrap_or_else(|| Estimated {
                        since: compiled.from(),
                        bills: Vec::new(),
                    });
                    open.bills.push((compiled.from(), billed));
                    carry.estimated = Some(open);
                }
                lines
            }
        };
        compiled.finish(lines, &tally, carry.next(compiled.from()))
    }

    /// The energy since the last actual read, without the estimates in between.
    fn settled(
        &self,
        open: &Estimated,
        compiled: &Compiled,
        carry: &mut Carry,
    ) -> Result<Vec<Line>, RatingError> {
        let period = compiled.period();
        let start_ms = local::midnight(period.zone, open.since).ok_or(RatingError::Period)?;
        let whole = Period::new(period.zone, start_ms, period.end_ms)?;
        let whole = self.tariff.compile_in(&whole, self.circumstances)?;
        let tally = self.reads.actual().tally(&whole)?;
        whole
            .with_first_days()
            .charge_lines(Inputs::default(), &tally, carry, is_on_energy)
    }
}

/// What the lines of charges on energy come to.
fn energy_amounts(lines: &[Line]) -> Exact {
    // Not by its id: that may be a fee's in another version. Reads take charges on energy and fees alone.
    let is_energy = |line: &&Line| !matches!(line.how, How::Days { .. });
    Exact::sum(lines.iter().filter(is_energy).map(|line| &line.amount))
}

fn previously_billed(open: &Estimated, compiled: &Compiled) -> Line {
    let billed = Exact::sum(open.bills.iter().map(|(_, amount)| amount));
    let how = How::Previous {
        since: open.since,
        bills: open.bills.clone(),
    };
    let draft = Draft::of(billed.clone(), Unit::Base, billed.negated(), how);
    compiled.line(PREVIOUSLY_BILLED.to_owned(), draft, (None, *compiled.period()))
}
