//! What a service is handed by the process it runs in, and what it hands back.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use prometheus::Registry;
use tokio_util::sync::CancellationToken;

use crate::trace::Sampler;
use crate::{Readiness, Tasks};

/// The process around a service.
#[derive(Debug, Clone)]
pub struct Process {
    /// Where health and metrics are served.
    pub metrics: SocketAddr,
    /// Where metrics are registered.
    pub registry: Registry,
    /// Where the service says what it depends on.
    pub readiness: Readiness,
    /// Decides which calls from outside are traced.
    pub sampler: Sampler,
    /// Cancelled when a part without which the process is useless fails.
    pub failed: CancellationToken,
    /// Tasks of the process beside those of the service, such as looking after dependencies.
    pub tasks: Tasks,
}

impl Process {
    /// A process that serves health and metrics on `metrics`, and traces the calls that `sampler` chooses.
    #[must_use]
    pub fn new(metrics: SocketAddr, sampler: Sampler) -> Self {
        let failed = CancellationToken::new();
        Self {
            metrics,
            registry: Registry::new(),
            readiness: Readiness::default(),
            sampler,
            tasks: Tasks::new(failed.clone()),
            failed,
        }
    }
}

type Stop = Box<dyn FnOnce(Duration) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send>;

/// A service that runs: where it listens, and how it ends.
pub struct Started {
    addresses: Vec<(&'static str, SocketAddr)>,
    stop: Stop,
}

impl std::fmt::Debug for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Started")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl Started {
    /// `stop` drains within the time it is given and says whether everything that was accepted was dealt with.
    pub fn new<S, F>(addresses: Vec<(&'static str, SocketAddr)>, stop: S) -> Self
    where
        S: FnOnce(Duration) -> F + Send + 'static,
        F: Future<Output = bool> + Send + 'static,
    {
        Self {
            addresses,
            stop: Box::new(move |grace| Box::pin(stop(grace))),
        }
    }

    /// Where it listens, by name.
    #[must_use]
    pub fn addresses(&self) -> &[(&'static str, SocketAddr)] {
        &self.addresses
    }

    /// Drains within `grace`. Says whether all that was accepted was dealt with; if not, the next start deals with it.
    pub async fn stop(self, grace: Duration) -> bool {
        (self.stop)(grace).await
    }

    pub(super) fn ready_line(&self, metrics: SocketAddr) -> String {
        let metrics = ("metrics", metrics);
        let addresses = self.addresses.iter().chain([&metrics]);
        let fields: Vec<String> = addresses
            .map(|(name, address)| format!("\"{name}\":\"{address}\""))
            .collect();
        format!("{{\"ready\":true,{}}}", fields.join(","))
    }
}
