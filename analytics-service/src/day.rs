//! The windows of one minute of one UTC day and shard, by group, in memory.
//!
//! Readings cluster on few minutes (a 15-minute meter uses 96 of 1,440), so only minutes in which something began have a row; a row
//! has a cell per group. Neighbouring readings of a batch that came in order of time then stay within one row.

use proto::billing::GroupMinutes;

use crate::group::{GroupIndex, Groups};

/// Minutes of a UTC day.
pub const MINUTES: usize = 1440;
/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds of a UTC day.
pub const DAY_MS: i64 = 86_400_000;

/// The UTC day (since 1970-01-01) of a time in milliseconds; times beyond 32-bit days are beyond any calendar.
pub fn day_of(time_ms: i64) -> i32 {
    let day = time_ms.div_euclid(DAY_MS);
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

/// What began in one minute in one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// Milliwatt-hours.
    pub import: i64,
    /// Milliwatt-hours.
    pub export: i64,
    /// Intervals of both channels.
    pub readings: u32,
}

/// A sum beyond 64 bits of milliwatt-hours: 90 million times the largest reading there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow;

impl Cell {
    /// Adds `other`.
    ///
    /// # Errors
    /// [`Overflow`]; nothing was added.
    pub fn add(&mut self, other: Self) -> Result<(), Overflow> {
        let import = self.import.checked_add(other.import);
        let export = self.export.checked_add(other.export);
        let readings = self.readings.checked_add(other.readings);
        let (Some(import), Some(export), Some(readings)) = (import, export, readings) else {
            return Err(Overflow);
        };
        *self = Self {
            import,
            export,
            readings,
        };
        Ok(())
    }
}

/// No row: the minute has no readings.
const NO_ROW: u16 = u16::MAX;

/// One UTC day.
#[derive(Debug, Clone)]
pub struct Day {
    row_of_minute: Box<[u16]>,
    rows: Vec<Vec<Cell>>,
}

impl Default for Day {
    fn default() -> Self {
        Self {
            row_of_minute: vec![NO_ROW; MINUTES].into_boxed_slice(),
            rows: Vec::new(),
        }
    }
}

impl Day {
    /// Adds `cell` to `minute` (below [`MINUTES`]; others are not kept) of `group`.
    ///
    /// # Errors
    /// [`Overflow`]; nothing was added.
    #[inline]
    pub fn add(&mut self, minute: usize, group: GroupIndex, cell: Cell) -> Result<(), Overflow> {
        let index = self.row_of_minute.get(minute).copied().unwrap_or(NO_ROW);
        let group = usize::from(group);
        if let Some(row) = self.rows.get_mut(usize::from(index))
            && let Some(there) = row.get_mut(group)
        {
            return there.add(cell);
        }
        self.make_room(minute, group)
            .map_or(Ok(()), |there| there.add(cell))
    }

    /// The cell of `minute` and `group`, which was not there before.
    #[cold]
    fn make_room(&mut self, minute: usize, group: usize) -> Option<&mut Cell> {
        let index = self.row_of_minute.get_mut(minute)?;
        if *index == NO_ROW {
            *index = u16::try_from(self.rows.len()).ok()?;
            // as wide as the row before: a day's minutes tend to have the same groups
            let width = self.rows.last().map_or(0, Vec::len);
            self.rows.push(vec![Cell::default(); width]);
        }
        let row = self.rows.get_mut(usize::from(*index))?;
        if row.len() <= group {
            row.resize(group.saturating_add(1), Cell::default());
        }
        row.get_mut(group)
    }

    /// The cells that have readings as (minute, group, cell), minutes ascending.
    pub fn cells(&self) -> impl Iterator<Item = (usize, GroupIndex, Cell)> {
        (self.row_of_minute.iter().enumerate())
            .filter_map(|(minute, index)| Some((minute, self.rows.get(usize::from(*index))?)))
            .flat_map(|(minute, row)| {
                (0..GroupIndex::MAX)
                    .zip(row)
                    .filter(|(_, cell)| cell.readings > 0)
                    .map(move |(group, cell)| (minute, group, *cell))
            })
    }

    /// Bytes of memory, roughly.
    pub fn bytes(&self) -> usize {
        let cells: usize = self.rows.iter().map(Vec::capacity).sum();
        cells * size_of::<Cell>() + MINUTES * size_of::<u16>()
    }

    /// As the document has it: by group, then by minute.
    pub fn to_groups(&self, groups: &Groups) -> Vec<GroupMinutes> {
        let mut columns: Vec<GroupMinutes> = (groups.all().iter())
            .map(|group| GroupMinutes {
                group: Some(proto::billing::Group::clone(group)),
                ..GroupMinutes::default()
            })
            .collect();
        for (minute, group, cell) in self.cells() {
            if let Some(column) = columns.get_mut(usize::from(group)) {
                column.minute.push(u32::try_from(minute).unwrap_or_default());
                column.import.push(cell.import);
                column.export.push(cell.export);
                column.readings.push(cell.readings);
            }
        }
        columns.retain(|column| !column.minute.is_empty());
        columns
    }

    /// From what [`Self::to_groups`] or billing's fold says.
    ///
    /// # Errors
    /// [`Overflow`] when groups that count as one are too large together.
    pub fn from_groups(minutes: &[GroupMinutes], groups: &Groups) -> Result<Self, Overflow> {
        let mut day = Self::default();
        for column in minutes {
            let group = groups.number(&column.group.clone().unwrap_or_default());
            for (minute, cell) in cells_of(column) {
                day.add(minute, group, cell)?;
            }
        }
        Ok(day)
    }
}

/// The cells of one group's columns as (minute, cell).
pub fn cells_of(column: &GroupMinutes) -> impl Iterator<Item = (usize, Cell)> {
    let energy = column.import.iter().zip(&column.export);
    (column.minute.iter().zip(energy).zip(&column.readings)).map(|((minute, (import, export)), readings)| {
        let cell = Cell {
            import: *import,
            export: *export,
            readings: *readings,
        };
        (usize::try_from(*minute).unwrap_or(MINUTES), cell)
    })
}

#[cfg(test)]
mod tests;
