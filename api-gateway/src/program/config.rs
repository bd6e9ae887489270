//! What can be set about the program, and where the environment may say so.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service_kit::bus::BrokerConfig;
use service_kit::config::{Configuration, Problem};
use service_kit::program::MetricsConfig;
use service_kit::remote::LinkConfig;
use service_kit::telemetry::LogConfig;
use service_kit::trace::TraceConfig;
use service_kit::{BackendUrl, units};

use crate::Config;

/// Everything that can be set; the default runs beside the other services on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProgramConfig {
    /// Folder of the keys that sign tokens.
    pub data: PathBuf,
    /// Message bus, by URL. The gateway needs none: one environment may serve all programs.
    pub bus: BackendUrl,
    /// Store, by URL; as `bus`.
    pub store: BackendUrl,
    /// Cache, by URL; as `bus`.
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
    /// How the broker is used; as `bus`.
    pub broker: BrokerConfig,
    /// The door.
    pub gateway: Config,
    /// Where readings go.
    pub ingestion: LinkConfig,
    /// Where bills, reads and the register are.
    pub billing: LinkConfig,
    /// Where usage of groups is.
    pub analytics: LinkConfig,
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
            metrics: MetricsConfig::here(9_101),
            broker: BrokerConfig::default(),
            gateway: Config::default(),
            ingestion: LinkConfig {
                // A batch waits at most a second for room and five for its confirm.
                deadline: Duration::from_secs(10),
                in_flight: 1_024,
                connections: 2,
                ..LinkConfig::here(50_052)
            },
            billing: LinkConfig::here(50_053),
            analytics: LinkConfig::here(50_054),
        }
    }
}

impl Configuration for ProgramConfig {
    const ALIASES: &'static [(&'static str, &'static str)] = &[
        ("GRIDTALLY_API_GATEWAY_LISTEN", "gateway.listen"),
        ("GRIDTALLY_DEVICE_LISTEN", "gateway.listen"),
        ("GRIDTALLY_STAFF_LISTEN", "gateway.staff_listen"),
        ("GRIDTALLY_INSECURE_NO_AUTH", "gateway.insecure_no_auth"),
    ];

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.log.problems("log");
        problems.extend(self.telemetry.problems("telemetry"));
        problems.extend(self.broker.problems("broker."));
        problems.extend(self.gateway.problems("gateway."));
        problems.extend(self.ingestion.problems("ingestion."));
        problems.extend(self.billing.problems("billing."));
        problems.extend(self.analytics.problems("analytics."));
        problems
    }
}
