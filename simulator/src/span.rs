//! Lengths of time as people write them, and the interval of a meter.

use std::str::FromStr;
use std::time::Duration;

const DAY_SECONDS: u32 = 86_400;

/// A length of time with its unit: `500ms`, `30s`, `15m`, `1h`, `7d`, `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// A text that is not a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a length of time; write for example 500ms, 30s, 15m, 1h, 7d or 2w")]
pub struct InvalidSpan;

impl Span {
    /// `seconds` long.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// As the standard library has it.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// In whole milliseconds.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at_checked(digits).ok_or(InvalidSpan)?;
        let number: u64 = number.parse().map_err(|_| InvalidSpan)?;
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return Err(InvalidSpan),
        };
        let ms = number.checked_mul(unit_ms).ok_or(InvalidSpan)?;
        Ok(Self(Duration::from_millis(ms)))
    }
}

/// The length of a meter's intervals: whole seconds that divide a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval(u32);

/// A length that intervals cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an interval must be whole seconds that divide a day, for example 1m, 5m, 15m, 30m, 1h or 1d")]
pub struct InvalidInterval;

impl Interval {
    /// A quarter of an hour, which most meters have.
    pub const QUARTER_HOUR: Self = Self(900);

    /// `seconds` long.
    ///
    /// # Errors
    /// [`InvalidInterval`] when they do not divide a day.
    pub const fn from_secs(seconds: u32) -> Result<Self, InvalidInterval> {
        if seconds > 0 && DAY_SECONDS.is_multiple_of(seconds) {
            Ok(Self(seconds))
        } else {
            Err(InvalidInterval)
        }
    }

    /// In seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// In milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0 as i64 * 1_000
    }

    /// The first interval start at or after `ms`.
    #[must_use]
    pub const fn first_start(self, ms: i64) -> i64 {
        let step = self.as_millis();
        (ms + step - 1).div_euclid(step) * step
    }
}

impl FromStr for Interval {
    type Err = InvalidInterval;

    fn from_str(text: &str) -> Result<Self, InvalidInterval> {
        let span: Span = text.parse().map_err(|_| InvalidInterval)?;
        let whole = span.0.subsec_nanos() == 0;
        let seconds = u32::try_from(span.0.as_secs()).map_err(|_| InvalidInterval)?;
        if whole {
            Self::from_secs(seconds)
        } else {
            Err(InvalidInterval)
        }
    }
}

#[cfg(test)]
mod tests;
