//! Mean power over windows of time (`RATING` 3.7).

use std::ops::Range;

use super::Measure;
use crate::RatingError;
use crate::exact::Exact;
use crate::load::{Load, MINUTE_MS, PER_KWH};
use crate::reader::{Fields, Problems};
use crate::scene::Scene;
use crate::statement::Register;

/// The longest window: a day.
const MAX_MINUTES: u32 = 1440;
/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Windows begin at multiples of the slide since 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) minutes: u32,
    slide: u32,
}

/// The energy of windows in units of its own, so that it can be compared as integers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    units_per_kwh: i128,
    window_ms: i64,
}

impl Scale {
    /// Mean kW of a window.
    pub(super) fn kw(self, units: i128) -> Exact {
        let kwh = Exact::ratio(units, self.units_per_kwh).unwrap_or(Exact::ZERO);
        let per_hour = Exact::ratio(HOUR_MS.into(), self.window_ms.into());
        kwh.times(per_hour.unwrap_or(Exact::ZERO))
    }
}

impl Window {
    /// Reads `window_minutes` and `slide_minutes`.
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path_of("window_minutes");
        let minutes = fields
            .need("window_minutes", problems)
            .and_then(|at| at.count(MAX_MINUTES, problems));
        let slide = fields.maybe("slide_minutes", problems, |at, problems| {
            at.count(MAX_MINUTES, problems)
        });
        let minutes = minutes?;
        let slide = slide?.unwrap_or(minutes);
        if minutes == 0 || slide == 0 {
            problems.add(&path, "windows must be longer, and further apart, than nothing");
            return None;
        }
        Some(Self { minutes, slide })
    }

    /// Calls `visit` with start and energy of every window of a part that is whole: it lies inside, and no interval in it is missing
    /// or estimated. In order of time.
    pub(super) fn each(self, scene: &Scene<'_>, visit: impl FnMut(i64, i128)) -> Result<Scale, RatingError> {
        let load = scene.load()?;
        let measure = Measure::plain(Register::Import);
        let values = measure
            .values(load)
            .ok_or_else(|| RatingError::not_priced(scene.charge, "needs import, and there is none"))?;
        let window_ms = i64::from(self.minutes).saturating_mul(MINUTE_MS);
        let slide_ms = i64::from(self.slide).saturating_mul(MINUTE_MS);
        let before = scene
            .period
            .start_ms
            .checked_rem_euclid(slide_ms)
            .unwrap_or_default();
        let first = if before == 0 {
            scene.period.start_ms
        } else {
            scene
                .period
                .start_ms
                .saturating_sub(before)
                .saturating_add(slide_ms)
        };
        let frame = Frame {
            load,
            values: &values,
            range: load.range(scene.period.start_ms, scene.period.end_ms),
            first,
            end_ms: scene.period.end_ms,
            window_ms,
            slide_ms,
        };
        let units_per_kwh = match frame.step() {
            Some(step_ms) => frame.whole(step_ms, visit),
            None => frame.parts(visit),
        };
        Ok(Scale {
            units_per_kwh,
            window_ms,
        })
    }
}

struct Frame<'a> {
    load: &'a Load,
    values: &'a [i64],
    range: Range<usize>,
    first: i64,
    end_ms: i64,
    window_ms: i64,
    slide_ms: i64,
}

impl Frame<'_> {
    /// The one length of all intervals, if every window is made of whole ones.
    fn step(&self) -> Option<i64> {
        let lengths = self.load.lengths_ms.get(self.range.clone())?;
        let length = *lengths.first()?;
        let fits = |ms: i64| ms.checked_rem(length) == Some(0);
        let alike = lengths.iter().all(|other| *other == length)
            && self
                .load
                .starts
                .get(self.range.clone())?
                .iter()
                .all(|start| fits(*start));
        (alike && fits(self.window_ms) && fits(self.slide_ms)).then_some(length)
    }

    /// Windows of whole intervals, which is the usual case: energies are added as they are.
    fn whole(&self, step_ms: i64, mut visit: impl FnMut(i64, i128)) -> i128 {
        let starts = self.load.starts.get(..self.range.end).unwrap_or_default();
        let count = self.window_ms.checked_div(step_ms).unwrap_or(1);
        let count = usize::try_from(count).unwrap_or(1);
        let rest_ms = self.window_ms.saturating_sub(step_ms);
        let some_estimated = self.load.estimated.contains(&true);
        let mut index = self.range.start;
        let mut at = self.first;
        while at.saturating_add(self.window_ms) <= self.end_ms {
            while starts.get(index).is_some_and(|start| *start < at) {
                index = index.wrapping_add(1);
            }
            let last = index.saturating_add(count).saturating_sub(1);
            // As intervals do not overlap, the first and the last in their places mean that all are.
            let is_whole = starts.get(index) == Some(&at)
                && starts.get(last).copied() == Some(at.saturating_add(rest_ms));
            let estimated = || {
                self.load
                    .estimated
                    .get(index..=last)
                    .is_some_and(|some| some.contains(&true))
            };
            if is_whole && !(some_estimated && estimated()) {
                let energies = self.values.get(index..=last).unwrap_or_default();
                visit(at, energies.iter().map(|value| i128::from(*value)).sum());
            }
            at = at.saturating_add(self.slide_ms);
        }
        PER_KWH.into()
    }

    /// Windows that cut intervals: the energy of an interval is spread evenly over it.
    fn parts(&self, mut visit: impl FnMut(i64, i128)) -> i128 {
        let mut index = self.range.start.saturating_sub(1); // it may reach into this part
        let lengths = self
            .load
            .lengths_ms
            .get(index..self.range.end)
            .unwrap_or_default();
        let common = lengths
            .iter()
            .fold(1_i64, |common, length| least_multiple(common, *length));
        let mut at = self.first;
        while at.saturating_add(self.window_ms) <= self.end_ms {
            while index < self.range.end && self.load.end(index).is_some_and(|end| end <= at) {
                index = index.saturating_add(1);
            }
            if let Some(units) = self.energy(index, at, common) {
                visit(at, units);
            }
            at = at.saturating_add(self.slide_ms);
        }
        i128::from(PER_KWH).saturating_mul(common.into())
    }

    /// The energy of the window from `at` on, in 1/`common` of a unit; `None` if a part of it is missing or estimated.
    fn energy(&self, from_index: usize, at: i64, common: i64) -> Option<i128> {
        let to = at.saturating_add(self.window_ms);
        let (mut covered, mut index, mut units) = (at, from_index, 0_i128);
        while covered < to {
            let length = *self.load.lengths_ms.get(index)?;
            if *self.load.starts.get(index)? > covered || *self.load.estimated.get(index)? {
                return None;
            }
            let end = self.load.end(index)?.min(to);
            let share = end
                .checked_sub(covered)?
                .checked_mul(common.checked_div(length)?)?;
            let part = i128::from(*self.values.get(index)?).checked_mul(share.into())?;
            units = units.checked_add(part)?;
            covered = end.max(covered.saturating_add(1));
            index = index.saturating_add(1);
        }
        Some(units)
    }
}

/// The least common multiple of two lengths.
fn least_multiple(a: i64, b: i64) -> i64 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x.checked_rem(y).unwrap_or_default());
    }
    a.checked_div(x).and_then(|part| part.checked_mul(b)).unwrap_or(a)
}
