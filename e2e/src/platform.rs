//! A running `gridtally up` (or `demo`) as a child process on free ports.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;

use crate::process::Process;
use crate::program;

/// The ready line.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// Address of the device port.
    pub device_grpc: String,
    /// Address of the staff port.
    pub staff_http: String,
    /// Address of health and metrics.
    pub metrics: String,
}

/// A child process; killed when dropped.
#[derive(Debug)]
pub struct Platform {
    process: Process,
    data: PathBuf,
    ready: Ready,
}

impl Platform {
    /// `gridtally up` on `data`, ready.
    ///
    /// # Errors
    /// When it ends or stays silent instead of printing its ready line; with what it said.
    pub fn up(data: &Path) -> Result<Self> {
        Self::start("up", data, &[])
    }

    /// `gridtally <verb>` on `data` with more arguments, ready.
    ///
    /// # Errors
    /// As [`Self::up`].
    pub fn start(verb: &str, data: &Path, more: &[&str]) -> Result<Self> {
        let mut command = program::command("gridtally")?;
        command.arg(verb).arg("--data").arg(data).args(more);
        Self::of(command, data)
    }

    /// `gridtally up` on `data` with settings of the environment, ready.
    ///
    /// # Errors
    /// As [`Self::up`].
    pub fn with(data: &Path, settings: &[(String, String)]) -> Result<Self> {
        let mut command = program::command("gridtally")?;
        command.arg("up").arg("--data").arg(data);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        Self::of(command, data)
    }

    fn of(mut command: Command, data: &Path) -> Result<Self> {
        for port in ["GATEWAY", "STAFF", "METRICS"] {
            command.env(format!("GRIDTALLY_{port}_LISTEN"), "127.0.0.1:0");
        }
        let (process, ready) = Process::start(command)?;
        Ok(Self {
            process,
            data: data.to_path_buf(),
            ready,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A token for it.
    ///
    /// # Errors
    /// Those of [`program::token`].
    pub fn token(&self, role: &str, subject: &str) -> Result<String> {
        program::token(&self.data, role, subject)
    }

    /// See [`Process::wait_for_line`].
    ///
    /// # Errors
    /// When it ends or stays silent before.
    pub fn wait_for_line(&self, text: &str) -> Result<Vec<String>> {
        self.process.wait_for_line(text)
    }

    /// See [`Process::signal`].
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.process.signal(name)
    }

    /// Kills it as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> Result<()> {
        self.process.kill()
    }

    /// See [`Process::wait`].
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn wait(self, patience: Duration) -> Result<(ExitStatus, String)> {
        self.process.wait(patience)
    }

    /// SIGTERM and a clean end.
    ///
    /// # Errors
    /// When it does not end with 0 in time.
    pub fn stop(self) -> Result<String> {
        self.process.stop()
    }
}
