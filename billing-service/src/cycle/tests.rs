use chrono::DateTime;
use chrono_tz::{America, Europe};
use proptest::prelude::*;

use super::*;

fn ms(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

fn stretch(start: &str, end: &str, billing_day: u32) -> Stretch {
    let end_ms = if end.is_empty() { i64::MAX } else { ms(end) };
    Stretch {
        assignment: 0,
        start_ms: ms(start),
        end_ms,
        billing_day,
        run_after_days: 3,
    }
}

fn shown(zone: Tz, stretches: &[Stretch], until: &str) -> Vec<(String, String)> {
    let utc = |ms| {
        DateTime::from_timestamp_millis(ms)
            .unwrap()
            .format("%Y-%m-%dT%H:%M")
            .to_string()
    };
    spans(zone, stretches, ms(until))
        .iter()
        .map(|span| (utc(span.period.start_ms), utc(span.period.end_ms)))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
        .collect()
}

#[test]
fn the_billing_day_is_clamped_to_the_end_of_the_month() {
    let found = shown(
        chrono_tz::UTC,
        &[stretch("2024-01-31T00:00:00Z", "", 31)],
        "2024-05-01T00:00:00Z",
    );
    let expected = [
        ("2024-01-31T00:00", "2024-02-29T00:00"),
        ("2024-02-29T00:00", "2024-03-31T00:00"),
        ("2024-03-31T00:00", "2024-04-30T00:00"),
        ("2024-04-30T00:00", "2024-05-31T00:00"),
    ];
    assert_eq!(found, pairs(&expected));
}

#[test]
fn agreements_and_assignments_cut_cycles() {
    let cut = ms("2024-04-09T22:00:00Z");
    let stretches = [
        Stretch {
            end_ms: cut,
            ..stretch("2024-03-10T13:30:00Z", "", 1)
        },
        Stretch {
            assignment: 1,
            start_ms: cut,
            ..stretch("2024-03-10T00:00:00Z", "2024-05-20T10:15:00Z", 1)
        },
    ];
    let expected = [
        ("2024-03-10T13:30", "2024-03-31T22:00"), // clocks changed on 31 March
        ("2024-03-31T22:00", "2024-04-09T22:00"),
        ("2024-04-09T22:00", "2024-04-30T22:00"),
        ("2024-04-30T22:00", "2024-05-20T10:15"),
    ];
    assert_eq!(
        shown(Europe::Berlin, &stretches, "2025-01-01T00:00:00Z"),
        pairs(&expected)
    );
    assert_eq!(shown(Europe::Berlin, &stretches, "2024-03-10T13:30:00Z"), []);
}

#[test]
fn a_cycle_may_begin_where_midnight_does_not_exist() {
    // In Santiago the clock goes from 24:00 on 7 September 2024 to 01:00.
    let found = shown(
        America::Santiago,
        &[stretch("2024-08-08T04:00:00Z", "", 8)],
        "2024-10-01T00:00:00Z",
    );
    assert_eq!(
        found,
        pairs(&[
            ("2024-08-08T04:00", "2024-09-08T04:00"),
            ("2024-09-08T04:00", "2024-10-08T03:00")
        ])
    );
}

#[test]
fn a_bill_is_due_three_days_later_at_six() {
    let spans = spans(
        Europe::Berlin,
        &[stretch("2024-10-01T00:00:00+02:00", "", 1)],
        ms("2024-10-02T00:00:00Z"),
    );
    assert_eq!(spans[0].due_ms, ms("2024-11-04T06:00:00+01:00"));
}

proptest! {
    /// Whatever the billing day, the spans follow each other without gap or overlap, and none is longer than a month.
    #[test]
    fn spans_partition_the_agreement(day in 1_u32..=31, start_day in 0_i64..2000, hours in 0_i64..24, len in 1_i64..500) {
        let start_ms = ms("2020-01-01T00:00:00Z") + start_day * local::DAY_MS + hours * 3_600_000;
        let whole = Stretch { assignment: 0, start_ms, end_ms: start_ms + len * local::DAY_MS, billing_day: day, run_after_days: 3 };
        let spans = spans(America::Santiago, &[whole], i64::MAX);
        prop_assert_eq!(spans[0].period.start_ms, whole.start_ms);
        prop_assert_eq!(spans[spans.len() - 1].period.end_ms, whole.end_ms);
        prop_assert!(spans.windows(2).all(|pair| pair[0].period.end_ms == pair[1].period.start_ms));
        prop_assert!(spans.iter().all(|span| span.period.end_ms - span.period.start_ms <= 32 * local::DAY_MS));
    }
}
