//! How fast the fleet's time passes.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use tokio_util::sync::CancellationToken;

/// How fast the fleet's time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// As ours.
    Real,
    /// So many times faster, until it has caught up with ours.
    Times(f64),
    /// Without waiting, until it has caught up with ours.
    Max,
}

/// A text that is no speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a speed; write real, max or for example 60x")]
pub struct InvalidSpeed;

impl FromStr for Speed {
    type Err = InvalidSpeed;

    fn from_str(text: &str) -> Result<Self, InvalidSpeed> {
        match text {
            "real" => Ok(Self::Real),
            "max" => Ok(Self::Max),
            _ => {
                let times: f64 = text
                    .strip_suffix('x')
                    .and_then(|times| times.parse().ok())
                    .ok_or(InvalidSpeed)?;
                if times.is_finite() && times > 0.0 {
                    Ok(Self::Times(times))
                } else {
                    Err(InvalidSpeed)
                }
            }
        }
    }
}

/// Waits; false when the program is to stop.
pub(crate) async fn wait(pause: Duration, stop: &CancellationToken) -> bool {
    if !pause.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
    !stop.is_cancelled()
}

/// Knows when instants of the fleet's time have come. The end of an interval is waited for at every speed: no meter knows an interval that is not
/// over.
#[derive(Debug)]
pub(crate) struct Pace {
    speed: Speed,
    clock: Arc<dyn Clock>,
    began_ms: i64,
    first_ms: i64,
}

impl Pace {
    /// From now on, with `first_ms` as the first instant.
    pub(crate) fn new(speed: Speed, clock: Arc<dyn Clock>, first_ms: i64) -> Self {
        let began_ms = clock.now_ms();
        Self {
            speed,
            clock,
            began_ms,
            first_ms,
        }
    }

    /// How long to wait until what is due at `due_ms` may be sent, the last interval of which ends at `end_ms`.
    pub(crate) fn pause(&self, due_ms: i64, end_ms: i64) -> Duration {
        let pause = self.wall_ms(due_ms, end_ms).saturating_sub(self.clock.now_ms());
        Duration::from_millis(u64::try_from(pause).unwrap_or_default())
    }

    /// When that is by our clock.
    fn wall_ms(&self, due_ms: i64, end_ms: i64) -> i64 {
        let elapsed = due_ms - self.first_ms;
        match self.speed {
            Speed::Real => due_ms.max(end_ms),
            Speed::Times(times) => end_ms.max(self.began_ms + (elapsed as f64 / times) as i64),
            Speed::Max => end_ms,
        }
    }
}

#[cfg(test)]
mod tests;
