//! Durations and sizes with their units, in configuration files, in the environment and on the command line: `"30s"`, `"64MiB"`.

use std::time::Duration;

/// A text that is no duration or no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a number followed by a unit of time.
    #[error("`{0}` is no duration; write a whole number and ms, s, m, h or d, for example \"30s\"")]
    Duration(String),
    /// Not a number followed by a unit of size.
    #[error(
        "`{0}` is no size; write a whole number and B, KiB, MiB, GiB, KB, MB or GB, for example \"64MiB\""
    )]
    Size(String),
}

/// Milliseconds per unit, the largest first.
const TIMES: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
/// Bytes per unit, the largest of each family first.
const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// A duration from text such as `250ms`, `30s`, `5m`, `6h`, `30d`.
///
/// # Errors
/// [`UnitError::Duration`] without a known unit or beyond 64 bits of milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    scaled(text, &TIMES)
        .map(Duration::from_millis)
        .ok_or_else(|| UnitError::Duration(text.to_owned()))
}

/// A number of bytes from text such as `512B`, `64MiB`, `2GB`.
///
/// # Errors
/// [`UnitError::Size`] without a known unit or beyond 64 bits.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    scaled(text, &SIZES).ok_or_else(|| UnitError::Size(text.to_owned()))
}

/// `duration` with the largest unit that shows it exactly; finer than a millisecond is cut.
#[must_use]
pub fn show_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    show(millis, &TIMES, "ms")
}

/// `bytes` with the largest binary unit that shows it exactly.
#[must_use]
pub fn show_size(bytes: u64) -> String {
    let (binary, _) = SIZES.split_at(3);
    if bytes == 0 {
        "0B".to_owned()
    } else {
        show(bytes, binary, "B")
    }
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show(amount: u64, units: &[(&str, u64)], smallest: &str) -> String {
    units
        .iter()
        .find(|(_, factor)| amount.is_multiple_of(*factor))
        .map_or_else(
            || format!("{amount}{smallest}"),
            |(unit, factor)| format!("{}{unit}", amount / factor),
        )
}

/// `#[serde(with = "service_kit::units::duration")]`: a `Duration` as text with a unit.
pub mod duration {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// As text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::show_duration(*duration))
    }

    /// From text.
    ///
    /// # Errors
    /// [`super::UnitError`] as the deserializer's error.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        super::parse_duration(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// `#[serde(with = "service_kit::units::size")]`: bytes in a `u64` as text with a unit.
pub mod size {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// As text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::show_size(*bytes))
    }

    /// From text.
    ///
    /// # Errors
    /// [`super::UnitError`] as the deserializer's error.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        super::parse_size(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
