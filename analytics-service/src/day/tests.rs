use proto::billing::Group;

use super::*;

fn cell(import: i64, export: i64) -> Cell {
    Cell {
        import,
        export,
        readings: 1,
    }
}

fn groups(count: usize) -> Groups {
    let groups = Groups::default();
    for number in 1..count {
        groups.number(&Group {
            region: format!("r{number}"),
            ..Group::default()
        });
    }
    groups
}

#[test]
fn sums_stay_with_their_minute_and_group() {
    let mut day = Day::default();
    for (minute, group, value) in [(15, 2, 5), (0, 1, 7), (15, 2, 6), (1439, 0, 1)] {
        day.add(minute, group, cell(value, 2)).unwrap();
    }
    let cells: Vec<_> = day.cells().collect();
    let two = Cell {
        import: 11,
        export: 4,
        readings: 2,
    };
    assert_eq!(cells, [(0, 1, cell(7, 2)), (15, 2, two), (1439, 0, cell(1, 2))]);
}

#[test]
fn a_day_survives_its_document() {
    let groups = groups(40);
    let mut day = Day::default();
    for minute in (0..MINUTES).step_by(7) {
        for group in 0..40 {
            let value = i64::try_from(minute).unwrap() * i64::from(group);
            day.add(minute, group, cell(value, 1)).unwrap();
        }
    }
    let back = Day::from_groups(&day.to_groups(&groups), &groups).unwrap();
    assert!(day.cells().eq(back.cells()));
}

#[test]
fn a_sum_beyond_64_bits_is_refused_and_changes_nothing() {
    let mut day = Day::default();
    day.add(3, 1, cell(i64::MAX, 0)).unwrap();
    assert_eq!(day.add(3, 1, cell(1, 1)), Err(Overflow));
    assert_eq!(day.cells().collect::<Vec<_>>(), [(3, 1, cell(i64::MAX, 0))]);
}

#[test]
fn a_minute_that_no_day_has_is_not_kept() {
    let mut day = Day::default();
    day.add(MINUTES, 1, cell(1, 1)).unwrap();
    assert_eq!(day.cells().count(), 0);
}
