//! How a command fails, and the exit code that says so.

use std::path::PathBuf;
use std::process::ExitCode;

use message_bus::BusError;
use model::ErrorKind;
use service_kit::{Fault, KitError, fault_of};
use tonic::Status;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// What was typed, or the content of a file, is wrong.
    #[error("{0}")]
    Invalid(String),
    /// A file that was named cannot be read.
    #[error("cannot read {}", file.display())]
    Input {
        /// Which.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// What was named is not there.
    #[error("{0}")]
    NotFound(String),
    /// Some of it was done, some not; the answer says which.
    #[error("{0}")]
    Partial(String),
    /// Bills were made and could not be written, others may have been; the answer says which.
    #[error("{0}")]
    Unwritten(String),
    /// It could not be done.
    #[error("{doing}")]
    Failed {
        /// What was tried.
        doing: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A service cannot start.
    #[error("cannot start {what}")]
    Start {
        /// Which.
        what: &'static str,
        /// What it means.
        kind: ErrorKind,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The journal is not what was written.
    #[error(
        "the journal is damaged in {0} places; nothing after the first may be trusted until they are dealt with"
    )]
    Damaged(usize),
    /// A part of the platform failed by itself; the log says how.
    #[error("a vital part of the platform failed; the log above says which")]
    Broken,
    /// A second signal came before the end.
    #[error("left before everything was drained; the next start recovers")]
    LeftAtOnce,
    /// Around the process.
    #[error(transparent)]
    Kit(#[from] KitError),
    /// The bus.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The platform's answer.
    #[error("{}", show(.0))]
    Answer(Fault),
}

impl CommandError {
    /// `doing` failed because of `source`.
    pub(crate) fn failed(
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Failed {
            doing: doing.into(),
            source: source.into(),
        }
    }

    /// `what` cannot start because of `source`, which is of `kind`.
    pub(crate) fn start(
        what: &'static str,
        kind: ErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Start {
            what,
            kind,
            source: source.into(),
        }
    }

    /// What it means.
    #[must_use]
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Input { source, .. } => ErrorKind::of_file(source),
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Partial(_)
            | Self::Unwritten(_)
            | Self::Damaged(_)
            | Self::Failed { .. }
            | Self::Broken
            | Self::LeftAtOnce => ErrorKind::Internal,
            Self::Start { kind, .. } => *kind,
            Self::Kit(error) => error.kind(),
            Self::Bus(error) => error.kind(),
            Self::Answer(fault) => fault.kind,
        }
    }

    /// 1 failed, 2 usage or invalid input, 3 partial, 4 not found, 5 conflict.
    #[must_use]
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Partial(_) => 3,
            other => service_kit::exit_code(other.kind()),
        })
    }
}

impl From<Status> for CommandError {
    fn from(status: Status) -> Self {
        Self::Answer(fault_of(&status))
    }
}

fn show(fault: &Fault) -> String {
    format!("{} ({})", fault.message, fault.reason)
}

/// An error with its causes, for a person.
#[must_use]
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests;
