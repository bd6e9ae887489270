//! What can go wrong in the simulator, and the exit code that says so.

use std::path::PathBuf;

use model::{ErrorKind, InvalidId};

/// Why a command of the simulator did not finish.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings that cannot be used, all of them.
    #[error("cannot use these settings: {}", .problems.join("; "))]
    Settings {
        /// One sentence each.
        problems: Vec<String>,
    },
    /// A meter id that is none.
    #[error("not a meter id")]
    MeterId(#[from] InvalidId),
    /// A row of a recorded load that cannot be read.
    #[error("row {row} of the load: {problem}")]
    Row {
        /// Counted from 1, the header not included.
        row: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A recorded load that cannot be read at all.
    #[error("cannot read the load")]
    Load(#[from] csv::Error),
    /// A file that cannot be read or written.
    #[error("cannot use the file {}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The output is gone.
    #[error("cannot write the output")]
    Output(#[source] std::io::Error),
    /// Nobody answers at the address.
    #[error("cannot reach {endpoint}")]
    Connect {
        /// The address.
        endpoint: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The receiver refused the call and will refuse it again.
    #[error("the receiver refused the call: {code}: {message}")]
    Refused {
        /// The gRPC code.
        code: tonic::Code,
        /// Its words.
        message: String,
    },
    /// The receiver stayed unavailable longer than was to be waited.
    #[error("the receiver stayed unavailable: {code}: {message}")]
    GaveUp {
        /// The gRPC code of the last attempt.
        code: tonic::Code,
        /// Its words.
        message: String,
    },
    /// The receiver answered something that is not the protocol.
    #[error("the receiver does not speak the protocol: {0}")]
    Protocol(String),
    /// A part of the program ended without a result.
    #[error("a task of the simulator failed")]
    Task(#[from] tokio::task::JoinError),
}

impl Error {
    /// The error with its causes, for a person.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        text
    }

    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Settings { .. } | Self::MeterId(_) | Self::Row { .. } | Self::Load(_) => ErrorKind::Invalid,
            Self::File { source, .. } => ErrorKind::of_file(source),
            Self::Connect { .. } | Self::GaveUp { .. } => ErrorKind::Unavailable,
            Self::Refused {
                code: tonic::Code::Unauthenticated,
                ..
            } => ErrorKind::Unauthenticated,
            Self::Refused { .. } => ErrorKind::Denied,
            Self::Output(_) | Self::Protocol(_) | Self::Task(_) => ErrorKind::Internal,
        }
    }

    /// The exit code of the program: 2 for what the user wrote and a file that is none, 4 for one that is not there, 1 for the rest.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.kind() {
            ErrorKind::Invalid => 2,
            ErrorKind::NotFound => 4,
            ErrorKind::Conflict
            | ErrorKind::Unauthenticated
            | ErrorKind::Denied
            | ErrorKind::Exhausted
            | ErrorKind::Unavailable
            | ErrorKind::Internal => 1,
        }
    }
}
