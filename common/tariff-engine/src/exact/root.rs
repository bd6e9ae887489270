//! Square roots, the only numbers here that are not exact: 28 significant digits (`RATING` 1.1).

use num_bigint::BigInt;
use num_integer::Integer;

use super::Exact;

/// Significant digits of a root.
const DIGITS: usize = 28;

impl Exact {
    /// The square root to 28 significant digits, ties to the even digit; 0 of a number below zero.
    #[must_use]
    pub fn root(&self) -> Self {
        if *self <= Self::ZERO {
            return Self::ZERO;
        }
        let (numerator, denominator) = self.large();
        // Shifted by an even number of places until the root's whole part has one digit more than is kept.
        let wanted = i64::try_from(DIGITS.saturating_mul(2).saturating_add(2)).unwrap_or_default();
        let digits = |number: &BigInt| i64::try_from(number.to_string().len()).unwrap_or_default();
        let missing = wanted
            .saturating_sub(digits(&numerator))
            .saturating_add(digits(&denominator));
        let places = missing.div_euclid(2);
        let power = |places: i64| BigInt::from(10).pow(u32::try_from(places.max(0)).unwrap_or_default());
        let doubled = places.saturating_mul(2);
        let (square, rest) =
            (numerator * power(doubled)).div_rem(&(denominator * power(doubled.saturating_neg())));
        let root = square.sqrt();
        let mut inexact = rest != BigInt::ZERO || &root * &root != square;
        let (mut kept, mut dropped) = (root, 0_u32);
        let mut shift = places;
        while digits(&kept) > i64::try_from(DIGITS).unwrap_or_default() {
            inexact |= dropped != 0;
            let (left, digit) = kept.div_rem(&BigInt::from(10));
            dropped = u32::try_from(digit).unwrap_or_default();
            kept = left;
            shift = shift.saturating_sub(1);
        }
        if dropped > 5 || (dropped == 5 && (inexact || kept.is_odd())) {
            kept += 1;
        }
        Self::of_large(kept * power(shift.saturating_neg()), power(shift)).unwrap_or(Self::ZERO)
    }
}
