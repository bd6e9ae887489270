//! The four services in one process: started in the order in which they need each other, stopped in the order in which readings flow.

use std::sync::Arc;
use std::time::Duration;

use api_gateway::run_file::{Ready, RunFile};
use message_bus::Bus;
use message_bus::embedded::{Journal, Options};
use model::{Clock, SystemClock};
use prometheus::Registry;
use service_kit::telemetry::Telemetry;
use service_kit::{FolderLock, Monitor, Readiness, Tasks, bus};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::error::CommandError;

/// The platform at work.
pub(crate) struct Platform {
    ready: Ready,
    readiness: Readiness,
    failed: CancellationToken,
    gateway: api_gateway::Running,
    ingestion: ingestion_service::Running,
    billing: billing_service::Running,
    analytics: analytics_service::Running,
    bus: Arc<dyn Bus>,
    monitor: Tasks,
    // Dropped last, in this order: nobody may find the folder free while something still writes there.
    run_file: RunFile,
    _lock: FolderLock,
}

/// What every part is handed.
#[derive(Clone)]
struct Common {
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    registry: Registry,
    readiness: Readiness,
    failed: CancellationToken,
}

impl Platform {
    /// Takes the data folder and starts everything; when this returns, every port is bound and served.
    ///
    /// # Errors
    /// [`CommandError::Kit`] when the folder or a port is taken, [`CommandError::Bus`] for a damaged journal, [`CommandError::Start`].
    pub(crate) async fn start(config: Config, telemetry: &Telemetry) -> Result<Self, CommandError> {
        let lock = FolderLock::take(&config.data)?;
        Self::start_with(config, lock, telemetry).await
    }

    /// As [`Self::start`], in a folder that was taken before.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(crate) async fn start_with(
        config: Config,
        lock: FolderLock,
        telemetry: &Telemetry,
    ) -> Result<Self, CommandError> {
        let failed = CancellationToken::new();
        let monitor_port = Monitor::bind(config.metrics.listen).await?;
        let registry = Registry::new();
        telemetry.register(&registry)?;
        let readiness = Readiness::default();
        let monitor = Tasks::new(failed.clone());
        let metrics = monitor_port.address();
        monitor_port.serve(registry.clone(), readiness.clone(), &monitor)?;
        let bus = open_bus(&config, (&registry, &readiness), &failed).await?;
        let common = Common {
            bus: Arc::clone(&bus),
            clock: Arc::new(SystemClock),
            registry,
            readiness: readiness.clone(),
            failed: failed.clone(),
        };
        let billing = start_billing(&config, &common).await?;
        let analytics = start_analytics(&config, &common, &billing).await?;
        let ingestion = start_ingestion(&config, &common, &billing).await?;
        let deps = api_gateway::Deps {
            ingestion: ingestion.ingestion(),
            billing: billing.billing(),
            register: billing.register(),
            quarantine: billing.quarantine(),
            analytics: analytics.analytics(),
            clock: Arc::clone(&common.clock),
            registry: common.registry.clone(),
            sampler: telemetry.sampler(),
            keys: config.keys(),
            failed: failed.clone(),
        };
        let gateway = api_gateway::start(config.gateway.clone(), deps)
            .await
            .map_err(|error| CommandError::start("the gateway", error.kind(), error))?;
        let ready = Ready {
            ready: true,
            device_grpc: gateway.device_addr(),
            staff_http: gateway.staff_addr(),
            metrics,
        };
        let run_file = RunFile::write(lock.folder(), &ready)?;
        readiness.set(true);
        tracing::info!(device = %ready.device_grpc, staff = %ready.staff_http, metrics = %ready.metrics, "ready");
        Ok(Self {
            ready,
            readiness,
            failed,
            gateway,
            ingestion,
            billing,
            analytics,
            bus,
            monitor,
            run_file,
            _lock: lock,
        })
    }

    /// Where it listens.
    #[must_use]
    pub(crate) fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The line that says so.
    ///
    /// # Errors
    /// [`CommandError::Failed`] when it cannot be written as JSON.
    pub(crate) fn ready_line(&self) -> Result<String, CommandError> {
        serde_json::to_string(&self.ready)
            .map_err(|error| CommandError::failed("cannot write the ready line", error))
    }

    /// Cancelled when a part without which the process is useless fails.
    #[must_use]
    pub(crate) fn failed(&self) -> &CancellationToken {
        &self.failed
    }

    /// Waits until `stop` is wanted or a vital part fails.
    pub(crate) async fn wait(&self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.failed.cancelled() => {}
        }
    }

    /// Drains: no new calls, then what was accepted, then what was published, then the stores. Connections that do not end are cut.
    /// Says whether everything that was accepted was dealt with within `grace`; if not, the next start deals with it.
    pub(crate) async fn stop(self, grace: Duration) -> bool {
        let deadline = Instant::now() + grace;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.readiness.set(false);
        // Clients that hold a connection and say nothing must not use up the time of those who write.
        if !self.gateway.stop(grace / 4).await {
            tracing::warn!("connections that did not end were cut");
        }
        let mut drained = self.ingestion.stop(left() / 2).await;
        drained &= self.billing.stop(left() / 2).await;
        drained &= self.analytics.stop(left() / 2).await;
        drained &= bus::close(&self.bus, deadline).await;
        self.monitor.drain(left()).await;
        drop(self.run_file);
        tracing::info!(drained, "stopped");
        drained
    }
}

/// The journal in the data folder, or a broker.
async fn open_bus(
    config: &Config,
    (registry, readiness): (&Registry, &Readiness),
    failed: &CancellationToken,
) -> Result<Arc<dyn Bus>, CommandError> {
    if config.bus.scheme() != "embedded:" {
        return Ok(bus::open(&config.bus, &config.broker, registry, readiness).await?);
    }
    let options = Options {
        limit_bytes: config.journal.limit,
        spare_bytes: config.journal.spare,
        ..Options::new(config.journal(), config.journal.shards)
    };
    let journal = Journal::open(options, failed.clone())?;
    journal.register(registry)?;
    let bus: Arc<dyn Bus> = journal;
    bus::watch(&bus, readiness);
    Ok(bus)
}

async fn start_billing(config: &Config, common: &Common) -> Result<billing_service::Running, CommandError> {
    let deps = billing_service::Deps {
        bus: Arc::clone(&common.bus),
        clock: Arc::clone(&common.clock),
        registry: common.registry.clone(),
        tasks: Tasks::new(common.failed.clone()),
        readiness: common.readiness.clone(),
        store: config.store.secret().to_owned(),
        cache: config.cache.secret().to_owned(),
        folder: config.data.join("billing"),
    };
    billing_service::start(config.billing.clone(), deps)
        .await
        .map_err(|error| CommandError::start("billing", error.kind(), error))
}

async fn start_analytics(
    config: &Config,
    common: &Common,
    billing: &billing_service::Running,
) -> Result<analytics_service::Running, CommandError> {
    let deps = analytics_service::Deps {
        bus: Arc::clone(&common.bus),
        reads: billing.reads(),
        clock: Arc::clone(&common.clock),
        registry: common.registry.clone(),
        tasks: Tasks::new(common.failed.clone()),
        readiness: common.readiness.clone(),
        store: config.store.secret().to_owned(),
        folder: config.data.join("analytics"),
    };
    analytics_service::start(config.analytics.clone(), deps)
        .await
        .map_err(|error| CommandError::start("analytics", error.kind(), error))
}

async fn start_ingestion(
    config: &Config,
    common: &Common,
    billing: &billing_service::Running,
) -> Result<ingestion_service::Running, CommandError> {
    let deps = ingestion_service::Deps {
        bus: Arc::clone(&common.bus),
        clock: Arc::clone(&common.clock),
        registry: common.registry.clone(),
        is_known: Some(billing.is_known()),
        readiness: common.readiness.clone(),
        failed: common.failed.clone(),
    };
    ingestion_service::start(config.ingestion.clone(), deps)
        .await
        .map_err(|error| CommandError::start("ingestion", error.kind(), error))
}
