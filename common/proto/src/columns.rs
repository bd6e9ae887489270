//! Rows into and out of [`ReadingColumns`].
//!
//! A batch that came from outside is [checked](ReadingColumns::check) once; after that every index below `rows()` is good.

mod dictionary;

pub use dictionary::Dictionary;

use crate::meter::ReadingColumns;

/// The layout this code writes and understands.
pub const SCHEMA: u32 = 1;

/// Interval energy: `kind` of a row.
pub const KIND_INTERVAL: u32 = 1;
/// Register read: `kind` of a row.
pub const KIND_REGISTER: u32 = 2;
/// Telemetry alone: `kind` of a row.
pub const KIND_TELEMETRY: u32 = 3;

/// One row of a batch; the numbers of the .proto, defaults resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Index into the batch's meters.
    pub meter: u32,
    /// Start of the interval in milliseconds since 1970 UTC.
    pub start_ms: i64,
    /// [`KIND_INTERVAL`], [`KIND_REGISTER`] or [`KIND_TELEMETRY`].
    pub kind: u32,
    /// 1 import, 2 export, 3 reactive.
    pub channel: u32,
    /// Index into the batch's registers.
    pub register: u32,
    /// 10^-6 kWh (or kvarh).
    pub value: i64,
    /// As sent; 0 = the meter's configured length.
    pub interval_seconds: u32,
    /// 1 actual, 2 estimated, 3 edited, 4 questionable.
    pub quality: u32,
    /// 0 = the first value sent.
    pub revision: u32,
    /// The device's counter; 0 = none.
    pub sequence: u64,
}

/// Why a batch cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// A layout this code does not know.
    Schema(u32),
    /// A column has neither none, one nor `rows` entries.
    Length(&'static str),
    /// An entry points outside its dictionary, or is not one of the numbers it may be.
    Range(&'static str),
    /// A start that does not fit 64-bit milliseconds.
    Time,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Schema(found) => write!(f, "columns have schema {found}, not {SCHEMA}"),
            Self::Length(column) => write!(f, "column {column} has the wrong number of entries"),
            Self::Range(column) => write!(f, "column {column} has an entry out of range"),
            Self::Time => f.write_str("a start lies beyond any calendar"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Entry `row` of a column that may be empty (default 0) or constant (one entry).
fn at<T: Copy + Default>(column: &[T], row: usize) -> T {
    match column {
        [] => T::default(),
        [only] => *only,
        many => many.get(row).copied().unwrap_or_default(),
    }
}

/// As [`at`], where 0 stands for `default`.
fn at_or(column: &[u32], row: usize, default: u32) -> u32 {
    match at(column, row) {
        0 => default,
        value => value,
    }
}

impl ReadingColumns {
    /// How many readings.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.meter.len()
    }

    /// The dictionary of meter ids, in order of their index.
    pub fn meter_ids(&self) -> impl Iterator<Item = &str> {
        names(&self.meters)
    }

    /// The dictionary of register names, in order of their index.
    pub fn register_names(&self) -> impl Iterator<Item = &str> {
        names(&self.registers)
    }

    /// Row `row`; past the end a row of zeros.
    #[must_use]
    pub fn row(&self, row: usize) -> Row {
        Row {
            meter: self.meter.get(row).copied().unwrap_or_default(),
            start_ms: self.base_ms.saturating_add(at(&self.offset_ms, row)),
            kind: at_or(&self.kind, row, KIND_INTERVAL),
            channel: at_or(&self.channel, row, 1),
            register: at(&self.register, row),
            value: at(&self.value, row),
            interval_seconds: at(&self.interval_seconds, row),
            quality: at_or(&self.quality, row, 1),
            revision: at(&self.revision, row),
            sequence: at(&self.sequence, row),
        }
    }

    /// The measurements of telemetry as (row, kind, value), in order of row.
    pub fn telemetry(&self) -> impl Iterator<Item = (u32, u32, i64)> {
        (self
            .telemetry_row
            .iter()
            .zip(&self.telemetry_kind)
            .zip(&self.telemetry_value))
        .map(|((row, kind), value)| (*row, *kind, *value))
    }

    /// Whether every column has the right length and every entry is one that it may be. Ids are not parsed.
    ///
    /// # Errors
    /// [`Malformed`] names the first column that is wrong.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.schema != SCHEMA {
            return Err(Malformed::Schema(self.schema));
        }
        let rows = self.rows();
        let fits = |len: usize| len <= 1 || len == rows;
        let lengths = [
            ("offset_ms", self.offset_ms.len()),
            ("kind", self.kind.len()),
            ("channel", self.channel.len()),
            ("register", self.register.len()),
            ("value", self.value.len()),
            ("interval_seconds", self.interval_seconds.len()),
            ("quality", self.quality.len()),
            ("revision", self.revision.len()),
            ("sequence", self.sequence.len()),
        ];
        if let Some((column, _)) = lengths.into_iter().find(|(_, len)| !fits(*len)) {
            return Err(Malformed::Length(column));
        }
        self.check_ranges(rows)
    }

    fn check_ranges(&self, rows: usize) -> Result<(), Malformed> {
        let below = |column: &[u32], end: usize| column.iter().all(|entry| (*entry as usize) < end);
        if !below(&self.meter, names(&self.meters).count()) {
            return Err(Malformed::Range("meter"));
        }
        let registers = names(&self.registers).count();
        let reads_register = self.kind.contains(&KIND_REGISTER);
        if (reads_register && registers == 0) || !below(&self.register, registers.max(1)) {
            return Err(Malformed::Range("register"));
        }
        if !below(&self.kind, 4) {
            return Err(Malformed::Range("kind"));
        }
        if !below(&self.channel, 4) {
            return Err(Malformed::Range("channel"));
        }
        if !below(&self.quality, 5) {
            return Err(Malformed::Range("quality"));
        }
        if !self
            .offset_ms
            .iter()
            .all(|offset| self.base_ms.checked_add(*offset).is_some())
        {
            return Err(Malformed::Time);
        }
        let measured = self.telemetry_row.len();
        if self.telemetry_kind.len() != measured || self.telemetry_value.len() != measured {
            return Err(Malformed::Length("telemetry"));
        }
        let kinds = self.telemetry_kind.iter().all(|kind| (1..=6).contains(kind));
        if !below(&self.telemetry_row, rows) || !self.telemetry_row.is_sorted() || !kinds {
            return Err(Malformed::Range("telemetry"));
        }
        Ok(())
    }

    /// Adds `row`. All rows of a batch must come by this call, and none after [`Self::squeeze`]. A column stays empty as long as every
    /// row has its default.
    pub fn push(&mut self, row: &Row) {
        let at = self.meter.len();
        if at == 0 {
            self.schema = SCHEMA;
            self.base_ms = row.start_ms;
        }
        self.meter.push(row.meter);
        put(
            &mut self.offset_ms,
            at,
            row.start_ms.wrapping_sub(self.base_ms),
            0,
        );
        put(&mut self.kind, at, row.kind, KIND_INTERVAL);
        put(&mut self.channel, at, row.channel, 1);
        put(&mut self.register, at, row.register, 0);
        put(&mut self.value, at, row.value, 0);
        put(&mut self.interval_seconds, at, row.interval_seconds, 0);
        put(&mut self.quality, at, row.quality, 1);
        put(&mut self.revision, at, row.revision, 0);
        put(&mut self.sequence, at, row.sequence, 0);
    }

    /// Adds a measurement to the row pushed last.
    pub fn push_telemetry(&mut self, kind: u32, value: i64) {
        self.telemetry_row
            .push(u32::try_from(self.rows().saturating_sub(1)).unwrap_or(u32::MAX));
        self.telemetry_kind.push(kind);
        self.telemetry_value.push(value);
    }

    /// Adds `id` to the dictionary of meters. The caller counts: the n-th id added has index n, and each id comes once.
    pub fn push_meter_id(&mut self, id: &str) {
        push_name(&mut self.meters, id);
    }

    /// Adds `name` to the dictionary of registers, as [`Self::push_meter_id`].
    pub fn push_register_name(&mut self, name: &str) {
        push_name(&mut self.registers, name);
    }

    /// Replaces columns whose entries are all the same by one entry, or by none where that is 0.
    pub fn squeeze(&mut self) {
        squeeze(&mut self.offset_ms);
        squeeze(&mut self.kind);
        squeeze(&mut self.channel);
        squeeze(&mut self.register);
        squeeze(&mut self.value);
        squeeze(&mut self.interval_seconds);
        squeeze(&mut self.quality);
        squeeze(&mut self.revision);
        squeeze(&mut self.sequence);
    }
}

/// The entries of a dictionary of names joined by newlines; names are never empty.
fn names(joined: &str) -> impl Iterator<Item = &str> {
    joined.split_terminator('\n')
}

fn push_name(joined: &mut String, name: &str) {
    if !joined.is_empty() {
        joined.push('\n');
    }
    joined.push_str(name);
}

/// Adds the entry of row `at` to a column that is empty while every row has what an empty column means.
fn put<T: Copy + Default + PartialEq>(column: &mut Vec<T>, at: usize, entry: T, meaning: T) {
    if column.is_empty() {
        if entry == meaning || entry == T::default() {
            return;
        }
        column.resize(at, T::default());
    }
    column.push(entry);
}

fn squeeze<T: Copy + Default + PartialEq>(column: &mut Vec<T>) {
    let Some(first) = column.first().copied() else {
        return;
    };
    if column.iter().all(|entry| *entry == first) {
        column.truncate(usize::from(first != T::default()));
    }
}

#[cfg(test)]
mod tests;
