//! Puts the service together and takes it apart.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use message_bus::{Bus, BusError};
use model::Clock;
use proto::analytics::analytics_server::{Analytics, AnalyticsServer};
use proto::billing::reads_server::Reads;
use service_kit::internal::{self, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, Services, Serving};
use service_kit::{OnFailure, Readiness, Tasks};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::consumer::{Common, Consumer, Shared};
use crate::error::Error;
use crate::group::Groups;
use crate::metrics::Metrics;
use crate::origin::Origin;
use crate::overview;
use crate::register::{self, Assignments, Watch};
use crate::service::Service;
use crate::shard::{Policy, Received, Shard};
use crate::store::{self, Kept};
use crate::view::View;

/// How often gauges are brought up to date.
const GAUGES_EVERY: Duration = Duration::from_secs(5);

/// What the service needs from outside.
pub struct Deps {
    /// Where readings come from.
    pub bus: Arc<dyn Bus>,
    /// Billing, which has the reads.
    pub reads: Arc<dyn Reads>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Where metrics are registered.
    pub registry: prometheus::Registry,
    /// The tasks of this service alone.
    pub tasks: Tasks,
    /// Where servers that are used say how they are doing.
    pub readiness: Readiness,
    /// Where windows are kept: `embedded:` (in [`Self::folder`]) or `mongodb://...`.
    pub store: String,
    /// The folder of the embedded store.
    pub folder: PathBuf,
}

/// The service at work.
pub struct Running {
    service: Arc<Service>,
    serving: Option<Serving>,
    tasks: Tasks,
}

impl Running {
    /// To be asked directly.
    #[must_use]
    pub fn analytics(&self) -> Arc<dyn Analytics> {
        Arc::clone(&self.service) as Arc<dyn Analytics>
    }

    /// Where it can be asked by gRPC, if anywhere.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.serving.as_ref().map(Serving::address)
    }

    /// Stops consuming and stores what is left. Says whether all ended within `grace`.
    pub async fn stop(self, grace: Duration) -> bool {
        let end = Instant::now() + grace;
        internal::stop(self.serving.as_ref(), grace / 2).await;
        self.tasks
            .drain(end.saturating_duration_since(Instant::now()))
            .await
    }
}

/// Starts the service: binds its socket, finds what was stored, then follows the bus.
///
/// # Errors
/// [`Error`] when the socket, the store or the metrics cannot be used, or the store was made from another journal.
pub async fn start(config: Config, deps: Deps) -> Result<Running, Error> {
    let port = internal::bind("analytics gRPC", config.listen).await?;
    let metrics = Arc::new(Metrics::register(&deps.registry)?);
    let store = store::open(&deps).await?;
    let origin = Arc::new(Origin::new(Arc::clone(&store)));
    register::settle(&*deps.reads, &origin).await?; // before anything is written
    let common = Arc::new(Common {
        config,
        bus: deps.bus,
        reads: deps.reads,
        store,
        origin,
        clock: deps.clock,
        groups: Arc::new(Groups::default()),
        metrics,
        folding: Semaphore::new(1),
        hurry: Arc::new(Notify::new()),
        started: Instant::now(),
    });
    let mut shards = Vec::new();
    for number in 0..common.bus.shards() {
        shards.push(Arc::new(Shared::new(restored(&common, number).await?)));
    }
    let view = View {
        common: Arc::clone(&common),
        shards: shards.into(),
    };
    let assignments = spawn_around(&view, &deps.tasks);
    follow(&view, &deps.tasks, &assignments)
        .await
        .map_err(|error| match error {
            Error::Bus(BusError::Ahead { wanted, last }) => Error::OtherJournal {
                folder: deps.folder,
                stored: wanted,
                last,
            },
            other => other,
        })?;
    let service = Arc::new(Service::new(view));
    let serving = internal::serve(port, deps.tasks.failed_token(), &deps.readiness, || {
        Services::new(proto::DESCRIPTORS).with(
            AnalyticsServer::from_arc(Arc::clone(&service))
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
    });
    Ok(Running {
        serving: serving?,
        service,
        tasks: deps.tasks,
    })
}

/// A shard as it was stored, with the values of the days that are not over.
async fn restored(common: &Common, number: u16) -> Result<Shard, Error> {
    let kept: Kept = common.store.kept(number).await?;
    let config = &common.config;
    let memory = usize::try_from(config.memory).unwrap_or(usize::MAX);
    let policy = Policy {
        quiet: config.quiet,
        stale_delay: config.recompute_delay,
        provisional_delay: config.provisional_delay,
        provisional_rest: config.provisional_rest,
        resident_bytes: memory / usize::from(common.bus.shards().max(1)),
    };
    let mut shard = Shard::restore(number, &kept, Arc::clone(&common.groups), policy);
    let now = common.moment();
    for day in shard.wanted(now) {
        if let Some(document) = common.store.day(number, day).await?
            && shard.load(&document, now).is_err()
        {
            tracing::warn!(
                shard = number,
                day,
                "stored windows are too large and will be computed again"
            );
        }
    }
    Ok(shard)
}

/// What runs beside the shards: the register is watched, gauges are shown.
fn spawn_around(view: &View, tasks: &Tasks) -> watch::Receiver<Assignments> {
    let common = &view.common;
    let (tell, assignments) = watch::channel::<Assignments>(None);
    let register = Watch {
        reads: Arc::clone(&common.reads),
        origin: Arc::clone(&common.origin),
        groups: Arc::clone(&common.groups),
        shards: common.bus.shards(),
        every: common.config.register_every,
        hurry: Arc::clone(&common.hurry),
        tell,
    };
    let stop = tasks.stop_token();
    tasks.spawn("analytics register", OnFailure::StopProcess, register.run(stop));
    tasks.spawn(
        "analytics gauges",
        OnFailure::Log,
        show_gauges(view.clone(), tasks.stop_token()),
    );
    assignments
}

/// Every shard follows the bus; none does when one was stored from another bus.
async fn follow(view: &View, tasks: &Tasks, assignments: &watch::Receiver<Assignments>) -> Result<(), Error> {
    let mut consumers = Vec::new();
    for shard in view.shards.iter() {
        let consumer = Consumer::new(
            Arc::clone(&view.common),
            Arc::clone(shard),
            assignments.clone(),
            tasks.stop_token(),
        );
        let first = consumer.attach().await?;
        consumers.push((consumer, first));
    }
    for (consumer, first) in consumers {
        tasks.spawn("analytics shard", OnFailure::StopProcess, consumer.run(first));
    }
    Ok(())
}

/// Keeps the gauges up to date until `stop`.
async fn show_gauges(view: View, stop: CancellationToken) -> Result<(), Infallible> {
    let mut ticks = tokio::time::interval(GAUGES_EVERY);
    let mut named = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        let metrics = &view.common.metrics;
        let groups = view.common.groups.all();
        for group in groups.iter().skip(named) {
            metrics.count_energy(group, Received::default());
        }
        named = groups.len();
        metrics.lag.set(view.lag() as f64);
        let waiting: usize = view.shards.iter().map(|shard| shard.lock().waiting()).sum();
        metrics.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        match overview::power(&view).await {
            Ok(milliwatts) => {
                let watts = |(region, milliwatts): (String, i64)| (region, milliwatts as f64 / 1000.0);
                metrics.show_power(&milliwatts.into_iter().map(watts).collect::<BTreeMap<_, _>>());
            }
            Err(error) => tracing::debug!(%error, "cannot show power"),
        }
    }
}
