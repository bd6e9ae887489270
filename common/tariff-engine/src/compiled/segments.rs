//! The period cut where a price may change: at local midnights, at the clock times of rules, where the zone's offset changes, and
//! where versions do. A slot is one combination of picks, one pick for every charge of a version.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::RatingError;
use crate::charge::Charge;
use crate::event::Calendar;
use crate::load::MINUTE_MS;
use crate::local::{self, OffsetPiece};
use crate::period::Period;
use crate::rule::DAY_MINUTES;

/// Which slot holds when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Segments {
    /// Ascending starts; the first is the period's.
    starts: Vec<i64>,
    /// The slot from each start on.
    slot_from: Vec<usize>,
    end_ms: i64,
    /// Part and the pick of every charge, by slot.
    slots: Vec<(usize, Vec<usize>)>,
}

impl Segments {
    /// `stretches` follow each other without a gap, each with its charges and calendar.
    pub(super) fn new(stretches: &[(Period, &[Charge], &Calendar)]) -> Result<Self, RatingError> {
        let mut segments = Self::default();
        let mut known = BTreeMap::new();
        for (part, (period, charges, calendar)) in stretches.iter().enumerate() {
            let edges = clock_edges(charges, calendar);
            let pieces =
                local::offsets(period.zone, period.start_ms, period.end_ms).ok_or(RatingError::Period)?;
            for piece in pieces {
                cut_piece(piece, &edges, |start_ms, day, minute| {
                    let pick = |charge: &Charge| charge.pricing().pick(day, minute, calendar);
                    let picks: Vec<usize> = charges.iter().map(pick).collect();
                    segments.push(start_ms, (part, picks), &mut known);
                })?;
            }
            segments.end_ms = period.end_ms;
        }
        Ok(segments)
    }

    fn push(
        &mut self,
        start_ms: i64,
        slot: (usize, Vec<usize>),
        known: &mut BTreeMap<(usize, Vec<usize>), usize>,
    ) {
        let next = self.slots.len();
        let id = *known.entry(slot.clone()).or_insert(next);
        if id == next {
            self.slots.push(slot);
        }
        if self.slot_from.last() != Some(&id) {
            self.starts.push(start_ms);
            self.slot_from.push(id);
        }
    }

    /// How many slots.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The part and the picks of a slot.
    pub(crate) fn slot(&self, slot: usize) -> Option<(usize, &[usize])> {
        self.slots
            .get(slot)
            .map(|(part, picks)| (*part, picks.as_slice()))
    }

    /// The slots of a part, each with the pick of every charge in order.
    pub(crate) fn slots_of(&self, part: usize) -> impl Iterator<Item = (usize, &[usize])> {
        let numbered = self.slots.iter().enumerate();
        numbered
            .filter(move |(_, (of, _))| *of == part)
            .map(|(id, (_, picks))| (id, picks.as_slice()))
    }

    /// Start, end and slot of every stretch, in order of time.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (i64, i64, usize)> {
        let ends = self.starts.iter().skip(1).chain([&self.end_ms]);
        let spans = self.starts.iter().zip(ends).zip(&self.slot_from);
        spans.map(|((start, end), slot)| (*start, *end, *slot))
    }

    /// A look-up that remembers where it was, because intervals mostly come in order.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor {
            segments: self,
            index: 0,
            from_ms: i64::MAX,
            to_ms: i64::MIN,
            slot: 0,
        }
    }
}

/// The clock times of all rules, in minutes, with the whole day's.
fn clock_edges(charges: &[Charge], calendar: &Calendar) -> Vec<u32> {
    let own = charges.iter().flat_map(|charge| charge.pricing().edges(calendar));
    let mut edges: BTreeSet<u32> = own.collect();
    edges.insert(0);
    edges.remove(&DAY_MINUTES);
    edges.into_iter().collect()
}

/// Calls `found` with the start of every stretch between clock edges in a piece of constant offset, and its local day and minute.
fn cut_piece(
    piece: OffsetPiece,
    edges: &[u32],
    mut found: impl FnMut(i64, NaiveDate, u32),
) -> Result<(), RatingError> {
    let clock_of = |instant: i64| instant.checked_add(piece.offset_ms).ok_or(RatingError::Period);
    let first =
        chrono::DateTime::from_timestamp_millis(clock_of(piece.start_ms)?).ok_or(RatingError::Period)?;
    let (clock_start, clock_end) = (clock_of(piece.start_ms)?, clock_of(piece.end_ms)?);
    let mut day = first.date_naive();
    loop {
        let midnight = local::clock_midnight_ms(day);
        if midnight >= clock_end {
            return Ok(());
        }
        for (index, edge) in edges.iter().enumerate() {
            let next = edges.get(index.saturating_add(1)).copied().unwrap_or(DAY_MINUTES);
            let at = |minutes: u32| midnight.saturating_add(i64::from(minutes).saturating_mul(MINUTE_MS));
            let (from, to) = (at(*edge).max(clock_start), at(next).min(clock_end));
            if from < to {
                found(from.saturating_sub(piece.offset_ms), day, *edge);
            }
        }
        day = day.succ_opt().ok_or(RatingError::Period)?;
    }
}

/// See [`Segments::cursor`].
pub(crate) struct Cursor<'s> {
    segments: &'s Segments,
    index: usize,
    from_ms: i64,
    to_ms: i64,
    slot: usize,
}

impl Cursor<'_> {
    /// The slot of an instant; `None` outside the period.
    #[inline]
    pub(crate) fn slot_at(&mut self, instant_ms: i64) -> Option<usize> {
        if instant_ms >= self.from_ms && instant_ms < self.to_ms {
            return Some(self.slot);
        }
        self.seek(instant_ms)
    }

    fn seek(&mut self, instant_ms: i64) -> Option<usize> {
        let starts = &self.segments.starts;
        if instant_ms >= self.segments.end_ms {
            return None;
        }
        let end_of = |index: usize| {
            starts
                .get(index.saturating_add(1))
                .copied()
                .unwrap_or(self.segments.end_ms)
        };
        let next = self.index.saturating_add(1);
        let is_next = starts
            .get(next)
            .is_some_and(|start| (*start..end_of(next)).contains(&instant_ms));
        self.index = if is_next {
            next
        } else {
            starts
                .partition_point(|start| *start <= instant_ms)
                .checked_sub(1)?
        };
        self.from_ms = *starts.get(self.index)?;
        self.to_ms = end_of(self.index);
        self.slot = *self.segments.slot_from.get(self.index)?;
        Some(self.slot)
    }
}
