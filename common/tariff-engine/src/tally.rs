//! What was added up of every slot of a bill: one pass over the intervals, or over the days of register reads.

use std::collections::BTreeSet;

use crate::charge::Measure;
use crate::compiled::Segments;
use crate::exact::Exact;
use crate::how::{ReadUse, Source};
use crate::load::{Load, kwh};
use crate::scene::Mix;
use crate::statement::Register;

/// Sums by slot and measure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// `None` = there is nothing of this measure.
    measures: Vec<(Measure, Option<Vec<Exact>>)>,
    /// What of them is estimated, in the same order; empty where nothing is.
    estimated: Vec<Vec<Exact>>,
    mixes: Vec<Mix>,
    reads: Vec<SlotRead>,
}

/// What two reads gave to a slot.
#[derive(Debug, Clone)]
pub(crate) struct SlotRead {
    pub(crate) register: Register,
    pub(crate) slot: usize,
    pub(crate) used: ReadUse,
}

impl Tally {
    /// Adds up a load.
    pub(crate) fn of_load(load: &Load, segments: &Segments, measures: &BTreeSet<Measure>) -> Self {
        let columns: Vec<_> = measures
            .iter()
            .map(|measure| (measure, measure.values(load)))
            .collect();
        let mut sums = vec![vec![0_i128; segments.slots()]; columns.len()];
        let mut guesses: Vec<Vec<i128>> = Vec::new();
        let mut mixes = vec![Mix::default(); segments.slots()];
        let first = segments.runs().next().map_or(0, |(start, _, _)| start);
        let mut from = load.range(first, first).start;
        for (_, end, slot) in segments.runs() {
            let later = load.starts.get(from..).unwrap_or_default();
            let to = from.saturating_add(later.iter().take_while(|at| **at < end).count());
            let estimated = load.estimated.get(from..to).unwrap_or_default();
            let some = estimated.iter().filter(|estimated| **estimated).count();
            if some > 0 && guesses.is_empty() {
                guesses = sums.iter().map(|sums| vec![0; sums.len()]).collect();
            }
            if let Some(mix) = mixes.get_mut(slot) {
                mix.intervals = mix.intervals.saturating_add(count(estimated.len()));
                mix.estimated = mix.estimated.saturating_add(count(some));
            }
            for ((_, values), sums) in columns.iter().zip(&mut sums) {
                let values = values.as_ref().and_then(|values| values.get(from..to));
                if let (Some(values), Some(sum)) = (values, sums.get_mut(slot)) {
                    let more: i128 = values.iter().map(|value| i128::from(*value)).sum();
                    *sum = sum.saturating_add(more);
                }
            }
            for ((_, values), sums) in columns.iter().zip(&mut guesses).filter(|_| some > 0) {
                let values = values.as_ref().and_then(|values| values.get(from..to));
                if let (Some(values), Some(sum)) = (values, sums.get_mut(slot)) {
                    let guessed = values.iter().zip(estimated).filter(|(_, estimated)| **estimated);
                    let more: i128 = guessed.map(|(value, _)| i128::from(*value)).sum();
                    *sum = sum.saturating_add(more);
                }
            }
            from = to;
        }
        let whole = |sums: Vec<i128>| sums.into_iter().map(kwh).collect();
        let exact = |((measure, values), sums): ((&Measure, Option<_>), Vec<i128>)| {
            // A meter that has no column of export has exported nothing.
            let is_known = values.is_some() || measure.register == Register::Export;
            let sums = is_known.then(|| whole(sums));
            (measure.clone(), sums)
        };
        Self {
            measures: columns.into_iter().zip(sums).map(exact).collect(),
            estimated: guesses.into_iter().map(whole).collect(),
            mixes,
            reads: Vec::new(),
        }
    }

    /// From sums that were made of reads, one by slot for every register.
    pub(crate) fn of_reads(sums: Vec<(Register, Vec<Exact>)>, reads: Vec<SlotRead>) -> Self {
        let measure = |(register, sums)| (Measure::plain(register), Some(sums));
        Self {
            measures: sums.into_iter().map(measure).collect(),
            estimated: Vec::new(),
            mixes: Vec::new(),
            reads,
        }
    }

    /// Adds a slot to `sum`; `None` if there is nothing of the measure.
    pub(crate) fn add_to(&self, sum: &mut Source, slot: usize, measure: &Measure) -> Option<()> {
        let index = self.measures.iter().position(|(name, _)| name == measure)?;
        let (_, sums) = self.measures.get(index)?;
        let more = sums.as_ref()?.get(slot)?;
        sum.kwh = sum.kwh.plus(more);
        if let Some(more) = self.estimated.get(index).and_then(|sums| sums.get(slot)) {
            sum.estimated_kwh = sum.estimated_kwh.plus(more);
        }
        if let Some(mix) = self.mixes.get(slot) {
            sum.mix.intervals = sum.mix.intervals.saturating_add(mix.intervals);
            sum.mix.estimated = sum.mix.estimated.saturating_add(mix.estimated);
        }
        let mine = |read: &&SlotRead| read.slot == slot && read.register == measure.register;
        for read in self.reads.iter().filter(mine) {
            sum.add_read(&read.used);
        }
        Some(())
    }

    /// All slots of a register; `None` if there is nothing of it.
    pub(crate) fn total(&self, register: &Register) -> Option<Exact> {
        let plain = Measure::plain(register.clone());
        let (_, sums) = self.measures.iter().find(|(name, _)| *name == plain)?;
        Some(Exact::sum(sums.as_ref()?))
    }

    /// The intervals of a slot; `None` where registers were read.
    pub(crate) fn mix_of(&self, slot: usize) -> Option<Mix> {
        self.mixes.get(slot).copied()
    }

    /// All intervals.
    pub(crate) fn mix(&self) -> Mix {
        self.mixes.iter().fold(Mix::default(), |all, mix| Mix {
            intervals: all.intervals.saturating_add(mix.intervals),
            estimated: all.estimated.saturating_add(mix.estimated),
            no_column: false,
        })
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
