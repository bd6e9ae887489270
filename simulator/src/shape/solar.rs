//! Solar cells on a roof: a hill over the day, wide in summer, under the clouds of the region.

use super::LocalTime;
use super::curve::over_year;
use crate::random::Draw;

/// Hours between sunrise and sunset in the middle of each month, at about 50 degrees north.
const DAY_LENGTH: [f64; 12] = [
    8.4, 10.0, 11.9, 13.8, 15.4, 16.3, 15.9, 14.5, 12.6, 10.7, 9.0, 8.0,
];
/// The best output at noon as a share of the installed power.
const NOON: [f64; 12] = [
    0.32, 0.45, 0.60, 0.70, 0.76, 0.78, 0.77, 0.73, 0.64, 0.50, 0.36, 0.28,
];
/// When the sun stands highest by the wall clock, between winter and summer time.
const MIDDAY: f64 = 12.8;

/// The cells of one building.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roof {
    installed_kw: f64,
}

impl Roof {
    /// The roof that `draw` names: 3 to 10 kW installed.
    pub(crate) fn drawn(draw: Draw) -> Self {
        Self {
            installed_kw: draw.between(3.0, 10.0),
        }
    }

    /// What it makes at `time`, kW; `sky` is the chance of the region, so that neighbours share their weather.
    pub(crate) fn output_kw(&self, time: &LocalTime, sky: Draw) -> f64 {
        let half_day = over_year(&DAY_LENGTH, time.month) / 2.0;
        let from_noon = (time.hour - MIDDAY) / half_day;
        let hill = 1.0 - from_noon * from_noon;
        if hill <= 0.0 {
            return 0.0;
        }
        let today = sky.at(time.day);
        let clear = today.with(1).unit();
        let clouds = 0.15 + 0.85 * clear;
        // a passing cloud lasts about half an hour and costs most on a mixed day
        let half_hour = today.with(2).with((time.hour * 2.0) as u64).unit();
        let passing = 1.0 - 0.6 * half_hour * 4.0 * clear * (1.0 - clear);
        self.installed_kw * over_year(&NOON, time.month) * hill * clouds * passing
    }
}
