//! Numbers as decimals.

use std::fmt::{self, Write};
use std::str::FromStr;

use num_bigint::BigInt;
use num_integer::Integer;

use super::{Exact, Form, small_scaled};
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
/// The most decimal places of a number that is shown as a decimal; beyond that it is a fraction.
const MAX_PLACES: u32 = 48;

impl Exact {
    /// As a decimal with exactly `places` decimal places, rounded by `mode` if it has more.
    #[must_use]
    pub fn to_fixed(&self, places: u32, mode: Mode) -> String {
        if let (Some((numerator, denominator)), Some(scale)) = (self.small(), 10_i128.checked_pow(places))
            && let Some(units) = small_scaled(numerator, denominator, scale, mode)
        {
            return Decimal { units, places, scale }.to_string();
        }
        let units = self.scaled(&BigInt::from(10).pow(places), mode).to_string();
        with_point(&units, places)
    }

    /// As a decimal: whole where it ends, and otherwise rounded half up to 8 places.
    #[must_use]
    pub fn to_decimal(&self) -> String {
        if self.places().is_some() {
            return self.to_string();
        }
        self.to_short()
    }

    /// As a decimal of at most 8 places, rounded half up, without needless zeros.
    #[must_use]
    pub fn to_short(&self) -> String {
        without_zeros(&self.to_fixed(QUOTIENT_PLACES, Mode::HalfUp))
    }

    /// Whether it is shown as a decimal: it ends, and not only after more places than anybody reads.
    pub(crate) fn is_decimal(&self) -> bool {
        self.places().is_some()
    }

    /// The number of a text that [`fmt::Display`] made of one, however long.
    pub(crate) fn of_shown(text: &str) -> Option<Self> {
        let whole = |digits: &str| digits.parse::<BigInt>().ok();
        if let Some((numerator, denominator)) = text.split_once('/') {
            return Self::of_large(whole(numerator)?, whole(denominator)?);
        }
        let (digits, decimals) = text.split_once('.').unwrap_or((text, ""));
        let scale = BigInt::from(10).pow(u32::try_from(decimals.len()).ok()?);
        Self::of_large(whole(&format!("{digits}{decimals}"))?, scale)
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
}

/// Decimal places of a fraction in lowest terms with a denominator of 128 bits.
fn small_places(denominator: i128) -> Option<u32> {
    let twos = denominator.trailing_zeros();
    let odd = denominator.checked_shr(twos)?;
    let (mut power, mut fives) = (1_i128, 0_u32);
    while power < odd {
        power = power.checked_mul(5)?;
        fives = fives.saturating_add(1);
    }
    let places = twos.max(fives);
    (power == odd && places <= MAX_PLACES).then_some(places)
}

/// `units` / `scale`, where `scale` is 10^`places`.
struct Decimal {
    units: i128,
    places: u32,
    scale: i128,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.units < 0 {
            f.write_char('-')?;
        }
        let (units, scale) = (self.units.unsigned_abs(), self.scale.unsigned_abs());
        let width = usize::try_from(self.places).unwrap_or_default();
        // Numbers of 64 bits are most of them, and division is slow.
        if let (Ok(units), Ok(scale)) = (u64::try_from(units), u64::try_from(scale)) {
            let (whole, part) = (units.checked_div(scale), units.checked_rem(scale));
            write!(f, "{}", whole.unwrap_or_default())?;
            return match width {
                0 => Ok(()),
                _ => write!(f, ".{:0>width$}", part.unwrap_or_default()),
            };
        }
        let (whole, part) = (units.checked_div(scale), units.checked_rem(scale));
        write!(f, "{}", whole.unwrap_or_default())?;
        match width {
            0 => Ok(()),
            _ => write!(f, ".{:0>width$}", part.unwrap_or_default()),
        }
    }
}

/// Whole units as a decimal of so many places.
fn with_point(units: &str, places: u32) -> String {
    let (sign, digits) = match units.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", units),
    };
    let width = usize::try_from(places).unwrap_or_default();
    let padded = format!("{digits:0>least$}", least = width.saturating_add(1));
    let (whole, decimals) = padded
        .split_at_checked(padded.len().saturating_sub(width))
        .unwrap_or((&padded, ""));
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{decimals}")
}

fn without_zeros(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// The number as it is: a decimal with all its places where it ends, otherwise a fraction in lowest terms, `2/3`, however long.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.places();
        if let (Some((numerator, denominator)), Some(places)) = (self.small(), places)
            && let Some(scale) = 10_i128.checked_pow(places)
            && let Some(units) = scale
                .checked_div(denominator)
                .and_then(|factor| numerator.checked_mul(factor))
        {
            return Decimal { units, places, scale }.fmt(f);
        }
        match places {
            Some(places) => f.write_str(&self.to_fixed(places, Mode::HalfUp)),
            None => match &self.0 {
                Form::Small {
                    numerator,
                    denominator,
                } => write!(f, "{numerator}/{denominator}"),
                Form::Large(parts) => write!(f, "{}/{}", parts.0, parts.1),
            },
        }
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
