use super::*;

const HOUR: i64 = 60 * MINUTE_MS;

fn ms(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

/// Starts and lengths in minutes of the local days that overlap a range.
fn days(zone: Tz, from: &str, to: &str) -> Vec<(String, i64)> {
    let days = Resolution::Day.windows(&(ms(from)..ms(to)), zone).unwrap();
    (days.into_iter())
        .map(|day| {
            let start = DateTime::from_timestamp_millis(day.start)
                .unwrap()
                .with_timezone(&zone);
            (start.to_rfc3339(), (day.end - day.start) / MINUTE_MS)
        })
        .collect()
}

fn check(zone: Tz, from: &str, to: &str, expected: &[(&str, i64)]) {
    let expected: Vec<(String, i64)> = expected
        .iter()
        .map(|(day, long)| ((*day).to_owned(), *long))
        .collect();
    assert_eq!(days(zone, from, to), expected, "{zone}");
}

#[test]
fn days_of_clock_changes() {
    let berlin = Tz::Europe__Berlin;
    check(
        berlin,
        "2026-03-28T00:00:00+01:00",
        "2026-03-31T00:00:00+02:00",
        &[
            ("2026-03-28T00:00:00+01:00", 24 * 60),
            ("2026-03-29T00:00:00+01:00", 23 * 60),
            ("2026-03-30T00:00:00+02:00", 24 * 60),
        ],
    );
    check(
        berlin,
        "2026-10-25T00:00:00+02:00",
        "2026-10-26T00:00:00+01:00",
        &[("2026-10-25T00:00:00+02:00", 25 * 60)],
    );
    // half an hour, in the other hemisphere
    check(
        Tz::Australia__Lord_Howe,
        "2026-04-05T00:00:00+11:00",
        "2026-04-06T00:00:00+10:30",
        &[("2026-04-05T00:00:00+11:00", 24 * 60 + 30)],
    );
    check(
        Tz::Australia__Lord_Howe,
        "2026-10-04T00:00:00+10:30",
        "2026-10-05T00:00:00+11:00",
        &[("2026-10-04T00:00:00+10:30", 24 * 60 - 30)],
    );
    check(
        Tz::Asia__Kolkata,
        "2026-03-28T18:30:00Z",
        "2026-03-29T18:31:00Z",
        &[
            ("2026-03-29T00:00:00+05:30", 24 * 60),
            ("2026-03-30T00:00:00+05:30", 24 * 60),
        ],
    );
    // the middle of one day to the first millisecond of the next but one
    check(
        berlin,
        "2026-03-28T13:00:00+01:00",
        "2026-03-30T00:00:00.001+02:00",
        &[
            ("2026-03-28T00:00:00+01:00", 24 * 60),
            ("2026-03-29T00:00:00+01:00", 23 * 60),
            ("2026-03-30T00:00:00+02:00", 24 * 60),
        ],
    );
}

#[test]
fn days_whose_midnight_is_missing_or_that_are_missing() {
    // the clock jumped from 0:00 to 1:00
    check(
        Tz::Africa__Cairo,
        "2024-04-25T22:00:00Z",
        "2024-04-26T21:00:00Z",
        &[("2024-04-26T01:00:00+03:00", 23 * 60)],
    );
    // Samoa left out 30 December
    check(
        Tz::Pacific__Apia,
        "2011-12-29T10:00:00Z",
        "2011-12-31T10:00:00Z",
        &[
            ("2011-12-29T00:00:00-10:00", 24 * 60),
            ("2011-12-31T00:00:00+14:00", 24 * 60),
        ],
    );
}

#[test]
fn windows_overlap_the_range_and_are_whole() {
    let first = ms("2026-01-01T00:00:00Z");
    let hours = |from: i64, to: i64| Resolution::Hour.windows(&(first + from..first + to), Tz::UTC);
    let (one, two) = (first..first + HOUR, first + HOUR..first + 2 * HOUR);
    assert_eq!(hours(1_000, 2 * HOUR), Ok(vec![one.clone(), two.clone()]));
    assert_eq!(hours(0, HOUR), Ok(vec![one.clone(); 1]));
    assert_eq!(hours(HOUR - 1, HOUR + 1), Ok(vec![one, two]));
    let before_1970 = Resolution::Quarter
        .windows(&(-HOUR - 1..-HOUR + 1), Tz::UTC)
        .unwrap();
    assert_eq!(before_1970, [-HOUR - HOUR / 4..-HOUR, -HOUR..-HOUR + HOUR / 4]);
    for resolution in [Resolution::Minute, Resolution::Day] {
        assert_eq!(resolution.windows(&(5..5), Tz::UTC), Ok(Vec::new()));
    }
}

#[test]
fn a_request_spans_a_bounded_number_of_windows() {
    let long = ms("2026-01-01T00:00:00Z")..ms("2026-01-09T00:00:00Z");
    assert_eq!(Resolution::Minute.windows(&long, Tz::UTC), Err(Refusal::TooLong));
    let all = i64::MIN..i64::MAX;
    for resolution in ["1m", "15m", "1h", "1d"] {
        let resolution = Resolution::from_word(resolution).unwrap();
        assert_eq!(
            resolution.windows(&all, Tz::Europe__Berlin),
            Err(Refusal::TooLong)
        );
    }
}

#[test]
fn a_month_begins_by_the_local_clock() {
    let check = |zone: Tz, at: &str, expected: &str| {
        assert_eq!(month_start(zone, ms(at)), ms(expected), "{zone} {at}");
    };
    check(Tz::UTC, "2026-03-31T23:30:00Z", "2026-03-01T00:00:00Z");
    check(
        Tz::Europe__Berlin,
        "2026-03-31T23:30:00Z",
        "2026-04-01T00:00:00+02:00",
    );
    check(
        Tz::Europe__Berlin,
        "2026-11-30T12:00:00Z",
        "2026-11-01T00:00:00+01:00",
    );
    check(
        Tz::America__Chicago,
        "2026-04-01T04:00:00Z",
        "2026-03-01T00:00:00-06:00",
    );
    assert_eq!(month_start(Tz::UTC, i64::MAX), i64::MAX);
}
