//! Why a program ended otherwise than it should.

use std::process::ExitCode;

use model::ErrorKind;

use crate::KitError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// Around the process.
    #[error(transparent)]
    Kit(#[from] KitError),
    /// The service cannot start.
    #[error("cannot start {what}")]
    Start {
        /// Which part of it.
        what: &'static str,
        /// What it means.
        kind: ErrorKind,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A part of the service failed by itself; the log says how.
    #[error("a vital part of the service failed; the log above says which")]
    Broken,
    /// A second signal, or the deadline, came before the end.
    #[error("left before everything was drained; the next start recovers")]
    LeftAtOnce,
}

impl ProgramError {
    /// `what` cannot start because of `source`, which is of `kind`.
    pub fn start(
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

    /// What it means for whoever started the program.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Kit(error) => error.kind(),
            Self::Start { kind, .. } => *kind,
            Self::Broken | Self::LeftAtOnce => ErrorKind::Internal,
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(crate::exit_code(self.kind()))
    }
}
