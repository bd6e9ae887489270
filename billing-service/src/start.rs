//! The life of billing.

mod lead;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use message_bus::Bus;
use model::Clock;
use prometheus::Registry;
use proto::assist::assist_server::AssistServer;
use proto::billing::billing_server::{Billing, BillingServer};
use proto::billing::quarantine_server::{Quarantine as QuarantineCalls, QuarantineServer};
use proto::billing::reads_server::{Reads as ReadsCalls, ReadsServer};
use proto::billing::register_server::{Register as RegisterCalls, RegisterServer};
use service_kit::internal::{self, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, Services, Serving};
use service_kit::{OnFailure, Readiness, Tasks};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backend;
use crate::bill::draft::Drafts;
use crate::bill::load::Loader;
use crate::cache::Cache;
use crate::config::Config;
use crate::consequence::{Overlaps, Watcher};
use crate::consumer::Consumer;
use crate::error::Error;
use crate::exception::Exceptions;
use crate::follow::Followed;
use crate::issue::{Issuer, Parts};
use crate::metrics::Metrics;
use crate::office::Office;
use crate::reads::store::ReadsStore;
use crate::reads::{Consequences, Limits, Reads};
use crate::register::Register;
use crate::service::{Quarantine, Service};
use crate::share::{self, Desk};
use crate::store::{DocumentStore, Store};

/// How often drafts of agreements with new reads are computed again, and unfinished issues are resumed.
const UPKEEP: Duration = Duration::from_secs(60);
/// Drafts computed again at a time; the others are computed when somebody looks.
const DRAFTS_AT_ONCE: usize = 500;
/// How often gauges are read.
const GAUGES: Duration = Duration::from_secs(5);

/// What billing needs of the process it runs in.
pub struct Deps {
    /// Where readings come from and events go.
    pub bus: Arc<dyn Bus>,
    /// Decides which cycles have ended, and stamps.
    pub clock: Arc<dyn Clock>,
    /// Where the metrics are registered.
    pub registry: Registry,
    /// The tasks of this service alone.
    pub tasks: Tasks,
    /// Where servers that are used say how they are doing.
    pub readiness: Readiness,
    /// Where things are kept: `embedded:` (in [`Self::folder`]) or `mongodb://...`.
    pub store: String,
    /// What is remembered for a while: `memory:` or `redis://...`.
    pub cache: String,
    /// The folder of the embedded store.
    pub folder: PathBuf,
}

/// Billing at work.
pub struct Running {
    service: Service,
    quarantine: Arc<Quarantine>,
    office: Arc<Office>,
    serving: Option<Serving>,
    /// Cancelled when shards shall not change hands any more.
    sharing: CancellationToken,
    tasks: Tasks,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

impl Running {
    /// Answers about bills and reads.
    #[must_use]
    pub fn billing(&self) -> Arc<dyn Billing> {
        Arc::new(self.service.clone())
    }

    /// Keeps the register.
    #[must_use]
    pub fn register(&self) -> Arc<dyn RegisterCalls> {
        Arc::new(self.service.clone())
    }

    /// Answers analytics.
    #[must_use]
    pub fn reads(&self) -> Arc<dyn ReadsCalls> {
        Arc::new(self.service.clone())
    }

    /// Looks at messages that could not be processed, and publishes them again.
    #[must_use]
    pub fn quarantine(&self) -> Arc<dyn QuarantineCalls> {
        Arc::clone(&self.quarantine) as Arc<dyn QuarantineCalls>
    }

    /// The service itself: export and verification of bills beside the calls.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Whether a meter is registered, answered from memory.
    #[must_use]
    pub fn is_known(&self) -> Arc<dyn Fn(&str) -> bool + Send + Sync> {
        let register = Arc::clone(&self.office.register);
        Arc::new(move |meter| register.index().meter(meter).is_some())
    }

    /// Where gateway and analytics call by gRPC, if anywhere.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.serving.as_ref().map(Serving::address)
    }

    /// Takes no more calls, consumes no more, stores what was consumed, and ends. Says whether that was done within `grace`.
    pub async fn stop(self, grace: Duration) -> bool {
        let end = Instant::now() + grace;
        self.sharing.cancel();
        internal::stop(self.serving.as_ref(), grace / 4).await; // storing may take long
        let drained = self
            .tasks
            .drain(end.saturating_duration_since(Instant::now()))
            .await;
        let synced = self.office.store.sync().await;
        if let Err(error) = &synced {
            tracing::error!(
                error = crate::reads::error_chain(error),
                "the store of billing could not be synced"
            );
        }
        drained && synced.is_ok()
    }
}

/// Waits until no other billing-service leads, opens the stores, finishes what was being issued, and starts to consume.
///
/// # Errors
/// [`Error::Config`], [`Error::Port`], [`Error::Metrics`], [`Error::Store`], [`Error::Bus`], [`Error::Overtaken`], [`Error::Older`].
pub async fn start(config: Config, deps: Deps) -> Result<Running, Error> {
    let problems = config.problems("billing.");
    if !problems.is_empty() {
        let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Err(Error::Config(list.join("; ")));
    }
    let port = internal::bind("billing gRPC", config.listen).await?;
    let backends = backend::open(&config, &deps).await?;
    backends.reads.check(deps.bus.shards()).await?; // before whoever leads is replaced
    let store_id = backend::store_id(&Store::new(Arc::clone(&backends.documents))).await?;
    let metrics = Metrics::new(&deps.registry)?;
    let assistant = share::Parts {
        store: Arc::clone(&backends.reads),
        limits: limits(&config, &deps),
        store_id: store_id.clone(),
        metrics: metrics.clone(),
    };
    let port = lead::wait(port, &deps, (&config.url, assistant)).await?;
    let (office, watcher) = open(&config, &deps, backends, metrics).await?;
    lead::keep(&deps, &office.store, &store_id);
    let consumer = Consumer {
        bus: Arc::clone(&deps.bus),
        reads: Arc::clone(&office.reads),
        consequences: Arc::clone(&watcher) as Arc<dyn Consequences>,
        followed: Arc::clone(&office.issuer.followed),
        over: CancellationToken::new(),
    };
    consumer.check()?;
    let resumed = office.issuer.resume().await?;
    if resumed > 0 {
        tracing::info!(
            bills = resumed,
            "finished issuing what was begun before the last stop"
        );
    }
    let sharing = deps.tasks.stop_token().child_token();
    let desk = Desk::new(deps.bus.shards(), store_id);
    consume(consumer, &deps, &office, (&desk, &sharing)).await?;
    let stop = deps.tasks.stop_token();
    deps.tasks.spawn(
        "billing upkeep",
        OnFailure::StopProcess,
        upkeep(Arc::clone(&office), stop.clone()),
    );
    deps.tasks.spawn(
        "billing gauges",
        OnFailure::Log,
        gauges(Arc::clone(&office), stop),
    );
    let assist = Arc::new(share::Calls::new(
        Arc::clone(&office),
        Arc::clone(&watcher),
        Arc::clone(&desk),
    ));
    let service = Service::new(Arc::clone(&office), watcher, desk);
    let quarantine = Arc::new(Quarantine::new(Arc::clone(&office), deps.bus));
    let calls = || answering(&service, &quarantine, &assist);
    Ok(Running {
        serving: internal::serve(port, deps.tasks.failed_token(), &deps.readiness, calls)?,
        service,
        quarantine,
        office,
        sharing,
        tasks: deps.tasks,
    })
}

/// Consumes every shard, and shares them with whoever assists.
async fn consume(
    consumer: Consumer,
    deps: &Deps,
    office: &Office,
    (desk, sharing): (&Arc<Desk>, &CancellationToken),
) -> Result<(), Error> {
    let consuming = consumer.start_all(&deps.tasks).await?;
    let leader = share::Leader {
        desk: Arc::clone(desk),
        consumer,
        consuming,
        tasks: deps.tasks.clone(),
        store: office.store.clone(),
        shards: office.metrics.shards.clone(),
    };
    deps.tasks.spawn(
        "billing shards",
        OnFailure::StopProcess,
        leader.share(sharing.clone()),
    );
    Ok(())
}

/// What gateway, analytics and assistants call.
fn answering(service: &Service, quarantine: &Arc<Quarantine>, assist: &Arc<share::Calls>) -> Services {
    Services::new(proto::DESCRIPTORS)
        .with(
            BillingServer::new(service.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .with(
            RegisterServer::new(service.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .with(
            ReadsServer::new(service.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .with(
            AssistServer::from_arc(Arc::clone(assist))
                .max_decoding_message_size(share::MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .with(
            QuarantineServer::from_arc(Arc::clone(quarantine))
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
}

/// Where things are kept.
pub(crate) struct Backends {
    pub(crate) documents: Arc<dyn DocumentStore>,
    pub(crate) reads: Arc<dyn ReadsStore>,
    pub(crate) cache: Arc<dyn Cache>,
}

/// Puts the parts together; nothing is consumed yet.
///
/// # Errors
/// As [`start`].
pub(crate) async fn open(
    config: &Config,
    deps: &Deps,
    backends: Backends,
    metrics: Metrics,
) -> Result<(Arc<Office>, Arc<Watcher>), Error> {
    backends.documents.lead().await?; // before anything is read
    metrics.leading.set(1);
    let store = Store::new(backends.documents);
    let watcher = Arc::new(Watcher::default());
    let limits = limits(config, deps);
    let consequences = Arc::clone(&watcher) as Arc<dyn Consequences>;
    let reads = Reads::open(backends.reads, consequences, deps.bus.shards(), limits).await?;
    let register = Arc::new(Register::open(store.clone()).await?);
    let loader = Arc::new(Loader::new(
        Arc::clone(&register),
        Arc::clone(&reads),
        store.clone(),
    ));
    let exceptions =
        Arc::new(Exceptions::open(store.clone(), Arc::clone(&deps.clock), metrics.clone()).await?);
    let parts = Parts {
        store: store.clone(),
        bus: Arc::clone(&deps.bus),
        clock: Arc::clone(&deps.clock),
        loader: Arc::clone(&loader),
        exceptions: Arc::clone(&exceptions),
        metrics: metrics.clone(),
        default_series: config.series.clone(),
        followed: Arc::new(Followed::default()),
    };
    let office = Arc::new(Office {
        overlaps: Overlaps::open(&store).await?,
        store,
        register,
        reads,
        loader,
        drafts: Drafts::new(Arc::clone(&backends.cache), metrics.clone()),
        issuer: Issuer::open(parts).await?,
        exceptions,
        cache: backends.cache,
        clock: Arc::clone(&deps.clock),
        metrics,
    });
    watcher.bind(&office);
    Ok((office, watcher))
}

fn limits(config: &Config, deps: &Deps) -> Limits {
    Limits {
        pending_bytes: usize::try_from(config.pending).unwrap_or(usize::MAX),
        unstored: deps.bus.ack_within().unwrap_or(Limits::default().unstored),
    }
}

/// Computes drafts again and finishes issues that an error interrupted, until `stop`.
async fn upkeep(office: Arc<Office>, stop: CancellationToken) -> Result<(), Error> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(UPKEEP) => {}
        }
        if let Err(error) = tend(&office).await {
            tracing::warn!(
                error = crate::reads::error_chain(&error),
                "upkeep failed; trying again"
            );
        }
    }
}

async fn tend(office: &Office) -> Result<(), Error> {
    office.register.settle().await?;
    office.issuer.resume().await?;
    office.refresh(DRAFTS_AT_ONCE).await
}

async fn gauges(office: Arc<Office>, stop: CancellationToken) -> Result<(), Error> {
    loop {
        let shown = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        office
            .metrics
            .readings_pending_bytes
            .set(shown(office.reads.bytes()));
        office.metrics.meters_seen.set(shown(office.reads.meters_seen()));
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(GAUGES) => {}
        }
    }
}
