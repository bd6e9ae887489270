//! What a device says in one `Reading`, and whether it can be a row at all. Pure.
//!
//! Whether the row is plausible is ingestion's to judge.

use model::{Channel, Energy, Inexact, MeasuredQuantity, Quality, Reason, is_valid_id, scaled_from_f64};
use proto::columns::{KIND_INTERVAL, KIND_REGISTER, KIND_TELEMETRY};
use proto::meter::Reading;

use super::wire::{Fields, Malformed};
use crate::auth::Identity;

/// The first second of the year 1 and the last of the year 9999, UTC.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const NANOS: std::ops::RangeInclusive<i32> = 0..=999_999_999;

/// A `Reading`, its texts still where they came from.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Claim<'a> {
    device_id: &'a str,
    /// Seconds and nanoseconds.
    timestamp: Option<(i64, i32)>,
    usage_kwh: Option<f64>,
    register_kwh: Option<f64>,
    register: &'a str,
    interval_seconds: u32,
    channel: i32,
    quality: i32,
    revision: u32,
    sequence: u64,
    /// In the order of [`MeasuredQuantity::ALL`].
    measured: [Option<f64>; 6],
}

/// A claim that can be a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claimed<'a> {
    pub(crate) device_id: &'a str,
    /// Empty unless it is a register read.
    pub(crate) register: &'a str,
    pub(crate) start_ms: i64,
    pub(crate) kind: u32,
    pub(crate) channel: u32,
    pub(crate) value: i64,
    pub(crate) interval_seconds: u32,
    pub(crate) quality: u32,
    pub(crate) revision: u32,
    pub(crate) sequence: u64,
    /// In the order of [`MeasuredQuantity::ALL`].
    pub(crate) measured: [Option<i64>; 6],
}

impl<'a> Claim<'a> {
    /// Adds the fields of an encoded `Reading`: where a field comes twice, the later one counts.
    pub(super) fn merge(&mut self, message: &'a [u8], nesting: u32) -> Result<(), Malformed> {
        let mut fields = Fields::of(message, nesting);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => self.device_id = value.text()?,
                2 => {
                    let timestamp = self.timestamp.get_or_insert_default();
                    merge_timestamp(timestamp, value.bytes()?, nesting.saturating_add(1))?;
                }
                3 => self.usage_kwh = Some(value.double()?),
                4 => self.register_kwh = Some(value.double()?),
                5 => self.register = value.text()?,
                6 => self.interval_seconds = value.varint()? as u32,
                7 => self.channel = value.varint()? as i32,
                8 => self.quality = value.varint()? as i32,
                9 => self.revision = value.varint()? as u32,
                10 => self.sequence = value.varint()?,
                11..=16 => {
                    let value = value.double()?;
                    if let Some(measured) = self.measured.get_mut(number.saturating_sub(11) as usize) {
                        *measured = Some(value);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The row it is, sent by `identity`; else the first thing that is wrong, in the order id, owner, revision, time, names, values.
    pub(crate) fn judge(&self, identity: &Identity) -> Result<Claimed<'a>, Reason> {
        if !is_valid_id(self.device_id) {
            return Err(Reason::BadId);
        }
        if !identity.may_speak_for(self.device_id) {
            return Err(Reason::NotYours);
        }
        if self.revision > identity.max_revision() {
            return Err(Reason::BadRevision);
        }
        let start_ms = self.start_ms()?;
        let channel = named(
            self.channel,
            Channel::from_code(self.channel.cast_unsigned()),
            Channel::Import,
        )?;
        let quality = named(
            self.quality,
            Quality::from_code(self.quality.cast_unsigned()),
            Quality::Actual,
        )?;
        let (kind, value) = self.value()?;
        Ok(Claimed {
            device_id: self.device_id,
            register: if kind == KIND_REGISTER { self.register } else { "" },
            start_ms,
            kind,
            channel: channel.code(),
            value,
            interval_seconds: self.interval_seconds,
            quality: quality.code(),
            revision: self.revision,
            sequence: self.sequence,
            measured: self.measured()?,
        })
    }

    /// Cut to the millisecond.
    fn start_ms(&self) -> Result<i64, Reason> {
        match self.timestamp {
            Some((seconds, nanos)) if SECONDS.contains(&seconds) && NANOS.contains(&nanos) => {
                let millis = i64::from(nanos.checked_div(1_000_000).unwrap_or_default());
                Ok(seconds.saturating_mul(1_000).saturating_add(millis))
            }
            _ => Err(Reason::BadTimestamp),
        }
    }

    fn value(&self) -> Result<(u32, i64), Reason> {
        match (self.usage_kwh, self.register_kwh) {
            (Some(_), Some(_)) => Err(Reason::TwoValues),
            (Some(kwh), None) => Ok((KIND_INTERVAL, energy(kwh)?)),
            (None, Some(_)) if !is_valid_id(self.register) => Err(Reason::BadRegister),
            (None, Some(kwh)) => Ok((KIND_REGISTER, energy(kwh)?)),
            (None, None) if self.measured == [None; 6] => Err(Reason::NoValue),
            (None, None) => Ok((KIND_TELEMETRY, 0)),
        }
    }

    fn measured(&self) -> Result<[Option<i64>; 6], Reason> {
        let mut scaled = [None; 6];
        if self.measured == [None; 6] {
            return Ok(scaled);
        }
        let quantities = MeasuredQuantity::ALL.iter().zip(self.measured);
        for (slot, (quantity, value)) in scaled.iter_mut().zip(quantities) {
            if let Some(value) = value {
                *slot = Some(scaled_from_f64(value, quantity.places()).map_err(inexact)?);
            }
        }
        Ok(scaled)
    }
}

/// The same claim in the type that `prost` generates.
impl<'a> From<&'a Reading> for Claim<'a> {
    fn from(reading: &'a Reading) -> Self {
        Self {
            device_id: &reading.device_id,
            timestamp: reading.timestamp.map(|at| (at.seconds, at.nanos)),
            usage_kwh: reading.usage_kwh,
            register_kwh: reading.register_kwh,
            register: &reading.register,
            interval_seconds: reading.interval_seconds,
            channel: reading.channel,
            quality: reading.quality,
            revision: reading.revision,
            sequence: reading.sequence,
            measured: [
                reading.power_w,
                reading.voltage_v,
                reading.current_a,
                reading.power_factor,
                reading.temperature_c,
                reading.pressure_kpa,
            ],
        }
    }
}

fn merge_timestamp(timestamp: &mut (i64, i32), message: &[u8], nesting: u32) -> Result<(), Malformed> {
    let mut fields = Fields::of(message, nesting);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => timestamp.0 = value.varint()?.cast_signed(),
            2 => timestamp.1 = value.varint()? as i32,
            _ => {}
        }
    }
    Ok(())
}

/// The name of an enum's number; 0 means `default`.
fn named<T>(number: i32, name: Option<T>, default: T) -> Result<T, Reason> {
    if number == 0 {
        return Ok(default);
    }
    name.ok_or(Reason::UnknownEnum)
}

/// Milliwatt-hours. A value below zero is refused before it could be rounded to zero.
fn energy(kwh: f64) -> Result<i64, Reason> {
    if kwh < 0.0 && kwh.is_finite() {
        return Err(Reason::Negative);
    }
    Energy::from_kwh(kwh)
        .map(Energy::as_milliwatt_hours)
        .map_err(inexact)
}

fn inexact(error: Inexact) -> Reason {
    match error {
        Inexact::NotFinite => Reason::NotFinite,
        Inexact::TooLarge => Reason::TooLarge,
    }
}

#[cfg(test)]
mod tests;
