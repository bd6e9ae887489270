//! Readings that were consumed and are in no block yet: sixteen bytes each, chained by meter.
//!
//! Adding one allocates nothing (but a chunk now and then) and searches nothing. What many readings share (series, interval, quality,
//! revision, time received) stands once in a table of shapes; what does not fit 32 bits stands in a table of wide ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Channel, Content, MeasuredQuantity, Quality, Series};

use crate::block::{DAY_MS, Entry};

/// Readings of one chunk: 64 KiB.
const CHUNK: usize = 1 << 12;
/// No reading.
const NONE: u32 = u32::MAX;
/// Set in a slot's shape: start and value stand in the table of wide ones.
const WIDE: u32 = 1 << 31;
/// How many of the newest shapes are compared before a new one is made.
const RECENT_SHAPES: usize = 8;
/// Series below are interval channels and telemetry, the rest registers.
const FIRST_REGISTER: u32 = 16;
/// What a register's name takes, twice, with its places.
const REGISTER_BYTES: usize = 256;
/// Telemetry comes after the interval channels.
const FIRST_TELEMETRY: u32 = 4;

/// A series by its number within one arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeriesIndex(u32);

impl SeriesIndex {
    pub(super) const fn interval(channel: Channel) -> Self {
        Self(channel.code())
    }

    pub(super) const fn telemetry(quantity: MeasuredQuantity) -> Self {
        Self(FIRST_TELEMETRY + quantity.code())
    }

    pub(super) const fn is_telemetry(self) -> bool {
        self.0 >= FIRST_TELEMETRY && self.0 < FIRST_REGISTER
    }
}

/// What readings share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub series: SeriesIndex,
    pub interval_seconds: u32,
    pub quality: Quality,
    pub revision: u32,
    pub received_s: u32,
}

/// One reading.
#[derive(Debug, Clone, Copy)]
struct Slot {
    start: u32,
    value: i32,
    shape: u32,
    next: u32,
}

/// A reading as it comes out again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub series: SeriesIndex,
    pub start_ms: i64,
    pub received_s: u32,
    pub content: Content,
}

impl Row {
    /// The UTC day of its start, in days since 1970.
    pub(super) fn day(&self) -> i32 {
        day_of(self.start_ms)
    }

    /// As it stands in its day's block.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            offset_ms: u32::try_from(self.start_ms.rem_euclid(DAY_MS)).unwrap_or_default(),
            received_s: self.received_s,
            content: self.content,
        }
    }
}

/// The UTC day of an instant; instants beyond any calendar fall on the first or last day.
pub(crate) fn day_of(ms: i64) -> i32 {
    i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(if ms < 0 { i32::MIN } else { i32::MAX })
}

/// Chunks that can be used again, so that memory once needed is not asked for again and again.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<Slot>>>>);

impl Pool {
    fn take(&self) -> Vec<Slot> {
        let recycled = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        recycled.unwrap_or_else(|| Vec::with_capacity(CHUNK))
    }
}

/// The readings of one shard between two checkpoints.
#[derive(Debug)]
pub(super) struct Arena {
    pool: Pool,
    chunks: Vec<Vec<Slot>>,
    len: u32,
    heads: Vec<u32>,
    shapes: Vec<Shape>,
    wide: Vec<(i64, i64)>,
    registers: Vec<Series>,
    register_numbers: HashMap<Series, u32>,
}

impl Arena {
    pub(super) fn new(pool: Pool) -> Self {
        Self {
            pool,
            chunks: Vec::new(),
            len: 0,
            heads: Vec::new(),
            shapes: Vec::new(),
            wide: Vec::new(),
            registers: Vec::new(),
            register_numbers: HashMap::new(),
        }
    }

    /// How many readings; a mark for [`Self::rows`].
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// What its readings take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<Slot>()
            + self.shapes.len() * size_of::<Shape>()
            + self.wide.len() * size_of::<(i64, i64)>()
            + self.registers.len() * REGISTER_BYTES
    }

    /// Meters below this may have readings here.
    pub(super) fn meters(&self) -> u32 {
        u32::try_from(self.heads.len()).unwrap_or(NONE)
    }

    /// Makes room for meters below `meters`.
    pub(super) fn cover(&mut self, meters: u32) {
        let meters = usize::try_from(meters).unwrap_or_default();
        if self.heads.len() < meters {
            self.heads.resize(meters, NONE);
        }
    }

    /// The number of a register in this arena. Allocates: once per batch and name, not per reading.
    pub(super) fn register(&mut self, channel: Channel, name: &str) -> SeriesIndex {
        let register = Series::Register(channel, name.into());
        let next = FIRST_REGISTER + u32::try_from(self.registers.len()).unwrap_or_default();
        let number = *self.register_numbers.entry(register.clone()).or_insert(next);
        if number == next {
            self.registers.push(register);
        }
        SeriesIndex(number)
    }

    /// The series with this number.
    pub(super) fn series(&self, index: SeriesIndex) -> Option<Series> {
        let SeriesIndex(number) = index;
        if let Some(register) = number.checked_sub(FIRST_REGISTER) {
            return self.registers.get(usize::try_from(register).ok()?).cloned();
        }
        let telemetry =
            || MeasuredQuantity::from_code(number.checked_sub(FIRST_TELEMETRY)?).map(Series::Telemetry);
        Channel::from_code(number)
            .map(Series::Interval)
            .or_else(telemetry)
    }

    /// The number of a series, if it can have readings here.
    pub(super) fn index_of(&self, series: &Series) -> Option<SeriesIndex> {
        match series {
            Series::Interval(channel) => Some(SeriesIndex::interval(*channel)),
            Series::Telemetry(quantity) => Some(SeriesIndex::telemetry(*quantity)),
            Series::Register(..) => self.register_numbers.get(series).copied().map(SeriesIndex),
        }
    }

    /// Adds a reading of a meter below [`Self::meters`].
    #[inline]
    pub(super) fn push(&mut self, meter: u32, shape: Shape, start_ms: i64, value: i64) {
        let mut slot = Slot {
            start: 0,
            value: 0,
            shape: self.shape(shape),
            next: NONE,
        };
        match (narrow_start(start_ms), i32::try_from(value)) {
            (Some(start), Ok(value)) => (slot.start, slot.value) = (start, value),
            _ => {
                slot.start = u32::try_from(self.wide.len()).unwrap_or(NONE);
                slot.shape |= WIDE;
                self.wide.push((start_ms, value));
            }
        }
        let Some(head) = usize::try_from(meter)
            .ok()
            .and_then(|meter| self.heads.get_mut(meter))
        else {
            return;
        };
        slot.next = std::mem::replace(head, self.len);
        self.len += 1;
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(slot),
            _ => {
                let mut chunk = self.pool.take();
                chunk.push(slot);
                self.chunks.push(chunk);
            }
        }
    }

    #[inline]
    fn shape(&mut self, shape: Shape) -> u32 {
        let recent = self.shapes.len().saturating_sub(RECENT_SHAPES);
        let known = self.shapes.get(recent..).unwrap_or_default();
        let index = if let Some(found) = known.iter().rposition(|known| *known == shape) {
            recent + found
        } else {
            self.shapes.push(shape);
            self.shapes.len() - 1
        };
        u32::try_from(index).unwrap_or_default()
    }

    /// The readings of a meter among the first `below` that were added, the newest first.
    pub(super) fn rows(&self, meter: u32, below: u32) -> impl Iterator<Item = Row> {
        self.chain(self.head(meter).unwrap_or(NONE))
            .filter(move |(index, _)| *index < below)
            .map(|(_, row)| row)
    }

    /// The newest reading of a meter.
    pub(super) fn head(&self, meter: u32) -> Option<u32> {
        let head = self.heads.get(usize::try_from(meter).ok()?)?;
        (*head != NONE).then_some(*head)
    }

    /// A reading and those of its meter before it, with their numbers.
    pub(super) fn chain(&self, first: u32) -> impl Iterator<Item = (u32, Row)> {
        let mut next = first;
        std::iter::from_fn(move || {
            let index = next;
            let slot = self.slot(index)?;
            next = slot.next;
            Some((index, self.row(slot)?))
        })
    }

    /// Whether any reading is telemetry.
    pub(super) fn has_telemetry(&self) -> bool {
        self.shapes.iter().any(|shape| shape.series.is_telemetry())
    }

    fn slot(&self, index: u32) -> Option<Slot> {
        let index = usize::try_from(index).ok()?;
        self.chunks.get(index / CHUNK)?.get(index % CHUNK).copied()
    }

    fn row(&self, slot: Slot) -> Option<Row> {
        let shape = self.shapes.get(usize::try_from(slot.shape & !WIDE).ok()?)?;
        let (start_ms, value) = if slot.shape & WIDE == 0 {
            (i64::from(slot.start) * 1000, i64::from(slot.value))
        } else {
            *self.wide.get(usize::try_from(slot.start).ok()?)?
        };
        Some(Row {
            series: shape.series,
            start_ms,
            received_s: shape.received_s,
            content: Content {
                value,
                interval_seconds: shape.interval_seconds,
                quality: shape.quality,
                revision: shape.revision,
            },
        })
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let mut free = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        for mut chunk in self.chunks.drain(..) {
            chunk.clear();
            free.push(chunk);
        }
    }
}

/// Whole seconds from 1970 to 2106.
fn narrow_start(start_ms: i64) -> Option<u32> {
    if start_ms % 1000 == 0 {
        u32::try_from(start_ms / 1000).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
