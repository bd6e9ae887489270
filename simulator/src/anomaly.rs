//! What goes wrong at a meter, with its label: at most one episode per meter and week, wholly inside the week.
//!
//! An episode is a pure function of seed, meter and week, so that the truth can be written without having sent anything, and a reading
//! asked for alone is the same as one in a long run.

use chrono::{DateTime, SecondsFormat, Utc};
use model::{Energy, MeterId};
use serde::Serialize;

use crate::random::Draw;
use crate::span::Interval;

const HOUR_MS: i64 = 3_600_000;
const WEEK_MS: i64 = 7 * 24 * HOUR_MS;
/// Meters show whole watt-hours.
const WATT_HOUR: i64 = 1_000;
/// A factor of 1, in thousandths.
const ONE: i64 = 1_000;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Far more energy than usual for one or two intervals.
    Spike,
    /// The voltage falls, and with it the power.
    Sag,
    /// Consumption falls to a small share for hours.
    Drop,
    /// No supply: no energy, no voltage. The meter runs on its battery and reports zeros.
    Outage,
    /// The meter repeats one value.
    Frozen,
    /// The meter runs away from the truth, a little more every interval.
    Drift,
}

/// One episode at one meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anomaly {
    /// What is wrong.
    pub kind: Kind,
    /// Start of the first interval concerned, milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// End of the last interval concerned.
    pub to_ms: i64,
    /// Thousandths: of the energy (spike, drop), of the voltage (sag), of the energy at the end (drift); 0 for the rest.
    pub factor: i64,
}

impl Anomaly {
    /// The episode of the week that holds `ms`, if there is one; `meter` is the draw of the meter, `rate` the share of weeks with one.
    pub(crate) fn at(meter: Draw, rate: f64, ms: i64, interval: Interval) -> Option<Self> {
        let week = ms.div_euclid(WEEK_MS);
        let draw = meter.with(ANOMALIES).at(week);
        draw.happens(rate)
            .then(|| Self::drawn(draw, week * WEEK_MS, interval))
    }

    /// The starts of the weeks that `from_ms..to_ms` touches.
    pub(crate) fn weeks(from_ms: i64, to_ms: i64) -> impl Iterator<Item = i64> {
        let weeks = from_ms.div_euclid(WEEK_MS)..(to_ms + WEEK_MS - 1).div_euclid(WEEK_MS);
        weeks.map(|week| week * WEEK_MS)
    }

    fn drawn(draw: Draw, week_ms: i64, interval: Interval) -> Self {
        let (kind, hours, factor) = match draw.with(1).below(6) {
            0 => (Kind::Spike, 0.25..0.5, 4_000..12_000),
            1 => (Kind::Sag, 0.25..3.0, 720..880),
            2 => (Kind::Drop, 2.0..12.0, 30..300),
            3 => (Kind::Outage, 0.5..6.0, 0..0),
            4 => (Kind::Frozen, 6.0..36.0, 0..0),
            _ => (Kind::Drift, 48.0..96.0, 1_200..2_000),
        };
        let step = interval.as_millis();
        let length_ms = draw.with(2).between(hours.start, hours.end) * HOUR_MS as f64;
        let steps = ((length_ms / step as f64) as i64).max(1);
        let room = (WEEK_MS / step - steps).max(0);
        let first = draw.with(3).below(room.unsigned_abs() + 1).cast_signed();
        let from_ms = week_ms + first * step;
        let span = u64::try_from(factor.end - factor.start).unwrap_or_default();
        Self {
            kind,
            from_ms,
            to_ms: from_ms + steps * step,
            factor: factor.start + draw.with(4).below(span).cast_signed(),
        }
    }

    /// Whether the interval that starts at `start_ms` is concerned.
    #[must_use]
    pub const fn covers(&self, start_ms: i64) -> bool {
        self.from_ms <= start_ms && start_ms < self.to_ms
    }

    /// What the meter shows for `true_energy` of the interval at `start_ms`; `first` is the true energy of the episode's first interval.
    pub(crate) fn shown(&self, start_ms: i64, true_energy: Energy, first: Energy) -> Energy {
        match self.kind {
            Kind::Spike | Kind::Drop => scaled(true_energy, self.factor),
            Kind::Sag => scaled(true_energy, self.factor * self.factor / ONE),
            Kind::Outage => Energy::ZERO,
            Kind::Frozen => first,
            Kind::Drift => {
                let share = (start_ms - self.from_ms) as f64 / (self.to_ms - self.from_ms) as f64;
                scaled(true_energy, ONE + ((self.factor - ONE) as f64 * share) as i64)
            }
        }
    }

    /// The voltage's share of what it should be, in thousandths.
    pub(crate) const fn voltage_factor(&self) -> i64 {
        match self.kind {
            Kind::Sag => self.factor,
            Kind::Outage => 0,
            Kind::Spike | Kind::Drop | Kind::Frozen | Kind::Drift => ONE,
        }
    }
}

/// The name under which a meter's episodes are drawn.
const ANOMALIES: u64 = 0x616e_6f6d;

/// `energy` times `thousandths`, cut to the watt-hour.
const fn scaled(energy: Energy, thousandths: i64) -> Energy {
    let product = energy.as_milliwatt_hours() * thousandths / ONE;
    Energy::from_milliwatt_hours(product / WATT_HOUR * WATT_HOUR)
}

/// One line of the truth file: what was wrong where, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// The meter.
    pub meter: String,
    /// What is wrong.
    pub kind: Kind,
    /// Start of the first interval concerned, RFC 3339.
    pub from: String,
    /// End of the last interval concerned, RFC 3339.
    pub to: String,
    /// How much, by kind.
    pub parameters: Parameters,
    #[serde(skip)]
    from_ms: i64,
}

/// How much is wrong; what the kind does not have is absent. Decimal texts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Parameters {
    /// By how much energy is multiplied (spike, drop).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<String>,
    /// By how much the voltage is multiplied; energy by its square (sag).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voltage_factor: Option<String>,
    /// What the factor, 1 at the start, has become at the end (drift).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor_at_end: Option<String>,
    /// The value that is repeated (frozen).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_kwh: Option<String>,
}

impl Truth {
    /// The label of `anomaly` at `meter`, where `first` is the true energy of the first interval.
    pub(crate) fn of(meter: &MeterId, anomaly: &Anomaly, first: Energy) -> Self {
        let factor = Some(format!("{}.{:03}", anomaly.factor / ONE, anomaly.factor % ONE));
        let mut parameters = Parameters::default();
        match anomaly.kind {
            Kind::Spike | Kind::Drop => parameters.factor = factor,
            Kind::Sag => parameters.voltage_factor = factor,
            Kind::Drift => parameters.factor_at_end = factor,
            Kind::Frozen => parameters.usage_kwh = Some(first.to_string()),
            Kind::Outage => {}
        }
        Self {
            meter: meter.to_string(),
            kind: anomaly.kind,
            from: rfc3339(anomaly.from_ms),
            to: rfc3339(anomaly.to_ms),
            parameters,
            from_ms: anomaly.from_ms,
        }
    }

    /// Start of the first interval concerned, milliseconds since 1970 UTC.
    #[must_use]
    pub const fn from_ms(&self) -> i64 {
        self.from_ms
    }
}

/// `ms` milliseconds since 1970 UTC as RFC 3339, without needless digits.
pub(crate) fn rfc3339(ms: i64) -> String {
    let time: DateTime<Utc> = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests;
