//! Where something was, and when.

/// A time in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stay<P> {
    /// Milliseconds since 1970 UTC; `i64::MIN` = ever before.
    pub from_ms: i64,
    /// Exclusive; `i64::MAX` = ever after.
    pub to_ms: i64,
    /// Where.
    pub place: P,
}

impl<P: Copy> Stay<P> {
    /// Whether `time_ms` lies in it.
    #[inline]
    pub fn contains(&self, time_ms: i64) -> bool {
        self.from_ms <= time_ms && time_ms < self.to_ms
    }

    /// The one of `stays` that contains `time_ms`. They are ascending and do not overlap; before, between and after them it is a stay
    /// `elsewhere`, as long as that lasts.
    pub fn at(stays: &[Self], time_ms: i64, elsewhere: P) -> Self {
        let (before, later) = stays.split_at(stays.partition_point(|stay| stay.to_ms <= time_ms));
        let next = later.first();
        match next {
            Some(stay) if stay.contains(time_ms) => *stay,
            _ => Self {
                from_ms: before.last().map_or(i64::MIN, |stay| stay.to_ms),
                to_ms: next.map_or(i64::MAX, |stay| stay.from_ms),
                place: elsewhere,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_one_stay_or_elsewhere() {
        let stay = |from_ms, to_ms, place| Stay {
            from_ms,
            to_ms,
            place,
        };
        let stays = [stay(10, 20, 'a'), stay(20, 30, 'b'), stay(40, i64::MAX, 'c')];
        let at = |time_ms| Stay::at(&stays, time_ms, '-');
        assert_eq!(at(9), stay(i64::MIN, 10, '-'));
        assert_eq!((at(10), at(19), at(20)), (stays[0], stays[0], stays[1]));
        assert_eq!((at(30), at(39)), (stay(30, 40, '-'), stay(30, 40, '-')));
        assert_eq!(at(i64::MAX - 1), stays[2]);
        assert_eq!(Stay::at(&[], 0, '-'), stay(i64::MIN, i64::MAX, '-'));
    }
}
