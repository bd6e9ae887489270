//! Intervals of different starts that overlap are in conflict too (`DESIGN` 4): found when a day is assembled.

use super::IntervalRead;

/// The longest interval, in milliseconds: what began earlier has ended.
pub(crate) const LONGEST_MS: i64 = crate::block::DAY_MS;

/// Reads that begin before one of a smaller start has ended, each with the one of those that ends last. `reads` are in order of start,
/// one per start; `configured_seconds` is the length of those that were sent without.
pub(crate) fn inside(
    reads: &[IntervalRead],
    configured_seconds: u32,
) -> impl Iterator<Item = (&IntervalRead, &IntervalRead)> {
    let mut last: Option<&IntervalRead> = None;
    reads.iter().filter_map(move |read| {
        let around = last.filter(|last| read.start_ms < last.end_ms(configured_seconds));
        if last.is_none_or(|last| last.end_ms(configured_seconds) < read.end_ms(configured_seconds)) {
            last = Some(read);
        }
        around.map(|around| (read, around))
    })
}

/// Marks every read that overlaps another as in conflict. `reads` as in [`inside`].
pub(crate) fn mark(reads: &mut [IntervalRead], configured_seconds: u32) {
    let mut end_ms = i64::MIN;
    let mut rest = reads.iter_mut().peekable();
    while let Some(read) = rest.next() {
        let own_end_ms = read.end_ms(configured_seconds);
        let begins_inside = read.start_ms < end_ms;
        let lasts_too_long = rest.peek().is_some_and(|next| next.start_ms < own_end_ms);
        read.conflict |= begins_inside || lasts_too_long;
        end_ms = end_ms.max(own_end_ms);
    }
}

#[cfg(test)]
mod tests;
