use proto::billing::{Group, GroupMinutes};
use proto::columns::Row;
use proto::meter::ReadingColumns;

use super::*;
use crate::day::Cell;
use crate::store::Kept;

const TODAY: i32 = 20_000;

fn policy() -> Policy {
    Policy {
        quiet: Duration::from_secs(1),
        stale_delay: Duration::from_secs(30),
        provisional_delay: Duration::from_mins(5),
        provisional_rest: Duration::from_secs(10),
        resident_bytes: 1 << 20,
    }
}

fn shard() -> Shard {
    Shard::restore(0, &Kept::default(), Arc::default(), policy())
}

fn at(seconds: u64) -> Moment {
    Moment {
        since_start: Duration::from_secs(seconds),
        first_open_day: TODAY,
    }
}

/// One reading of one meter.
fn reading(day: i32, value: i64) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    columns.push_meter_id("M");
    columns.push(&Row {
        meter: 0,
        start_ms: i64::from(day) * 86_400_000 + 900_000,
        kind: 1,
        channel: 1,
        register: 0,
        value,
        interval_seconds: 0,
        quality: 1,
        revision: 0,
        sequence: 0,
    });
    columns
}

fn fold(position: Position, value: i64) -> DayWindowsResponse {
    DayWindowsResponse {
        position,
        groups: vec![GroupMinutes {
            group: Some(Group::default()),
            minute: vec![15],
            import: vec![value],
            export: vec![0],
            readings: vec![1],
        }],
        register_version: 0,
        store_id: None,
    }
}

fn import(shard: &Shard, day: i32) -> Option<i64> {
    let values = shard.entry(day)?.values.as_ref()?;
    Some(values.cells().map(|(_, _, Cell { import, .. })| import).sum())
}

#[test]
fn a_message_counts_once() {
    let mut shard = shard();
    for position in [1, 2, 2, 1] {
        shard.apply(position, &reading(TODAY, 5), at(0)).unwrap();
    }
    assert_eq!((import(&shard, TODAY), shard.consumed()), (Some(10), 2));
}

#[test]
fn messages_that_a_fold_has_do_not_count_again() {
    let mut shard = shard();
    shard.apply(1, &reading(TODAY, 5), at(0)).unwrap();
    shard.folded(TODAY, &fold(3, 15), at(1)).unwrap();
    shard.apply(3, &reading(TODAY, 5), at(2)).unwrap();
    assert_eq!(import(&shard, TODAY), Some(15));
    shard.apply(4, &reading(TODAY, 7), at(2)).unwrap();
    assert_eq!(import(&shard, TODAY), Some(22));
}

#[test]
fn a_day_that_may_be_wrong_is_folded_when_it_is_quiet_or_has_waited() {
    let mut shard = shard();
    let mut repeat = reading(TODAY, 5);
    repeat.supposed_repeat.push(0);
    shard.apply(1, &repeat, at(0)).unwrap();
    assert_eq!(import(&shard, TODAY), Some(0), "a supposed repeat is not added");
    assert_eq!(shard.due(at(29)), None, "messages wait");
    assert_eq!(shard.due(at(30)), Some(TODAY));
    shard.caught_up = true;
    assert_eq!(shard.due(at(0)), None);
    assert_eq!(shard.due(at(1)), Some(TODAY));
    shard.folded(TODAY, &fold(1, 5), at(1)).unwrap();
    assert_eq!((shard.due(at(3600)), shard.waiting()), (None, 0));
}

#[test]
fn a_late_reading_waits_less_than_one_of_today() {
    let mut shard = shard();
    shard.apply(1, &reading(TODAY, 5), at(0)).unwrap();
    shard.apply(2, &reading(TODAY - 5, 5), at(0)).unwrap();
    assert_eq!(import(&shard, TODAY - 5), Some(5), "shown at once");
    assert_eq!(shard.due(at(30)), Some(TODAY - 5));
    shard.folded(TODAY - 5, &fold(2, 5), at(30)).unwrap();
    assert!(shard.entry(TODAY - 5).unwrap().closed);
    assert_eq!((shard.due(at(299)), shard.due(at(300))), (None, Some(TODAY)));
}

#[test]
fn a_day_is_folded_when_it_is_over() {
    let mut shard = shard();
    shard.folded(TODAY, &fold(1, 5), at(1)).unwrap();
    assert!(!shard.entry(TODAY).unwrap().closed);
    let tomorrow = Moment {
        first_open_day: TODAY + 1,
        ..at(2)
    };
    assert_eq!((shard.due(at(2)), shard.due(tomorrow)), (None, Some(TODAY)));
    shard.folded(TODAY, &fold(1, 5), tomorrow).unwrap();
    assert!(shard.entry(TODAY).unwrap().closed);
    assert_eq!(shard.due(tomorrow), None);
}

#[test]
fn memory_is_bounded() {
    let small = Policy {
        resident_bytes: 20_000,
        ..policy()
    };
    let mut shard = Shard::restore(0, &Kept::default(), Arc::default(), small);
    for day in 0..100 {
        shard
            .apply(u64::try_from(day).unwrap() + 1, &reading(TODAY - day, 5), at(0))
            .unwrap();
    }
    let resident = |shard: &Shard| {
        (0..100)
            .filter(|day| import(shard, TODAY - day).is_some())
            .count()
    };
    assert!(resident(&shard) < 10);
    assert_eq!(shard.waiting(), 100, "what found no room is folded");
    assert!(shard.is_full());
    shard.evict(at(1));
    assert!(shard.is_full(), "what the store does not have stays");
    let batch = shard.changes().unwrap();
    assert_eq!(batch.days.len() + batch.stale.len(), 100);
    shard.evict(at(1));
    assert!(!shard.is_full());
    assert!(import(&shard, TODAY).is_some(), "today stays");
    assert_eq!(shard.changes(), None);
}

#[test]
fn what_could_not_be_stored_is_stored_later() {
    let mut shard = shard();
    shard.apply(1, &reading(TODAY, 5), at(0)).unwrap();
    let batch = shard.changes().unwrap();
    assert_eq!(shard.changes(), None);
    shard.not_stored(&[TODAY], true);
    assert_eq!(shard.changes(), Some(batch));
}

#[test]
fn a_gap_is_remembered_until_its_days_are_known() {
    let mut shard = shard();
    assert_eq!(
        shard.missed_after(),
        Some(0),
        "a new shard does not know what there was"
    );
    shard.found_missed(&[], at(0));
    shard.apply(4, &reading(TODAY, 5), at(0)).unwrap();
    shard.miss(4, 9);
    shard.miss(8, 12);
    assert_eq!((shard.missed_after(), shard.consumed()), (Some(4), 11));
    let progress = shard.changes().unwrap().progress.unwrap();
    assert_eq!((progress.position, progress.missed_after), (11, Some(4)));
    shard.found_missed(&[TODAY - 1], at(1));
    assert_eq!((shard.missed_after(), shard.waiting()), (None, 2));
}

/// A broker that was connected again cannot tell what was missed, only since when something may be.
#[test]
fn a_gap_may_reach_back_before_what_was_consumed() {
    let mut shard = shard();
    shard.found_missed(&[], at(0));
    shard.apply(9, &reading(TODAY, 5), at(0)).unwrap();
    shard.miss(3, 8);
    assert_eq!(shard.missed_after(), None, "messages that came later fill it");
    shard.miss(5, 10);
    assert_eq!((shard.missed_after(), shard.consumed()), (Some(5), 9));
    shard.miss(9, 12);
    assert_eq!((shard.missed_after(), shard.consumed()), (Some(5), 11));
}

#[test]
fn a_malformed_batch_changes_nothing() {
    let mut shard = shard();
    let mut wrong = reading(TODAY, 5);
    wrong.meter = vec![7];
    assert!(shard.apply(1, &wrong, at(0)).is_err());
    assert_eq!((shard.consumed(), shard.waiting()), (0, 0));
}
