//! Mean power over windows of time (`RATING` 3.7).

use std::ops::Range;

use crate::RatingError;
use crate::exact::Exact;
use crate::how::Windows;
use crate::load::{Load, MINUTE_MS, PER_KWH};
use crate::reader::{Fields, Problems};
use crate::rule::Hours;
use crate::scene::Scene;
use crate::statement::Register;

/// The longest window: a day.
const MAX_MINUTES: u32 = 1440;
/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Windows begin at multiples of the slide since 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    minutes: u32,
    slide: u32,
}

/// The energy of windows in units of its own, so that it can be compared as integers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    units_per_kwh: i128,
    window_ms: i64,
}

impl Scale {
    /// The energy of a window of so many kW in its units.
    pub(super) fn units(self, kw: &Exact) -> Exact {
        let hours = Exact::ratio(self.window_ms.into(), HOUR_MS.into()).unwrap_or(Exact::ZERO);
        kw.times(hours).times(Exact::whole(self.units_per_kwh))
    }

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

    /// Which windows of a part these are, as a line tells of them.
    pub(super) fn told(self, scene: &Scene<'_>, hours: Option<Hours>) -> Windows {
        Windows {
            minutes: self.minutes,
            slide_minutes: self.slide,
            hours: hours.filter(|hours| !hours.words.is_empty()),
            estimated: scene.estimated(),
        }
    }

    /// Calls `visit` with start and energy of every window of a part that is whole: it lies inside, and no interval in it is missing
    /// or estimated. In order of time. The loop stays on its own: inside what makes the line it takes a tenth longer.
    #[inline(never)]
    pub(super) fn each(self, scene: &Scene<'_>, visit: impl FnMut(i64, i128)) -> Result<Scale, RatingError> {
        let frame = self.over(scene)?;
        frame.each(visit);
        Ok(frame.scale())
    }

    /// The windows of a part, before anybody looks at them.
    pub(super) fn over<'s>(self, scene: &Scene<'s>) -> Result<Frame<'s>, RatingError> {
        let load = scene.load()?;
        let values = scene.values(&Register::Import)?;
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
        let mut frame = Frame {
            load,
            values,
            range: load.range(scene.period.start_ms, scene.period.end_ms),
            first,
            end_ms: scene.period.end_ms,
            window_ms,
            slide_ms,
            step_ms: None,
        };
        frame.step_ms = frame.step();
        Ok(frame)
    }
}

/// The windows of a part over the intervals of a load.
pub(super) struct Frame<'a> {
    load: &'a Load,
    values: &'a [i64],
    range: Range<usize>,
    first: i64,
    end_ms: i64,
    window_ms: i64,
    slide_ms: i64,
    /// `None` where windows cut intervals.
    step_ms: Option<i64>,
}

impl Frame<'_> {
    /// In what units the energy of its windows is.
    pub(super) fn scale(&self) -> Scale {
        let parts = if self.step_ms.is_some() { 1 } else { self.common() };
        Scale {
            units_per_kwh: i128::from(PER_KWH).saturating_mul(parts.into()),
            window_ms: self.window_ms,
        }
    }

    /// See [`Window::each`].
    pub(super) fn each(&self, visit: impl FnMut(i64, i128)) {
        match self.step_ms {
            Some(step_ms) => self.whole(step_ms, visit),
            None => self.parts(visit),
        }
    }

    /// The one length of all intervals, if they follow each other without a gap and every window is made of whole ones.
    fn step(&self) -> Option<i64> {
        let lengths = self.load.lengths_ms.get(self.range.clone())?;
        let starts = self.load.starts.get(self.range.clone())?;
        let (length, start, last) = (*lengths.first()?, *starts.first()?, *starts.last()?);
        let fits = |ms: i64| ms.checked_rem(length) == Some(0);
        let rest = i64::try_from(starts.len())
            .ok()?
            .checked_sub(1)?
            .checked_mul(length)?;
        // As starts ascend and intervals do not overlap, such a span leaves no room for a gap.
        let is_whole = last.checked_sub(start) == Some(rest) && lengths.iter().all(|other| *other == length);
        let in_step = fits(start) && fits(self.window_ms) && fits(self.slide_ms);
        // One from before, of another length, may reach beyond where the first window begins.
        let before = self
            .range
            .start
            .checked_sub(1)
            .and_then(|index| self.load.end(index));
        let begins_here = before.is_none_or(|end| end <= self.first);
        (is_whole && in_step && begins_here).then_some(length)
    }

    /// Windows of whole intervals, which is the usual case: energies are added as they are.
    fn whole(&self, step_ms: i64, mut visit: impl FnMut(i64, i128)) {
        let steps =
            |ms: i64| usize::try_from(ms.checked_div(step_ms).unwrap_or_default()).unwrap_or_default();
        let start = self
            .load
            .starts
            .get(self.range.start)
            .copied()
            .unwrap_or_default();
        let values = self.values.get(self.range.clone()).unwrap_or_default();
        let estimated = self.load.estimated.get(self.range.clone()).unwrap_or_default();
        let some_estimated = estimated.contains(&true);
        let (count, stride) = (steps(self.window_ms), steps(self.slide_ms).max(1));
        // The first interval may begin after the first window does, where the one before it is missing.
        let late = start.saturating_sub(self.first).max(0);
        let skipped = late
            .saturating_add(self.slide_ms)
            .saturating_sub(1)
            .checked_div(self.slide_ms);
        let mut at = self
            .first
            .saturating_add(skipped.unwrap_or_default().saturating_mul(self.slide_ms));
        let mut index = steps(at.saturating_sub(start));
        while let Some(energies) = values.get(index..index.saturating_add(count)) {
            if at.saturating_add(self.window_ms) > self.end_ms {
                break;
            }
            let flags = || {
                estimated
                    .get(index..index.saturating_add(count))
                    .unwrap_or_default()
            };
            if !(some_estimated && flags().contains(&true)) {
                visit(at, energies.iter().map(|value| i128::from(*value)).sum());
            }
            at = at.saturating_add(self.slide_ms);
            index = index.saturating_add(stride);
        }
    }

    /// The first interval that may reach into the part.
    fn first_index(&self) -> usize {
        self.range.start.saturating_sub(1)
    }

    /// The least common multiple of all lengths: a part of an interval's energy for each of its milliseconds is a whole number then.
    fn common(&self) -> i64 {
        let lengths = self.load.lengths_ms.get(self.first_index()..self.range.end);
        let lengths = lengths.unwrap_or_default().iter();
        lengths.fold(1_i64, |common, length| least_multiple(common, *length))
    }

    /// Windows that cut intervals: the energy of an interval is spread evenly over it.
    fn parts(&self, mut visit: impl FnMut(i64, i128)) {
        let (mut index, common) = (self.first_index(), self.common());
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
