//! The four services as programs of their own, on the servers that `scripts/test-servers run` (or whoever) names.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process::Process;
use crate::program;

/// Their names.
pub const PROGRAMS: [&str; 4] = [
    "billing-service",
    "analytics-service",
    "ingestion-service",
    "api-gateway",
];

/// Addresses of the servers; each variable's name is that of the scripts.
#[derive(Debug, Clone)]
pub struct Servers {
    /// `AMQP_URL`.
    pub bus: String,
    /// `MONGODB_URI`, with a database of this test's own.
    pub store: String,
    /// `REDIS_URL`.
    pub cache: String,
}

impl Servers {
    /// Those of the environment, with the database `name`.
    ///
    /// # Errors
    /// When one is missing; the message says how to get them.
    pub fn of_environment(name: &str) -> Result<Self> {
        let named = |variable: &str| {
            let value = std::env::var_os(variable).and_then(|value| value.into_string().ok());
            value.with_context(|| {
                format!(
                    "{variable} names no server; run it under `scripts/test-servers run` (or `make test`)"
                )
            })
        };
        let mongo = named("MONGODB_URI")?;
        // mongodb://host:port/database?options
        let (place, options) = mongo.split_at(mongo.find('?').unwrap_or(mongo.len()));
        let scheme = place.find("://").map_or(0, |at| at + 3);
        let host = place
            .get(scheme..)
            .and_then(|rest| rest.split('/').next())
            .unwrap_or_default();
        Ok(Self {
            bus: named("AMQP_URL")?,
            store: format!("mongodb://{host}/{name}{options}"),
            cache: named("REDIS_URL")?,
        })
    }
}

/// What a program says when it is ready.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    /// Of the gateway: devices.
    pub device_grpc: Option<String>,
    /// Of the gateway: staff.
    pub staff_http: Option<String>,
    /// Of ingestion.
    pub ingestion_grpc: Option<String>,
    /// Of billing.
    pub billing_grpc: Option<String>,
    /// Of analytics.
    pub analytics_grpc: Option<String>,
    /// Health and metrics.
    pub metrics: String,
}

/// One program that runs.
#[derive(Debug)]
pub struct Running {
    /// The child process.
    pub process: Process,
    /// Where it listens.
    pub ready: Ready,
    name: &'static str,
    more: Vec<String>,
}

impl Running {
    /// A program that was started with nothing but what all share, and got ready.
    #[must_use]
    pub fn new(name: &'static str, process: Process, ready: Ready) -> Self {
        Self {
            process,
            ready,
            name,
            more: Vec::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where other services or devices call it.
    fn address(&self) -> Result<&str> {
        let ready = &self.ready;
        let addresses = [
            &ready.device_grpc,
            &ready.ingestion_grpc,
            &ready.billing_grpc,
            &ready.analytics_grpc,
        ];
        let address = addresses.into_iter().flatten().next();
        address
            .map(String::as_str)
            .with_context(|| format!("{} has no address", self.name))
    }
}

/// How programs are started: on which servers, in which folder, with which prefix of queue names.
#[derive(Debug, Clone)]
pub struct Launcher {
    servers: Servers,
    data: PathBuf,
    prefix: String,
    settings: Vec<(String, String)>,
}

impl Launcher {
    /// In `data`; `prefix` keeps the queues of one test apart from those of others.
    #[must_use]
    pub fn new(servers: Servers, data: &Path, prefix: &str) -> Self {
        Self {
            servers,
            data: data.to_path_buf(),
            prefix: prefix.to_owned(),
            settings: Vec::new(),
        }
    }

    /// The same, with settings of the environment beside.
    #[must_use]
    pub fn with(mut self, settings: impl IntoIterator<Item = (String, String)>) -> Self {
        self.settings.extend(settings);
        self
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The command of `name` with the settings that all programs share, and health and metrics on `metrics`.
    ///
    /// # Errors
    /// When the program is not built.
    pub fn command(&self, name: &str, metrics: &str) -> Result<Command> {
        let mut command = program::command(name)?;
        command
            .arg("--data")
            .arg(&self.data)
            .args(["--bus", &self.servers.bus])
            .args(["--store", &self.servers.store])
            .args(["--cache", &self.servers.cache])
            .args(["--metrics-listen", metrics]);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        if name != "api-gateway" {
            command.env("GRIDTALLY_BROKER_PREFIX", &self.prefix);
        }
        Ok(command)
    }

    /// Starts `name` on `listen`, with more arguments.
    ///
    /// # Errors
    /// When it does not get ready; with what it said.
    pub fn start(&self, name: &'static str, listen: &str, more: &[String]) -> Result<Running> {
        let mut command = self.command(name, FREE)?;
        command.args(["--listen", listen]).args(more);
        let (process, ready) = Process::start(command).with_context(|| name.to_owned())?;
        Ok(Running {
            process,
            ready,
            name,
            more: more.to_vec(),
        })
    }

    /// Kills `running` as a power cut would, and starts it again where it was.
    ///
    /// # Errors
    /// When it does not get ready again.
    pub fn restart(&self, running: &mut Running) -> Result<()> {
        let address = running.address()?.to_owned();
        let mut more = running.more.clone();
        if let (Some(staff), Some(flag)) = (
            &running.ready.staff_http,
            more.iter().position(|word| word == "--staff-listen"),
        ) && let Some(at) = more.get_mut(flag + 1)
        {
            staff.clone_into(at);
        }
        running.process.kill()?;
        *running = self.start(running.name, &address, &more)?;
        Ok(())
    }
}

/// All four.
#[derive(Debug)]
pub struct Services {
    /// How they were started.
    pub launcher: Launcher,
    /// Reads, usage, bills.
    pub billing: Running,
    /// Windows.
    pub analytics: Running,
    /// Verdicts.
    pub ingestion: Running,
    /// The door.
    pub gateway: Running,
}

const FREE: &str = "127.0.0.1:0";

impl Services {
    /// Starts them on free ports.
    ///
    /// # Errors
    /// When one does not get ready.
    pub fn start(launcher: Launcher) -> Result<Self> {
        let billing = launcher.start("billing-service", FREE, &[])?;
        let address = billing.ready.billing_grpc.as_ref();
        let url = format!("http://{}", address.context("billing has no address")?);
        Self::around(launcher, billing, &url)
    }

    /// Starts the others on free ports; they look for billing at `billing_url`.
    ///
    /// # Errors
    /// When one does not get ready.
    pub fn around(launcher: Launcher, billing: Running, billing_url: &str) -> Result<Self> {
        let url = |name: &str, address: &Option<String>| -> Result<[String; 2]> {
            let address = address
                .as_ref()
                .with_context(|| format!("{name} has no address"))?;
            Ok([format!("--{name}-url"), format!("http://{address}")])
        };
        let at_billing = ["--billing-url".to_owned(), billing_url.to_owned()];
        let analytics = launcher.start("analytics-service", FREE, &at_billing)?;
        let ingestion = launcher.start("ingestion-service", FREE, &[])?;
        let mut more = vec!["--staff-listen".to_owned(), FREE.to_owned()];
        more.extend(at_billing);
        more.extend(url("analytics", &analytics.ready.analytics_grpc)?);
        more.extend(url("ingestion", &ingestion.ready.ingestion_grpc)?);
        let gateway = launcher.start("api-gateway", FREE, &more)?;
        Ok(Self {
            launcher,
            billing,
            analytics,
            ingestion,
            gateway,
        })
    }

    /// Kills billing as a power cut would, and starts it again where it was.
    ///
    /// # Errors
    /// When it does not get ready again.
    pub fn restart_billing(&mut self) -> Result<()> {
        self.launcher.restart(&mut self.billing)
    }

    /// Stops them, in the order in which readings flow.
    ///
    /// # Errors
    /// When one does not end well.
    pub fn stop(self) -> Result<()> {
        for running in [self.gateway, self.ingestion, self.billing, self.analytics] {
            running.process.stop()?;
        }
        Ok(())
    }
}
