//! What a household, an office or a roof of solar cells draws or feeds in at a time.
//!
//! Only additions, multiplications, divisions and tables: the result is the same on every machine. The curves are our own, drawn by
//! hand to look like Central Europe; nothing here is billed.

mod curve;
mod household;
mod office;
mod solar;

use chrono::{DateTime, Datelike, Offset, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

use crate::random::Draw;

pub(crate) use household::Household;
pub(crate) use office::Office;
pub(crate) use solar::Roof;

/// A moment as the people in the building see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalTime {
    /// Hours since local midnight by the wall clock, 0 to below 24.
    pub(crate) hour: f64,
    /// Days since the year 1, local.
    pub(crate) day: i64,
    /// Saturday or Sunday.
    pub(crate) weekend: bool,
    /// Months since the start of the year, 0 to below 12.
    pub(crate) month: f64,
}

impl LocalTime {
    /// The wall clock of `zone` at `ms` milliseconds since 1970 UTC; times beyond the calendar count as 1970.
    pub(crate) fn at(zone: Tz, ms: i64) -> Self {
        let utc = DateTime::from_timestamp_millis(ms)
            .unwrap_or_default()
            .naive_utc();
        let local = utc + zone.offset_from_utc_datetime(&utc).fix();
        Self {
            hour: f64::from(local.num_seconds_from_midnight()) / 3_600.0,
            day: i64::from(local.num_days_from_ce()),
            weekend: matches!(local.weekday(), Weekday::Sat | Weekday::Sun),
            month: f64::from(local.month0()) + f64::from(local.day0()) / 31.0,
        }
    }
}

/// The temperature of the air in degrees Celsius, by season, hour and the chance of the region.
pub(crate) fn outside_c(time: &LocalTime, sky: Draw) -> f64 {
    const MONTHS: [f64; 12] = [1.0, 2.0, 5.5, 10.0, 14.5, 17.5, 19.5, 19.0, 15.0, 10.0, 5.0, 2.0];
    const HOURS: [f64; 24] = [
        -3.0, -3.4, -3.8, -4.1, -4.3, -4.2, -3.5, -2.4, -1.0, 0.6, 2.0, 3.1, //
        3.9, 4.4, 4.6, 4.4, 3.8, 2.9, 1.8, 0.6, -0.5, -1.4, -2.1, -2.6,
    ];
    let today = 5.0 * sky.at(time.day).with(3).noise();
    curve::over_year(&MONTHS, time.month) + curve::over_day(&HOURS, time.hour) + today
}

/// Energy of one step, before it is rounded to what a meter shows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Flow {
    /// Used in the building, kWh.
    pub(crate) used_kwh: f64,
    /// Made on the roof, kWh.
    pub(crate) generated_kwh: f64,
}

/// The chance of one step of one meter: `of` names the meter, `ms` the start of the step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// The middle of the step.
    pub(crate) time: LocalTime,
    /// Its length.
    pub(crate) hours: f64,
    /// Chance that belongs to this step alone.
    pub(crate) own: Draw,
    /// Chance that belongs to this meter and local day.
    pub(crate) of_day: Draw,
}

#[cfg(test)]
mod tests;
