//! Where the time comes from, so that tests can set it.

use chrono::{DateTime, Utc};

/// Tells the time of day. Durations and timeouts are Tokio's business, not this clock's.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, by this clock.
    fn now(&self) -> DateTime<Utc>;

    /// Now, in milliseconds since 1970 UTC.
    fn now_ms(&self) -> i64 {
        self.now().timestamp_millis()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands where it was set: for tests, and for computing something as of a time.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}
