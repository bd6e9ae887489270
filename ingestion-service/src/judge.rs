//! Whether a reading is plausible: its row against the clock and the limits. Pure.
//!
//! Whether the bytes of a device make a row at all is decided where they are decoded, in the gateway.

use model::{Energy, MeasuredQuantity, Reason};
use proto::columns::{KIND_REGISTER, Row};

/// Seconds of a UTC day, which an interval must divide.
const DAY_SECONDS: u32 = 86_400;

/// The limits at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Milliseconds since 1970 UTC; an earlier reading is too old.
    pub(crate) first_ms: i64,
    /// A later reading is in the future.
    pub(crate) last_ms: i64,
}

impl Limits {
    /// What is wrong with `row`, if anything; the first of several by this order: time, interval, value.
    pub(crate) fn judge(&self, row: &Row) -> Option<Reason> {
        if row.start_ms > self.last_ms {
            return Some(Reason::InFuture);
        }
        if row.start_ms < self.first_ms {
            return Some(Reason::TooOld);
        }
        if !divides_a_day(row.interval_seconds) {
            return Some(Reason::BadInterval);
        }
        let most = if row.kind == KIND_REGISTER {
            Energy::MAX_DIAL
        } else {
            Energy::MAX_READING
        };
        if row.value < 0 {
            return Some(Reason::Negative);
        }
        (row.value > most.as_milliwatt_hours()).then_some(Reason::TooLarge)
    }
}

/// What is wrong with a measured value, if anything.
pub(crate) fn judge_measured(quantity: MeasuredQuantity, value: i64) -> Option<Reason> {
    (value.unsigned_abs() > quantity.most()).then_some(Reason::TooLarge)
}

/// 0 stands for the meter's configured length, which was judged when it was configured.
fn divides_a_day(seconds: u32) -> bool {
    // The usual lengths without a division.
    matches!(seconds, 0 | 900 | 1_800 | 3_600) || DAY_SECONDS.checked_rem(seconds) == Some(0)
}

#[cfg(test)]
mod tests;
