//! What a new register changes: when readings belong to another group than before.

use std::ops::RangeInclusive;

use model::Stay;

use crate::day::day_of;
use crate::group::{GroupIndex, UNKNOWN};

/// Days (UTC, since 1970-01-01) on which meters changed groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moves {
    from_unknown: Days,
    from_known: Days,
}

impl Moves {
    /// Adds what becomes of a meter that was at `old` and is at `new` now.
    pub(super) fn add(&mut self, old: &[Stay<GroupIndex>], new: &[Stay<GroupIndex>]) {
        let mut time_ms = i64::MIN;
        while time_ms < i64::MAX {
            let was = Stay::at(old, time_ms, UNKNOWN);
            let is = Stay::at(new, time_ms, UNKNOWN);
            let end_ms = was.to_ms.min(is.to_ms);
            if was.place != is.place {
                let days = if was.place == UNKNOWN {
                    &mut self.from_unknown
                } else {
                    &mut self.from_known
                };
                days.add(day_of(time_ms)..=day_of(end_ms.saturating_sub(1)));
            }
            time_ms = end_ms;
        }
    }

    /// Whether values of `day` may count what has moved; `has_unknown`: readings of no group are among them.
    pub fn touch(&self, day: i32, has_unknown: bool) -> bool {
        self.from_known.contains(day) || (has_unknown && self.from_unknown.contains(day))
    }
}

/// A set of days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Days {
    /// Distinct spans; meters that move together share one.
    spans: Vec<RangeInclusive<i32>>,
}

impl Days {
    fn add(&mut self, span: RangeInclusive<i32>) {
        if self.spans.last() != Some(&span) {
            self.spans.push(span);
        }
    }

    fn contains(&self, day: i32) -> bool {
        self.spans.iter().any(|span| span.contains(&day))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::day::DAY_MS;

    fn stays() -> impl Strategy<Value = Vec<Stay<GroupIndex>>> {
        let bounds = prop::collection::btree_set(0..10_i64, 0..6);
        (bounds, prop::collection::vec(0..3_u16, 6)).prop_map(|(bounds, places)| {
            let bounds: Vec<i64> = bounds.into_iter().collect();
            let spans = bounds.windows(2).zip(places);
            spans
                .map(|(bounds, place)| Stay {
                    from_ms: bounds[0] * DAY_MS,
                    to_ms: bounds[1] * DAY_MS,
                    place,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_day_is_touched_when_a_time_of_it_has_another_group(old in stays(), new in stays()) {
            let mut moves = Moves::default();
            moves.add(&old, &new);
            for day in -2..12_i32 {
                let noon = i64::from(day) * DAY_MS + DAY_MS / 2;
                let was = Stay::at(&old, noon, UNKNOWN).place;
                let is = Stay::at(&new, noon, UNKNOWN).place;
                prop_assert_eq!(moves.touch(day, true), was != is);
                prop_assert_eq!(moves.touch(day, false), was != is && was != UNKNOWN);
            }
        }
    }

    #[test]
    fn an_open_end_reaches_every_later_day() {
        let stay = |to_ms| Stay {
            from_ms: DAY_MS * 3 / 2,
            to_ms,
            place: 1,
        };
        let mut moves = Moves::default();
        moves.add(&[stay(i64::MAX)], &[stay(DAY_MS * 5 / 2)]);
        assert_eq!(
            [1, 2, 3, i32::MAX].map(|day| moves.touch(day, false)),
            [false, true, true, true]
        );
    }
}
