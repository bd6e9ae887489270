//! A fleet of meters whose every value is a pure function of seed, meter and start of the interval: a run can be repeated, and a
//! reading sent again is the same reading.

mod meter;

use std::ops::Range;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::{Channel, Energy, Quality};

pub use meter::{Kind, Meter, TariffClass};

use crate::anomaly::{Anomaly, Truth};
use crate::error::Error;
use crate::random::Draw;
use crate::sample::{Sample, Telemetry};
use crate::shape::{LocalTime, Step};
use crate::span::Interval;

/// The most meters of one fleet; more are the business of the load mode.
const MAX_METERS: u32 = 100_000;
/// The most regions of one fleet: they become metric labels at the receiver.
const MAX_REGIONS: u32 = 100;
/// What happens in a building is drawn in steps of at most this length; longer intervals are sums, so that an hour is its quarters.
const STEP_SECONDS: u32 = 900;

/// What the fleet is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetConfig {
    /// From which everything follows.
    pub seed: u64,
    /// How many meters, 1 to 100,000.
    pub meters: u32,
    /// How many regions they are spread over, 1 to 100.
    pub regions: u32,
    /// The zones of the regions, taken in turn.
    pub zones: Vec<Tz>,
    /// The length of an interval.
    pub interval: Interval,
    /// The share of the weeks of a meter in which something goes wrong, 0 to 1.
    pub anomaly_rate: f64,
    /// Whether readings carry voltage, current, power, power factor and temperature.
    pub telemetry: bool,
}

impl Default for FleetConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            meters: 300,
            regions: 10,
            zones: vec![Tz::Europe__Berlin],
            interval: Interval::QUARTER_HOUR,
            anomaly_rate: 0.0,
            telemetry: false,
        }
    }
}

/// The meters and what they show.
#[derive(Debug, Clone)]
pub struct Fleet {
    config: FleetConfig,
    meters: Vec<Meter>,
}

impl Fleet {
    /// The fleet that `config` describes.
    ///
    /// # Errors
    /// [`Error::Settings`] names every number out of range.
    pub fn new(config: FleetConfig) -> Result<Self, Error> {
        let mut problems = Vec::new();
        if !(1..=MAX_METERS).contains(&config.meters) {
            problems.push(format!("meters must be 1 to {MAX_METERS}"));
        }
        if !(1..=MAX_REGIONS).contains(&config.regions) {
            problems.push(format!("regions must be 1 to {MAX_REGIONS}"));
        }
        if config.zones.is_empty() {
            problems.push("at least one zone is needed".to_owned());
        }
        if !(0.0..=1.0).contains(&config.anomaly_rate) {
            problems.push("the anomaly rate must be 0 to 1".to_owned());
        }
        if !problems.is_empty() {
            return Err(Error::Settings { problems });
        }
        let meters = (0..config.meters)
            .map(|index| Meter::of(&config, index))
            .collect::<Result<_, _>>()?;
        Ok(Self { config, meters })
    }

    /// What it was made from.
    #[must_use]
    pub const fn config(&self) -> &FleetConfig {
        &self.config
    }

    /// Every meter, region by region.
    #[must_use]
    pub fn meters(&self) -> &[Meter] {
        &self.meters
    }

    /// What `meter` shows for the intervals that start in `period`, in order of time; a solar meter has an export beside every import.
    pub fn readings<'a>(
        &'a self,
        meter: &'a Meter,
        period: &Range<DateTime<Utc>>,
    ) -> impl Iterator<Item = Sample> + 'a {
        let interval = self.config.interval;
        let end = period.end.timestamp_millis();
        let mut next = interval.first_start(period.start.timestamp_millis());
        let starts = std::iter::from_fn(move || {
            let start = next;
            next += interval.as_millis();
            (start < end).then_some(start)
        });
        starts.flat_map(move |start| self.at(meter, start))
    }

    /// What `meter` shows for the interval that starts at `start_ms`.
    pub(crate) fn at(&self, meter: &Meter, start_ms: i64) -> impl Iterator<Item = Sample> + use<> {
        let mut read = self.truly(meter, start_ms);
        let anomaly = self
            .anomaly(meter, start_ms)
            .filter(|anomaly| anomaly.covers(start_ms));
        if let Some(anomaly) = anomaly {
            let first = self.truly(meter, anomaly.from_ms);
            read.import = anomaly.shown(start_ms, read.import, first.import);
            read.export = anomaly.shown(start_ms, read.export, first.export);
        }
        let telemetry = self
            .config
            .telemetry
            .then(|| self.telemetry(meter, start_ms, read.import, anomaly));
        let sample = |channel, energy, telemetry| Sample {
            start_ms,
            interval_seconds: self.config.interval.as_secs(),
            channel,
            energy,
            quality: Quality::Actual,
            revision: 0,
            telemetry,
        };
        let import = sample(Channel::Import, read.import, telemetry);
        let export = meter
            .kind
            .exports()
            .then(|| sample(Channel::Export, read.export, None));
        std::iter::once(import).chain(export)
    }

    /// The label of every episode that touches `period`, by meter and time.
    pub fn truth<'a>(&'a self, period: &Range<DateTime<Utc>>) -> impl Iterator<Item = Truth> + 'a {
        let (from, to) = (period.start.timestamp_millis(), period.end.timestamp_millis());
        self.meters.iter().flat_map(move |meter| {
            let weeks = Anomaly::weeks(from, to).filter_map(|week| self.anomaly(meter, week));
            let touching = weeks.filter(move |anomaly| anomaly.from_ms < to && from < anomaly.to_ms);
            touching.map(|anomaly| Truth::of(&meter.id, &anomaly, self.truly(meter, anomaly.from_ms).import))
        })
    }

    fn anomaly(&self, meter: &Meter, ms: i64) -> Option<Anomaly> {
        let rate = self.config.anomaly_rate;
        if rate > 0.0 {
            Anomaly::at(meter.draw(), rate, ms, self.config.interval)
        } else {
            None
        }
    }

    /// What really flowed in the interval, rounded step by step to what a meter shows.
    fn truly(&self, meter: &Meter, start_ms: i64) -> Read {
        let seconds = self.config.interval.as_secs();
        let step_seconds = if seconds.is_multiple_of(STEP_SECONDS) {
            STEP_SECONDS
        } else {
            seconds
        };
        let hours = f64::from(step_seconds) / 3_600.0;
        let mut read = Read::default();
        for step in 0..seconds / step_seconds {
            let ms = start_ms + i64::from(step * step_seconds) * 1_000;
            let time = LocalTime::at(meter.zone, ms + i64::from(step_seconds) * 500);
            let step = Step {
                time,
                hours,
                own: meter.draw().with(NOW).at(ms),
                of_day: meter.draw().with(TODAY).at(time.day),
            };
            let flow = meter.flow(&step, self.sky(meter));
            let net = flow.used_kwh - flow.generated_kwh;
            read.import = sum(read.import, rounded(net.max(0.0), step_seconds));
            read.export = sum(read.export, rounded((-net).max(0.0), step_seconds));
        }
        read
    }

    fn sky(&self, meter: &Meter) -> Draw {
        Draw::new(self.config.seed)
            .with(SKY)
            .with(u64::from(meter.region_index))
    }

    fn telemetry(&self, meter: &Meter, start_ms: i64, energy: Energy, anomaly: Option<Anomaly>) -> Telemetry {
        let seconds = self.config.interval.as_secs();
        let own = meter.draw().with(MEASURED).at(start_ms);
        let power_w = energy.as_milliwatt_hours() as f64 * 3.6 / f64::from(seconds);
        // 230 V, less when much flows, in steps of 0.1 V
        let nominal_v = 231.5 + 2.5 * own.with(1).noise() - (power_w / 1_000.0).min(6.0) * 0.6;
        let factor = anomaly.map_or(1.0, |anomaly| anomaly.voltage_factor() as f64 / 1_000.0);
        let voltage_v = (nominal_v * factor * 10.0).round() / 10.0;
        let power_factor = (own.with(2).between(0.90, 0.995) * 100.0).round() / 100.0;
        let current_a = if voltage_v > 0.0 {
            power_w / (voltage_v * power_factor)
        } else {
            0.0
        };
        let time = LocalTime::at(meter.zone, start_ms);
        let temperature_c = crate::shape::outside_c(&time, self.sky(meter)) + own.with(3).noise();
        Telemetry {
            power_mw: (power_w * 1e3).round() as i64,
            voltage_mv: (voltage_v * 1e3).round() as i64,
            current_ma: (current_a * 1e3).round() as i64,
            power_factor: (power_factor * 1e4).round() as i64,
            temperature_mc: (temperature_c * 10.0).round() as i64 * 100,
        }
    }
}

/// Names of a meter's draws.
const NOW: u64 = 1;
const TODAY: u64 = 2;
const MEASURED: u64 = 3;
/// The name of a region's draws.
const SKY: u64 = 4;

/// What passed the meter in both directions.
#[derive(Debug, Clone, Copy, Default)]
struct Read {
    import: Energy,
    export: Energy,
}

/// What a meter shows: whole watt-hours; tenths of them where steps are shorter than a quarter of an hour.
fn rounded(kwh: f64, step_seconds: u32) -> Energy {
    let (per_kwh, unit) = if step_seconds < STEP_SECONDS {
        (10_000.0, 100)
    } else {
        (1_000.0, 1_000)
    };
    Energy::from_milliwatt_hours((kwh * per_kwh).round() as i64 * unit)
}

fn sum(left: Energy, right: Energy) -> Energy {
    left.checked_add(right).unwrap_or(left)
}

#[cfg(test)]
mod tests;
