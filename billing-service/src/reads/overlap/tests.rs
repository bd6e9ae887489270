use model::{Content, Quality};

use super::*;

/// Starts and lengths in minutes; 0 = sent without.
fn reads(sent: &[(i64, u32)]) -> Vec<IntervalRead> {
    let read = |(start, minutes): &(i64, u32)| IntervalRead {
        start_ms: start * 60_000,
        content: Content {
            value: 1,
            interval_seconds: minutes * 60,
            quality: Quality::Actual,
            revision: 0,
        },
        received_ms: 0,
        conflict: false,
        versions: 1,
    };
    sent.iter().map(read).collect()
}

fn check(sent: &[(i64, u32)], expected_inside: &[(i64, i64)], expected_marked: &[i64]) {
    let mut reads = reads(sent);
    let minutes = |read: &IntervalRead| read.start_ms / 60_000;
    let inside: Vec<_> = inside(&reads, 900)
        .map(|(read, around)| (minutes(read), minutes(around)))
        .collect();
    assert_eq!(inside, expected_inside, "{sent:?}");
    mark(&mut reads, 900);
    let marked: Vec<_> = reads.iter().filter(|read| read.conflict).map(minutes).collect();
    assert_eq!(marked, expected_marked, "{sent:?}");
}

#[test]
fn intervals_side_by_side_do_not_overlap() {
    check(&[], &[], &[]);
    check(&[(0, 15), (15, 0), (30, 30), (60, 15), (180, 60)], &[], &[]);
}

#[test]
fn both_that_overlap_are_in_conflict_and_the_later_one_is_named() {
    check(&[(0, 15), (10, 15), (25, 15)], &[(10, 0)], &[0, 10]);
    check(
        &[(0, 60), (15, 15), (30, 15), (60, 15)],
        &[(15, 0), (30, 0)],
        &[0, 15, 30],
    );
    check(&[(0, 0), (14, 0), (29, 0)], &[(14, 0)], &[0, 14]);
    // the long one is still around after a short one inside it
    check(
        &[(0, 1440), (15, 15), (1439, 1)],
        &[(15, 0), (1439, 0)],
        &[0, 15, 1439],
    );
}
