//! Binary floating-point numbers from the wire, turned once into scaled integers.

/// Why a number has no scaled integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Inexact {
    /// NaN or an infinity.
    #[error("the number is not finite")]
    NotFinite,
    /// Too large for 64-bit units.
    #[error("the number is too large")]
    TooLarge,
}

/// `value` x 10^`places`, rounded half to even to an integer. The product is exact before it is rounded: no digit depends on
/// floating-point arithmetic. `places` is at most 9.
///
/// # Errors
/// [`Inexact`] when the value is not finite or the result needs more than 64 bits.
pub fn scaled_from_f64(value: f64, places: u32) -> Result<i64, Inexact> {
    if !value.is_finite() {
        return Err(Inexact::NotFinite);
    }
    let bits = value.to_bits();
    let negative = bits >> 63 == 1;
    let biased = (bits >> 52) & 0x7ff;
    let fraction = bits & ((1 << 52) - 1);
    // value = mantissa x 2^exponent; a biased exponent of 0 marks subnormal numbers
    let mantissa = if biased == 0 {
        fraction
    } else {
        fraction | (1 << 52)
    };
    let exponent = i64::try_from(biased.max(1))
        .map_err(|_| Inexact::TooLarge)?
        .saturating_sub(1075);
    let scale = 10_u128.checked_pow(places.min(9)).ok_or(Inexact::TooLarge)?;
    let scaled = u128::from(mantissa).checked_mul(scale).ok_or(Inexact::TooLarge)?;
    let magnitude = shift_half_even(scaled, exponent).ok_or(Inexact::TooLarge)?;
    let magnitude = i64::try_from(magnitude).map_err(|_| Inexact::TooLarge)?;
    Ok(if negative {
        magnitude.saturating_neg()
    } else {
        magnitude
    })
}

/// `number` x 2^`exponent`, rounded half to even.
fn shift_half_even(number: u128, exponent: i64) -> Option<u128> {
    if number == 0 {
        return Some(0);
    }
    if exponent >= 0 {
        let left = u32::try_from(exponent).ok()?;
        return (left < number.leading_zeros()).then(|| number << left);
    }
    let right = u32::try_from(exponent.unsigned_abs()).ok()?;
    if right >= 127 {
        return Some(0); // `number` is below 2^84, so this is far below one half
    }
    let whole = number >> right;
    let half = 1_u128 << right.saturating_sub(1);
    let rest = number & half.saturating_mul(2).saturating_sub(1);
    let up = rest > half || (rest == half && whole & 1 == 1);
    whole.checked_add(u128::from(up))
}

#[cfg(test)]
mod tests;
