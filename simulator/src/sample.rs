//! One reading before it is put on the wire: exact numbers, no device.

use model::{Channel, Energy, MeterId, Quality};
use proto::meter as wire;

/// What a meter measured beside energy, in scaled integers as `model::MeasuredQuantity` has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telemetry {
    /// Mean power of the interval, milliwatt.
    pub power_mw: i64,
    /// Millivolt.
    pub voltage_mv: i64,
    /// Milliampere.
    pub current_ma: i64,
    /// 10^-4.
    pub power_factor: i64,
    /// Thousandths of a degree Celsius, at the meter.
    pub temperature_mc: i64,
}

/// One interval of one channel of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Start of the interval, milliseconds since 1970 UTC.
    pub start_ms: i64,
    /// Length of the interval.
    pub interval_seconds: u32,
    /// Which direction.
    pub channel: Channel,
    /// Energy of the interval.
    pub energy: Energy,
    /// How far it can be trusted.
    pub quality: Quality,
    /// 0 unless the value corrects an earlier one.
    pub revision: u32,
    /// Measurements beside it.
    pub telemetry: Option<Telemetry>,
}

impl Sample {
    /// As `meter` says it. The double on the wire is the one nearest to the exact decimal, so the receiver gets the exact decimal back.
    #[must_use]
    pub fn to_wire(&self, meter: &MeterId) -> wire::Reading {
        let measured =
            |pick: fn(&Telemetry) -> i64, unit: f64| self.telemetry.as_ref().map(|t| pick(t) as f64 / unit);
        wire::Reading {
            device_id: meter.as_str().to_owned(),
            timestamp: Some(timestamp(self.start_ms)),
            usage_kwh: Some(kwh(self.energy)),
            register_kwh: None,
            register: String::new(),
            interval_seconds: self.interval_seconds,
            channel: number(self.channel.code()),
            quality: number(self.quality.code()),
            revision: self.revision,
            sequence: 0,
            power_w: measured(|t| t.power_mw, 1e3),
            voltage_v: measured(|t| t.voltage_mv, 1e3),
            current_a: measured(|t| t.current_ma, 1e3),
            power_factor: measured(|t| t.power_factor, 1e4),
            temperature_c: measured(|t| t.temperature_mc, 1e3),
            pressure_kpa: None,
        }
    }

    /// Until when the interval lasts, milliseconds since 1970 UTC: before that the meter cannot know the value.
    #[must_use]
    pub fn end_ms(&self) -> i64 {
        self.start_ms + i64::from(self.interval_seconds) * 1_000
    }
}

/// The double nearest to `energy` in kWh: both operands are exact, and one division rounds once.
pub(crate) fn kwh(energy: Energy) -> f64 {
    energy.as_milliwatt_hours() as f64 / 1e6
}

/// `ms` milliseconds since 1970 UTC, as the wire has it.
pub(crate) fn timestamp(ms: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: ms.div_euclid(1_000),
        nanos: i32::try_from(ms.rem_euclid(1_000) * 1_000_000).unwrap_or_default(),
    }
}

fn number(code: u32) -> i32 {
    i32::try_from(code).unwrap_or_default()
}
