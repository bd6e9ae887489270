//! The program `api-gateway`: the door for devices and staff, with the other services behind it in processes of their own.
//!
//! It makes and reads the keys of tokens in its data folder, and says there where it listens, so that the command line finds it as it
//! finds the platform in one process.

mod config;

use std::sync::Arc;

use model::{ErrorKind, SystemClock};
use service_kit::FolderLock;
use service_kit::program::{Common, Flag, Process, Program, ProgramError, Started};

use crate::remote::Remote;
use crate::run_file::{Ready, RunFile};
use crate::{Deps, start};

pub use config::ProgramConfig;

/// See the module.
#[derive(Debug)]
pub struct ApiGateway;

impl Program for ApiGateway {
    type Config = ProgramConfig;
    const NAME: &'static str = "api-gateway";
    const ABOUT: &'static str = "The door of Gridtally for devices and staff";
    const FLAGS: &'static [Flag] = &[
        Flag::new(
            "listen",
            "gateway.listen",
            "ADDRESS",
            "Where devices (and staff by gRPC) connect [default: 127.0.0.1:50051]",
        ),
        Flag::new(
            "staff-listen",
            "gateway.staff_listen",
            "ADDRESS",
            "Where staff connect by HTTP [default: 127.0.0.1:8080]",
        ),
        Flag::new(
            "ingestion-url",
            "ingestion.url",
            "URL",
            "Where ingestion is [default: http://127.0.0.1:50052]",
        ),
        Flag::new(
            "billing-url",
            "billing.url",
            "URL",
            "Where billing is [default: http://127.0.0.1:50053]",
        ),
        Flag::new(
            "analytics-url",
            "analytics.url",
            "URL",
            "Where analytics is [default: http://127.0.0.1:50054]",
        ),
        Flag {
            name: "insecure-no-auth",
            key: "gateway.insecure_no_auth",
            value: None,
            help: "Let everybody in, without tokens: for a first try, on loopback only",
        },
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
        let lock = FolderLock::take(&config.data)?;
        let remote =
            Remote::new(&config.ingestion, &config.billing, &config.analytics).map_err(|status| {
                ProgramError::start("the calls of other services", ErrorKind::Invalid, status)
            })?;
        remote.watch(&process.readiness, &process.tasks);
        let deps = Deps {
            ingestion: remote.ingestion(),
            billing: remote.billing(),
            register: remote.register(),
            quarantine: remote.quarantine(),
            analytics: remote.analytics(),
            clock: Arc::new(SystemClock),
            registry: process.registry.clone(),
            sampler: process.sampler.clone(),
            keys: config.data.join("keys"),
            failed: process.failed.clone(),
        };
        let gateway = start(config.gateway, deps)
            .await
            .map_err(|error| ProgramError::start("the gateway", error.kind(), error))?;
        let ready = Ready {
            ready: true,
            device_grpc: gateway.device_addr(),
            staff_http: gateway.staff_addr(),
            metrics: process.metrics,
        };
        let run_file = RunFile::write(lock.folder(), &ready)?;
        let addresses = vec![
            ("device_grpc", gateway.device_addr()),
            ("staff_http", gateway.staff_addr()),
        ];
        Ok(Started::new(addresses, move |grace| async move {
            // A call that is cut has an outcome that its caller does not know, and may ask for again: nothing is lost.
            if !gateway.stop(grace).await {
                tracing::warn!("connections that did not end were cut");
            }
            // Last, in this order: nobody may find the folder free while somebody is still found by it.
            drop(run_file);
            drop(lock);
            true
        }))
    }
}
