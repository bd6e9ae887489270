use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;

const BERLIN: Tz = Tz::Europe__Berlin;

fn ms(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().unwrap().timestamp_millis()
}

fn load(text: &str) -> Result<Recording, Error> {
    Recording::from_csv(text.as_bytes())
}

/// Daily rows from `from` to `to`.
fn daily(from: &str, to: &str) -> Recording {
    let mut text = "start_utc,import_kwh\n".to_owned();
    let mut day = ms(from);
    while day < ms(to) {
        text.push_str(&format!("{},1.5\n", crate::anomaly::rfc3339(day)));
        day += 86_400_000;
    }
    load(&text).unwrap()
}

#[test]
fn every_column_is_read() {
    let read = load(
        "start_utc,start_local,import_kwh,export_kwh,reactive_kvarh,minutes,quality\n\
         2024-10-24T22:00:00Z,x,0.0682,0,0.25,30,ESTIMATED\n\
         2024-10-24T22:30:00Z,x,,0.000001,,,\n",
    );
    let samples: Vec<Sample> = read.unwrap().samples().collect();
    let found: Vec<_> = samples
        .iter()
        .map(|s| {
            (
                s.channel,
                s.energy.as_milliwatt_hours(),
                s.interval_seconds,
                s.quality,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (Channel::Import, 68_200, 1_800, Quality::Estimated),
            (Channel::Export, 0, 1_800, Quality::Estimated),
            (Channel::Reactive, 250_000, 1_800, Quality::Estimated),
            (Channel::Export, 1, 1_800, Quality::Actual),
        ]
    );
}

#[test]
fn lengths_come_from_the_spacing_and_repeats_are_revisions() {
    let read = load(
        "start_utc,import_kwh\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00Z,2\n2024-01-01T01:00:00Z,3\n2024-01-01T03:00:00Z,4\n",
    );
    let found: Vec<_> = read
        .unwrap()
        .samples()
        .map(|s| (s.interval_seconds, s.revision))
        .collect();
    assert_eq!(found, [(3_600, 0), (3_600, 0), (3_600, 1), (3_600, 0)]);
}

#[test]
fn nothing_is_guessed() {
    let problem = |text: &str| load(text).unwrap_err().to_string();
    assert_eq!(
        problem("start_utc,kwh\n"),
        "cannot use these settings: the load has no column import_kwh"
    );
    assert_eq!(
        problem("start_utc,import_kwh\n"),
        "row 1 of the load: there is none"
    );
    assert_eq!(
        problem("start_utc,import_kwh\nyesterday,1\n"),
        "row 1 of the load: start_utc is no time"
    );
    assert_eq!(
        problem("start_utc,import_kwh\n2024-01-01T00:00:00Z,0.0000001\n"),
        "row 1 of the load: 0.0000001: finer than 10^-6 kWh"
    );
    assert_eq!(
        problem("start_utc,import_kwh,quality\n2024-01-01T00:00:00Z,1,GOOD\n"),
        "row 1 of the load: GOOD is no quality"
    );
}

#[test]
fn a_year_fills_any_month_and_keeps_the_season() {
    let year = daily("2018-01-01T05:00:00Z", "2019-01-01T05:00:00Z");
    for month in 1..=12 {
        let month = Month::new(2026, month).unwrap();
        let (from, to) = month.span_ms(BERLIN);
        let moved = year.clone().into_month(month, BERLIN);
        let (start, end) = moved.span_ms();
        assert!(start < from + 86_400_000 && end >= to, "{month:?}");
        assert_eq!((start - ms("2018-01-01T05:00:00Z")) % 86_400_000, 0);
    }
    let october = year.into_month("2026-10".parse().unwrap(), BERLIN);
    let back = |weeks: i64| october.span_ms().0 - weeks * WEEK_MS;
    assert_eq!(
        crate::anomaly::rfc3339(back(417)),
        "2018-10-04T05:00:00Z",
        "Thursday to Thursday, three days off"
    );
}

#[test]
fn a_short_load_covers_what_it_can() {
    let fortnight = daily("2024-05-01T00:00:00Z", "2024-05-15T00:00:00Z");
    let moved = fortnight.into_month("2026-05".parse().unwrap(), BERLIN);
    assert_eq!(moved.samples().count(), 14);
    assert_eq!((moved.span_ms().0 - ms("2024-05-01T00:00:00Z")) % WEEK_MS, 0);
}

#[test]
fn months_are_written_with_a_dash() {
    assert_eq!("2026-10".parse(), Month::new(2026, 10));
    for bad in ["2026", "2026-13", "10-2026", "2026-00", "x-1", "99999-01"] {
        assert_eq!(bad.parse::<Month>(), Err(InvalidMonth), "{bad}");
    }
    let (from, to) = Month::new(2026, 3).unwrap().span_ms(BERLIN);
    assert_eq!(
        (from, to),
        (ms("2026-02-28T23:00:00Z"), ms("2026-03-31T22:00:00Z"))
    );
}

proptest! {
    /// The decimals of the file are the milliwatt-hours on the other side of the wire, and moving changes nothing but whole weeks.
    #[test]
    fn replay_is_exact(values in prop::collection::vec(0_i64..100_000_000_000, 1..50), weeks in -500_i64..500) {
        let mut text = "start_utc,import_kwh\n".to_owned();
        for (index, value) in values.iter().enumerate() {
            let start = crate::anomaly::rfc3339(1_700_000_000_000 + index as i64 * 900_000);
            text.push_str(&format!("{start},{}.{:06}\n", value / 1_000_000, value % 1_000_000));
        }
        let meter = "m-1".parse().unwrap();
        for (index, sample) in load(&text).unwrap().shifted(weeks).samples().enumerate() {
            let wire = sample.to_wire(&meter);
            prop_assert_eq!(Energy::from_kwh(wire.usage_kwh.unwrap()).unwrap().as_milliwatt_hours(), values[index]);
            let seconds = wire.timestamp.unwrap().seconds;
            prop_assert_eq!(seconds, 1_700_000_000 + index as i64 * 900 + weeks * 604_800);
        }
    }
}
