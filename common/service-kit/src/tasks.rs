//! The tasks of a process: each has a name and a declared fate, and shutdown waits for all of them within a deadline.

use std::fmt::Display;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What becomes of the process when a task fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// The failure is logged; the others go on.
    Log,
    /// Everything is asked to stop, and the process ends with an error.
    StopProcess,
}

/// The tasks of one service. A clone is the same set.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Tasks {
    /// No tasks yet. `failed` is cancelled when a task with [`OnFailure::StopProcess`] fails; services of a process share it.
    #[must_use]
    pub fn new(failed: CancellationToken) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            failed,
        }
    }

    /// Cancelled when the service is asked to stop; every long task watches it.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Cancelled when a task with [`OnFailure::StopProcess`] fails, here or in another service of the process.
    #[must_use]
    pub fn failed_token(&self) -> CancellationToken {
        self.failed.clone()
    }

    /// Starts `work` as task `name` on the current runtime.
    pub fn spawn<F, E>(&self, name: &'static str, on_failure: OnFailure, work: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send,
    {
        let failed = self.failed.clone();
        let guarded = async move {
            let death = Death {
                name,
                on_failure,
                failed,
                ended: false,
            };
            let outcome = work.await;
            death.ended(outcome);
        };
        self.tracker.spawn(guarded);
    }

    /// Asks every task to stop and waits for them, at most `grace`. Says whether all ended in time, and none failed that the process
    /// cannot do without.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(grace, self.tracker.wait()).await.is_ok();
        ended && !self.failed.is_cancelled()
    }
}

/// Notices the end of a task, also by panic: dropped before [`Self::ended`], the task died.
struct Death {
    name: &'static str,
    on_failure: OnFailure,
    failed: CancellationToken,
    ended: bool,
}

impl Death {
    fn ended<E: Display>(mut self, outcome: Result<(), E>) {
        self.ended = true;
        if let Err(error) = outcome {
            tracing::error!(task.name = self.name, %error, "task failed");
            self.fail();
        }
    }

    fn fail(&self) {
        if self.on_failure == OnFailure::StopProcess {
            self.failed.cancel();
        }
    }
}

impl Drop for Death {
    fn drop(&mut self) {
        if !self.ended && std::thread::panicking() {
            tracing::error!(task.name = self.name, "task panicked");
            self.fail();
        }
    }
}

#[cfg(test)]
mod tests;
