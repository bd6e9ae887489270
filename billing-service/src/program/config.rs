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

use crate::{Config, backend};

/// Everything that can be set; the default runs beside the other services and a broker on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProgramConfig {
    /// Folder of the embedded store.
    pub data: PathBuf,
    /// Message bus, by URL.
    pub bus: BackendUrl,
    /// Store, by URL.
    pub store: BackendUrl,
    /// Cache, by URL.
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
    pub billing: Config,
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
            metrics: MetricsConfig::here(9_103),
            broker: BrokerConfig::default(),
            billing: Config {
                listen: Some(([127, 0, 0, 1], 50_053).into()),
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
        problems.extend(backend::problems(&self.store, &self.cache));
        problems.extend(self.broker.problems("broker."));
        problems.extend(self.billing.problems("billing."));
        problems
    }
}
