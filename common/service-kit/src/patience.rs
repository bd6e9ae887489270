//! Waiting for a server that is not up yet: programs and servers of an instance may be started in any order.

use std::error::Error;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::monitor::Told;

/// What is said meanwhile.
const WAITING: &str = "waiting for it: it cannot be reached";

/// How long a start waits for a server.
const WITHIN: Duration = Duration::from_secs(60);
/// Between two attempts; twice as long after each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Tries `open` again and again, as long as its error `is_away`, for a minute at most; `told` says how it goes.
///
/// # Errors
/// That of the last attempt.
pub async fn until_up<T, E, F>(
    told: &Told,
    is_away: impl Fn(&E) -> bool,
    mut open: impl FnMut() -> F,
) -> Result<T, E>
where
    E: Error,
    F: Future<Output = Result<T, E>>,
{
    let end = Instant::now() + WITHIN;
    let mut pause = FIRST_PAUSE;
    loop {
        match open().await {
            Err(error) if is_away(&error) && Instant::now() + pause < end => {
                let error = crate::chain(&error);
                told.down(WAITING, &error);
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error),
            Ok(opened) => {
                told.up();
                return Ok(opened);
            }
        }
    }
}

#[cfg(test)]
mod tests;
