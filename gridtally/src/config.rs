//! The configuration of the whole platform in one process, and the only place that reads the environment.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service_kit::bus::{self, BrokerConfig};
use service_kit::config::{Configuration, Layers, Problem};
use service_kit::telemetry::LogConfig;
use service_kit::trace::TraceConfig;
use service_kit::{BackendUrl, KitError, config, units};

use crate::cli::{Settings, UpArgs};

/// The bus in the data folder; any other one is a broker.
const JOURNAL: &str = "embedded:";

/// Everything that can be set; the default runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Folder of the embedded engines and keys.
    pub(crate) data: PathBuf,
    /// Message bus, by URL.
    pub(crate) bus: BackendUrl,
    /// Store, by URL.
    pub(crate) store: BackendUrl,
    /// Cache, by URL.
    pub(crate) cache: BackendUrl,
    /// How long the process may drain before it leaves.
    #[serde(with = "units::duration")]
    pub(crate) shutdown_grace: Duration,
    /// The log.
    pub(crate) log: LogConfig,
    /// Traces.
    pub(crate) telemetry: TraceConfig,
    /// Health and metrics.
    pub(crate) metrics: MetricsConfig,
    /// The journal of the embedded bus.
    pub(crate) journal: JournalConfig,
    /// The broker of any other bus.
    pub(crate) broker: BrokerConfig,
    /// The door for devices and staff.
    pub(crate) gateway: api_gateway::Config,
    /// What turns claims into facts.
    pub(crate) ingestion: ingestion_service::Config,
    /// Reads, usage and bills.
    pub(crate) billing: billing_service::Config,
    /// Windows and metrics.
    pub(crate) analytics: analytics_service::Config,
}

/// Health and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MetricsConfig {
    /// Where health and metrics are served; port 0 picks a free one.
    pub(crate) listen: SocketAddr,
}

/// The journal of the embedded bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct JournalConfig {
    /// Into how many parts readings are divided; fixed for the life of a data folder.
    pub(crate) shards: u16,
    /// Bytes that may wait for billing before readings are refused.
    #[serde(with = "units::size")]
    pub(crate) limit: u64,
    /// Bytes kept although billing has acknowledged them, for analytics that is a little behind.
    #[serde(with = "units::size")]
    pub(crate) spare: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            shards: 4,
            limit: 4 << 30,
            spare: 64 << 20,
        }
    }
}

impl JournalConfig {
    fn problems(&self) -> Vec<Problem> {
        // Two segments of the journal's own size beside what is spare: less could never make room.
        let least = self.spare.saturating_add(32 << 20);
        let shards =
            (!(1..=256).contains(&self.shards)).then(|| Problem::new("journal.shards", "must be 1 to 256"));
        let limit = (self.limit < least).then(|| {
            Problem::new(
                "journal.limit",
                format!("must be at least {}", units::show_size(least)),
            )
        });
        shards.into_iter().chain(limit).collect()
    }
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9100)),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("./gridtally-data"),
            bus: BackendUrl::new("embedded:"),
            store: BackendUrl::new("embedded:"),
            cache: BackendUrl::new("memory:"),
            shutdown_grace: Duration::from_secs(20),
            log: LogConfig::default(),
            telemetry: TraceConfig::default(),
            metrics: MetricsConfig::default(),
            journal: JournalConfig::default(),
            broker: BrokerConfig::default(),
            gateway: api_gateway::Config::default(),
            ingestion: ingestion_service::Config::default(),
            billing: billing_service::Config::default(),
            analytics: analytics_service::Config::default(),
        }
    }
}

impl Configuration for Config {
    const ALIASES: &'static [(&'static str, &'static str)] = &[
        ("GRIDTALLY_API_GATEWAY_LISTEN", "gateway.listen"),
        ("GRIDTALLY_DEVICE_LISTEN", "gateway.listen"),
        ("GRIDTALLY_STAFF_LISTEN", "gateway.staff_listen"),
        ("GRIDTALLY_INSECURE_NO_AUTH", "gateway.insecure_no_auth"),
    ];

    fn problems(&self) -> Vec<Problem> {
        let wrong_bus = match self.bus.scheme() {
            "amqp:" | "amqps:" => bus::problem_of_broker(&self.bus),
            _ => self.bus.problem("bus", &[JOURNAL, "amqp:", "amqps:"]),
        };
        let mut problems: Vec<Problem> = wrong_bus.into_iter().collect();
        problems.extend(billing_service::problems_of_backends(&self.store, &self.cache));
        problems.extend(self.log.problems("log"));
        problems.extend(self.telemetry.problems("telemetry"));
        problems.extend(self.journal.problems());
        problems.extend(self.broker.problems("broker."));
        problems.extend(self.gateway.problems("gateway."));
        problems.extend(self.ingestion.problems("ingestion."));
        problems.extend(self.billing.problems("billing."));
        problems.extend(self.analytics.problems("analytics"));
        problems
    }
}

impl Config {
    /// What `up` and `demo` run with.
    ///
    /// # Errors
    /// [`KitError::Config`] with every problem, [`KitError::File`].
    pub(crate) fn of_up(args: &UpArgs) -> Result<Self, KitError> {
        let mut flags = settings_flags(&args.settings);
        let mut add = |flag: &str, key: &str, value: Option<String>| {
            flags.extend(value.map(|value| (flag.to_owned(), key.to_owned(), value)));
        };
        add("--bus", "bus", args.bus.clone());
        add("--store", "store", args.store.clone());
        add("--cache", "cache", args.cache.clone());
        add(
            "--device-listen",
            "gateway.listen",
            args.device_listen.map(|address| address.to_string()),
        );
        add(
            "--staff-listen",
            "gateway.staff_listen",
            args.staff_listen.map(|address| address.to_string()),
        );
        add(
            "--metrics-listen",
            "metrics.listen",
            args.metrics_listen.map(|address| address.to_string()),
        );
        add(
            "--shutdown-grace",
            "shutdown_grace",
            args.shutdown_grace.map(units::show_duration),
        );
        let open = args.insecure_no_auth.then(|| "true".to_owned());
        add("--insecure-no-auth", "gateway.insecure_no_auth", open);
        load(args.settings.config.as_deref(), flags)
    }

    /// What a short command runs with: as `up` on the same folder, but quiet, and on free ports of loopback if it has to start anything.
    ///
    /// # Errors
    /// As [`Self::of_up`].
    pub(crate) fn of_command(settings: &Settings) -> Result<Self, KitError> {
        let mut config: Self = load(settings.config.as_deref(), settings_flags(settings))?;
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.gateway.listen = free;
        config.gateway.staff_listen = free;
        config.metrics.listen = free;
        if settings.log_level.is_none() {
            "warn".clone_into(&mut config.log.level);
        }
        Ok(config)
    }

    /// Where the journal is.
    #[must_use]
    pub(crate) fn journal(&self) -> PathBuf {
        self.data.join("journal")
    }

    /// Where the keys are that sign tokens.
    #[must_use]
    pub(crate) fn keys(&self) -> PathBuf {
        self.data.join("keys")
    }
}

fn settings_flags(settings: &Settings) -> Vec<(String, String, String)> {
    let data = settings
        .data
        .as_ref()
        .map(|path| path.to_string_lossy().into_owned());
    let given = [
        ("--data", "data", data),
        ("--log-level", "log.level", settings.log_level.clone()),
    ];
    given
        .into_iter()
        .filter_map(|(flag, key, value)| Some((flag.to_owned(), key.to_owned(), value?)))
        .collect()
}

fn load(file: Option<&Path>, flags: Vec<(String, String, String)>) -> Result<Config, KitError> {
    config::load(&Layers {
        file,
        environment: config::environment(),
        flags,
    })
}

#[cfg(test)]
mod tests;
