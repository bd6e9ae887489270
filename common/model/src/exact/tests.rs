use proptest::prelude::*;

use super::*;

#[test]
fn ties_go_to_the_even_unit() {
    let check = |value, places, expected| assert_eq!(scaled_from_f64(value, places), Ok(expected), "{value}");
    check(0.5, 0, 0);
    check(1.5, 0, 2);
    check(2.5, 0, 2);
    check(-1.5, 0, -2);
    check(0.125, 2, 12);
    check(0.375, 2, 38);
    check(0.1, 6, 100_000);
    check(1.234_567_4, 6, 1_234_567);
    check(0.0, 6, 0);
    check(-0.0, 6, 0);
    check(f64::MIN_POSITIVE, 9, 0);
    check(5e-324, 9, 0);
    check(9_007_199_254_740_993.0, 0, 9_007_199_254_740_992);
}

#[test]
fn what_has_no_integer_is_refused() {
    assert_eq!(scaled_from_f64(f64::NAN, 6), Err(Inexact::NotFinite));
    assert_eq!(scaled_from_f64(f64::NEG_INFINITY, 6), Err(Inexact::NotFinite));
    assert_eq!(scaled_from_f64(f64::MAX, 6), Err(Inexact::TooLarge));
    assert_eq!(scaled_from_f64(1e13, 6), Err(Inexact::TooLarge));
}

proptest! {
    /// Numbers written with at most six decimals, as meters do, come through to the digit.
    #[test]
    fn decimals_survive(units in 0_i64..1_000_000_000_000) {
        let text = format!("{}.{:06}", units / 1_000_000, units % 1_000_000);
        let value: f64 = text.parse().unwrap();
        prop_assert_eq!(scaled_from_f64(value, 6), Ok(units));
    }

    /// Never further than half a unit off, by arithmetic on the exact value of the double.
    #[test]
    fn the_nearest_unit_is_chosen(numerator in 0_u32..u32::MAX, shift in 0_u32..30) {
        let value = f64::from(numerator) / f64::from(1_u32 << shift); // exact
        let unit = scaled_from_f64(value, 6).unwrap();
        let exact = i128::from(numerator) * 1_000_000; // over 2^shift
        let distance = ((i128::from(unit) << shift) - exact).abs();
        prop_assert!(distance * 2 <= 1 << shift);
    }
}
