//! Numbers that are never rounded in silence: quotients of whole numbers of any size. Two 128-bit integers as long as they suffice,
//! because they nearly always do; beyond that integers that grow.

mod root;
mod text;

use std::borrow::Borrow;
use std::cmp::Ordering;

use num_bigint::BigInt;
use num_integer::Integer;

use crate::rounding::Mode;
pub use text::ParseExactError;

/// An exact number. Kept in lowest terms with a positive denominator and in its smallest form, so that equal numbers are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exact(Form);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    Small { numerator: i128, denominator: i128 },
    Large(Box<(BigInt, BigInt)>),
}

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self::whole(0);
    /// One.
    pub const ONE: Self = Self::whole(1);

    /// `numerator` / `denominator`; `None` when the denominator is 0.
    #[must_use]
    pub fn ratio(numerator: i128, denominator: i128) -> Option<Self> {
        match reduced(numerator, denominator) {
            Some((numerator, denominator)) => Some(Self(Form::Small {
                numerator,
                denominator,
            })),
            None => Self::of_large(numerator.into(), denominator.into()),
        }
    }

    /// A whole number.
    #[must_use]
    pub const fn whole(number: i128) -> Self {
        Self(Form::Small {
            numerator: number,
            denominator: 1,
        })
    }

    /// How many.
    #[must_use]
    pub fn count(number: usize) -> Self {
        Self::whole(i128::try_from(number).unwrap_or(i128::MAX))
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: impl Borrow<Self>) -> Self {
        let other = other.borrow();
        if let (Some(left), Some(right)) = (self.small(), other.small())
            && let Some(sum) = small_sum(left, right)
        {
            return Self::of_small(sum);
        }
        let ((a, b), (c, d)) = (self.large(), other.large());
        Self::of_large(&a * &d + &c * &b, b * d).unwrap_or(Self::ZERO)
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: impl Borrow<Self>) -> Self {
        self.plus(other.borrow().negated())
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: impl Borrow<Self>) -> Self {
        let other = other.borrow();
        if let (Some(left), Some(right)) = (self.small(), other.small())
            && let Some(product) = small_product(left, right)
        {
            return Self::of_small(product);
        }
        let ((a, b), (c, d)) = (self.large(), other.large());
        Self::of_large(a * c, b * d).unwrap_or(Self::ZERO)
    }

    /// The quotient; `None` when `other` is 0.
    #[must_use]
    pub fn over(&self, other: impl Borrow<Self>) -> Option<Self> {
        Some(self.times(other.borrow().inverse()?))
    }

    fn inverse(&self) -> Option<Self> {
        match &self.0 {
            Form::Small {
                numerator,
                denominator,
            } => Self::ratio(*denominator, *numerator),
            Form::Large(parts) => Self::of_large(parts.1.clone(), parts.0.clone()),
        }
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        if let Some((numerator, denominator)) = self.small()
            && let Some(numerator) = numerator.checked_neg()
        {
            return Self::of_small((numerator, denominator));
        }
        let (numerator, denominator) = self.large();
        Self::of_large(-numerator, denominator).unwrap_or(Self::ZERO)
    }

    /// The sum of many.
    #[must_use]
    pub fn sum<T: Borrow<Self>>(numbers: impl IntoIterator<Item = T>) -> Self {
        numbers
            .into_iter()
            .fold(Self::ZERO, |sum, number| sum.plus(number))
    }

    /// Below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        *self < Self::ZERO
    }

    /// Neither above nor below zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The number, or zero if it is below zero.
    #[must_use]
    pub fn at_least_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// The least whole number that is not below this one.
    #[must_use]
    pub fn rounded_up(&self) -> Self {
        let (numerator, denominator) = self.large();
        Self::of_large(numerator.div_ceil(&denominator), 1.into()).unwrap_or(Self::ZERO)
    }

    /// The number if it is whole and of 128 bits.
    #[must_use]
    pub fn to_whole(&self) -> Option<i128> {
        let (numerator, denominator) = self.small()?;
        (denominator == 1).then_some(numerator)
    }

    /// Rounded to `places` decimal places.
    #[must_use]
    pub fn rounded(&self, places: u32, mode: Mode) -> Self {
        let scale = BigInt::from(10).pow(places);
        if let (Some((_, denominator)), Ok(small)) = (self.small(), i128::try_from(&scale))
            && small.checked_rem(denominator) == Some(0)
        {
            return self.clone(); // it has no more places than that
        }
        Self::of_large(self.scaled(&scale, mode), scale).unwrap_or(Self::ZERO)
    }

    /// The nearest integer to this number times `scale`.
    fn scaled(&self, scale: &BigInt, mode: Mode) -> BigInt {
        if let (Some((numerator, denominator)), Ok(scale)) = (self.small(), i128::try_from(scale))
            && let Some(nearest) = small_scaled(numerator, denominator, scale, mode)
        {
            return nearest.into();
        }
        let (numerator, denominator) = self.large();
        let (below, rest) = (numerator * scale).div_mod_floor(&denominator);
        let up = match (rest * 2_u32).cmp(&denominator) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => match mode {
                Mode::HalfUp => !self.is_negative(),
                Mode::HalfEven => below.is_odd(),
            },
        };
        below + u32::from(up)
    }

    fn of_small((numerator, denominator): (i128, i128)) -> Self {
        Self(Form::Small {
            numerator,
            denominator,
        })
    }

    /// In lowest terms and in its smallest form; `None` when the denominator is 0.
    fn of_large(numerator: BigInt, denominator: BigInt) -> Option<Self> {
        let zero = BigInt::ZERO;
        if denominator == zero {
            return None;
        }
        let divisor = numerator.gcd(&denominator);
        let divisor = if denominator < zero { -divisor } else { divisor };
        let (numerator, denominator) = (numerator / &divisor, denominator / &divisor);
        Some(match (i128::try_from(&numerator), i128::try_from(&denominator)) {
            (Ok(numerator), Ok(denominator)) => Self::of_small((numerator, denominator)),
            _ => Self(Form::Large(Box::new((numerator, denominator)))),
        })
    }

    fn small(&self) -> Option<(i128, i128)> {
        match self.0 {
            Form::Small {
                numerator,
                denominator,
            } => Some((numerator, denominator)),
            Form::Large(_) => None,
        }
    }

    fn large(&self) -> (BigInt, BigInt) {
        match &self.0 {
            Form::Small {
                numerator,
                denominator,
            } => ((*numerator).into(), (*denominator).into()),
            Form::Large(parts) => (**parts).clone(),
        }
    }
}

impl Default for Exact {
    fn default() -> Self {
        Self::ZERO
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some((a, b)), Some((c, d))) = (self.small(), other.small())
            && let (Some(left), Some(right)) = (a.checked_mul(d), c.checked_mul(b))
        {
            return left.cmp(&right);
        }
        let ((a, b), (c, d)) = (self.large(), other.large());
        (a * d).cmp(&(c * b))
    }
}

/// In lowest terms with a positive denominator; `None` when that is 0 or a number has no positive counterpart.
fn reduced(numerator: i128, denominator: i128) -> Option<(i128, i128)> {
    match denominator {
        0 => return None,
        1 => return Some((numerator, 1)),
        _ => {}
    }
    let divisor = i128::try_from(common_divisor(
        numerator.unsigned_abs(),
        denominator.unsigned_abs(),
    ))
    .ok()?;
    let divisor = if denominator < 0 {
        divisor.checked_neg()?
    } else {
        divisor
    };
    Some((numerator.checked_div(divisor)?, denominator.checked_div(divisor)?))
}

fn small_sum((a, b): (i128, i128), (c, d): (i128, i128)) -> Option<(i128, i128)> {
    if b == d {
        return reduced(a.checked_add(c)?, b);
    }
    // Over the least common denominator, so that sums of decimals stay small.
    let shared = i128::try_from(common_divisor(b.unsigned_abs(), d.unsigned_abs())).ok()?;
    let (mine, theirs) = (d.checked_div(shared)?, b.checked_div(shared)?);
    let sum = a.checked_mul(mine)?.checked_add(c.checked_mul(theirs)?)?;
    reduced(sum, b.checked_mul(mine)?)
}

fn small_product((a, b): (i128, i128), (c, d): (i128, i128)) -> Option<(i128, i128)> {
    // Cancelled crosswise first: the product is then in lowest terms and as small as it can be.
    let ((a, d), (c, b)) = (reduced(a, d)?, reduced(c, b)?);
    Some((a.checked_mul(c)?, b.checked_mul(d)?))
}

/// The nearest integer to `numerator` / `denominator` x `scale`, if 128 bits suffice.
fn small_scaled(numerator: i128, denominator: i128, scale: i128, mode: Mode) -> Option<i128> {
    // What the denominator shares with the scale is cancelled first, so that large decimals fit.
    let (factor, divisor) = reduced(scale, denominator)?;
    let exact = numerator.checked_mul(factor)?;
    let toward_zero = exact.checked_div(divisor)?;
    let rest = exact.checked_rem(divisor)?.checked_abs()?;
    let away = match rest.checked_mul(2)?.cmp(&divisor) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => match mode {
            Mode::HalfUp => true,
            Mode::HalfEven => toward_zero & 1 != 0,
        },
    };
    toward_zero.checked_add(if away { exact.signum() } else { 0 })
}

/// The greatest common divisor; of 0 and a number, the number.
fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    loop {
        if let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b)) {
            return short_divisor(a, b).into();
        }
        let Some(rest) = a.checked_rem(b) else { return a };
        (a, b) = (b, rest);
    }
}

/// As [`common_divisor`], by halving: numbers of 64 bits are most of them, and division is slow.
fn short_divisor(mut a: u64, mut b: u64) -> u64 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let twos = (a | b).trailing_zeros();
    a = a.wrapping_shr(a.trailing_zeros());
    while b != 0 {
        b = b.wrapping_shr(b.trailing_zeros());
        if a > b {
            std::mem::swap(&mut a, &mut b);
        }
        b = b.wrapping_sub(a);
    }
    a.wrapping_shl(twos)
}

#[cfg(test)]
mod tests;
