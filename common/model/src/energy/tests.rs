use proptest::prelude::*;

use super::*;

#[test]
fn kwh_are_shown_without_needless_zeros() {
    let check = |units, expected: &str| assert_eq!(Energy::from_milliwatt_hours(units).to_string(), expected);
    check(0, "0");
    check(1, "0.000001");
    check(1_500_000, "1.5");
    check(-12_000_000, "-12");
    check(i64::MIN, "-9223372036854.775808");
}

#[test]
fn texts_that_are_not_kwh_are_refused() {
    let check = |text: &str, expected| assert_eq!(text.parse::<Energy>(), Err(expected), "{text}");
    for text in [
        "", ".", "1.", ".5", "1e3", "+1", "--1", "1,5", "NaN", " 1", "1.2.3",
    ] {
        check(text, ParseEnergyError::Syntax);
    }
    check("0.0000001", ParseEnergyError::TooFine);
    check("99999999999999999999", ParseEnergyError::TooLarge);
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(units in -i64::MAX..=i64::MAX) {
        let energy = Energy::from_milliwatt_hours(units);
        prop_assert_eq!(energy.to_string().parse::<Energy>(), Ok(energy));
    }
}
