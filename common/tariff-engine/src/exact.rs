//! Numbers that are never rounded in silence: quotients of 128-bit integers, every step checked.

use std::fmt;
use std::str::FromStr;

use model::Energy;

use crate::rounding::Mode;

/// An exact number. Kept in lowest terms with a positive denominator, so that equal numbers are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exact {
    numerator: i128,
    denominator: i128,
}

/// A number needs more than 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number needs more than 128 bits")]
pub struct Overflow;

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseExactError {
    /// Not a decimal number.
    #[error("not a decimal number")]
    Syntax,
    /// More digits than anything here needs.
    #[error("a number of more than 30 digits or beyond 10^±18")]
    TooLong,
}

/// The most digits a number may be written with.
const MAX_DIGITS: usize = 30;
/// The largest exponent, either way.
const MAX_EXPONENT: u32 = 18;
/// Decimal places that are shown of a number that has no end.
const SHOWN_PLACES: u32 = 8;

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };
    /// One.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// `numerator` / `denominator`.
    ///
    /// # Errors
    /// [`Overflow`] also when the denominator is 0.
    pub fn ratio(numerator: i128, denominator: i128) -> Result<Self, Overflow> {
        let divisor = common_divisor(numerator, denominator).ok_or(Overflow)?;
        let divisor = if denominator < 0 {
            divisor.checked_neg().ok_or(Overflow)?
        } else {
            divisor
        };
        Ok(Self {
            numerator: numerator.checked_div(divisor).ok_or(Overflow)?,
            denominator: denominator.checked_div(divisor).ok_or(Overflow)?,
        })
    }

    /// A whole number.
    #[must_use]
    pub const fn whole(number: i128) -> Self {
        Self {
            numerator: number,
            denominator: 1,
        }
    }

    /// Kilowatt-hours (or kvarh), exactly.
    ///
    /// # Errors
    /// Never in practice; the type says that every step is checked.
    pub fn from_energy(energy: Energy) -> Result<Self, Overflow> {
        Self::ratio(i128::from(energy.as_milliwatt_hours()), 1_000_000)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        if self.denominator == other.denominator {
            let sum = self.numerator.checked_add(other.numerator).ok_or(Overflow)?;
            return Self::ratio(sum, self.denominator);
        }
        // Over the least common denominator, so that sums of decimals stay small.
        let divisor = common_divisor(self.denominator, other.denominator).ok_or(Overflow)?;
        let mine = other.denominator.checked_div(divisor).ok_or(Overflow)?;
        let theirs = self.denominator.checked_div(divisor).ok_or(Overflow)?;
        let left = self.numerator.checked_mul(mine).ok_or(Overflow)?;
        let right = other.numerator.checked_mul(theirs).ok_or(Overflow)?;
        Self::ratio(
            left.checked_add(right).ok_or(Overflow)?,
            self.denominator.checked_mul(mine).ok_or(Overflow)?,
        )
    }

    /// The difference.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.plus(other.negated()?)
    }

    /// The product.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn times(self, other: Self) -> Result<Self, Overflow> {
        // Cancelled crosswise first: the product is then in lowest terms and as small as it can be.
        let left = Self::ratio(self.numerator, other.denominator)?;
        let right = Self::ratio(other.numerator, self.denominator)?;
        Ok(Self {
            numerator: left.numerator.checked_mul(right.numerator).ok_or(Overflow)?,
            denominator: left.denominator.checked_mul(right.denominator).ok_or(Overflow)?,
        })
    }

    /// The number with the other sign.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn negated(self) -> Result<Self, Overflow> {
        Ok(Self {
            numerator: self.numerator.checked_neg().ok_or(Overflow)?,
            ..self
        })
    }

    /// Below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// The number, or zero if it is below zero.
    #[must_use]
    pub const fn at_least_zero(self) -> Self {
        if self.is_negative() { Self::ZERO } else { self }
    }

    /// Rounded to `places` decimal places.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn rounded(self, places: u32, mode: Mode) -> Result<Self, Overflow> {
        let scale = 10_i128.checked_pow(places).ok_or(Overflow)?;
        Self::ratio(self.scaled(scale, mode)?, scale)
    }

    /// As a decimal with exactly `places` decimal places, rounded by `mode` if it has more.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn to_fixed(self, places: u32, mode: Mode) -> Result<String, Overflow> {
        let scale = 10_i128.checked_pow(places).ok_or(Overflow)?;
        let units = self.scaled(scale, mode)?;
        let sign = if units < 0 { "-" } else { "" };
        let scale = scale.unsigned_abs();
        let whole = units.unsigned_abs().checked_div(scale).ok_or(Overflow)?;
        let rest = units.unsigned_abs().checked_rem(scale).ok_or(Overflow)?;
        if places == 0 {
            return Ok(format!("{sign}{whole}"));
        }
        let width = usize::try_from(places).map_err(|_| Overflow)?;
        Ok(format!("{sign}{whole}.{rest:0width$}"))
    }

    /// The nearest integer to this number times `scale`.
    fn scaled(self, scale: i128, mode: Mode) -> Result<i128, Overflow> {
        // What the denominator shares with the scale is cancelled first, so that large decimals do not overflow.
        let factor = Self::ratio(scale, self.denominator)?;
        let exact = self.numerator.checked_mul(factor.numerator).ok_or(Overflow)?;
        let toward_zero = exact.checked_div(factor.denominator).ok_or(Overflow)?;
        let rest = exact.checked_rem(factor.denominator).ok_or(Overflow)?;
        let twice = rest
            .checked_abs()
            .and_then(|rest| rest.checked_mul(2))
            .ok_or(Overflow)?;
        let away = match twice.cmp(&factor.denominator) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => match mode {
                Mode::HalfUp => true,
                Mode::HalfEven => toward_zero & 1 != 0,
            },
        };
        let step = if away { exact.signum() } else { 0 };
        toward_zero.checked_add(step).ok_or(Overflow)
    }
}

/// A decimal without needless zeros; of a number without end 8 places, rounded half up.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_fixed(SHOWN_PLACES, Mode::HalfUp) {
            Ok(text) => f.write_str(text.trim_end_matches('0').trim_end_matches('.')),
            Err(Overflow) => write!(f, "{}/{}", self.numerator, self.denominator),
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
        let magnitude: i128 = joined.parse().map_err(|_| ParseExactError::TooLong)?;
        let places = i64::try_from(decimals.len()).map_err(|_| ParseExactError::TooLong)?;
        let signed = if text.starts_with('-') {
            magnitude.saturating_neg()
        } else {
            magnitude
        };
        shifted(signed, exponent.saturating_sub(places)).map_err(|Overflow| ParseExactError::TooLong)
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

/// `number` x 10^`exponent`.
fn shifted(number: i128, exponent: i64) -> Result<Exact, Overflow> {
    let power = u32::try_from(exponent.unsigned_abs()).map_err(|_| Overflow)?;
    let scale = 10_i128.checked_pow(power).ok_or(Overflow)?;
    if exponent < 0 {
        Exact::ratio(number, scale)
    } else {
        Ok(Exact::whole(number.checked_mul(scale).ok_or(Overflow)?))
    }
}

/// The greatest common divisor, at least 1; `None` when the denominator is 0 or a number has no magnitude.
fn common_divisor(a: i128, b: i128) -> Option<i128> {
    if b == 0 {
        return None;
    }
    let (mut a, mut b) = (a.checked_abs()?, b.checked_abs()?);
    while b != 0 {
        (a, b) = (b, a.checked_rem(b)?);
    }
    Some(a)
}

#[cfg(test)]
mod tests;
