//! Waiting for what happens a moment later: billing reads what was accepted after the answer.

use std::time::{Duration, Instant};

use anyhow::Result;

const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(20);

/// Tries `check` until it succeeds.
///
/// # Errors
/// That of the last try, when it took too long.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests wait for real programs in real time"
)]
pub async fn eventually<T>(mut check: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    loop {
        match check().await {
            Err(error) if started.elapsed() > PATIENCE => {
                return Err(error.context(format!("after {PATIENCE:?}")));
            }
            Err(_) => tokio::time::sleep(STEP).await,
            done => return done,
        }
    }
}
