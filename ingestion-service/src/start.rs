//! The life of ingestion.

use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use message_bus::Bus;
use model::Clock;
use prometheus::Registry;
use proto::ingestion::ingestion_server::{Ingestion, IngestionServer};
use service_kit::internal::{self, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, Services, Serving};
use service_kit::{KitError, OnFailure, Readiness, Tasks};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::commit::Committer;
use crate::config::Config;
use crate::error::IngestionError;
use crate::memory::Memory;
use crate::metrics::{Metrics, Publish};
use crate::queue::Queue;
use crate::service::{IsKnown, Service};

/// What ingestion needs of the process it runs in.
pub struct Deps {
    /// Where readings are published.
    pub bus: Arc<dyn Bus>,
    /// Stamps and judges readings.
    pub clock: Arc<dyn Clock>,
    /// Where the metrics are registered.
    pub registry: Registry,
    /// Asked only where the configuration says to refuse unknown meters.
    pub is_known: Option<IsKnown>,
    /// What its health says on its port.
    pub readiness: Readiness,
    /// Cancelled when the task that publishes dies.
    pub failed: CancellationToken,
}

/// Ingestion that takes batches.
pub struct Running {
    service: Arc<Service>,
    serving: Option<Serving>,
    tasks: Tasks,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

impl Running {
    /// What takes batches.
    #[must_use]
    pub fn ingestion(&self) -> Arc<dyn Ingestion> {
        let service: Arc<Service> = Arc::clone(&self.service);
        service
    }

    /// Where the gateway calls by gRPC, if anywhere.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.serving.as_ref().map(Serving::address)
    }

    /// Takes no more, publishes what it has taken, and ends. Says whether that was done within `grace`.
    pub async fn stop(self, grace: Duration) -> bool {
        let end = Instant::now() + grace;
        internal::stop(self.serving.as_ref(), grace / 2).await;
        self.tasks
            .drain(end.saturating_duration_since(Instant::now()))
            .await
    }
}

/// Binds its port, if it has one, and starts the task that publishes.
///
/// # Errors
/// [`IngestionError::Config`], [`IngestionError::Port`] and [`IngestionError::Metrics`].
pub async fn start(config: Config, deps: Deps) -> Result<Running, IngestionError> {
    let problems = config.problems("ingestion.");
    if !problems.is_empty() {
        return Err(IngestionError::Config(KitError::Config { problems }));
    }
    let port = internal::bind("ingestion gRPC", config.listen).await?;
    let metrics = Metrics::new(&deps.registry)?;
    let shards = deps.bus.shards();
    let queue = Arc::new(Queue::new(
        config.queue,
        config.room_wait,
        shards,
        metrics.clone(),
    ));
    let (retention_ms, ahead_ms) = Service::limits(&config);
    let service = Arc::new(Service {
        queue: Arc::clone(&queue),
        clock: Arc::clone(&deps.clock),
        metrics: metrics.clone(),
        shards,
        retention_ms,
        ahead_ms,
        is_known: Service::hook(&config, deps.is_known),
    });
    let committer = Committer {
        queue,
        bus: deps.bus,
        run: RandomState::new().hash_one(deps.clock.now_ms()),
        clock: deps.clock,
        memory: Memory::new(config.memory),
        metrics,
        confirm_within: config.confirm_within,
        publishes: config.publishes,
        next: 0,
        before: Publish::Confirmed,
    };
    let tasks = Tasks::new(deps.failed.clone());
    let stop = tasks.stop_token();
    tasks.spawn("publish readings", OnFailure::StopProcess, committer.run(stop));
    let serving = internal::serve(port, deps.failed, &deps.readiness, || {
        Services::new(proto::DESCRIPTORS).with(
            IngestionServer::from_arc(Arc::clone(&service))
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
    });
    Ok(Running {
        serving: serving?,
        service,
        tasks,
    })
}
