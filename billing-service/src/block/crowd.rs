//! A cheap look at one block: may some of its intervals overlap (`DESIGN` 4)?
//!
//! It never misses what the block alone can show, and often doubts in vain: whether there is an overlap is decided where the day is
//! assembled, with the meter's configured length and the days beside it. Every day of a meter that is configured longer than usual is
//! assembled when it is touched, without asking here.

use super::{DAY_MS, Entry};

/// The length of an interval that was sent without one, in seconds, where the meter is not configured otherwise.
pub(crate) const USUAL_SECONDS: u32 = 900;

/// Whether any content of a canonical set, also one that does not count any more, lasts beyond the next start or into the next day.
pub(crate) fn is_doubtful(entries: &[Entry]) -> bool {
    let mut start = DAY_MS;
    let mut next = DAY_MS;
    entries.iter().rev().any(|entry| {
        let offset = i64::from(entry.offset_ms);
        if offset != start {
            (start, next) = (offset, start);
        }
        let seconds = match entry.content.interval_seconds {
            0 => USUAL_SECONDS,
            seconds => seconds,
        };
        offset.saturating_add(i64::from(seconds).saturating_mul(1000)) > next
    })
}

#[cfg(test)]
mod tests;
