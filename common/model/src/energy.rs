//! Energy in whole milliwatt-hours.

use std::fmt;
use std::str::FromStr;

use crate::exact::{Inexact, scaled_from_f64};

/// An amount of energy in whole milliwatt-hours (10^-6 kWh); reactive energy in 10^-6 kvarh. May be negative only as a sum or difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Energy(i64);

/// Why a text is not an energy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseEnergyError {
    /// Not a decimal number.
    #[error("not a decimal number of kWh")]
    Syntax,
    /// More than six decimals: nothing is rounded in silence.
    #[error("finer than 10^-6 kWh")]
    TooFine,
    /// Beyond 64 bits of milliwatt-hours.
    #[error("too large")]
    TooLarge,
}

impl Energy {
    /// No energy.
    pub const ZERO: Self = Self(0);
    /// The most that one interval may hold: 100 MWh (`DESIGN` 4).
    pub const MAX_READING: Self = Self(100_000 * Self::PER_KWH);
    /// The most that a dial may show: nine digits of kWh, as on the largest meters. A dial counts for years, an interval for a day at most.
    pub const MAX_DIAL: Self = Self(1_000_000_000 * Self::PER_KWH);
    const PER_KWH: i64 = 1_000_000;

    /// `units` milliwatt-hours.
    #[must_use]
    pub const fn from_milliwatt_hours(units: i64) -> Self {
        Self(units)
    }

    /// In milliwatt-hours.
    #[must_use]
    pub const fn as_milliwatt_hours(self) -> i64 {
        self.0
    }

    /// A number of kWh from the wire, rounded half to even to the milliwatt-hour.
    ///
    /// # Errors
    /// [`Inexact`] when it is not finite or beyond 64 bits. Sign and plausibility are the caller's to judge.
    pub fn from_kwh(kwh: f64) -> Result<Self, Inexact> {
        scaled_from_f64(kwh, 6).map(Self)
    }

    /// The sum, unless it needs more than 64 bits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}

/// Decimal kWh without needless zeros: `0`, `1.5`, `-0.000001`.
impl fmt::Display for Energy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let per_kwh = Self::PER_KWH.unsigned_abs();
        let (whole, rest) = (magnitude.checked_div(per_kwh), magnitude.checked_rem(per_kwh));
        let (whole, rest) = (whole.unwrap_or_default(), rest.unwrap_or_default());
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{rest:06}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Reads decimal kWh exactly.
impl FromStr for Energy {
    type Err = ParseEnergyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(decimals) {
            return Err(ParseEnergyError::Syntax);
        }
        let decimals = decimals.trim_end_matches('0');
        if decimals.len() > 6 {
            return Err(ParseEnergyError::TooFine);
        }
        let joined = format!("{whole}{decimals:0<6}");
        let magnitude: i64 = joined.parse().map_err(|_| ParseEnergyError::TooLarge)?;
        Ok(Self(if negative {
            magnitude.saturating_neg()
        } else {
            magnitude
        }))
    }
}

#[cfg(test)]
mod tests;
