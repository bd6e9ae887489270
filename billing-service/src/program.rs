//! The program `billing-service`.

mod config;

use std::sync::Arc;

use model::SystemClock;
use service_kit::program::{Common, Flag, Process, Program, ProgramError, Started};
use service_kit::{Tasks, bus};
use tokio::time::Instant;

use crate::{Deps, backend, start};

pub use config::ProgramConfig;

/// See the module.
#[derive(Debug)]
pub struct BillingService;

impl Program for BillingService {
    type Config = ProgramConfig;
    const NAME: &'static str = "billing-service";
    const ABOUT: &'static str = "Keeps Gridtally's reads, works out usage, makes bills";
    const FLAGS: &'static [Flag] = &[
        Flag::new(
            "listen",
            "billing.listen",
            "ADDRESS",
            "Where gateway and analytics call by gRPC [default: 127.0.0.1:50053]",
        ),
        Flag::new(
            "billing-url",
            "billing.url",
            "URL",
            "Where the billing-service that leads is found when this one does not, to assist it [default: stand by]",
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
        backend::announce(&config.store, &config.cache, &process.readiness);
        let bus = bus::open(&config.bus, &config.broker, &process.registry, &process.readiness)
            .await
            .map_err(|error| ProgramError::start("the bus", error.kind(), error))?;
        let deps = Deps {
            bus: Arc::clone(&bus),
            clock: Arc::new(SystemClock),
            registry: process.registry.clone(),
            tasks: Tasks::new(process.failed.clone()),
            readiness: process.readiness.clone(),
            store: config.store.secret().to_owned(),
            cache: config.cache.secret().to_owned(),
            folder: config.data.join("billing"),
        };
        let billing = start(config.billing, deps)
            .await
            .map_err(|error| ProgramError::start("billing", error.kind(), error))?;
        let addresses = billing.address().map(|address| ("billing_grpc", address));
        Ok(Started::new(
            addresses.into_iter().collect(),
            move |grace| async move {
                let end = Instant::now() + grace;
                let drained = billing.stop(bus::before_closing(grace)).await;
                bus::close(&bus, end).await && drained
            },
        ))
    }
}
