//! A calendar month of a load: its energy by period, and its highest powers.

use chrono::{Datelike, NaiveDate};

use crate::exact::Exact;
use crate::load::{Load, PER_KWH};
use crate::local::{DAY_MS, OffsetPiece};
use crate::statement::Register;

use super::record::Record;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;
/// Hours of a day.
const DAY_HOURS: i128 = 24;

/// A calendar month as a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first day.
    pub(crate) first: NaiveDate,
    /// The first day of the next.
    pub(crate) next: NaiveDate,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// The clock's offsets, in order.
    pub(crate) offsets: Vec<OffsetPiece>,
}

/// One interval of the month.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    pub(super) start_ms: i64,
    pub(super) length_ms: i64,
    pub(super) period: usize,
    /// 10^-9 kWh.
    pub(super) import: i64,
    pub(super) export: i64,
}

/// What was added up.
#[derive(Debug, Clone, Default)]
pub(super) struct Month {
    pub(super) slices: Vec<Slice>,
    /// Sums by period of energy, 10^-9 kWh.
    pub(super) import: Vec<i128>,
    pub(super) export: Vec<i128>,
    /// Whether the period has an interval in the month.
    pub(super) occurs: Vec<bool>,
    /// The highest power and the start of its interval.
    pub(super) peak: Peak,
    /// The same by period of demand; `None` where it does not occur.
    pub(super) peaks: Vec<Option<Peak>>,
}

/// A highest power, in 10^-9 kWh per day so that it is whole for every length of intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Peak {
    per_day: i128,
    pub(super) at_ms: i64,
}

impl Peak {
    pub(super) fn kw(self) -> Exact {
        Exact::ratio(self.per_day, i128::from(PER_KWH).saturating_mul(DAY_HOURS)).unwrap_or_default()
    }
}

impl Span {
    /// 0 = January.
    pub(super) fn month(&self) -> usize {
        usize::try_from(self.first.month0()).unwrap_or_default()
    }

    pub(crate) fn days(&self) -> i64 {
        self.next.signed_duration_since(self.first).num_days()
    }
}

impl Month {
    /// `import_alone`: export does not lower the demand.
    pub(super) fn of(span: &Span, load: &Load, record: &Record, import_alone: bool) -> Self {
        let tou = record.tou_demand.as_ref();
        let periods = record.energy.len().max(1);
        let range = load.range(span.start_ms, span.end_ms);
        let mut month = Self {
            import: vec![0; periods],
            export: vec![0; periods],
            occurs: vec![false; periods],
            peaks: vec![None; tou.map_or(0, |(structure, _)| structure.len())],
            slices: Vec::with_capacity(range.len()),
            ..Self::default()
        };
        let import = load.column(&Register::Import).unwrap_or_default();
        let export = load.column(&Register::Export).unwrap_or_default();
        let mut pieces = span.offsets.iter().peekable();
        let mut seen = false;
        for index in range {
            let (Some(start), Some(length)) = (load.starts.get(index), load.lengths_ms.get(index)) else {
                continue;
            };
            while pieces.next_if(|piece| piece.end_ms <= *start).is_some() {}
            let offset = pieces.peek().map_or(0, |piece| piece.offset_ms);
            let (hour, is_weekend) = clock(start.saturating_add(offset));
            let slice = Slice {
                start_ms: *start,
                length_ms: *length,
                period: record.energy_schedule.period(span.month(), is_weekend, hour),
                import: import.get(index).copied().unwrap_or_default(),
                export: export.get(index).copied().unwrap_or_default(),
            };
            let against = if import_alone { 0 } else { slice.export };
            let net = i128::from(slice.import).saturating_sub(against.into()).max(0);
            let per_day = net.saturating_mul(DAY_MS.checked_div(*length).unwrap_or(1).into());
            let peak = Peak {
                per_day,
                at_ms: *start,
            };
            if !seen || per_day > month.peak.per_day {
                month.peak = peak;
                seen = true;
            }
            if let Some((_, schedule)) = tou {
                let period = schedule.period(span.month(), is_weekend, hour);
                if let Some(best) = month.peaks.get_mut(period)
                    && best.is_none_or(|best| per_day > best.per_day)
                {
                    *best = Some(peak);
                }
            }
            month.add(slice);
        }
        month
    }

    fn add(&mut self, slice: Slice) {
        for (sums, value) in [(&mut self.import, slice.import), (&mut self.export, slice.export)] {
            if let Some(sum) = sums.get_mut(slice.period) {
                *sum = sum.saturating_add(value.into());
            }
        }
        if let Some(occurs) = self.occurs.get_mut(slice.period) {
            *occurs = true;
        }
        self.slices.push(slice);
    }
}

/// The hour and whether it is Saturday or Sunday, of milliseconds on a local clock.
fn clock(local_ms: i64) -> (usize, bool) {
    let day = local_ms.div_euclid(DAY_MS);
    let hour = local_ms.rem_euclid(DAY_MS).div_euclid(HOUR_MS);
    // 1970-01-01 was a Thursday: Monday is 0.
    let weekday = day.saturating_add(3).rem_euclid(7);
    (usize::try_from(hour).unwrap_or_default(), weekday >= 5)
}
