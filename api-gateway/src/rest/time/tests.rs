use chrono::{DateTime, Utc};

use super::{Range, Usual, instant};

fn now() -> DateTime<Utc> {
    "2026-05-10T12:00:00Z".parse().unwrap()
}

#[test]
fn a_plus_that_became_a_space_is_forgiven() {
    let check = |text: &str, expected: Option<&str>| {
        let found = instant("from", text).ok().map(|time| time.to_rfc3339());
        assert_eq!(found.as_deref(), expected, "{text}");
    };
    check("2026-05-01T00:00:00Z", Some("2026-05-01T00:00:00+00:00"));
    check("2026-05-01T00:00:00+02:00", Some("2026-05-01T00:00:00+02:00"));
    check("2026-05-01T00:00:00 02:00", Some("2026-05-01T00:00:00+02:00"));
    check(
        "2026-05-01T00:00:00.5 02:00",
        Some("2026-05-01T00:00:00.500+02:00"),
    );
    check("2026-05-01T00:00:00-02:00", Some("2026-05-01T00:00:00-02:00"));
    check("2026-05-01", None);
    check("2026-05-01 00:00:00", None);
    check("2026-05-01T00:00:00", None);
    check("2026-02-30T00:00:00Z", None);
    check("yesterday", None);
    check("", None);
    check("日本日本", None);
    check(&"1".repeat(10_000), None);
}

#[test]
fn a_range_is_half_open_bounded_and_has_defaults() {
    let check = |from: Option<&str>, to: Option<&str>, expected: Result<(&str, &str), &str>| {
        let found = Range::new(from, to, now(), (Usual::Day, 10 * 86_400));
        match (found, expected) {
            (Ok(range), Ok((from, to))) => assert_eq!((&*range.from, &*range.to), (from, to)),
            (Err(problem), Err(reason)) => assert_eq!(problem.reason, reason),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    };
    let (first, second) = ("2026-05-01T00:00:00+00:00", "2026-05-03T00:00:00+00:00");
    check(Some(first), Some(second), Ok((first, second)));
    check(
        None,
        None,
        Ok(("2026-05-09T12:00:00+00:00", "2026-05-10T12:00:00+00:00")),
    );
    check(None, Some(second), Ok(("2026-05-02T00:00:00+00:00", second)));
    check(Some(second), None, Ok((second, "2026-05-10T12:00:00+00:00")));
    let late = "2026-05-10T11:00:00+00:00";
    check(Some(late), None, Ok((late, "2026-05-11T11:00:00+00:00")));
    check(Some(second), Some(first), Err("BAD_RANGE"));
    check(Some(first), Some(first), Err("BAD_RANGE"));
    check(Some("2026-04-01T00:00:00Z"), Some(second), Err("RANGE_TOO_LONG"));
    check(Some("x"), None, Err("BAD_TIME"));
    check(
        None,
        Some("0000-01-01T00:00:00Z"),
        Ok(("-0001-12-31T00:00:00+00:00", "0000-01-01T00:00:00+00:00")),
    );
}

/// The month that is not over and the one before it lie in the range, whatever their lengths.
#[test]
fn a_range_of_months_is_a_month_long() {
    let check = |to: &str, expected: &str| {
        let range = Range::new(None, Some(to), now(), (Usual::Month, 100 * 86_400)).unwrap();
        assert_eq!(range.from, expected, "{to}");
    };
    check("2026-03-31T12:00:00Z", "2026-02-28T12:00:00+00:00");
    check("2026-03-01T00:00:00Z", "2026-02-01T00:00:00+00:00");
    check("2026-01-15T00:00:00+01:00", "2025-12-15T00:00:00+01:00");
    let open = Range::new(
        Some("2026-05-05T00:00:00Z"),
        None,
        now(),
        (Usual::Month, 100 * 86_400),
    )
    .unwrap();
    assert_eq!(open.to, "2026-06-05T00:00:00+00:00");
}
