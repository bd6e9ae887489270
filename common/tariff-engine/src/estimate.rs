//! Values for intervals that are missing (`RATING` 3.15).

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;

use crate::event::Calendar;
use crate::exact::Exact;
use crate::load::{Load, MINUTE_MS, kwh, units};
use crate::local;
use crate::reader::{At, Problems};
use crate::rounding::{MAX_PLACES, Mode};

/// The longest interval and the longest gap that is bridged, in minutes.
const MAX_MINUTES: u32 = 1440;
/// The most intervals of a gap: two years of minutes.
const MAX_INTERVALS: i64 = 1_051_200;
/// The furthest that like days are searched.
const MAX_DAYS: u32 = 3660;

/// How missing intervals are estimated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Estimation {
    interval_ms: i64,
    linear_max_ms: i64,
    like_days: usize,
    search_days: u32,
    places: u32,
}

/// A run of missing intervals and what it was filled by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Its first interval.
    pub(crate) start_ms: i64,
    /// How many.
    pub(crate) intervals: usize,
    /// `linear` or `like_day`.
    pub(crate) method: &'static str,
}

/// Whose clock and holidays count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clockwork<'a> {
    pub(crate) zone: Tz,
    pub(crate) calendar: &'a Calendar,
}

impl Estimation {
    pub(crate) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let path = fields.path.clone();
        let mut count = |key, max, problems: &mut Problems| fields.need(key, problems)?.count(max, problems);
        let interval = count("interval_minutes", MAX_MINUTES, problems);
        let linear = count("linear_max_minutes", MAX_MINUTES.saturating_mul(31), problems);
        let like_days = count("like_days", MAX_DAYS, problems);
        let search_days = count("search_days", MAX_DAYS, problems);
        let places = count("places", MAX_PLACES, problems);
        fields.finish(problems);
        let (interval, like_days) = (interval?, like_days?);
        let divides = MAX_MINUTES.checked_rem(interval) == Some(0);
        problems.judge(&path, divides, "interval_minutes must divide a day");
        problems.judge(&path, like_days > 0, "like_days must be at least 1");
        Some(Self {
            interval_ms: i64::from(interval).saturating_mul(MINUTE_MS),
            linear_max_ms: i64::from(linear?).saturating_mul(MINUTE_MS),
            like_days: usize::try_from(like_days).ok()?,
            search_days: search_days?,
            places: places?,
        })
    }

    /// Fills what is missing of `load` in `cycles` (ascending, not overlapping).
    ///
    /// # Errors
    /// A sentence about the first interval for which there is no value.
    pub(crate) fn fill(
        &self,
        load: &Load,
        cycles: &[(i64, i64)],
        clockwork: Clockwork<'_>,
    ) -> Result<(Load, Vec<Gap>), String> {
        let mut filled: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        let mut gaps = Vec::new();
        for run in self.runs(load, cycles)? {
            let (Some(first), Some(last)) = (run.first().copied(), run.last().copied()) else {
                continue;
            };
            let neighbours = self.neighbours(load, first, last);
            let span = last.saturating_sub(first).saturating_add(self.interval_ms);
            let linear = neighbours.filter(|_| span <= self.linear_max_ms);
            if let Some(pair) = linear {
                self.check_lengths(load, first, pair)?;
            }
            gaps.push(Gap {
                start_ms: first,
                intervals: run.len(),
                method: if linear.is_some() { "linear" } else { "like_day" },
            });
            for (index, at) in run.iter().enumerate() {
                let values = match linear {
                    Some(pair) => self.between(load, pair, index, run.len()),
                    None => self.like(load, *at, clockwork),
                };
                let missing = || {
                    format!(
                        "no like day has a value for the interval that starts at {}",
                        crate::instant::show(*at)
                    )
                };
                filled.insert(*at, values.ok_or_else(missing)?);
            }
        }
        Ok((self.merged(load, &filled), gaps))
    }

    /// The runs of missing interval starts. Cycles that follow each other are one stretch.
    fn runs(&self, load: &Load, cycles: &[(i64, i64)]) -> Result<Vec<Vec<i64>>, String> {
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        for (start, end) in cycles {
            match stretches.last_mut().filter(|last| last.1 == *start) {
                Some(last) => last.1 = *end,
                None => stretches.push((*start, *end)),
            }
        }
        let mut runs = Vec::new();
        for (start, end) in stretches {
            let range = load.range(start, end);
            let before = range.start.checked_sub(1).and_then(|index| load.end(index));
            let mut next = before.map_or(start, |end| end.max(start));
            let mut is_open = before.is_none_or(|end| end < start);
            let rows = range
                .clone()
                .filter_map(|index| Some((*load.starts.get(index)?, load.end(index)?)));
            for (from, to) in rows.chain([(end, end)]) {
                if from > next {
                    let rest = from.saturating_sub(next).checked_rem(self.interval_ms);
                    let first = match rest.unwrap_or_default() {
                        0 => next,
                        // The last interval ends beyond the stretch.
                        _ if from == end => next,
                        // The first one inside is found from behind: the one before it began before the stretch.
                        rest if is_open => next.saturating_add(rest),
                        _ => {
                            return Err(format!(
                                "the gap from {} is no whole number of intervals",
                                crate::instant::show(next)
                            ));
                        }
                    };
                    let count = from.saturating_sub(first).checked_div(self.interval_ms);
                    if count.unwrap_or_default() > MAX_INTERVALS {
                        let from = crate::instant::show(first);
                        return Err(format!("the gap from {from} is too long to be estimated"));
                    }
                    let starts = (0..).map(|k: i64| first.saturating_add(k.saturating_mul(self.interval_ms)));
                    let run: Vec<i64> = starts.take_while(|at| *at < from).collect();
                    runs.push(run);
                }
                is_open = false;
                next = to.max(next);
            }
        }
        Ok(runs)
    }

    /// The rows just before and just after a gap, if both are there.
    fn neighbours(&self, load: &Load, first: i64, last: i64) -> Option<(usize, usize)> {
        let after_ms = last.checked_add(self.interval_ms)?;
        let after = load.starts.binary_search(&after_ms).ok()?;
        let before = after.checked_sub(1)?;
        (load.end(before) == Some(first)).then_some((before, after))
    }

    /// Whether the rows beside a gap are as long as the intervals that are estimated: their energy is for that long.
    fn check_lengths(&self, load: &Load, first: i64, (before, after): (usize, usize)) -> Result<(), String> {
        let lengths = [before, after].map(|index| load.lengths_ms.get(index).copied());
        let Some(other) = lengths
            .into_iter()
            .flatten()
            .find(|length| *length != self.interval_ms)
        else {
            return Ok(());
        };
        let minutes = |ms: i64| ms.checked_div(MINUTE_MS).unwrap_or_default();
        Err(format!(
            "beside the gap from {} an interval has {} minutes; interval_minutes of the estimation are {}",
            crate::instant::show(first),
            minutes(other),
            minutes(self.interval_ms)
        ))
    }

    /// Value k of n on the line between two rows.
    fn between(
        &self,
        load: &Load,
        (before, after): (usize, usize),
        index: usize,
        count: usize,
    ) -> Option<Vec<i64>> {
        let k = Exact::count(index.checked_add(1)?);
        let share = k.over(Exact::count(count.checked_add(1)?))?;
        let value = |values: &Vec<i64>| {
            let a = kwh((*values.get(before)?).into());
            let b = kwh((*values.get(after)?).into());
            self.rounded(&a.plus(b.minus(&a).times(&share)))
        };
        load.columns.iter().map(|(_, values)| value(values)).collect()
    }

    /// The mean of the values at the same clock time on the nearest like days.
    fn like(&self, load: &Load, at: i64, clockwork: Clockwork<'_>) -> Option<Vec<i64>> {
        let offset = local::offset_ms(clockwork.zone, at)?;
        let day = local::date(clockwork.zone, at)?;
        let clock_ms = at
            .checked_add(offset)?
            .checked_sub(local::clock_midnight_ms(day))?;
        let kind = clockwork.kind(day);
        let distances = 1..=u64::from(self.search_days);
        let back = distances
            .clone()
            .filter_map(|days| day.checked_sub_days(Days::new(days)));
        let forth = distances.filter_map(|days| day.checked_add_days(Days::new(days)));
        let found: Vec<usize> = back
            .chain(forth)
            .filter(|other| clockwork.kind(*other) == kind)
            .filter_map(|other| {
                let start = local::clock_instant(clockwork.zone, other, clock_ms)?;
                let index = load.starts.binary_search(&start).ok()?;
                (load.lengths_ms.get(index) == Some(&self.interval_ms)).then_some(index)
            })
            .take(self.like_days)
            .collect();
        let mean = |values: &Vec<i64>| {
            let some = found.iter().filter_map(|index| values.get(*index));
            let sum = Exact::sum(some.map(|value| kwh((*value).into())));
            self.rounded(&sum.over(Exact::count(found.len()))?)
        };
        load.columns.iter().map(|(_, values)| mean(values)).collect()
    }

    fn rounded(&self, number: &Exact) -> Option<i64> {
        units(&number.rounded(self.places, Mode::HalfUp))
    }

    /// The rows of a load and those that were estimated, in order of time.
    fn merged(&self, load: &Load, filled: &BTreeMap<i64, Vec<i64>>) -> Load {
        let mut rows: BTreeMap<i64, (i64, bool, Vec<i64>)> = BTreeMap::new();
        for (index, start) in load.starts.iter().enumerate() {
            let length = load.lengths_ms.get(index).copied().unwrap_or_default();
            let values = load
                .columns
                .iter()
                .filter_map(|(_, values)| values.get(index).copied());
            rows.insert(*start, (length, false, values.collect()));
        }
        for (start, values) in filled {
            rows.insert(*start, (self.interval_ms, true, values.clone()));
        }
        let mut merged = Load {
            columns: load
                .columns
                .iter()
                .map(|(name, _)| (name.clone(), Vec::new()))
                .collect(),
            ..Load::default()
        };
        for (start, (length, estimated, values)) in rows {
            merged.starts.push(start);
            merged.lengths_ms.push(length);
            merged.estimated.push(estimated);
            for ((_, column), value) in merged.columns.iter_mut().zip(values) {
                column.push(value);
            }
        }
        merged
    }
}

/// Days that are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayKind {
    Working,
    Saturday,
    Sunday,
}

impl Clockwork<'_> {
    /// A holiday is a Sunday.
    fn kind(self, day: NaiveDate) -> DayKind {
        match day.weekday() {
            _ if self.calendar.is_holiday(day) => DayKind::Sunday,
            Weekday::Sat => DayKind::Saturday,
            Weekday::Sun => DayKind::Sunday,
            Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => DayKind::Working,
        }
    }
}
