use proptest::prelude::*;

use super::*;

fn shape(series: SeriesIndex, revision: u32) -> Shape {
    Shape {
        series,
        interval_seconds: 900,
        quality: Quality::Actual,
        revision,
        received_s: 7,
    }
}

const IMPORT: SeriesIndex = SeriesIndex::interval(Channel::Import);

proptest! {
    /// Every reading comes out as it went in, the newest first, and no mark sees what came after it.
    #[test]
    fn what_is_pushed_comes_out(
        pushed in prop::collection::vec((0_u32..4, 0_u32..12, any_start(), any_value()), 0..200),
        mark in 0_usize..200,
    ) {
        let mut arena = Arena::new(Pool::default());
        arena.cover(4);
        for (meter, revision, start_ms, value) in &pushed {
            arena.push(*meter, shape(IMPORT, *revision), *start_ms, *value);
        }
        prop_assert_eq!(arena.len() as usize, pushed.len());
        for meter in 0..4 {
            let expected: Vec<_> = pushed.iter().take(mark).filter(|row| row.0 == meter).rev()
                .map(|(_, revision, start_ms, value)| (*revision, *start_ms, *value)).collect();
            let found: Vec<_> = arena.rows(meter, mark as u32)
                .map(|row| (row.content.revision, row.start_ms, row.content.value)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

fn any_start() -> impl Strategy<Value = i64> {
    prop_oneof![
        (0_i64..4_000_000_000).prop_map(|second| second * 1000),
        any::<i64>()
    ]
}

fn any_value() -> impl Strategy<Value = i64> {
    prop_oneof![-5_i64..1_000_000, any::<i64>()]
}

#[test]
fn more_than_a_chunk() {
    let pool = Pool::default();
    let mut arena = Arena::new(pool.clone());
    arena.cover(2);
    let rows = CHUNK as i64 * 2 + 3;
    for row in 0..rows {
        arena.push((row % 2) as u32, shape(IMPORT, 0), row * 1000, row);
    }
    assert!(
        arena
            .rows(1, u32::MAX)
            .map(|row| row.content.value)
            .eq((0..rows).rev().filter(|row| row % 2 == 1))
    );
    assert_eq!(arena.bytes(), 3 * CHUNK * 16 + size_of::<Shape>());
    drop(arena);
    assert_eq!(pool.0.lock().unwrap().len(), 3, "chunks are used again");
}

#[test]
fn a_meter_that_is_not_covered_has_nothing() {
    let mut arena = Arena::new(Pool::default());
    arena.push(5, shape(IMPORT, 0), 0, 0);
    assert_eq!((arena.len(), arena.rows(5, u32::MAX).count()), (0, 0));
}

#[test]
fn series_have_numbers() {
    let mut arena = Arena::new(Pool::default());
    let day = arena.register(Channel::Import, "day");
    let other = arena.register(Channel::Export, "day");
    assert_ne!(day, other);
    assert_eq!(arena.register(Channel::Import, "day"), day);
    let all = [
        Series::Interval(Channel::Reactive),
        Series::Telemetry(MeasuredQuantity::Power),
        Series::Telemetry(MeasuredQuantity::Pressure),
        Series::Register(Channel::Import, "day".into()),
        Series::Register(Channel::Export, "day".into()),
    ];
    for series in all {
        let index = arena.index_of(&series).unwrap();
        assert_eq!(arena.series(index), Some(series.clone()));
        assert_eq!(index.is_telemetry(), matches!(series, Series::Telemetry(_)));
    }
    assert_eq!(
        arena.index_of(&Series::Register(Channel::Import, "night".into())),
        None
    );
}

#[test]
fn days_are_utc_days() {
    check(0, 0);
    check(86_399_999, 0);
    check(86_400_000, 1);
    check(-1, -1);
    check(i64::MAX, i32::MAX);
    check(i64::MIN, i32::MIN);

    fn check(ms: i64, day: i32) {
        assert_eq!(day_of(ms), day, "{ms}");
    }
}
