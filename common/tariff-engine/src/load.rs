//! What was measured: intervals in order of time, each register a column of its own, so that a pass reads only what it needs.

mod csv;

use std::ops::Range;

use model::Energy;

use crate::RatingError;
use crate::exact::Exact;
use crate::statement::Register;
pub use csv::Rows;
pub(crate) use csv::as_wide;

/// Units of a kilowatt-hour here: 10^-9 kWh (kvarh for reactive energy), so that estimates of a few places more are whole, too.
pub(crate) const PER_KWH: i64 = 1_000_000_000;
/// 10^-9 kWh per milliwatt-hour.
const PER_MILLIWATT_HOUR: i64 = 1000;
/// Milliseconds of a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// The energy of one interval. It belongs to the local date, clock and band of its start (`RATING` 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Its start, milliseconds since 1970 UTC.
    pub start_ms: i64,
    /// Its length.
    pub minutes: u32,
    /// Delivered to the customer.
    pub import: Energy,
    /// Received from the customer; positive.
    pub export: Energy,
}

/// Intervals in order of their starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Load {
    pub(crate) starts: Vec<i64>,
    pub(crate) lengths_ms: Vec<i64>,
    /// Whether the value was estimated (`RATING` 3.15); such intervals set no demand.
    pub(crate) estimated: Vec<bool>,
    /// In 10^-9 kWh.
    pub(crate) columns: Vec<(Register, Vec<i64>)>,
}

impl Load {
    /// From intervals in any order; that every start comes once is the caller's care.
    ///
    /// # Errors
    /// [`RatingError::Overflow`] if an interval holds more than 9 billion kWh.
    pub fn from_intervals(intervals: &[Interval]) -> Result<Self, RatingError> {
        if intervals.is_sorted_by_key(|interval| interval.start_ms) {
            return Self::in_order(intervals.iter());
        }
        let mut order: Vec<&Interval> = intervals.iter().collect();
        order.sort_by_key(|interval| interval.start_ms);
        Self::in_order(order.into_iter())
    }

    fn in_order<'a>(
        intervals: impl ExactSizeIterator<Item = &'a Interval> + Clone,
    ) -> Result<Self, RatingError> {
        let column = |energy: fn(&Interval) -> Energy| {
            let mut column = Vec::with_capacity(intervals.len()); // unknown to `collect` where it may fail
            for interval in intervals.clone() {
                let units = energy(interval)
                    .as_milliwatt_hours()
                    .checked_mul(PER_MILLIWATT_HOUR);
                column.push(units.ok_or(RatingError::Overflow)?);
            }
            Ok(column)
        };
        let length_ms = |interval: &Interval| i64::from(interval.minutes).saturating_mul(MINUTE_MS);
        Ok(Self {
            columns: vec![
                (Register::Import, column(|interval| interval.import)?),
                (Register::Export, column(|interval| interval.export)?),
            ],
            starts: intervals.clone().map(|interval| interval.start_ms).collect(),
            lengths_ms: intervals.clone().map(length_ms).collect(),
            estimated: vec![false; intervals.len()],
        })
    }

    /// The intervals that start in `start_ms..end_ms`.
    pub(crate) fn range(&self, start_ms: i64, end_ms: i64) -> Range<usize> {
        let before = |instant: i64| self.starts.partition_point(|start| *start < instant);
        before(start_ms)..before(end_ms)
    }

    /// The values of a register; `None` where the load has none of it.
    pub(crate) fn column(&self, register: &Register) -> Option<&[i64]> {
        let (_, values) = self.columns.iter().find(|(name, _)| name == register)?;
        Some(values)
    }

    /// Whether the load has such a register.
    #[must_use]
    pub fn has(&self, register: &Register) -> bool {
        self.column(register).is_some()
    }

    /// The first and the last instant that it covers; `None` if it is empty.
    #[must_use]
    pub fn span(&self) -> Option<(i64, i64)> {
        let end = self.starts.last()?.checked_add(*self.lengths_ms.last()?)?;
        Some((*self.starts.first()?, end))
    }

    /// The first instant in `start_ms..end_ms` that no interval covers, or that two do. What an interval that started earlier would
    /// cover may be missing: it belongs to what is before (`RATING` 1.3).
    #[must_use]
    pub fn first_fault(&self, start_ms: i64, end_ms: i64) -> Option<Fault> {
        let range = self.range(start_ms, end_ms);
        let before = range.start.checked_sub(1).and_then(|index| self.end(index));
        let mut next = before.map_or(start_ms, |end| end.max(start_ms));
        if before.is_none_or(|end| end < start_ms)
            && let Some(first) = self.starts.get(range.start).filter(|_| !range.is_empty())
            && first.checked_sub(*self.lengths_ms.get(range.start)?)? < start_ms
        {
            next = *first;
        }
        for index in range {
            let start = *self.starts.get(index)?;
            match start.cmp(&next) {
                std::cmp::Ordering::Greater => return Some(Fault::Missing(next)),
                std::cmp::Ordering::Less => return Some(Fault::Twice(start)),
                std::cmp::Ordering::Equal => next = self.end(index)?,
            }
        }
        (next < end_ms).then_some(Fault::Missing(next))
    }

    /// Where an interval ends.
    pub(crate) fn end(&self, index: usize) -> Option<i64> {
        self.starts.get(index)?.checked_add(*self.lengths_ms.get(index)?)
    }
}

/// What keeps a load from covering a stretch of time exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No interval covers this instant.
    Missing(i64),
    /// Two intervals cover this instant.
    Twice(i64),
}

/// 10^-9 kWh as kWh.
pub(crate) fn kwh(units: i128) -> Exact {
    Exact::ratio(units, i128::from(PER_KWH)).unwrap_or(Exact::ZERO)
}

/// A decimal number of kWh as whole 10^-9 kWh; `None` if it has more places or digits.
pub(crate) fn units(kwh: &Exact) -> Option<i64> {
    let units = kwh.times(Exact::whole(PER_KWH.into()));
    units.to_whole().and_then(|units| i64::try_from(units).ok())
}
