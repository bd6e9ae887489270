//! The program `analytics-service`.

mod config;

use std::sync::Arc;
use std::time::Duration;

use model::{ErrorKind, SystemClock};
use proto::billing::reads_client::ReadsClient;
use proto::billing::reads_server::Reads;
use service_kit::internal::{MAX_ANSWER_BYTES, MAX_REQUEST_BYTES};
use service_kit::program::{Common, Flag, Process, Program, ProgramError, Started};
use service_kit::remote::Link;
use service_kit::{Tasks, bus};
use tokio::time::Instant;

use crate::{Deps, start, store};

pub use config::ProgramConfig;

/// Folding a day of a large shard reads all its blocks.
const LONG_CALLS: [(&str, Duration); 2] = [
    ("/gridtally.billing.v1.Reads/DayWindows", Duration::from_secs(120)),
    (
        "/gridtally.billing.v1.Reads/ChangedDays",
        Duration::from_secs(120),
    ),
];

/// See the module.
#[derive(Debug)]
pub struct AnalyticsService;

/// Billing's reads, over `link`.
#[must_use]
pub fn reads(link: Link) -> Arc<dyn Reads> {
    let client = ReadsClient::new(link)
        .max_encoding_message_size(MAX_REQUEST_BYTES)
        .max_decoding_message_size(MAX_ANSWER_BYTES);
    Arc::new(client)
}

impl Program for AnalyticsService {
    type Config = ProgramConfig;
    const NAME: &'static str = "analytics-service";
    const ABOUT: &'static str = "Gridtally's windows of usage by group";
    const FLAGS: &'static [Flag] = &[
        Flag::new(
            "listen",
            "analytics.listen",
            "ADDRESS",
            "Where the gateway calls by gRPC [default: 127.0.0.1:50054]",
        ),
        Flag::new(
            "billing-url",
            "billing.url",
            "URL",
            "Where billing is [default: http://127.0.0.1:50053]",
        ),
    ];

    fn common(config: &ProgramConfig) -> Common<'_> {
        Common {
            shutdown_grace: config.shutdown_grace,
            log: &config.log,
            telemetry: &config.telemetry,
            metrics: &config.metrics,
        }
    }

    async fn start(config: ProgramConfig, process: Process) -> Result<Started, ProgramError> {
        store::announce(&config.store, &process.readiness);
        let billing = Link::new("billing", &config.billing, &LONG_CALLS)
            .map_err(|status| ProgramError::start("the calls of billing", ErrorKind::Invalid, status))?;
        billing.watch(&process.tasks);
        let looked = billing.clone();
        // Windows that are there can be asked for without billing.
        process
            .readiness
            .depends_on("billing", false, Box::new(move || looked.state()));
        let bus = bus::open(&config.bus, &config.broker, &process.registry, &process.readiness)
            .await
            .map_err(|error| ProgramError::start("the bus", error.kind(), error))?;
        let deps = Deps {
            bus: Arc::clone(&bus),
            reads: reads(billing),
            clock: Arc::new(SystemClock),
            registry: process.registry.clone(),
            tasks: Tasks::new(process.failed.clone()),
            readiness: process.readiness.clone(),
            store: config.store.secret().to_owned(),
            folder: config.data.join("analytics"),
        };
        let analytics = start(config.analytics, deps)
            .await
            .map_err(|error| ProgramError::start("analytics", error.kind(), error))?;
        let addresses = analytics.address().map(|address| ("analytics_grpc", address));
        Ok(Started::new(
            addresses.into_iter().collect(),
            move |grace| async move {
                let end = Instant::now() + grace;
                let drained = analytics.stop(bus::before_closing(grace)).await;
                bus::close(&bus, end).await && drained
            },
        ))
    }
}
