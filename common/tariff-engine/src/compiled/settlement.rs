//! Bounds on a bill that settles estimates (`RATING` 3.14): one that is meant for a cycle must not meet the energy of several.

use std::collections::BTreeSet;

use crate::RatingError;
use crate::bill_charge::BillCharge;
use crate::period::Period;
use crate::statement::Line;

/// Which lines of a bill are about days before it, and so settle something: energy computed again, and what was billed for it.
#[derive(Debug)]
pub(super) struct Settlement {
    start_ms: i64,
    /// Places of the settled lines among those of the charges; none on a bill that settles nothing.
    settled: BTreeSet<usize>,
    /// Ids of bill charges that are about some of the settled lines, and so about more energy, or less, than the bill adds.
    uneven: BTreeSet<String>,
}

impl Settlement {
    /// Of a bill for `period` with these lines of charges.
    pub(super) fn new(period: &Period, lines: &[Line]) -> Self {
        let is_settled = |(_, line): &(usize, &Line)| line.period.start_ms < period.start_ms;
        let settled = lines.iter().enumerate().filter(is_settled);
        Self {
            start_ms: period.start_ms,
            settled: settled.map(|(index, _)| index).collect(),
            uneven: BTreeSet::new(),
        }
    }

    pub(super) fn reaches_back(&self, line: &Line) -> bool {
        line.period.start_ms < self.start_ms
    }

    /// The days of earlier bills that a line settles: one of a charge, or the share of some days of such lines. What is about the bill
    /// as a whole settles none.
    pub(super) fn settled_by(&self, index: usize, line: &Line) -> Option<Period> {
        let is_part = self.settled.contains(&index) || line.version.is_some();
        let part = line.period.part(i64::MIN, self.start_ms);
        part.filter(|_| is_part && !self.settled.is_empty())
    }

    /// Whether `charge` can be worked out from the lines before it.
    ///
    /// # Errors
    /// [`RatingError::NotPriced`] for a bound that meets the energy of several cycles.
    pub(super) fn check(&mut self, charge: &BillCharge, before: &[Line]) -> Result<(), RatingError> {
        if self.settled.is_empty() {
            return Ok(());
        }
        if charge.register().is_some() {
            let reason = "the bill settles estimates of earlier cycles, and a bound on what a kilowatt-hour costs is for the energy of one";
            return Err(RatingError::not_priced(charge.id(), reason));
        }
        if charge.is_of_all() {
            return Ok(()); // of all that the bill adds
        }
        let is_of = |index: &&usize| before.get(**index).is_some_and(|line| charge.is_of(line));
        let taken = self.settled.iter().filter(is_of).count();
        let is_uneven = |line: &Line| {
            let id = line.id.split_once('@').map_or(line.id.as_str(), |(id, _)| id);
            self.uneven.contains(id) && charge.is_of(line)
        };
        let is_even = (taken == 0 || taken == self.settled.len()) && !before.iter().any(is_uneven);
        if is_even {
            return Ok(());
        }
        if !charge.is_percent() {
            let reason = "the bill settles estimates of earlier cycles, and a minimum or maximum of some of the settled lines would meet the \
                energy of several: name all of them and previously_billed, or none";
            return Err(RatingError::not_priced(charge.id(), reason));
        }
        self.uneven.insert(charge.id().clone());
        Ok(())
    }
}
