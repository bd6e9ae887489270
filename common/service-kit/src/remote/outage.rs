//! What is known about the other side: whether it is well, and when to try again after it was not.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;

use super::unavailable;

/// Calls fail at once for so long after the first failure; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause, so that a service that is back is found soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Pauses are longer by up to one part in so many, so that callers do not all come back at once.
const JITTER: u32 = 4;

/// See the module.
#[derive(Debug)]
pub(super) struct Outage {
    name: &'static str,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// In a row, each after the pause of the one before.
    failures: u32,
    again: Instant,
    state: Result<(), String>,
    /// It was seen well before.
    was_well: bool,
}

impl Outage {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            inner: Mutex::new(Inner {
                failures: 0,
                again: Instant::now(),
                state: Err("not asked yet".to_owned()),
                was_well: false,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call may be tried.
    ///
    /// # Errors
    /// UNAVAILABLE during a pause.
    pub(super) fn pause_over(&self) -> Result<(), Status> {
        if self.lock().again <= Instant::now() {
            return Ok(());
        }
        let message = format!(
            "{} could not be reached a moment ago; nothing was sent",
            self.name
        );
        Err(unavailable(message))
    }

    /// A call did not get through. Calls that fail together count once.
    pub(super) fn noticed(&self, why: &str) {
        let mut inner = self.lock();
        let now = Instant::now();
        if now < inner.again {
            return;
        }
        if inner.failures == 0 {
            tracing::warn!(dependency = self.name, error = why, "a service cannot be reached");
        }
        let pause = FIRST_PAUSE
            .saturating_mul(1_u32.checked_shl(inner.failures).unwrap_or(u32::MAX))
            .min(LONGEST_PAUSE);
        let jitter = u32::try_from(RandomState::new().hash_one(self.name) % 1_000).unwrap_or_default();
        inner.again = now + pause + pause * jitter / (1_000 * JITTER);
        inner.failures = inner.failures.saturating_add(1);
    }

    /// A call got through.
    pub(super) fn over(&self) {
        let mut inner = self.lock();
        if inner.failures > 0 {
            inner.failures = 0;
            inner.again = Instant::now();
            tracing::info!(dependency = self.name, "a service can be reached again");
        }
    }

    pub(super) fn set_state(&self, state: Result<(), String>) {
        let mut inner = self.lock();
        let told = inner.failures > 0;
        match (&inner.state, &state) {
            (Ok(()), Err(why)) if !told => {
                tracing::warn!(dependency = self.name, why, "a service is not well");
            }
            (Err(_), Ok(())) if inner.was_well => {
                tracing::info!(dependency = self.name, "a service is well again");
            }
            _ => {}
        }
        inner.was_well |= state.is_ok();
        inner.state = state;
    }

    pub(super) fn state(&self) -> Result<(), String> {
        self.lock().state.clone()
    }
}

#[cfg(test)]
mod tests;
