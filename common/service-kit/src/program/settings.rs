//! What every program's configuration has.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::telemetry::LogConfig;
use crate::trace::TraceConfig;

/// Health and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// Where health and metrics are served; port 0 picks a free one.
    pub listen: SocketAddr,
}

impl MetricsConfig {
    /// On `port` of this machine.
    #[must_use]
    pub fn here(port: u16) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        }
    }
}

/// What of a configuration the chassis needs.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    /// How long the process may drain before it leaves.
    pub shutdown_grace: Duration,
    /// The log.
    pub log: &'a LogConfig,
    /// Traces.
    pub telemetry: &'a TraceConfig,
    /// Health and metrics.
    pub metrics: &'a MetricsConfig,
}
