//! Confirmed messages in the order in which they were published. No I/O.
//!
//! Confirms are seen in any order: one from the broker may stand for many, and lapin completes these in that of a hash map. Copies must
//! leave in the order of their stamps all the same, else analytics would number the messages otherwise than billing.

use std::collections::BTreeMap;

use crate::Position;

/// What is in flight or waits for something before it; the window bounds it.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    flight: BTreeMap<Position, Option<T>>,
}

impl<T> InOrder<T> {
    pub(super) fn new() -> Self {
        Self {
            flight: BTreeMap::new(),
        }
    }

    /// Something with this stamp is on its way.
    pub(super) fn published(&mut self, stamp: Position) {
        self.flight.insert(stamp, None);
    }

    /// It is durable.
    pub(super) fn kept(&mut self, stamp: Position, message: T) {
        self.flight.insert(stamp, Some(message));
    }

    /// It is not, for sure.
    pub(super) fn refused(&mut self, stamp: Position) {
        self.flight.remove(&stamp);
    }

    /// The next one that waits for nothing before it.
    pub(super) fn release(&mut self) -> Option<(Position, T)> {
        let first = self.flight.first_entry()?;
        let stamp = *first.key();
        if first.get().is_none() {
            return None;
        }
        first.remove().map(|message| (stamp, message))
    }

    /// Nothing more will be known: all that is durable, in order, and whether there is more that may be.
    pub(super) fn end(&mut self) -> (Vec<(Position, T)>, bool) {
        let flight = std::mem::take(&mut self.flight);
        let unknown = flight.values().any(Option::is_none);
        let kept = flight
            .into_iter()
            .filter_map(|(stamp, message)| Some((stamp, message?)));
        (kept.collect(), unknown)
    }
}

#[cfg(test)]
mod tests;
