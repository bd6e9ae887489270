use model::{Channel, MeasuredQuantity, Quality, Series};

use super::super::arena::{Pool, Shape};
use super::*;
use crate::block::DAY_MS;

fn push(arena: &mut Arena, meter: u32, series: SeriesIndex, start_ms: i64, value: i64) {
    let shape = Shape {
        series,
        interval_seconds: 900,
        quality: Quality::Actual,
        revision: 0,
        received_s: 0,
    };
    arena.push(meter, shape, start_ms, value);
}

/// Day, meter, series and values of a part.
type Flat = (i32, u32, Series, Vec<i64>);

/// Every part, in the order they come.
fn all(arena: Arena) -> (Vec<Flat>, Vec<Reach>) {
    let (parts, reaches) = Parts::new(Arc::new(arena));
    let parts: Vec<Part> = parts.collect();
    assert!(parts.is_sorted_by(|left, right| left.key < right.key));
    let flat = |part: Part| {
        let values = part.entries.iter().map(|entry| entry.content.value).collect();
        (part.key.day, part.key.meter, part.key.series, values)
    };
    (parts.into_iter().map(flat).collect(), reaches)
}

#[test]
fn parts_come_by_day_meter_and_series_and_telemetry_last() {
    let import = SeriesIndex::interval(Channel::Import);
    let export = SeriesIndex::interval(Channel::Export);
    let power = SeriesIndex::telemetry(MeasuredQuantity::Power);
    let mut arena = Arena::new(Pool::default());
    arena.cover(4);
    let night = arena.register(Channel::Import, "night");
    let day = arena.register(Channel::Import, "day");
    push(&mut arena, 2, import, DAY_MS, 1);
    push(&mut arena, 2, power, DAY_MS, 2);
    push(&mut arena, 0, import, 900_000, 3);
    push(&mut arena, 0, export, 900_000, 4);
    push(&mut arena, 0, import, DAY_MS, 5); // another day between
    push(&mut arena, 0, import, 0, 6);
    push(&mut arena, 0, night, 10, 7);
    push(&mut arena, 0, day, 10, 8);
    push(&mut arena, 3, power, 50, 9);
    let (parts, reaches) = all(arena);
    let register = |name: &str| Series::Register(Channel::Import, name.into());
    let expected = vec![
        (0, 0, Series::Interval(Channel::Import), vec![6, 3]),
        (0, 0, Series::Interval(Channel::Export), vec![4]),
        (0, 0, register("day"), vec![8]),
        (0, 0, register("night"), vec![7]),
        (1, 0, Series::Interval(Channel::Import), vec![5]),
        (1, 2, Series::Interval(Channel::Import), vec![1]),
        (0, 3, Series::Telemetry(MeasuredQuantity::Power), vec![9]),
        (1, 2, Series::Telemetry(MeasuredQuantity::Power), vec![2]),
    ];
    assert_eq!(parts, expected);
    let reach = |meter, range_ms| Reach { meter, range_ms };
    assert_eq!(
        reaches,
        [
            reach(0, 0..DAY_MS + 1),
            reach(2, DAY_MS..DAY_MS + 1),
            reach(3, 0..0)
        ]
    );
}

#[test]
fn an_empty_arena_has_no_parts() {
    let mut arena = Arena::new(Pool::default());
    arena.cover(10);
    assert_eq!(all(arena), (vec![], vec![]));
}
