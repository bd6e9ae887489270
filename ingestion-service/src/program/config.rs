//! What can be set about the program, and where the environment may say so.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service_kit::bus::{self, BrokerConfig};
use service_kit::config::{Configuration, Problem};
use service_kit::program::MetricsConfig;
use service_kit::telemetry::LogConfig;
use service_kit::trace::TraceConfig;
use service_kit::{BackendUrl, units};

use crate::{Config, UnknownMeters};

/// Everything that can be set; the default runs beside the other services and a broker on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProgramConfig {
    /// Folder of the embedded store.
    pub data: PathBuf,
    /// Message bus, by URL.
    pub bus: BackendUrl,
    /// Store, by URL. Ingestion needs none: one environment may serve all programs.
    pub store: BackendUrl,
    /// Cache, by URL. As `store`.
    pub cache: BackendUrl,
    /// How long the process may drain before it leaves.
    #[serde(with = "units::duration")]
    pub shutdown_grace: Duration,
    /// The log.
    pub log: LogConfig,
    /// Traces.
    pub telemetry: TraceConfig,
    /// Health and metrics.
    pub metrics: MetricsConfig,
    /// How the broker is used.
    pub broker: BrokerConfig,
    /// The service.
    pub ingestion: Config,
}

impl Default for ProgramConfig {
    fn default() -> Self {
        Self {
            data: PathBuf::from("./gridtally-data"),
            bus: BackendUrl::new("amqp://127.0.0.1:5672"),
            store: BackendUrl::new("embedded:"),
            cache: BackendUrl::new("memory:"),
            shutdown_grace: Duration::from_secs(20),
            log: LogConfig::default(),
            telemetry: TraceConfig::default(),
            metrics: MetricsConfig::here(9_102),
            broker: BrokerConfig::default(),
            ingestion: Config {
                listen: Some(([127, 0, 0, 1], 50_052).into()),
                ..Config::default()
            },
        }
    }
}

impl Configuration for ProgramConfig {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.log.problems("log");
        problems.extend(self.telemetry.problems("telemetry"));
        problems.extend(bus::problem(&self.bus));
        problems.extend(self.broker.problems("broker."));
        problems.extend(self.ingestion.problems("ingestion."));
        if self.ingestion.unknown_meters == UnknownMeters::Reject {
            let what = "a program of its own does not know the register; use keep, by which such readings wait for their meter, or \
                        run `gridtally up`";
            problems.push(Problem::new("ingestion.unknown_meters", what));
        }
        problems
    }
}
