//! What a charge sees when it prices its part of a bill.

use chrono::NaiveDate;

use crate::RatingError;
use crate::charge::Measure;
use crate::compiled::Segments;
use crate::event::Calendar;
use crate::exact::Exact;
use crate::how::Source;
use crate::load::Load;
use crate::period::Period;
use crate::price::Prices;
use crate::statement::Register;
use crate::tally::Tally;

/// Where intervals come from that a quantity was added up from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mix {
    /// All of them.
    pub intervals: u32,
    /// Those whose value was estimated (`RATING` 3.15).
    pub estimated: u32,
    /// The load has no column of the register, which only export may lack: nothing was exported.
    pub no_column: bool,
}

impl Mix {
    /// Those whose value was measured.
    #[must_use]
    pub const fn given(&self) -> u32 {
        self.intervals.saturating_sub(self.estimated)
    }
}

/// One part of a bill: the days on which one version of the tariff holds.
pub(crate) struct Scene<'a> {
    /// The charge's id.
    pub(crate) charge: &'a str,
    /// Which charge of its version.
    pub(crate) index: usize,
    /// Which part of the bill.
    pub(crate) part: usize,
    /// Nothing of the bill comes after this part.
    pub(crate) is_last_part: bool,
    pub(crate) period: Period,
    pub(crate) days: &'a [NaiveDate],
    /// `None` where register reads are billed, or fees alone.
    pub(crate) load: Option<&'a Load>,
    pub(crate) prices: Option<&'a Prices>,
    pub(crate) calendar: &'a Calendar,
    pub(crate) segments: &'a Segments,
    pub(crate) tally: &'a Tally,
}

impl<'a> Scene<'a> {
    /// The energy of a measure in this part, all of it or that of one pick.
    pub(crate) fn sum_of(&self, measure: &Measure, pick: Option<usize>) -> Result<Source, RatingError> {
        let mut sum = Source {
            register: measure.register.clone(),
            rounding: measure.rounding,
            hours: None,
            kwh: Exact::ZERO,
            mix: Mix::default(),
            estimated_kwh: Exact::ZERO,
            reads: Vec::new(),
        };
        for (slot, picks) in self.segments.slots_of(self.part) {
            if pick.is_none() || picks.get(self.index).copied() == pick {
                self.tally
                    .add_to(&mut sum, slot, measure)
                    .ok_or_else(|| RatingError::RegisterMissing {
                        charge: self.charge.to_owned(),
                        register: measure.register.name().to_owned(),
                    })?;
            }
        }
        sum.mix.no_column = self.has_no_column(&measure.register);
        Ok(sum)
    }

    /// Whether the load has no column of a register.
    pub(crate) fn has_no_column(&self, register: &Register) -> bool {
        self.load.is_some_and(|load| !load.has(register))
    }

    /// The estimated intervals of this part.
    pub(crate) fn estimated(&self) -> u32 {
        let mixes = self
            .segments
            .slots_of(self.part)
            .filter_map(|(slot, _)| self.tally.mix_of(slot));
        mixes.fold(0, |sum, mix| sum.saturating_add(mix.estimated))
    }

    /// All of a register in this part.
    pub(crate) fn total_of(&self, register: Register) -> Result<Source, RatingError> {
        self.sum_of(&Measure::plain(register), None)
    }

    /// The intervals that are priced.
    pub(crate) fn load(&self) -> Result<&'a Load, RatingError> {
        self.load
            .ok_or_else(|| RatingError::not_priced(self.charge, "needs intervals, and there are none"))
    }

    /// The values of a register by interval.
    pub(crate) fn values(&self, register: &Register) -> Result<&'a [i64], RatingError> {
        let missing = || RatingError::RegisterMissing {
            charge: self.charge.to_owned(),
            register: register.name().to_owned(),
        };
        self.load()?.column(register).ok_or_else(missing)
    }

    /// Finds the pick of this charge at instants that mostly come in order; `None` outside this part.
    pub(crate) fn picker(&self) -> impl FnMut(i64) -> Option<usize> {
        let by_slot: Vec<Option<usize>> = (0..self.segments.slots())
            .map(|slot| {
                let (part, picks) = self.segments.slot(slot)?;
                picks.get(self.index).copied().filter(|_| part == self.part)
            })
            .collect();
        let mut cursor = self.segments.cursor();
        move |instant| by_slot.get(cursor.slot_at(instant)?).copied().flatten()
    }
}
