//! A price for the power at times that somebody else chose, such as the system's peaks (`RATING` 3.8).

use super::{Draft, Pricing};
use crate::RatingError;
use crate::carry::Carried;
use crate::exact::Exact;
use crate::how::{CoincidentHow, How, Slot};
use crate::load::{MINUTE_MS, kwh};
use crate::reader::{Fields, Problems};
use crate::scene::Scene;
use crate::statement::{Register, Unit};

/// Milliseconds of an hour.
const HOUR_MS: i128 = 3_600_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coincident {
    /// Starts of intervals, ascending.
    starts: Vec<i64>,
    rate: Exact,
}

impl Coincident {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let starts = fields.need("intervals_utc", problems).and_then(|at| {
            let read: Vec<_> = at.list(problems)?.iter().map(|at| at.instant(problems)).collect();
            read.into_iter().collect::<Option<Vec<i64>>>()
        });
        let rate = fields.number("rate", problems);
        let mut starts = starts?;
        starts.sort_unstable();
        starts.dedup();
        Some(Self { starts, rate: rate? })
    }
}

impl Pricing for Coincident {
    /// Of the times, those inside this part count; estimated intervals set no demand.
    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let (load, values) = (scene.load()?, scene.values(&Register::Import)?);
        let inside = |at: &&i64| (scene.period.start_ms..scene.period.end_ms).contains(*at);
        let (mut sum, mut at, mut left_out) = (Exact::ZERO, Vec::new(), Vec::new());
        for start in self.starts.iter().filter(inside) {
            let missing = RatingError::IntervalMissing { at_ms: *start };
            let index = load.starts.binary_search(start).map_err(|_| missing)?;
            if load.estimated.get(index).copied().unwrap_or_default() {
                left_out.push(*start);
                continue;
            }
            let units = values.get(index).copied().unwrap_or_default();
            let length = load.lengths_ms.get(index).copied().unwrap_or_default();
            let per_hour = Exact::ratio(HOUR_MS, length.into()).unwrap_or(Exact::ZERO);
            sum = sum.plus(kwh(units.into()).times(per_hour));
            at.push(Slot {
                at: *start,
                kwh: kwh(units.into()),
                minutes: Exact::ratio(length.into(), MINUTE_MS.into()).unwrap_or_default(),
            });
        }
        let kw = sum.over(Exact::count(at.len())).unwrap_or(Exact::ZERO);
        let how = How::Coincident(Box::new(CoincidentHow { at, left_out }));
        Ok(vec![Draft::priced(kw, Unit::Kilowatts, &self.rate, how)])
    }
}
