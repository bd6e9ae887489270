//! Whoever does not answer is not asked for a while, so that nobody waits for it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row, and it is not asked.
const FAILURES_TO_OPEN: u32 = 5;
/// For so long; then one asks, and the others wait for what comes of it.
const OPEN_FOR: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Nobody asks before.
    open_until: Option<Instant>,
}

/// Leave to ask once. Dropped without an outcome, when the caller went away, it is none.
#[derive(Debug)]
pub(super) struct Attempt<'a>(&'a Breaker);

impl Breaker {
    /// Leave to ask, unless it is closed to all.
    pub(super) fn attempt(&self) -> Option<Attempt<'_>> {
        let mut state = self.lock();
        if let Some(until) = state.open_until {
            let now = Instant::now();
            if now < until {
                return None;
            }
            state.open_until = Some(now + OPEN_FOR); // for the others, until this one has its answer
        }
        Some(Attempt(self))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// There was an answer.
    pub(super) fn succeeded(self) {
        let mut state = self.0.lock();
        state.failures = 0;
        if state.open_until.take().is_some() {
            tracing::info!("the cache answers again");
        }
    }

    /// There was none in time, or a bad one. Says whether nobody asks now for a while.
    pub(super) fn failed(self) -> bool {
        let mut state = self.0.lock();
        state.failures = state.failures.saturating_add(1);
        let open = state.failures >= FAILURES_TO_OPEN;
        if open {
            if state.open_until.is_none() {
                tracing::warn!("the cache does not answer; going on without it");
            }
            state.open_until = Some(Instant::now() + OPEN_FOR);
        }
        open
    }
}

#[cfg(test)]
mod tests;
