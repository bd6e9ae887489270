use model::{Content, Quality};

use super::*;

const QUARTER: u32 = 900_000;

fn check(sent: &[(u32, u32)], expected: bool) {
    let entry = |(offset_ms, interval_seconds): &(u32, u32)| Entry {
        offset_ms: *offset_ms,
        received_s: 0,
        content: Content {
            value: 1,
            interval_seconds: *interval_seconds,
            quality: Quality::Actual,
            revision: 0,
        },
    };
    let entries: Vec<Entry> = sent.iter().map(entry).collect();
    assert_eq!(is_doubtful(&entries), expected, "{sent:?}");
}

#[test]
fn a_block_whose_intervals_follow_each_other_is_left_alone() {
    check(&[], false);
    check(
        &[(0, 900), (QUARTER, 900), (2 * QUARTER, 0), (95 * QUARTER, 900)],
        false,
    );
    check(&[(0, 86_400)], false);
}

#[test]
fn a_block_with_an_interval_that_lasts_too_long_is_doubted() {
    check(&[(0, 1800), (QUARTER, 900)], true);
    check(&[(0, 0), (60_000, 0)], true);
    check(&[(0, 900), (0, 3600), (QUARTER, 900)], true); // one content of two
    check(&[(0, 900), (94 * QUARTER, 3600)], true); // past midnight
    check(&[(1, 86_400)], true);
}
