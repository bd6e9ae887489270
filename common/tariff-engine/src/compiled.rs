//! A tariff worked out for one period: which price holds when is looked up, not computed, for every interval.

mod attribution;
mod bill_lines;
mod parts;
mod segments;
mod settlement;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use self::parts::Part;
pub(crate) use self::segments::Segments;
use crate::RatingError;
use crate::carry::Carry;
use crate::charge::{Charge, Draft, Measure};
use crate::event::{Calendar, Event};
use crate::load::{Fault, Interval, Load};
use crate::period::Period;
use crate::price::Prices;
use crate::scene::Scene;
use crate::statement::{Line, Register, Statement, Terms};
use crate::tally::Tally;
use crate::tariff::Tariff;
use crate::values::Values;

/// A tariff for one period. Making it costs about as much as pricing a month; keep it for every customer of the same cycle.
#[derive(Debug, Clone)]
pub struct Compiled {
    tariff: Arc<Tariff>,
    period: Period,
    from: NaiveDate,
    to: NaiveDate,
    days: u32,
    parts: Vec<Part>,
    calendar: Calendar,
    segments: Segments,
    measures: BTreeSet<Measure>,
    terms: Arc<Terms>,
}

/// What beside the tariff and the period decides which price holds when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// Numbers that the tariff calls by name (`RATING` 3.17).
    pub values: Values,
    /// What was called out (`RATING` 3.13).
    pub events: Vec<Event>,
}

/// What is priced.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inputs<'a> {
    /// The intervals, also those before the period if the tariff looks back; `None` = there are fees alone.
    pub load: Option<&'a Load>,
    /// Prices of a market.
    pub prices: Option<&'a Prices>,
}

impl Tariff {
    /// Works the tariff out for a period, without values by name and events.
    ///
    /// # Errors
    /// As [`Self::compile_in`].
    pub fn compile(self: &Arc<Self>, period: &Period) -> Result<Compiled, RatingError> {
        self.compile_in(period, &Circumstances::default())
    }

    /// Works the tariff out for a period.
    ///
    /// # Errors
    /// [`RatingError::TariffGap`] when no version covers some day; [`RatingError::ValueMissing`] and [`RatingError::ValueWrong`] for
    /// values by name.
    pub fn compile_in(
        self: &Arc<Self>,
        period: &Period,
        circumstances: &Circumstances,
    ) -> Result<Compiled, RatingError> {
        let parts = parts::of(self, period, &circumstances.values)?;
        let calendar = Calendar {
            holidays: self.holidays.clone(),
            events: circumstances.events.clone(),
        };
        let stretches: Vec<_> = parts
            .iter()
            .map(|part| (part.period, part.charges(), &calendar))
            .collect();
        let segments = Segments::new(&stretches)?;
        let days = parts
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.days.len()));
        // What holds for the whole bill is the same in every part: `parts` refused it otherwise.
        let tariff = parts.first().map_or(self, |part| &part.tariff);
        let mut measures: BTreeSet<Measure> = [Register::Import, Register::Export].map(Measure::plain).into();
        let charges = parts.iter().flat_map(|part| part.charges());
        measures.extend(charges.flat_map(|charge| charge.pricing().measures()));
        let registers = tariff.bill_charges.iter().filter_map(|charge| charge.register());
        measures.extend(registers.cloned().map(Measure::plain));
        Ok(Compiled {
            from: period.from_date()?,
            to: period.to_date()?,
            days: u32::try_from(days).map_err(|_| RatingError::Period)?,
            terms: Arc::new(Terms {
                currency: tariff.currency.clone(),
                rounding: tariff.rounding,
                edition: tariff.edition_arc(),
                versions: self.starts(),
            }),
            tariff: Arc::clone(tariff),
            period: *period,
            calendar,
            segments,
            measures,
            parts,
        })
    }
}

impl Compiled {
    /// The bill of these intervals, in any order, for a customer of whom nothing was carried. Intervals that start outside the period
    /// belong to others and are left out; that every start comes once is the caller's care.
    ///
    /// # Errors
    /// [`RatingError::Overflow`]; what the tariff needs beside intervals of import and export, for which [`Self::bill`] is there.
    pub fn price(&self, intervals: &[Interval]) -> Result<Statement, RatingError> {
        let carries = |charge: &&Charge| charge.pricing().carries();
        if let Some(charge) = self.charges().find(carries) {
            return Err(RatingError::not_priced(
                &charge.id,
                "needs what earlier bills carried",
            ));
        }
        if !self.tariff.events.is_empty() {
            return Err(RatingError::not_priced("", "the tariff needs events"));
        }
        let load = Load::from_intervals(intervals)?;
        let inputs = Inputs {
            load: Some(&load),
            prices: None,
        };
        self.bill(inputs, &Carry::default())
    }

    /// The bill. That the intervals cover the period is not judged here, but by [`Self::check`].
    ///
    /// # Errors
    /// What is missing or cannot be priced.
    pub fn bill(&self, inputs: Inputs<'_>, carry: &Carry) -> Result<Statement, RatingError> {
        let tally = inputs
            .load
            .map(|load| Tally::of_load(load, &self.segments, &self.measures));
        let tally = tally.unwrap_or_default();
        let mut carry = carry.clone();
        let lines = self.charge_lines(inputs, &tally, &mut carry, |_| true)?;
        self.finish(lines, &tally, carry.next(self.from))
    }

    /// Whether the inputs have every interval that a charge needs.
    ///
    /// # Errors
    /// [`RatingError::IntervalMissing`], [`RatingError::IntervalTwice`], [`RatingError::NotPriced`] without intervals.
    pub fn check(&self, inputs: Inputs<'_>) -> Result<(), RatingError> {
        let charges = self.charges().filter(|charge| charge.pricing().needs_intervals());
        // a bound on what a kilowatt-hour costs needs all of them, too
        let bounds = self.tariff.bill_charges.iter();
        let bounds = bounds.filter(|charge| charge.register().is_some());
        let mut needing = charges
            .map(|charge| &charge.id)
            .chain(bounds.map(|charge| charge.id()));
        let Some(charge) = needing.next() else {
            return Ok(());
        };
        let load = inputs
            .load
            .ok_or_else(|| RatingError::not_priced(charge, "needs intervals, and there are none"))?;
        match load.first_fault(self.period.start_ms, self.period.end_ms) {
            Some(Fault::Missing(at_ms)) => Err(RatingError::IntervalMissing { at_ms }),
            Some(Fault::Twice(at_ms)) => Err(RatingError::IntervalTwice { at_ms }),
            None => Ok(()),
        }
    }

    /// The same with the first day in the id of every line, which for what is settled is not that of the bill (`RATING` 3.14).
    pub(crate) fn with_first_days(mut self) -> Self {
        for part in &mut self.parts {
            part.first_day = part.days.first().copied().or(part.first_day);
        }
        self
    }

    pub(crate) fn charges(&self) -> impl Iterator<Item = &Charge> {
        self.parts.iter().flat_map(|part| part.charges())
    }

    pub(crate) fn segments(&self) -> &Segments {
        &self.segments
    }

    pub(crate) fn period(&self) -> &Period {
        &self.period
    }

    /// The local date on which the bill begins.
    pub(crate) fn from(&self) -> NaiveDate {
        self.from
    }

    /// The local date after its last.
    pub(crate) fn to(&self) -> NaiveDate {
        self.to
    }

    pub(crate) fn has_bill_charges(&self) -> bool {
        !self.tariff.bill_charges.is_empty()
    }

    /// What its lines are made by.
    pub(crate) fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    /// The charges of a slot and their picks.
    pub(crate) fn slot(&self, slot: usize) -> Option<(&[Charge], &[usize])> {
        let (part, picks) = self.segments.slot(slot)?;
        Some((self.parts.get(part)?.charges(), picks))
    }

    /// The local days of the bill, part by part.
    pub(crate) fn days(&self) -> impl Iterator<Item = NaiveDate> {
        self.parts.iter().flat_map(|part| part.days.iter().copied())
    }

    /// The local days on which a charge, or one on the bill, is about a register.
    pub(crate) fn days_with(&self, register: &Register) -> impl Iterator<Item = NaiveDate> {
        let mut bill_wide = self
            .tariff
            .bill_charges
            .iter()
            .filter_map(|charge| charge.register());
        let always = bill_wide.any(|other| other == register);
        let uses = move |charge: &Charge| charge.registers().contains(register);
        let parts = self
            .parts
            .iter()
            .filter(move |part| always || part.charges().iter().any(uses));
        parts.flat_map(|part| part.days.iter().copied())
    }

    /// The lines of the charges that are wanted, part by part.
    pub(crate) fn charge_lines(
        &self,
        inputs: Inputs<'_>,
        tally: &Tally,
        carry: &mut Carry,
        wanted: impl Fn(&Charge) -> bool,
    ) -> Result<Vec<Line>, RatingError> {
        let mut lines = Vec::new();
        for (part_index, part) in self.parts.iter().enumerate() {
            let numbered = part.charges().iter().enumerate();
            for (index, charge) in numbered.filter(|(_, charge)| wanted(charge)) {
                let scene = Scene {
                    charge: &charge.id,
                    index,
                    part: part_index,
                    is_last_part: part_index.saturating_add(1) == self.parts.len(),
                    period: part.period,
                    days: &part.days,
                    load: inputs.load,
                    prices: inputs.prices,
                    calendar: &self.calendar,
                    segments: &self.segments,
                    tally,
                };
                let carried = carry.of(&charge.id);
                for draft in charge.pricing().lines(&scene, carried)? {
                    let base = draft.other_id.as_deref().unwrap_or(&charge.id);
                    let id = part.line_id(base, draft.suffix.as_deref());
                    lines.push(self.line(id, draft, (part.first_day, part.period)));
                }
            }
        }
        Ok(lines)
    }

    /// The line of a draft, rounded as the tariff says.
    pub(crate) fn line(
        &self,
        id: String,
        draft: Draft,
        (version, period): (Option<NaiveDate>, Period),
    ) -> Line {
        Line {
            id,
            quantity: draft.quantity,
            unit: draft.unit,
            price: draft.price,
            amount: self.terms.rounding.line(&draft.exact),
            exact: draft.exact,
            how: draft.how,
            version,
            period,
            settles: None,
            tax: None,
            terms: Arc::clone(&self.terms),
        }
    }
}

#[cfg(test)]
mod tests;
