use proptest::prelude::*;

use super::*;

fn exact(text: &str) -> Exact {
    text.parse().unwrap()
}

#[test]
fn ties_are_rounded_by_the_mode() {
    let check = |text: &str, mode, expected: &str| {
        assert_eq!(exact(text).to_fixed(2, mode), expected, "{text} {mode:?}");
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
fn quotients_are_kept_and_shown_as_they_are() {
    let third = Exact::ratio(1, 3).unwrap();
    assert_eq!(third.plus(&third).plus(&third), Exact::ONE);
    let check = |number: &Exact, exact: &str, decimal: &str| {
        assert_eq!(
            (number.to_string(), number.to_decimal()),
            (exact.to_owned(), decimal.to_owned())
        );
    };
    check(&third, "1/3", "0.33333333");
    check(&Exact::ratio(-2, 3).unwrap(), "-2/3", "-0.66666667");
    check(&exact("-0.000000000123"), "-0.000000000123", "-0.000000000123");
    check(
        &Exact::ratio(7, 1 << 20).unwrap(),
        "0.00000667572021484375",
        "0.00000667572021484375",
    );
    let long = Exact::ratio(-2, 3)
        .unwrap()
        .over(Exact::whole(10_i128.pow(38) + 1))
        .unwrap();
    let long = long.plus(exact("-12.5"));
    check(
        &long,
        "-7500000000000000000000000000000000000079/600000000000000000000000000000000000006",
        "-12.5",
    );
    assert_eq!(exact("0.123456785").to_short(), "0.12345679");
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
        "12345678901234567890123456789012345678901234567890123456789012345",
    ] {
        assert_eq!(text.parse::<Exact>(), Err(ParseExactError::TooLong), "{text}");
    }
}

#[test]
fn what_outgrows_128_bits_stays_exact() {
    let large = Exact::whole(i128::MAX);
    let larger = large.times(&large).plus(Exact::ONE);
    assert!(larger > large);
    assert_eq!(larger.minus(Exact::ONE).over(&large), Some(large.clone()));
    assert_eq!(
        Exact::whole(i128::MIN).negated().negated(),
        Exact::whole(i128::MIN)
    );
    let third = Exact::ratio(1, 3).unwrap();
    assert_eq!(large.plus(&third).minus(&large), third);
    assert_eq!(larger.to_fixed(0, Mode::HalfUp).len(), 77);
    assert_eq!((Exact::ratio(1, 0), large.over(Exact::ZERO)), (None, None));
    let many = (1..200).map(|n| Exact::ratio(1, n).unwrap());
    let sum = Exact::sum(many.clone());
    assert_eq!(Exact::sum(many.rev()), sum);
    assert_eq!(sum.to_fixed(20, Mode::HalfUp), "5.87303094812144447606");
}

#[test]
fn roots_have_28_significant_digits() {
    let check = |text: &str, expected: &str| assert_eq!(exact(text).root(), exact(expected), "{text}");
    check("0", "0");
    check("-4", "0");
    check("4", "2");
    check("2", "1.414213562373095048801688724"); // 1.4142135623730950488016887242097
    check("0.0002", "0.01414213562373095048801688724");
    check("20000000000", "141421.3562373095048801688724");
    check("3", "1.732050807568877293527446342"); // ...34150587: rounded up
    check(
        "100000000000000000000000000000000000000000000000000000000000000",
        "10000000000000000000000000000000",
    );
    assert_eq!(
        Exact::ratio(1, 9).unwrap().root(),
        exact("0.3333333333333333333333333333")
    );
}

#[test]
fn packages_are_counted_up() {
    let check = |text: &str, expected: i128| assert_eq!(exact(text).rounded_up(), Exact::whole(expected));
    check("2", 2);
    check("2.000001", 3);
    check("-2.5", -2);
    check("0", 0);
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
        prop_assert_eq!(x.plus(&y), y.plus(&x));
        prop_assert_eq!(x.times(&y), y.times(&x));
        prop_assert_eq!(x.plus(&y).minus(&y), x);
    }

    /// Never further than half a unit off.
    #[test]
    fn the_nearest_is_chosen(a in -1_000_000_000_i128..1_000_000_000, b in 1_i128..100_000, places in 0_u32..4) {
        let number = Exact::ratio(a, b).unwrap();
        for mode in [Mode::HalfUp, Mode::HalfEven] {
            let off = number.minus(number.rounded(places, mode));
            let half = Exact::ratio(1, 2 * 10_i128.pow(places)).unwrap();
            prop_assert!(off <= half);
            prop_assert!(off.negated() <= half);
        }
    }
}
