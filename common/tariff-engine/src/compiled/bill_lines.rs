//! The lines that are worked out from other lines (`RATING` 3.12), and the statement that they complete.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Compiled;
use super::parts::Part;
use super::settlement::Settlement;
use crate::RatingError;
use crate::bill_charge::{BillCharge, Outcome};
use crate::carry::Carry;
use crate::charge::Draft;
use crate::exact::Exact;
use crate::how::How;
use crate::period::Period;
use crate::statement::{Line, Register, Statement, Unit};
use crate::tally::Tally;

/// A stretch of the bill on which a bill charge stays as it is.
struct Piece<'a> {
    first_day: Option<NaiveDate>,
    period: Period,
    charge: &'a BillCharge,
}

impl Piece<'_> {
    fn has(&self, line: &Line) -> bool {
        self.period.start_ms <= line.period.start_ms && line.period.end_ms <= self.period.end_ms
    }
}

impl Compiled {
    /// Adds the bill charges to the lines of charges.
    pub(crate) fn finish(
        &self,
        lines: Vec<Line>,
        tally: &Tally,
        carry: Carry,
    ) -> Result<Statement, RatingError> {
        self.finish_over(self, lines, tally, carry)
    }

    /// The same where lines are about days of earlier bills, too (`RATING` 3.14); `span` is the tariff over all their days.
    pub(crate) fn finish_over(
        &self,
        span: &Self,
        mut lines: Vec<Line>,
        tally: &Tally,
        carry: Carry,
    ) -> Result<Statement, RatingError> {
        let registers = self.measures.iter().map(|measure| &measure.register);
        let totals: BTreeMap<Register, Exact> = registers
            .filter_map(|register| Some((register.clone(), tally.total(register)?)))
            .collect();
        let mut starts = Vec::with_capacity(self.tariff.bill_charges.len());
        let mut settlement = Settlement::new(&self.period, &lines);
        for (index, charge) in self.tariff.bill_charges.iter().enumerate() {
            starts.push(lines.len());
            settlement.check(charge, &lines)?;
            let about = || lines.iter().filter(|line| charge.is_of(line));
            let reaches_back = about().any(|line| settlement.reaches_back(line));
            let of = if charge.is_percent() && reaches_back {
                span
            } else {
                self
            };
            let pieces = of.pieces(index);
            let mine = if pieces.len() > 1 {
                self.lines_by_piece(&pieces, &lines)?
            } else {
                let outcome = charge.apply(about(), &totals, &self.terms.rounding)?;
                let period = if reaches_back { span.period } else { self.period };
                vec![self.bill_line(charge, outcome, (None, period))]
            };
            lines.extend(mine);
        }
        for (index, line) in lines.iter_mut().enumerate() {
            line.settles = settlement.settled_by(index, line);
        }
        let rounding = &self.terms.rounding;
        let total = rounding.total(&Exact::sum(lines.iter().map(|line| &line.amount)));
        let mix = tally.mix();
        Ok(Statement {
            from: self.from,
            to: self.to,
            days: self.days,
            intervals: mix.intervals,
            estimated: mix.estimated,
            totals,
            untaxed: self.untaxed(&lines, &starts),
            total_text: rounding.show_total(&total),
            total,
            lines,
            edition: self.tariff.edition_arc(),
            carry,
        })
    }

    /// The stretches on which a bill charge has one value, in order.
    fn pieces(&self, index: usize) -> Vec<Piece<'_>> {
        let is_same =
            |a: &Part, b: &Part| a.tariff.bill_charges.get(index) == b.tariff.bill_charges.get(index);
        let runs = self.parts.chunk_by(is_same);
        let piece = runs.filter_map(|run| {
            let (first, last) = (run.first()?, run.last()?);
            Some(Piece {
                first_day: first.first_day,
                period: Period {
                    end_ms: last.period.end_ms,
                    ..first.period
                },
                charge: first.tariff.bill_charges.get(index)?,
            })
        });
        piece.collect()
    }

    /// A charge whose value changes inside the bill: a line for every piece, on the lines of that piece (`RATING` 3.17). Only a
    /// percentage means something for a piece, and only of lines that are about one piece.
    fn lines_by_piece(&self, pieces: &[Piece<'_>], before: &[Line]) -> Result<Vec<Line>, RatingError> {
        let mut lines = Vec::new();
        for piece in pieces {
            let charge = piece.charge;
            if !charge.is_percent() {
                let reason =
                    "a value changes inside the cycle, and a minimum or maximum is one for all of it";
                return Err(RatingError::not_priced(charge.id(), reason));
            }
            let about = || before.iter().filter(|line| charge.is_of(line));
            if let Some(line) = about().find(|line| !pieces.iter().any(|piece| piece.has(line))) {
                let cuts = |piece: &&Piece<'_>| piece.period.start_ms > line.period.start_ms;
                let day = pieces.iter().find(cuts).and_then(|piece| piece.first_day);
                let day = day.map(|day| day.to_string()).unwrap_or_default();
                let reason = format!(
                    "its rate changes on {day}, and line {} is about days before and after that",
                    line.id
                );
                return Err(RatingError::not_priced(charge.id(), reason));
            }
            let outcome = charge.apply(
                about().filter(|line| piece.has(line)),
                &BTreeMap::new(),
                &self.terms.rounding,
            )?;
            lines.push(self.bill_line(charge, outcome, (piece.first_day, piece.period)));
        }
        Ok(lines)
    }

    fn bill_line(&self, charge: &BillCharge, outcome: Outcome, of: (Option<NaiveDate>, Period)) -> Line {
        let draft = Draft {
            price: outcome.price,
            ..Draft::of(
                outcome.sum,
                Unit::Base,
                outcome.exact,
                How::Lines(Box::new(outcome.how)),
            )
        };
        let id = match of.0 {
            Some(day) => format!("{}@{day}", charge.id),
            None => charge.id.clone(),
        };
        let mut line = self.line(id, draft, of);
        line.tax = charge.tax().map(str::to_owned);
        line
    }

    /// Lines that are not in the `of` of exactly one tax (`RATING` 3.18); `starts` are the places of the bill charges' first lines. A
    /// tariff without any tax category says nothing about it.
    fn untaxed(&self, lines: &[Line], starts: &[usize]) -> Vec<String> {
        let taxes = || {
            let placed = starts.iter().zip(&self.tariff.bill_charges);
            placed.filter(|(_, charge)| charge.tax().is_some())
        };
        if taxes().next().is_none() {
            return Vec::new();
        }
        let taken = |index: usize, line: &Line| {
            let takes = |(start, charge): &(&usize, &BillCharge)| index < **start && charge.is_of(line);
            taxes().filter(takes).count()
        };
        let wrong = |(index, line): &(usize, &Line)| line.tax.is_none() && taken(*index, line) != 1;
        lines
            .iter()
            .enumerate()
            .filter(wrong)
            .map(|(_, line)| line.id.clone())
            .collect()
    }
}
