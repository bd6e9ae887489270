//! Readings of an arena in the order in which blocks are written.
//!
//! Readings of a meter and day mostly follow each other in the meter's chain, so runs of them are sorted, not readings.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::arena::{Arena, Row, SeriesIndex};
use super::store::{BlockKey, Part};
use crate::block;

/// Readings of one meter and day that follow each other in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    day: i32,
    meter: u32,
    /// The newest of them.
    first: u32,
    rows: u32,
}

/// A meter's readings in an arena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    pub meter: u32,
    /// From the earliest start of energy to after the latest; empty when there is telemetry alone.
    pub range_ms: Range<i64>,
}

impl Reach {
    /// Widened by one row.
    fn with(self, row: &Row) -> Self {
        if row.series.is_telemetry() {
            return self;
        }
        let end = row.start_ms.saturating_add(1);
        let known = if self.range_ms.is_empty() {
            row.start_ms..end
        } else {
            self.range_ms
        };
        Self {
            meter: self.meter,
            range_ms: known.start.min(row.start_ms)..known.end.max(end),
        }
    }

    /// Of all `rows` of a meter.
    pub(super) fn over<'a>(meter: u32, rows: impl Iterator<Item = &'a Row>) -> Self {
        let nothing = Self {
            meter,
            range_ms: 0..0,
        };
        rows.fold(nothing, Self::with)
    }

    /// Of this and another of the same meter.
    pub(super) fn join(self, other: Self) -> Self {
        let range_ms = if self.range_ms.is_empty() {
            other.range_ms
        } else if other.range_ms.is_empty() {
            self.range_ms
        } else {
            self.range_ms.start.min(other.range_ms.start)..self.range_ms.end.max(other.range_ms.end)
        };
        Self {
            meter: self.meter,
            range_ms,
        }
    }
}

/// The parts of an arena, ascending: first those of energy, then those of telemetry.
pub(super) struct Parts {
    arena: Arc<Arena>,
    runs: Vec<Run>,
    next: usize,
    telemetry: bool,
    ready: VecDeque<Part>,
}

impl Parts {
    /// The parts of `arena`, and which meters they are of.
    pub(super) fn new(arena: Arc<Arena>) -> (Self, Vec<Reach>) {
        let mut runs = Vec::new();
        let mut reaches = Vec::new();
        for meter in 0..arena.meters() {
            reaches.extend(survey(&arena, meter, &mut runs));
        }
        runs.sort_unstable();
        let parts = Self {
            arena,
            runs,
            next: 0,
            telemetry: false,
            ready: VecDeque::new(),
        };
        (parts, reaches)
    }

    /// Takes the next runs of one meter and day; false at the end.
    fn advance(&mut self) -> bool {
        let Some(rest) = self.runs.get(self.next..).filter(|rest| !rest.is_empty()) else {
            if self.telemetry || !self.arena.has_telemetry() {
                return false;
            }
            (self.telemetry, self.next) = (true, 0);
            return true;
        };
        let same = |left: &Run, right: &Run| (left.day, left.meter) == (right.day, right.meter);
        let Some(runs) = rest.chunk_by(same).next() else {
            return false;
        };
        self.next += runs.len();
        let rows = runs
            .iter()
            .flat_map(|run| {
                self.arena
                    .chain(run.first)
                    .take(usize::try_from(run.rows).unwrap_or(0))
            })
            .map(|(_, row)| row);
        let rows = rows
            .filter(|row| row.series.is_telemetry() == self.telemetry)
            .collect();
        if let Some(run) = runs.first() {
            self.ready.extend(parts_of(&self.arena, run.day, run.meter, rows));
        }
        true
    }
}

impl Iterator for Parts {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        while self.ready.is_empty() {
            if !self.advance() {
                return None;
            }
        }
        self.ready.pop_front()
    }
}

/// The parts of one meter and day, in order of series.
pub(super) fn parts_of(arena: &Arena, day: i32, meter: u32, mut rows: Vec<Row>) -> Vec<Part> {
    let by_series = |left: &Row, right: &Row| left.series == right.series;
    if !rows.iter().is_sorted_by_key(|row| row.series) {
        rows.sort_by_key(|row| row.series);
    }
    let mut parts: Vec<Part> = rows
        .chunk_by(by_series)
        .filter_map(|rows| {
            let series: SeriesIndex = rows.first()?.series;
            // the chain has the newest first, so turned round it mostly is in order of time
            let mut entries = rows.iter().rev().map(Row::entry).collect();
            block::canonical(&mut entries);
            let key = BlockKey {
                day,
                meter,
                series: arena.series(series)?,
            };
            Some(Part { key, entries })
        })
        .collect();
    parts.sort_by(|left, right| left.key.cmp(&right.key)); // registers are numbered as they came
    parts
}

/// Adds the runs of one meter, and says how far its readings reach.
fn survey(arena: &Arena, meter: u32, runs: &mut Vec<Run>) -> Option<Reach> {
    let mut reach = Reach {
        meter,
        range_ms: 0..0,
    };
    let mut open: Option<Run> = None;
    for (first, row) in arena.chain(arena.head(meter)?) {
        let day = row.day();
        match &mut open {
            Some(run) if run.day == day => run.rows += 1,
            _ => runs.extend(open.replace(Run {
                day,
                meter,
                first,
                rows: 1,
            })),
        }
        reach = reach.with(&row);
    }
    runs.extend(open);
    Some(reach)
}

#[cfg(test)]
mod tests;
