//! Positions grow, nothing stored is taken for done, nothing counted is counted again.

use proptest::prelude::*;

use super::*;

const NOW: Position = 1_800_000_000_000_000;

fn arrival(tag: u64, stamp: Position) -> Arrival {
    Arrival {
        tag,
        stamp,
        numbered: None,
        redelivered: false,
    }
}

fn handed(step: Step) -> (Option<Gap>, Position) {
    match step {
        Step::Hand { gap, position } => (gap, position),
        Step::Covered => panic!("covered"),
    }
}

#[test]
fn the_stamp_is_the_position_unless_it_is_not_above_the_last() {
    let mut cursor = Cursor::new(Group::Billing, Some(NOW));
    assert_eq!(cursor.attached(), None);
    assert_eq!(handed(cursor.take(arrival(1, NOW - 5), NOW)), (None, NOW + 1));
    assert_eq!(handed(cursor.take(arrival(2, NOW + 9), NOW)), (None, NOW + 9));
    assert_eq!(handed(cursor.take(arrival(3, 0), NOW)), (None, NOW + 10));
}

#[test]
fn a_broken_clock_pushes_positions_no_further_than_an_hour() {
    let mut cursor = Cursor::new(Group::Billing, None);
    cursor.attached();
    let (_, position) = handed(cursor.take(arrival(1, u64::MAX / 2), NOW));
    assert_eq!(position, NOW + MAX_AHEAD);
}

#[test]
fn an_acknowledgement_means_the_deliveries_up_to_it() {
    let mut cursor = Cursor::new(Group::Billing, None);
    cursor.attached();
    for tag in 1..=5 {
        cursor.take(arrival(tag, NOW + 10 * tag), NOW);
    }
    assert_eq!(cursor.ack(NOW), None);
    assert_eq!(cursor.ack(NOW + 35), Some(3));
    assert_eq!(cursor.ack(NOW + 20), None, "it never goes back");
    assert_eq!(cursor.unacked(), 2);
    cursor.attached();
    assert_eq!(
        cursor.ack(NOW + 50),
        None,
        "an acknowledgement is of no other channel"
    );
    assert_eq!(handed(cursor.take(arrival(1, NOW + 40), NOW)).1, NOW + 51);
    assert_eq!(cursor.ack(NOW + 51), Some(1));
}

#[test]
fn analytics_counts_nothing_twice_after_a_new_connection() {
    let mut cursor = Cursor::new(Group::Analytics, Some(NOW));
    assert_eq!(cursor.attached(), Some((NOW - MARGIN, NOW + 1)));
    assert_eq!(handed(cursor.take(arrival(1, NOW + 5), NOW)), (None, NOW + 5));
    assert_eq!(cursor.attached(), Some((NOW + 5 - MARGIN, NOW + 6)));
    let again = Arrival {
        redelivered: true,
        ..arrival(1, NOW + 5)
    };
    assert_eq!(cursor.take(again, NOW), Step::Covered);
    // Delivered to somebody before, but after all that this reader was handed.
    let others = Arrival {
        redelivered: true,
        ..arrival(2, NOW + 7)
    };
    assert_eq!(handed(cursor.take(others, NOW)), (None, NOW + 7));
    // A slower publisher's, never delivered before: it counts.
    assert_eq!(handed(cursor.take(arrival(3, NOW + 3), NOW)), (None, NOW + 8));
    assert_eq!(cursor.unacked(), 2, "the covered one is not waited for");
    assert_eq!(cursor.ack(NOW + 8), Some(3));
}

#[test]
fn a_reader_with_nothing_stored_is_told_of_no_gap() {
    let mut cursor = Cursor::new(Group::Analytics, None);
    assert_eq!(cursor.attached(), None);
    assert_eq!(handed(cursor.take(arrival(1, NOW), NOW)), (None, NOW));
    assert!(cursor.attached().is_some(), "but after that it has");
}

#[test]
fn a_missing_number_is_a_gap() {
    let mut cursor = Cursor::new(Group::Analytics, None);
    cursor.attached();
    let mut take = |publisher, sequence, stamp| {
        let arrival = Arrival {
            numbered: Some((publisher, sequence)),
            ..arrival(sequence, stamp)
        };
        handed(cursor.take(arrival, NOW)).0
    };
    assert_eq!(take(7, 1, NOW + 1), None);
    assert_eq!(take(7, 2, NOW + 2), None);
    assert_eq!(take(8, 1, NOW + 3), None);
    assert_eq!(
        take(7, 4, NOW + 9),
        Some((NOW + 3 - MARGIN, NOW + 9)),
        "3 is missing"
    );
    assert_eq!(take(7, 3, NOW + 10), None, "late, not missing");
    assert_eq!(take(7, 5, NOW + 11), None);
    assert_eq!(
        take(9, 2, NOW + 12),
        Some((NOW + 11 - MARGIN, NOW + 12)),
        "a takeover in the middle"
    );
}

#[test]
fn only_analytics_is_made_way_for() {
    for (group, expected) in [(Group::Analytics, Some(12)), (Group::Billing, None)] {
        let mut cursor = Cursor::new(group, None);
        cursor.attached();
        let mut made_way = None;
        for tag in 1..=16 {
            cursor.take(arrival(tag, NOW + tag), NOW);
            made_way = made_way.or(cursor.overflow(4));
        }
        let first = expected.map(|_| 5);
        assert_eq!(made_way, first, "{group:?}: the oldest of nine, all but four");
        assert!(group == Group::Billing || cursor.unacked() <= 8);
    }
}

#[test]
fn the_publishers_followed_are_bounded() {
    let mut cursor = Cursor::new(Group::Analytics, None);
    cursor.attached();
    for publisher in 0..1000 {
        let arrival = Arrival {
            numbered: Some((publisher, 1)),
            ..arrival(publisher, 0)
        };
        cursor.take(arrival, NOW);
    }
    assert!(cursor.publishers.len() <= MAX_PUBLISHERS);
}

proptest! {
    #[test]
    fn positions_grow_strictly_above_what_is_stored(
        stored in 0..NOW,
        steps in proptest::collection::vec((0..4_u8, 0..2 * NOW, any::<bool>()), 0..60),
        analytics: bool,
    ) {
        let group = if analytics { Group::Analytics } else { Group::Billing };
        let mut cursor = Cursor::new(group, Some(stored));
        let (mut last, mut tag, mut first_pending) = (stored, 0, 1);
        cursor.attached();
        for (kind, stamp, redelivered) in steps {
            match kind {
                0 => {
                    cursor.attached();
                    (tag, first_pending) = (0, 1);
                }
                1 => if let Some(acked) = cursor.ack(stamp) {
                    prop_assert!((first_pending..=tag).contains(&acked));
                    first_pending = acked + 1;
                },
                _ => {
                    tag += 1;
                    if let Step::Hand { position, .. } = cursor.take(Arrival { redelivered, ..arrival(tag, stamp) }, NOW) {
                        prop_assert!(position > last);
                        last = position;
                    } else {
                        prop_assert!(analytics && redelivered && stamp <= last);
                    }
                }
            }
        }
    }
}
