//! A home: a base load, the morning, the evening peak, longer mornings at the weekend, more in winter, and appliances that come on.

use super::curve::{over_day, over_year};
use super::{Flow, Step};
use crate::random::Draw;

const WEEKDAY: [f64; 24] = [
    0.45, 0.35, 0.30, 0.30, 0.35, 0.55, 0.95, 1.20, 1.05, 0.85, 0.80, 0.90, //
    1.05, 0.95, 0.85, 0.85, 1.00, 1.40, 1.95, 2.15, 1.95, 1.60, 1.15, 0.70,
];
const WEEKEND: [f64; 24] = [
    0.60, 0.45, 0.35, 0.30, 0.30, 0.40, 0.55, 0.90, 1.30, 1.45, 1.45, 1.50, //
    1.60, 1.40, 1.20, 1.10, 1.15, 1.45, 1.90, 2.05, 1.85, 1.55, 1.15, 0.80,
];
const SEASON: [f64; 12] = [
    1.22, 1.18, 1.08, 0.97, 0.90, 0.85, 0.82, 0.84, 0.92, 1.02, 1.12, 1.22,
];
const HOURS_OF_YEAR: f64 = 8_766.0;

/// One home; its habits are drawn once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Household {
    mean_kw: f64,
    base_kw: f64,
    /// How much later than others these people live.
    late_hours: f64,
    /// How far the season moves this home: 0.5 with gas heating, more with electric heating.
    season: f64,
}

impl Household {
    /// The home that `draw` names: 1,300 to 5,800 kWh a year, small ones likelier.
    pub(crate) fn drawn(draw: Draw) -> Self {
        let size = draw.with(1).unit();
        let annual_kwh = 1_300.0 + 4_500.0 * size * size;
        let mean_kw = annual_kwh / HOURS_OF_YEAR;
        Self {
            mean_kw,
            base_kw: mean_kw * draw.with(2).between(0.15, 0.30),
            late_hours: draw.with(3).noise(),
            season: draw.with(4).between(0.4, 1.4),
        }
    }

    /// What it uses in one step.
    pub(crate) fn flow(&self, step: &Step) -> Flow {
        let table = if step.time.weekend { &WEEKEND } else { &WEEKDAY };
        let habit = over_day(table, step.time.hour - self.late_hours);
        let season = 1.0 + (over_year(&SEASON, step.time.month) - 1.0) * self.season;
        let today = step.of_day.between(0.75, 1.25);
        let now = 1.0 + 0.35 * step.own.with(1).noise();
        let lived_kw = (self.mean_kw - self.base_kw) * habit * season * today * now * 0.85;
        Flow {
            used_kwh: (self.base_kw + lived_kw + Self::appliance_kw(habit, step.own)) * step.hours,
            generated_kwh: 0.0,
        }
    }

    /// A kettle, an oven, a washing machine: now and then, when people are up.
    fn appliance_kw(habit: f64, own: Draw) -> f64 {
        if own.with(2).happens(0.05 * habit) {
            own.with(3).between(0.3, 1.8)
        } else {
            0.0
        }
    }
}
