//! What SIGINT and SIGTERM mean: the first asks the process to drain, the second makes it leave at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{KitError, OnFailure, Tasks};

/// The two wishes a person can express with Ctrl-C.
#[derive(Debug, Clone)]
pub struct Signals {
    /// Cancelled by the first signal.
    pub drain: CancellationToken,
    /// Cancelled by the second.
    pub leave: CancellationToken,
}

/// Listens to SIGINT and SIGTERM from now on; `tasks` carries the listening task.
///
/// # Errors
/// [`KitError::Setup`] when the handlers cannot be installed.
pub fn listen(tasks: &Tasks) -> Result<Signals, KitError> {
    let failed = |source: std::io::Error| KitError::Setup {
        what: "signal handlers",
        source: source.into(),
    };
    let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let signals = Signals {
        drain: CancellationToken::new(),
        leave: CancellationToken::new(),
    };
    let told = signals.clone();
    tasks.spawn("signals", OnFailure::Log, async move {
        watch(interrupt, terminate, told).await;
        Ok::<(), KitError>(())
    });
    Ok(signals)
}

async fn watch(mut interrupt: Signal, mut terminate: Signal, signals: Signals) {
    for (wish, message) in [
        (
            &signals.drain,
            "asked to stop: draining; once more leaves at once",
        ),
        (&signals.leave, "asked to stop again: leaving at once"),
    ] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("{message}");
        wish.cancel();
    }
}
