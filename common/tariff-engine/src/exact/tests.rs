use proptest::prelude::*;

use super::*;

fn exact(text: &str) -> Exact {
    text.parse().unwrap()
}

#[test]
fn ties_are_rounded_by_the_mode() {
    let check = |text: &str, mode, expected: &str| {
        assert_eq!(
            exact(text).to_fixed(2, mode).unwrap(),
            expected,
            "{text} {mode:?}"
        );
    };
    check("0.125", Mode::HalfUp, "0.13");
    check("-0.125", Mode::HalfUp, "-0.13");
    check("0.125", Mode::HalfEven, "0.12");
    check("0.375", Mode::HalfEven, "0.38");
    check("-0.125", Mode::HalfEven, "-0.12");
    check("0.1249999999", Mode::HalfUp, "0.12");
    check("-0.001", Mode::HalfUp, "0.00");
    check("7", Mode::HalfUp, "7.00");
}

#[test]
fn quotients_are_kept_until_they_are_shown() {
    let third = Exact::ratio(1, 3).unwrap();
    assert_eq!(third.to_string(), "0.33333333");
    assert_eq!(third.plus(third).unwrap().plus(third).unwrap(), Exact::ONE);
    assert_eq!(Exact::ratio(-2, 3).unwrap().to_string(), "-0.66666667");
    assert_eq!(Exact::ratio(4, -6).unwrap(), Exact::ratio(-2, 3).unwrap());
}

#[test]
fn numbers_stand_for_the_digits_written() {
    let check = |text: &str, expected: &str| assert_eq!(exact(text).to_string(), expected);
    check("0.1", "0.1");
    check("1.50", "1.5");
    check("15e-1", "1.5");
    check("2E+3", "2000");
    check("-0", "0");
    for text in ["", "-", ".5", "5.", "+1", "1e", "0x1", "NaN", " 1", "1 "] {
        assert_eq!(text.parse::<Exact>(), Err(ParseExactError::Syntax), "{text}");
    }
    for text in [
        "1e99",
        "1e-99999999999999999999",
        "1234567890123456789012345678901",
    ] {
        assert_eq!(text.parse::<Exact>(), Err(ParseExactError::TooLong), "{text}");
    }
}

#[test]
fn too_large_is_an_error_not_a_wrong_number() {
    let large = Exact::whole(i128::MAX);
    assert_eq!(large.plus(Exact::ONE), Err(Overflow));
    assert_eq!(large.times(Exact::whole(2)), Err(Overflow));
    assert_eq!(Exact::ratio(1, 0), Err(Overflow));
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(units in -1_000_000_000_000_i64..1_000_000_000_000, places in 0_u32..=8) {
        let number = Exact::ratio(i128::from(units), 10_i128.pow(places)).unwrap();
        prop_assert_eq!(exact(&number.to_string()), number);
    }

    #[test]
    fn arithmetic_has_its_laws(a in -1_000_000_i128..1_000_000, b in 1_i128..1000, c in -1_000_000_i128..1_000_000, d in 1_i128..1000) {
        let (x, y) = (Exact::ratio(a, b).unwrap(), Exact::ratio(c, d).unwrap());
        prop_assert_eq!(x.plus(y), y.plus(x));
        prop_assert_eq!(x.times(y), y.times(x));
        prop_assert_eq!(x.plus(y).unwrap().minus(y), Ok(x));
    }

    /// Never further than half a unit off.
    #[test]
    fn the_nearest_is_chosen(a in -1_000_000_000_i128..1_000_000_000, b in 1_i128..100_000, places in 0_u32..4) {
        let number = Exact::ratio(a, b).unwrap();
        for mode in [Mode::HalfUp, Mode::HalfEven] {
            let off = number.minus(number.rounded(places, mode).unwrap()).unwrap();
            let half = Exact::ratio(1, 2 * 10_i128.pow(places)).unwrap();
            prop_assert!(!half.minus(off).unwrap().is_negative());
            prop_assert!(!half.plus(off).unwrap().is_negative());
        }
    }
}
