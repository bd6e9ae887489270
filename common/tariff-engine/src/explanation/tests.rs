use super::*;

fn exact(text: &str) -> Exact {
    Exact::of_shown(text).unwrap()
}

#[test]
fn what_is_shown_is_the_number() {
    for text in [
        "0",
        "-12.5",
        "2/3",
        "-7/1048573",
        "0.000000000000000000000000000000000000000000000001",
    ] {
        assert_eq!(exact(text).to_string(), text);
    }
    let long = (1..60).fold(Exact::ONE, |number, part| {
        number.plus(Exact::ratio(1, 2 * part + 1).unwrap())
    });
    assert!(long.to_string().len() > 48, "{long}");
    assert_eq!(exact(&long.to_string()), long);
    for text in ["", "a", "1/0", "1/2/3"] {
        assert_eq!(Exact::of_shown(text), None, "{text}");
    }
}

/// Nobody types a fraction of fifty digits; what stands in its place says that it is about it.
#[test]
fn a_sentence_has_no_number_that_nobody_can_type() {
    let (short, long) = (
        exact("1000000000001/3000000000000"),
        exact("1000000000000001/30000000000000007"),
    );
    let formula = format!(
        "max(0, {} - {} x (2 + 1)) / {}",
        term(&short),
        term(&long),
        term(&exact("0.5"))
    );
    assert_eq!(formula.matches('/').count(), 3);
    assert_eq!(
        arithmetic::typed(&formula),
        "max(0, about 0.33333333 - about 0.03333333 x (2 + 1)) / 0.5"
    );
    assert_eq!(arithmetic::typed("(1/3) x (-2/7)"), "(1/3) x (-2/7)");
    assert_eq!(said(&long).to_string(), "about 0.03333333");
    assert_eq!(said(&exact("1/3")).to_string(), "1/3 (about 0.3333)");
    assert_eq!(said(&exact("-2.50")).to_string(), "-2.5");
}

#[test]
fn sums_have_one_sign_between_two_numbers() {
    let numbers = ["1", "-2", "-2/3", "0"].map(exact);
    assert_eq!(sum(numbers.iter().map(term)), "1 - 2 + (-2/3) + 0");
    assert_eq!(group(numbers.iter().map(term)), "(1 - 2 + (-2/3) + 0)");
    assert_eq!(group(numbers.iter().take(1).map(term)), "1");
    assert_eq!(sum(numbers.iter().take(0).map(term)), "0");
    assert_eq!(listed(&numbers), "1, -2, -2/3, 0");
}

#[test]
fn rounding_is_told_where_it_did_something() {
    let check = |unrounded: &str, rounding: Option<Rounding>, amount: &str, expected: &str| {
        let unrounded = exact(unrounded);
        let outcome = Outcome {
            unrounded: &unrounded,
            rounding,
            amount,
            currency: "EUR",
        };
        assert_eq!(outcome.sentence("w", "f"), format!("w: f = {expected} EUR"));
    };
    let cents = Some(Rounding {
        scope: crate::rounding::Scope::Line,
        mode: Mode::HalfEven,
        places: 2,
    });
    check("12.5", cents, "12.50", "12.50");
    check("10", cents, "10.00", "10.00");
    check("1", cents, "12.00", "1, rounded half even to 12.00");
    check("0.125", cents, "0.12", "0.125, rounded half even to 0.12");
    check(
        "2/3",
        None,
        "0.66666667",
        "2/3 (about 0.6667), shown as 0.66666667",
    );
    check("-3", None, "-3", "-3");
}
