//! The program `ingestion-service`.

mod config;

use std::sync::Arc;

use model::SystemClock;
use service_kit::bus;
use service_kit::program::{Common, Flag, Process, Program, ProgramError, Started};
use tokio::time::Instant;

use crate::{Deps, start};

pub use config::ProgramConfig;

/// See the module.
#[derive(Debug)]
pub struct IngestionService;

impl Program for IngestionService {
    type Config = ProgramConfig;
    const NAME: &'static str = "ingestion-service";
    const ABOUT: &'static str = "Turns what Gridtally's devices claim into facts on the bus";
    const FLAGS: &'static [Flag] = &[Flag::new(
        "listen",
        "ingestion.listen",
        "ADDRESS",
        "Where the gateway calls by gRPC [default: 127.0.0.1:50052]",
    )];

    fn common(config: &ProgramConfig) -> Common<'_> {
        Common {
            shutdown_grace: config.shutdown_grace,
            log: &config.log,
            telemetry: &config.telemetry,
            metrics: &config.metrics,
        }
    }

    async fn start(config: ProgramConfig, process: Process) -> Result<Started, ProgramError> {
        let bus = bus::open(&config.bus, &config.broker, &process.registry, &process.readiness)
            .await
            .map_err(|error| ProgramError::start("the bus", error.kind(), error))?;
        let deps = Deps {
            bus: Arc::clone(&bus),
            clock: Arc::new(SystemClock),
            registry: process.registry.clone(),
            is_known: None,
            readiness: process.readiness.clone(),
            failed: process.failed.clone(),
        };
        let ingestion = start(config.ingestion, deps)
            .await
            .map_err(|error| ProgramError::start("ingestion", error.kind(), error))?;
        let addresses = ingestion.address().map(|address| ("ingestion_grpc", address));
        Ok(Started::new(
            addresses.into_iter().collect(),
            move |grace| async move {
                let end = Instant::now() + grace;
                let drained = ingestion.stop(bus::before_closing(grace)).await;
                bus::close(&bus, end).await && drained
            },
        ))
    }
}
