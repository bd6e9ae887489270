//! The way of a batch into the days in memory: no allocation, no lock and at most one look-up per reading.

use message_bus::Position;
use model::Stay;
use proto::columns::{KIND_INTERVAL, Malformed};
use proto::meter::ReadingColumns;

use super::{Entry, Moment, Received, Shard};
use crate::day::{Cell, DAY_MS, Day, MINUTE_MS, day_of};
use crate::group::{GroupIndex, UNKNOWN};
use crate::meters::Meters;

/// Channel import on the wire.
const IMPORT: u32 = 1;
/// Channel export on the wire.
const EXPORT: u32 = 2;

/// Reused from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Hash of the ids of the batch's meters, in order of its dictionary.
    hash: Vec<u64>,
    /// Where they were at the reading looked at last: neighbours of a batch are mostly of one stay.
    stay: Vec<Stay<GroupIndex>>,
    /// A bit per row that is supposed to be a repeat; empty when none is.
    repeats: Vec<u64>,
}

impl Shard {
    /// Adds the message at `position`. A message that was dealt with before changes nothing.
    ///
    /// # Errors
    /// [`Malformed`]: nothing was added; the caller reports it as missed.
    pub fn apply(
        &mut self,
        position: Position,
        columns: &ReadingColumns,
        now: Moment,
    ) -> Result<(), Malformed> {
        if position <= self.consumed {
            return Ok(());
        }
        columns.check()?;
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut meters = std::mem::take(&mut self.meters);
        scratch.take_meters(columns, &mut meters);
        scratch.take_repeats(columns);
        let mut batch = Batch {
            columns,
            scratch: &mut scratch,
            meters: &meters,
            position,
            now,
        };
        let mut row = 0;
        while row < columns.rows() {
            row = self.apply_day(&mut batch, row);
        }
        self.scratch = scratch;
        self.meters = meters;
        self.received_readings += columns.rows() as u64;
        self.unsaved_readings += columns.rows() as u64;
        self.consumed = position;
        self.last_message = now.since_start;
        self.moved = true;
        Ok(())
    }

    /// Adds rows from `row` on that begin on its day; says where the next day begins.
    fn apply_day(&mut self, batch: &mut Batch<'_>, row: usize) -> usize {
        let Some((first, day)) = next_energy(batch.columns, row) else {
            return batch.columns.rows();
        };
        let fits = self.days.contains_key(&day) || self.has_room();
        let entry = self.days.entry(day).or_insert_with(|| Entry {
            values: fits.then(Day::default),
            ..Entry::default()
        });
        self.unsettled.insert(day);
        batch.add(entry, &mut self.received, first, day)
    }

    /// Whether another day may have its values in memory.
    pub(super) fn has_room(&self) -> bool {
        let resident: usize = self
            .days
            .values()
            .filter_map(|entry| Some(entry.values.as_ref()?.bytes()))
            .sum();
        resident < self.policy.resident_bytes
    }
}

impl Scratch {
    fn take_meters(&mut self, columns: &ReadingColumns, meters: &mut Meters) {
        let first_ms = next_energy(columns, 0).map_or(0, |(row, _)| columns.row(row).start_ms);
        self.hash.clear();
        self.hash.extend(columns.meter_ids().map(model::meter_hash));
        self.stay.clear();
        self.stay
            .extend(self.hash.iter().map(|hash| meters.hear(*hash, first_ms)));
    }

    /// The group of a meter of the dictionary at a time.
    #[inline]
    fn group(&mut self, meter: usize, time_ms: i64, meters: &Meters) -> GroupIndex {
        let Some(stay) = self.stay.get_mut(meter) else {
            return UNKNOWN;
        };
        if !stay.contains(time_ms)
            && let Some(hash) = self.hash.get(meter)
        {
            *stay = meters.stay(*hash, time_ms);
        }
        stay.place
    }

    fn take_repeats(&mut self, columns: &ReadingColumns) {
        self.repeats.clear();
        if columns.supposed_repeat.is_empty() {
            return;
        }
        self.repeats.resize(columns.rows().div_ceil(64), 0);
        for row in &columns.supposed_repeat {
            if let Some(word) = self.repeats.get_mut(*row as usize / 64) {
                *word |= 1 << (row % 64);
            }
        }
    }

    fn is_repeat(&self, row: usize) -> bool {
        self.repeats
            .get(row / 64)
            .is_some_and(|word| word >> (row % 64) & 1 == 1)
    }
}

/// A message on its way.
struct Batch<'a> {
    columns: &'a ReadingColumns,
    scratch: &'a mut Scratch,
    meters: &'a Meters,
    position: Position,
    now: Moment,
}

/// The first row at or after `row` that has energy, and its day.
fn next_energy(columns: &ReadingColumns, row: usize) -> Option<(usize, i32)> {
    (row..columns.rows()).find_map(|row| {
        let reading = columns.row(row);
        (reading.kind == KIND_INTERVAL && reading.channel <= EXPORT).then(|| (row, day_of(reading.start_ms)))
    })
}

impl Batch<'_> {
    /// Adds rows from `first` on to `entry` as long as they are of `day`; says where they end.
    fn add(&mut self, entry: &mut Entry, received: &mut Vec<Received>, first: usize, day: i32) -> usize {
        let counted = self.position <= entry.position;
        let day_start = i64::from(day) * DAY_MS;
        let mut known_wrong = entry.values.is_none() || day < self.now.first_open_day;
        let mut row = first;
        while row < self.columns.rows() {
            let reading = self.columns.row(row);
            let into_day = reading.start_ms - day_start;
            if !(0..DAY_MS).contains(&into_day) {
                break;
            }
            let at = row;
            row += 1;
            if reading.kind != KIND_INTERVAL || reading.channel > EXPORT {
                continue;
            }
            if self.scratch.is_repeat(at) || reading.revision > 0 {
                known_wrong = true; // it may replace a value that is in, or be one
                continue;
            }
            let meter = reading.meter as usize;
            let group = self.scratch.group(meter, reading.start_ms, self.meters);
            let cell = energy(reading.channel, reading.value);
            count(received, group, cell);
            if let Some(values) = entry.values.as_mut().filter(|_| !counted) {
                entry.has_unknown |= group == UNKNOWN;
                // `into_day` is below a day, so the minute fits
                known_wrong |= values.add((into_day / MINUTE_MS) as usize, group, cell).is_err();
            }
        }
        if !counted {
            self.mark(entry, known_wrong);
        }
        row
    }

    fn mark(&self, entry: &mut Entry, known_wrong: bool) {
        let now = self.now.since_start;
        entry.touched = now;
        if known_wrong {
            entry.mark_stale(now);
        } else {
            entry.mark_provisional(now);
        }
    }
}

#[inline]
fn energy(channel: u32, value: i64) -> Cell {
    let (import, export) = if channel == IMPORT { (value, 0) } else { (0, value) };
    Cell {
        import,
        export,
        readings: 1,
    }
}

#[inline]
fn count(received: &mut Vec<Received>, group: GroupIndex, cell: Cell) {
    let index = usize::from(group);
    if received.len() <= index {
        received.resize(index + 1, Received::default());
    }
    if let Some(sum) = received.get_mut(index) {
        sum.import = sum.import.saturating_add(cell.import);
        sum.export = sum.export.saturating_add(cell.export);
    }
}
