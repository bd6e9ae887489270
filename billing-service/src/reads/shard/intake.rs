//! How a batch comes in: the path that every reading takes. One lock and one look-up of ids per batch; nothing is allocated or searched
//! per reading.

use message_bus::Position;
use model::{Channel, MeasuredQuantity, Quality, is_valid_id, meter_hash, shard_of};
use proto::columns::{self, KIND_REGISTER, KIND_TELEMETRY};
use proto::meter::ReadingColumns;
use tokio::time::Instant;

use super::super::arena::{SeriesIndex, Shape, day_of};
use super::{Memory, Shard};

/// Kept from batch to batch, so that its memory is.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    meters: Vec<u32>,
    registers: Vec<[SeriesIndex; 3]>,
}

/// Why a batch cannot be kept; for the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No protobuf message.
    #[error("it is not a batch of readings: {0}")]
    Undecodable(String),
    /// Columns that contradict each other.
    #[error("{0}")]
    Columns(columns::Malformed),
    /// A text that is no id.
    #[error("its {0} are not all ids")]
    Ids(&'static str),
    /// A meter that belongs elsewhere: here it would never be found.
    #[error("meter {0} belongs to another shard")]
    Shard(String),
}

/// What the rows of a batch share.
struct Batch<'a> {
    columns: &'a ReadingColumns,
    received_s: u32,
    settled_before_ms: i64,
    position: Position,
}

impl Shard {
    /// Takes in a batch that stood at `position`; all of it or, with an error, nothing. Starts before `settled_before_ms` are looked at
    /// within seconds.
    pub(crate) fn apply(
        &self,
        columns: &ReadingColumns,
        position: Position,
        settled_before_ms: i64,
    ) -> Result<usize, Unreadable> {
        columns.check().map_err(Unreadable::Columns)?;
        let mut memory = self.lock();
        let mut scratch = std::mem::take(&mut memory.scratch);
        let outcome = memory.resolve(columns, &mut scratch);
        if outcome.is_ok() {
            let batch = Batch {
                columns,
                received_s: u32::try_from(columns.received_ms.div_euclid(1000).max(0)).unwrap_or(u32::MAX),
                settled_before_ms,
                position,
            };
            memory.add_rows(&batch, &scratch);
            memory.add_telemetry(&batch, &scratch);
            memory.reach(position);
        }
        memory.scratch = scratch;
        self.measure(&memory);
        outcome.map(|()| columns.rows())
    }

    /// What stood at `position` needs nothing (more) from here.
    pub(crate) fn skip(&self, position: Position) {
        self.lock().reach(position);
    }
}

impl Memory {
    fn reach(&mut self, position: Position) {
        self.position = self.position.max(position);
        self.taken_in += 1;
        let now = Instant::now();
        self.since.get_or_insert(now);
        self.unensured.get_or_insert(now);
    }

    /// Turns the names of a batch into numbers. New meters are added only when every name is good.
    fn resolve(&mut self, columns: &ReadingColumns, scratch: &mut Scratch) -> Result<(), Unreadable> {
        if !columns.register_names().all(is_valid_id) {
            return Err(Unreadable::Ids("registers"));
        }
        scratch.meters.clear();
        let mut unknown = 0;
        let mut last = None;
        for id in columns.meter_ids() {
            let found = self.meters.find_after(last, id);
            if found.is_none() {
                unknown += 1;
                self.check_meter(id)?;
            }
            last = found.or(last);
            scratch.meters.push(found.unwrap_or(u32::MAX));
        }
        if unknown > 0 {
            self.add_meters(columns, scratch);
        }
        let arena = &mut self.pending;
        arena.cover(self.meters.len());
        scratch.registers.clear();
        for name in columns.register_names() {
            let of = |channel| arena.register(channel, name);
            scratch
                .registers
                .push([Channel::Import, Channel::Export, Channel::Reactive].map(of));
        }
        Ok(())
    }

    /// Whether a new meter may be kept here.
    fn check_meter(&self, id: &str) -> Result<(), Unreadable> {
        if !is_valid_id(id) {
            return Err(Unreadable::Ids("meters"));
        }
        if shard_of(meter_hash(id), self.shards) != self.shard {
            return Err(Unreadable::Shard(id.to_owned()));
        }
        Ok(())
    }

    fn add_meters(&mut self, columns: &ReadingColumns, scratch: &mut Scratch) {
        for (meter, id) in scratch.meters.iter_mut().zip(columns.meter_ids()) {
            if *meter == u32::MAX {
                let (hash, found) = self.meters.find(id); // a batch may name a meter twice
                *meter = found.unwrap_or_else(|| self.meters.insert(id, hash));
                self.prompt(*meter);
            }
        }
        self.cover_meters();
    }

    fn add_rows(&mut self, batch: &Batch<'_>, scratch: &Scratch) {
        let columns = batch.columns;
        let mut noted = None;
        for index in 0..columns.rows() {
            let row = columns.row(index);
            let Some(meter) = at(&scratch.meters, row.meter) else {
                continue;
            };
            if row.start_ms < batch.settled_before_ms {
                self.prompt(meter);
            }
            if row.kind == KIND_TELEMETRY {
                continue;
            }
            let Some(series) = series_of(&row, scratch) else {
                continue;
            };
            let shape = shape_of(&row, series, batch.received_s);
            self.pending.push(meter, shape, row.start_ms, row.value);
            let day = day_of(row.start_ms);
            if noted != Some(day) {
                noted = Some(day);
                self.note_day(day, batch.position);
            }
            self.note_latest(meter, day);
        }
        for repeat in &columns.supposed_repeat {
            let row = columns.row(usize::try_from(*repeat).unwrap_or(usize::MAX));
            if let Some(meter) = at(&scratch.meters, row.meter) {
                self.prompt(meter);
            }
        }
    }

    fn add_telemetry(&mut self, batch: &Batch<'_>, scratch: &Scratch) {
        for (of_row, quantity, value) in batch.columns.telemetry() {
            let row = batch.columns.row(usize::try_from(of_row).unwrap_or(usize::MAX));
            let (Some(meter), Some(quantity)) = (
                at(&scratch.meters, row.meter),
                MeasuredQuantity::from_code(quantity),
            ) else {
                continue;
            };
            let shape = shape_of(&row, SeriesIndex::telemetry(quantity), batch.received_s);
            self.pending.push(meter, shape, row.start_ms, value);
            let day = day_of(row.start_ms);
            let (first, last) = self.days.unwrap_or((day, day));
            self.days = Some((first.min(day), last.max(day)));
        }
    }

    fn note_day(&mut self, day: i32, position: Position) {
        self.changed_days.insert(day, position);
        let (first, last) = self.days.unwrap_or((day, day));
        self.days = Some((first.min(day), last.max(day)));
    }
}

fn at(meters: &[u32], index: u32) -> Option<u32> {
    meters.get(usize::try_from(index).ok()?).copied()
}

fn series_of(row: &columns::Row, scratch: &Scratch) -> Option<SeriesIndex> {
    let channel = Channel::from_code(row.channel)?;
    if row.kind != KIND_REGISTER {
        return Some(SeriesIndex::interval(channel));
    }
    let channels = scratch.registers.get(usize::try_from(row.register).ok()?)?;
    let [import, export, reactive] = *channels;
    Some(match channel {
        Channel::Import => import,
        Channel::Export => export,
        Channel::Reactive => reactive,
    })
}

fn shape_of(row: &columns::Row, series: SeriesIndex, received_s: u32) -> Shape {
    Shape {
        series,
        interval_seconds: row.interval_seconds,
        quality: Quality::from_code(row.quality).unwrap_or(Quality::Actual),
        revision: row.revision,
        received_s,
    }
}
