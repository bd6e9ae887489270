//! Waiting for a server that is not up yet: programs and servers of an instance may be started in any order.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a start waits for a server.
const WITHIN: Duration = Duration::from_secs(60);
/// Between two attempts; twice as long after each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Tries `open` again and again, as long as its error `is_away`, for a minute at most.
///
/// # Errors
/// That of the last attempt.
pub async fn until_up<T, E, F>(
    what: &'static str,
    is_away: impl Fn(&E) -> bool,
    mut open: impl FnMut() -> F,
) -> Result<T, E>
where
    E: Display,
    F: Future<Output = Result<T, E>>,
{
    let end = Instant::now() + WITHIN;
    let mut pause = FIRST_PAUSE;
    loop {
        match open().await {
            Err(error) if is_away(&error) && Instant::now() + pause < end => {
                tracing::info!(dependency = what, %error, "waiting for a server");
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests;
