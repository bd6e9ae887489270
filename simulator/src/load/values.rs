//! What the meters of a load report: realistic values from a table, so that a value costs one look-up.

use chrono::{DateTime, TimeDelta};
use model::Channel;

use super::Load;
use crate::error::Error;
use crate::fleet::{Fleet, FleetConfig, Kind};
use crate::recording::Recording;

/// How many different households there are; further meters are the same ones, some days off.
const HOUSEHOLDS: usize = 64;
/// How many values a household has: four weeks of quarter hours.
const ROWS: usize = 2_688;
const DAY_MS: i64 = 86_400_000;

/// A table of values: households by intervals.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// Milliwatt-hours.
    table: Vec<u32>,
    rows: usize,
    rows_per_day: usize,
}

impl Values {
    /// The values of `load`.
    ///
    /// # Errors
    /// [`Error`] when the recorded profile cannot be read or holds no usable value.
    pub(super) fn of(load: &Load) -> Result<Self, Error> {
        let rows_per_day = usize::try_from(DAY_MS / load.interval.as_millis()).unwrap_or(1);
        match &load.profile {
            Some(path) => Self::recorded(&Recording::open(path)?, rows_per_day),
            None => Self::simulated(load, rows_per_day),
        }
    }

    fn recorded(recording: &Recording, rows_per_day: usize) -> Result<Self, Error> {
        let imports = recording
            .samples()
            .filter(|sample| sample.channel == Channel::Import);
        let table: Result<Vec<u32>, _> = imports
            .map(|sample| u32::try_from(sample.energy.as_milliwatt_hours()))
            .collect();
        let unusable = || Error::Settings {
            problems: vec!["the profile must hold values of 0 to 4,294 kWh".to_owned()],
        };
        let table = table
            .ok()
            .filter(|table| !table.is_empty())
            .ok_or_else(unusable)?;
        Ok(Self {
            rows: table.len(),
            table,
            rows_per_day,
        })
    }

    fn simulated(load: &Load, rows_per_day: usize) -> Result<Self, Error> {
        let config = FleetConfig {
            seed: load.seed,
            meters: 2 * 64,
            interval: load.interval,
            ..FleetConfig::default()
        };
        let fleet = Fleet::new(config)?;
        let start = DateTime::from_timestamp_millis(load.first_ms).unwrap_or_default();
        let length = load.interval.as_millis() * i64::try_from(ROWS).unwrap_or_default();
        let period = start..start + TimeDelta::milliseconds(length);
        let households = fleet
            .meters()
            .iter()
            .filter(|meter| meter.kind == Kind::Household)
            .take(HOUSEHOLDS);
        let samples = households.flat_map(|meter| fleet.readings(meter, &period));
        let table = samples
            .map(|sample| u32::try_from(sample.energy.as_milliwatt_hours()).unwrap_or_default())
            .collect();
        Ok(Self {
            table,
            rows: ROWS,
            rows_per_day,
        })
    }

    /// What meter number `meter` reports for interval number `round`, milliwatt-hours.
    pub(super) fn at(&self, meter: u32, round: u64) -> u32 {
        let households = self.table.len() / self.rows;
        let meter = meter as usize;
        let days_off = meter / households;
        let row = (round as usize % self.rows + days_off * self.rows_per_day) % self.rows;
        self.table
            .get((meter % households) * self.rows + row)
            .copied()
            .unwrap_or_default()
    }
}
