//! Numbers as decimals.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_integer::Integer;

use super::{Exact, small_scaled};
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
/// Decimal places of a quotient that does not end, where a decimal must stand.
const QUOTIENT_PLACES: u32 = 8;
/// The most decimal places of a number that is shown whole, so that what is shown can be read again.
const MAX_PLACES: u32 = 48;
/// The most characters of a fraction. A longer one tells nobody anything.
const MAX_FRACTION: usize = 48;
/// Decimal places of a number that neither ends nor is a short fraction.
const GOING_ON_PLACES: u32 = 28;
/// What says that the digits before it are not all.
const GOES_ON: char = '…';

impl Exact {
    /// As a decimal with exactly `places` decimal places, rounded by `mode` if it has more.
    #[must_use]
    pub fn to_fixed(&self, places: u32, mode: Mode) -> String {
        let units = self.units(places, mode);
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

impl Exact {
    /// As a decimal: whole where it ends, and otherwise rounded half up to 8 places.
    #[must_use]
    pub fn to_decimal(&self) -> String {
        self.whole_decimal().unwrap_or_else(|| self.to_short())
    }

    /// As a decimal of at most 8 places, rounded half up, without needless zeros.
    #[must_use]
    pub fn to_short(&self) -> String {
        without_zeros(&self.to_fixed(QUOTIENT_PLACES, Mode::HalfUp))
    }

    /// The nearest whole number of 10^-`places`. In 128 bits as long as they suffice: most numbers are shown more often than computed.
    fn units(&self, places: u32, mode: Mode) -> String {
        if let (Some((numerator, denominator)), Some(scale)) = (self.small(), 10_i128.checked_pow(places))
            && let Some(nearest) = small_scaled(numerator, denominator, scale, mode)
        {
            return nearest.to_string();
        }
        self.scaled(&BigInt::from(10).pow(places), mode).to_string()
    }

    /// With all its places, if it ends.
    fn whole_decimal(&self) -> Option<String> {
        let places = self.places()?;
        Some(without_zeros(&self.to_fixed(places, Mode::HalfUp)))
    }

    /// How many decimal places it has; `None` where it does not end, or only after more than anybody reads.
    fn places(&self) -> Option<u32> {
        if let Some((_, denominator)) = self.small() {
            return small_places(denominator);
        }
        let (_, mut rest) = self.large();
        let twos = u32::try_from(rest.trailing_zeros()?).ok()?;
        rest >>= twos;
        let mut fives = 0_u32;
        while rest > BigInt::from(1) {
            let (fifth, left) = rest.div_rem(&BigInt::from(5));
            if left != BigInt::ZERO || fives > MAX_PLACES {
                return None;
            }
            rest = fifth;
            fives = fives.saturating_add(1);
        }
        Some(twos.max(fives)).filter(|places| *places <= MAX_PLACES)
    }

    /// Its first digits, none of them rounded.
    fn first_digits(&self) -> String {
        let (sign, number) = if self.is_negative() {
            ("-", self.negated())
        } else {
            ("", self.clone())
        };
        let scale = BigInt::from(10).pow(GOING_ON_PLACES);
        let (numerator, denominator) = number.large();
        let cut = Self::of_large((numerator * &scale).div_floor(&denominator), scale);
        let digits = cut.unwrap_or_default().to_fixed(GOING_ON_PLACES, Mode::HalfUp);
        format!("{sign}{digits}{GOES_ON}")
    }
}

/// Decimal places of a fraction in lowest terms with a denominator of 128 bits.
fn small_places(denominator: i128) -> Option<u32> {
    let twos = denominator.trailing_zeros();
    let mut rest = denominator.checked_shr(twos)?;
    let mut fives = 0_u32;
    while rest > 1 {
        if rest.checked_rem(5)? != 0 {
            return None;
        }
        rest = rest.checked_div(5)?;
        fives = fives.saturating_add(1);
    }
    Some(twos.max(fives)).filter(|places| *places <= MAX_PLACES)
}

fn without_zeros(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// The number as it is: a decimal with all its places where it ends, otherwise a fraction in lowest terms, `2/3`. A fraction of more
/// digits than anybody reads is a decimal that says that it goes on: `0.3172…`.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(decimal) = self.whole_decimal() {
            return f.write_str(&decimal);
        }
        let (numerator, denominator) = self.large();
        let fraction = format!("{numerator}/{denominator}");
        if fraction.len() <= MAX_FRACTION {
            return f.write_str(&fraction);
        }
        f.write_str(&self.first_digits())
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
