//! What can go wrong around a service.

use std::net::SocketAddr;
use std::path::PathBuf;

use model::ErrorKind;

use crate::config::Problem;

/// Why a process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// The configuration has problems; all of them are listed.
    #[error("{}", list(problems))]
    Config {
        /// One per key.
        problems: Vec<Problem>,
    },
    /// Another process listens there.
    #[error(
        "{what}: {address} is in use by another program; choose another address, or port 0 for a free one"
    )]
    PortInUse {
        /// What wanted to listen.
        what: &'static str,
        /// Where.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("{what}: cannot listen on {address}")]
    Listen {
        /// What wanted to listen.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another process has the data folder.
    #[error("{} is in use by another gridtally{}; stop it first, or give another --data", folder.display(), holder(pid))]
    FolderInUse {
        /// The data folder.
        folder: PathBuf,
        /// The process that has it, as far as it said so.
        pid: Option<u32>,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {}", file.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The process cannot listen to signals or log.
    #[error("cannot set up {what}")]
    Setup {
        /// What could not be set up.
        what: &'static str,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl KitError {
    /// What it means for whoever started the process.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config { .. } => ErrorKind::Invalid,
            Self::PortInUse { .. } | Self::FolderInUse { .. } => ErrorKind::Conflict,
            Self::Listen { .. } => ErrorKind::Unavailable,
            Self::File { source, .. } => ErrorKind::of_file(source),
            Self::Setup { .. } => ErrorKind::Internal,
        }
    }
}

fn holder(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    format!("the configuration has problems:\n  {}", lines.join("\n  "))
}

/// An error with its causes, for a person.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
