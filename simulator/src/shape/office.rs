//! An office: busy on working days between eight and six, cooled in summer, nearly asleep at night and at the weekend.

use super::curve::{over_day, over_year};
use super::{Flow, Step};
use crate::random::Draw;

const WORKDAY: [f64; 24] = [
    0.04, 0.04, 0.04, 0.04, 0.06, 0.15, 0.40, 0.75, 0.95, 1.00, 1.00, 0.97, //
    0.90, 0.97, 1.00, 0.98, 0.90, 0.70, 0.42, 0.25, 0.15, 0.08, 0.05, 0.04,
];
const SEASON: [f64; 12] = [
    1.05, 1.03, 0.97, 0.93, 0.97, 1.08, 1.15, 1.12, 1.00, 0.94, 0.98, 1.04,
];
/// A Saturday's share of a working day.
const WEEKEND_SHARE: f64 = 0.08;

/// One office; its size is drawn once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office {
    peak_kw: f64,
    base_share: f64,
}

impl Office {
    /// The office that `draw` names: a peak of 8 to 60 kW.
    pub(crate) fn drawn(draw: Draw) -> Self {
        let size = draw.with(1).unit();
        Self {
            peak_kw: 8.0 + 52.0 * size * size,
            base_share: draw.with(2).between(0.10, 0.22),
        }
    }

    /// What it uses in one step.
    pub(crate) fn flow(&self, step: &Step) -> Flow {
        let mut busy = over_day(&WORKDAY, step.time.hour);
        if step.time.weekend {
            busy *= WEEKEND_SHARE;
        }
        let season = over_year(&SEASON, step.time.month);
        let today = step.of_day.between(0.92, 1.08);
        let now = 1.0 + 0.06 * step.own.noise();
        let share = self.base_share + (1.0 - self.base_share) * busy * season * today;
        Flow {
            used_kwh: self.peak_kw * share * now * step.hours,
            generated_kwh: 0.0,
        }
    }
}
