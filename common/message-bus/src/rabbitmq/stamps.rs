//! The hybrid clock whose readings become positions.

use std::sync::Arc;

use model::Clock;

use crate::Position;

/// Microseconds since 1970 UTC, but strictly growing also when the clock stands or steps back.
#[derive(Debug)]
pub(super) struct Stamps {
    clock: Arc<dyn Clock>,
    last: Position,
}

impl Stamps {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: 0 }
    }

    /// Later than any stamp given before.
    pub(super) fn next(&mut self) -> Position {
        self.last = micros(&*self.clock).max(self.last.saturating_add(1));
        self.last
    }
}

/// Now, in microseconds since 1970 UTC; 0 before.
pub(super) fn micros(clock: &dyn Clock) -> Position {
    u64::try_from(clock.now().timestamp_micros()).unwrap_or_default()
}

/// A number that no other process has, most likely, nor this one a second time.
pub(super) fn random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    RandomState::new().build_hasher().finish()
}
