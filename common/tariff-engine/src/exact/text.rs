//! Numbers as decimals.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;

use super::Exact;
use crate::rounding::Mode;

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseExactError {
    /// Not a decimal number.
    #[error("not a decimal number")]
    Syntax,
    /// More digits than anything here needs.
    #[error("a number of more than 64 digits or beyond 10^±64")]
    TooLong,
}

/// The most digits a number may be written with. Rate records write "no limit" as 10^38 in full.
const MAX_DIGITS: usize = 64;
/// The largest exponent, either way.
const MAX_EXPONENT: u32 = 64;
/// Decimal places that are shown where nothing was rounded.
const SHOWN_PLACES: u32 = 8;

impl Exact {
    /// As a decimal with exactly `places` decimal places, rounded by `mode` if it has more.
    #[must_use]
    pub fn to_fixed(&self, places: u32, mode: Mode) -> String {
        let units = self.scaled(&BigInt::from(10).pow(places), mode).to_string();
        let (sign, digits) = match units.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", units.as_str()),
        };
        let width = usize::try_from(places).unwrap_or_default();
        let padded = format!("{digits:0>least$}", least = width.saturating_add(1));
        let (whole, decimals) = padded
            .split_at_checked(padded.len().saturating_sub(width))
            .unwrap_or((&padded, ""));
        let point = if decimals.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{decimals}")
    }
}

/// A decimal of at most 8 places, rounded half up, without needless zeros.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_fixed(SHOWN_PLACES, Mode::HalfUp);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Reads a decimal as JSON writes numbers: `12`, `-0.125`, `1.5e-3`.
impl FromStr for Exact {
    type Err = ParseExactError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, decimals) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(ParseExactError::Syntax),
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(decimals) {
            return Err(ParseExactError::Syntax);
        }
        let joined = format!("{whole}{decimals}");
        if joined.len() > MAX_DIGITS {
            return Err(ParseExactError::TooLong);
        }
        let magnitude: BigInt = joined.parse().map_err(|_| ParseExactError::Syntax)?;
        let places = i64::try_from(decimals.len()).map_err(|_| ParseExactError::TooLong)?;
        let signed = if text.starts_with('-') {
            -magnitude
        } else {
            magnitude
        };
        let shift = exponent.saturating_sub(places);
        let power =
            BigInt::from(10).pow(u32::try_from(shift.unsigned_abs()).map_err(|_| ParseExactError::TooLong)?);
        let number = if shift < 0 {
            Self::of_large(signed, power)
        } else {
            Self::of_large(signed * power, 1.into())
        };
        number.ok_or(ParseExactError::Syntax)
    }
}

fn parse_exponent(text: &str) -> Result<i64, ParseExactError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseExactError::Syntax);
    }
    let exponent: i64 = text.parse().map_err(|_| ParseExactError::TooLong)?;
    if exponent.unsigned_abs() > u64::from(MAX_EXPONENT) {
        return Err(ParseExactError::TooLong);
    }
    Ok(exponent)
}
