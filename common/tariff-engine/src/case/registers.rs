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
        let open = carry.estimated.take();
        if let Some(open) = &open {
            self.check_follows(open, compiled)?;
        }
        let closing = self.closing(compiled, open.is_none())?;
        if let (Closing::Actual, Some(open)) = (closing, &open) {
            let span = self.span(open, compiled)?;
            let mut lines = self.settled(&span, &mut carry)?;
            let fees = |charge: &Charge| !charge.is_on_energy();
            lines.extend(compiled.charge_lines(Inputs::default(), &tally, &mut carry, fees)?);
            lines.push(previously_billed(open, compiled));
            return compiled.finish_over(&span, lines, &tally, carry.next(compiled.from()));
        }
        let lines = compiled.charge_lines(Inputs::default(), &tally, &mut carry, |_| true)?;
        if closing == Closing::Actual {
            self.reads.check_settled(compiled)?;
        } else {
            let billed = energy_amounts(&lines);
            let mut open = open.unwrap_or_else(|| Estimated {
                since: compiled.from(),
                start_ms: compiled.period().start_ms,
                end_ms: compiled.period().end_ms,
                bills: Vec::new(),
            });
            open.end_ms = compiled.period().end_ms;
            open.bills.push((compiled.from(), billed));
            carry.estimated = Some(open);
        }
        compiled.finish(lines, &tally, carry.next(compiled.from()))
    }

    /// Bills on estimates and the one that settles them follow one another: what was used in a hole between would be settled, too, and
    /// billed once more with its own cycle.
    fn check_follows(&self, open: &Estimated, compiled: &Compiled) -> Result<(), RatingError> {
        let period = compiled.period();
        if open.end_ms == period.start_ms {
            return Ok(());
        }
        let closed = local::date(period.zone, open.end_ms).ok_or(RatingError::Period)?;
        Err(self.reads.unsettled_on(closed))
    }

    /// How the cycle closes; `is_first` of those that one actual read settles.
    fn closing(&self, compiled: &Compiled, is_first: bool) -> Result<Closing, RatingError> {
        let to = local::date(compiled.period().zone, compiled.period().end_ms).ok_or(RatingError::Period)?;
        self.reads.check_opening(compiled, to, is_first)?;
        self.reads
            .closing(to)
            .ok_or_else(|| RatingError::not_priced("", format!("no read on {to} closes the cycle")))
    }

    /// The tariff over the days since the last actual read.
    fn span(&self, open: &Estimated, compiled: &Compiled) -> Result<Compiled, RatingError> {
        let period = compiled.period();
        let span = Period::new(period.zone, open.start_ms, period.end_ms)?;
        let span = self.tariff.compile_in(&span, self.circumstances)?;
        Ok(span.with_first_days())
    }

    /// The energy since the last actual read, without the estimates in between.
    fn settled(&self, span: &Compiled, carry: &mut Carry) -> Result<Vec<Line>, RatingError> {
        if let Some(charge) = span.charges().find(|charge| charge.pricing().carries()) {
            let reason =
                "estimated bills used and filled its bank, and nothing says what the actual read makes of it";
            return Err(RatingError::not_priced(&charge.id, reason));
        }
        let tally = self.reads.settling(span)?.tally(span)?;
        span.charge_lines(Inputs::default(), &tally, carry, Charge::is_on_energy)
    }
}

/// What the lines of charges on energy come to.
fn energy_amounts(lines: &[Line]) -> Exact {
    // Not by its id: that may be a fee's in another version. Reads take charges on energy and fees alone.
    let is_energy = |line: &&Line| !matches!(line.how, How::Days { .. });
    Exact::sum(lines.iter().filter(is_energy).map(|line| &line.amount))
}

/// It is about the days of those bills, not of this one.
fn previously_billed(open: &Estimated, compiled: &Compiled) -> Line {
    let billed = Exact::sum(open.bills.iter().map(|(_, amount)| amount));
    let how = How::Previous {
        since: open.since,
        bills: open.bills.clone(),
    };
    let draft = Draft::of(billed.clone(), Unit::Base, billed.negated(), how);
    let days = Period {
        start_ms: open.start_ms,
        end_ms: compiled.period().start_ms,
        ..*compiled.period()
    };
    compiled.line(PREVIOUSLY_BILLED.to_owned(), draft, (None, days))
}
