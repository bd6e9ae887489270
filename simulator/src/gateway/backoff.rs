//! How long to wait before the same is sent again: doubling, with jitter, and at least what the receiver asks for.

use std::time::Duration;

use tokio::time::Instant;
use tonic::{Code, Status};

use super::Sending;
use crate::error::Error;
use crate::random::Draw;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// Metadata by which the receiver says when to come back, milliseconds.
const RETRY_AFTER: &str = "retry-after-ms";

/// The waiting times of one batch.
#[derive(Debug)]
pub(super) struct Backoff {
    draw: Draw,
    attempt: u32,
    give_up: Instant,
}

impl Backoff {
    pub(super) fn new(how: &Sending, number: u64) -> Self {
        Self {
            draw: Draw::new(how.seed).with(BACKOFF).with(number),
            attempt: 0,
            give_up: Instant::now() + how.patience,
        }
    }

    /// Waits after a failed call; an error when calling again is of no use or patience is over.
    pub(super) async fn after(&mut self, status: &Status) -> Result<(), Error> {
        if !may_retry(status.code()) {
            return Err(Error::Refused {
                code: status.code(),
                message: status.message().to_owned(),
            });
        }
        let asked = status
            .metadata()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        self.wait(Duration::from_millis(asked.unwrap_or_default()), status)
            .await
    }

    /// Waits after an answer that held `VERDICT_RETRY`.
    pub(super) async fn after_retry_verdict(&mut self) -> Result<(), Error> {
        self.wait(
            Duration::ZERO,
            &Status::unavailable("some readings stay without a verdict"),
        )
        .await
    }

    async fn wait(&mut self, at_least: Duration, status: &Status) -> Result<(), Error> {
        let pause = self.next(at_least);
        if Instant::now() + pause > self.give_up {
            return Err(Error::GaveUp {
                code: status.code(),
                message: status.message().to_owned(),
            });
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// The next pause: half of it fixed, half by chance, so that a thousand devices do not come back at once.
    fn next(&mut self, at_least: Duration) -> Duration {
        let longest = FIRST
            .saturating_mul(1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX))
            .min(LONGEST);
        self.attempt = (self.attempt + 1).min(16);
        let jitter = self.draw.with(u64::from(self.attempt)).between(0.5, 1.0);
        longest.max(at_least).mul_f64(jitter).max(at_least)
    }
}

const BACKOFF: u64 = 0x6261_636b;

/// Whether the same call may succeed later. What a broken connection looks like is among them.
pub(crate) const fn may_retry(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Cancelled
            | Code::Unknown
    )
}

#[cfg(test)]
mod tests;
