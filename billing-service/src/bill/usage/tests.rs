use model::{Content, Quality};
use proptest::prelude::*;

use super::*;

const QUARTER: i64 = 900_000;

fn read(start_ms: i64, value: i64, interval_seconds: u32, revision: u32) -> IntervalRead {
    let content = Content {
        value,
        interval_seconds,
        quality: Quality::Actual,
        revision,
    };
    IntervalRead {
        start_ms,
        content,
        received_ms: start_ms,
        conflict: false,
        versions: 1,
    }
}

fn term(sign: i32, channel: Channel, reads: &[IntervalRead]) -> Term {
    Term {
        sign,
        meter_id: "m".to_owned(),
        channel: channel.code(),
        from_ms: 0,
        to_ms: 96 * QUARTER,
        default_seconds: 900,
        sent: sent(reads.iter().copied()),
        contests: Vec::new(),
    }
}

fn row(values: &[i64]) -> Vec<IntervalRead> {
    (0_i64..)
        .zip(values)
        .map(|(k, value)| read(k * QUARTER, *value, 0, 0))
        .collect()
}

#[test]
fn gaps_are_counted_in_intervals_of_the_meter() {
    let reads: Vec<_> = [0, 1, 4, 5, 9].map(|k| read(k * QUARTER, 1, 0, 0)).to_vec();
    let found = completeness(&term(1, Channel::Import, &reads), 0, 12 * QUARTER);
    assert_eq!(
        (found.missing, found.first_missing_ms, found.overlaps),
        (2 + 3 + 2, Some(2 * QUARTER), 0)
    );
    let hours: Vec<_> = [0, 4, 8].map(|k| read(k * QUARTER, 1, 3600, 0)).to_vec();
    let found = completeness(&term(1, Channel::Import, &hours), 0, 12 * QUARTER);
    assert_eq!((found.missing, found.end_ms), (0, 12 * QUARTER));
    let late = completeness(&term(1, Channel::Import, &reads[1..2]), 0, 2 * QUARTER);
    assert_eq!((late.missing, late.first_missing_ms), (1, Some(0)));
    let covered = completeness(&term(1, Channel::Import, &reads[1..2]), QUARTER, 2 * QUARTER);
    assert_eq!(
        covered.missing, 0,
        "a read that began before covers the beginning"
    );
    let nothing = completeness(&term(1, Channel::Import, &[]), 0, 10 * QUARTER + 1);
    assert_eq!((nothing.missing, nothing.first_missing_ms), (11, Some(0)));
}

#[test]
fn intervals_that_overlap_are_seen() {
    let reads = [
        read(0, 1, 3600, 0),
        read(QUARTER, 1, 900, 0),
        read(4 * QUARTER, 1, 900, 0),
    ];
    let found = completeness(&term(1, Channel::Import, &reads), 0, 5 * QUARTER);
    assert_eq!(
        (found.overlaps, found.first_overlap_ms, found.missing),
        (1, Some(QUARTER), 0)
    );
}

#[test]
fn terms_are_summed_per_interval() {
    let main = term(1, Channel::Import, &row(&[10, 20, 30]));
    let sub = term(-1, Channel::Import, &row(&[1, 20]));
    let solar = term(1, Channel::Export, &row(&[0, 5, 0, 7]));
    let sums: Vec<_> = intervals(&[main.clone(), sub.clone(), solar])
        .iter()
        .map(|interval| {
            (
                interval.import.as_milliwatt_hours(),
                interval.export.as_milliwatt_hours(),
            )
        })
        .collect();
    assert_eq!(sums, [(9, 0), (0, 5), (30, 0), (0, 7)]);
    assert_eq!(negative(&[main.clone(), sub]), None);
    let too_much = term(-1, Channel::Import, &row(&[1, 21, 31]));
    let held = negative(&[main, too_much]).unwrap();
    assert_eq!(held.reason, "NEGATIVE_NET");
    assert_eq!(
        held.detail,
        "2 intervals have a sum below zero, the first at 1970-01-01T00:15:00Z"
    );
}

#[test]
fn a_time_without_a_meter_is_named() {
    let stay = |from_ms, to_ms| Term {
        from_ms,
        to_ms,
        ..term(1, Channel::Import, &[])
    };
    assert_eq!(unmetered(&[stay(0, 5), stay(5, 10)], 0, 10), None);
    assert_eq!(unmetered(&[stay(6, 10), stay(0, 5)], 0, 10), Some(5));
    assert_eq!(unmetered(&[stay(0, 5)], 0, 10), Some(5));
    assert_eq!(unmetered(&[], 3, 10), Some(3));
}

proptest! {
    /// Runs are only a shorter way of writing the reads.
    #[test]
    fn runs_hold_every_read(steps in prop::collection::vec((1_i64..4, 0_i64..1000, prop::sample::select(vec![0_u32, 900, 1800]), 0_u32..2), 0..60)) {
        let mut at = 0;
        let reads_sent: Vec<_> = steps.iter().map(|(step, value, seconds, revision)| {
            at += step * QUARTER;
            read(at, *value, *seconds, *revision)
        }).collect();
        let term = term(1, Channel::Import, &reads_sent);
        let back: Vec<_> = reads(&term).map(|(start, _, value)| (start, value)).collect();
        let expected: Vec<_> = reads_sent.iter().map(|read| (read.start_ms, read.content.value)).collect();
        prop_assert_eq!(back, expected);
        prop_assert!(term.sent.iter().all(|run| (run.step_ms == 0) == (run.values.len() == 1)));
    }
}
