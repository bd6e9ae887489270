//! How the values of a day are written: per group, with what repeats written once. A 15-minute fleet needs 2 to 4 bytes per group
//! and quarter of an hour this way.

use proto::billing::{Group, GroupMinutes};

/// A day.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CompactDay {
    /// [`crate::store::SCHEMA`].
    #[prost(uint32, tag = "1")]
    pub(super) schema: u32,
    #[prost(message, repeated, tag = "2")]
    pub(super) groups: Vec<CompactGroup>,
}

/// The minutes of a group. `import` has an entry per minute.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CompactGroup {
    #[prost(message, optional, tag = "1")]
    group: Option<Group>,
    #[prost(uint32, tag = "2")]
    first_minute: u32,
    /// From each minute to the next; one entry when all are the same.
    #[prost(uint32, repeated, tag = "3")]
    step: Vec<u32>,
    /// Energies are divided by ten to the power of this.
    #[prost(uint32, tag = "4")]
    places: u32,
    #[prost(int64, repeated, tag = "5")]
    import: Vec<i64>,
    /// One entry when all are the same.
    #[prost(int64, repeated, tag = "6")]
    export: Vec<i64>,
    /// One entry when all are the same.
    #[prost(uint32, repeated, tag = "7")]
    readings: Vec<u32>,
}

/// More zeros are not looked for: 10^6 milliwatt-hours are a kilowatt-hour.
const MAX_PLACES: u32 = 6;

impl CompactGroup {
    /// From columns of equal length, minutes ascending.
    pub(super) fn new(columns: GroupMinutes) -> Self {
        let minutes = &columns.minute;
        let steps = minutes.iter().skip(1).zip(minutes);
        let energies = || columns.import.iter().chain(&columns.export);
        let places = (1..=MAX_PLACES)
            .take_while(|places| energies().all(|energy| energy % 10_i64.pow(*places) == 0))
            .last()
            .unwrap_or_default();
        let unit = 10_i64.pow(places);
        let divided = |energies: &[i64]| energies.iter().map(|energy| energy / unit).collect::<Vec<_>>();
        Self {
            first_minute: minutes.first().copied().unwrap_or_default(),
            step: once(steps.map(|(next, minute)| next.saturating_sub(*minute)).collect()),
            places,
            import: divided(&columns.import),
            export: once(divided(&columns.export)),
            readings: once(columns.readings),
            group: columns.group,
        }
    }

    /// As it was; `None` when the columns do not fit together.
    pub(super) fn into_minutes(self) -> Option<GroupMinutes> {
        let rows = self.import.len();
        let unit = 10_i64.checked_pow(self.places)?;
        let times = |energies: Vec<i64>| -> Option<Vec<i64>> {
            energies
                .into_iter()
                .map(|energy| energy.checked_mul(unit))
                .collect()
        };
        let mut minute = Vec::with_capacity(rows);
        let mut last = self.first_minute;
        for step in each(self.step, rows.saturating_sub(1))? {
            minute.push(last);
            last = last.checked_add(step)?;
        }
        minute.extend((rows > 0).then_some(last));
        Some(GroupMinutes {
            group: self.group,
            minute,
            export: times(each(self.export, rows)?)?,
            import: times(self.import)?,
            readings: each(self.readings, rows)?,
        })
    }
}

/// One entry instead of many that are the same.
fn once<T: PartialEq>(mut column: Vec<T>) -> Vec<T> {
    if column.windows(2).all(|pair| pair.first() == pair.last()) {
        column.truncate(1);
    }
    column
}

/// An entry per row; `None` when there are neither as many nor one.
fn each<T: Copy>(mut column: Vec<T>, rows: usize) -> Option<Vec<T>> {
    if let [only] = column.as_slice() {
        column = vec![*only; rows];
    }
    (column.len() == rows).then_some(column)
}

#[cfg(test)]
mod tests;
