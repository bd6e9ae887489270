//! What can go wrong on the bus.

use std::ops::Range;
use std::path::{Path, PathBuf};

use model::ErrorKind;

/// Why the bus did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bound on kept bytes is reached, because billing has not acknowledged: come back later. Nothing was published.
    #[error("the bus is full: {bytes} of {limit_bytes} bytes wait for billing")]
    Full {
        /// Bytes kept.
        bytes: u64,
        /// The bound.
        limit_bytes: u64,
    },
    /// The outcome of a publish is unknown, or the bus is closed.
    #[error("the bus is unavailable: {0}")]
    Unavailable(String),
    /// A message is larger than the bus takes.
    #[error("a message of {bytes} bytes is larger than {limit_bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit_bytes: usize,
    },
    /// Group billing needs messages that are gone.
    #[error("messages after position {wanted} are needed, but the first one kept is {first}")]
    Lost {
        /// The position the reader has.
        wanted: u64,
        /// The first position kept.
        first: u64,
    },
    /// The journal is damaged in the middle; nothing after it may be read in silence.
    #[error("{file} is damaged from byte {from} to byte {to}: {what}")]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// First damaged byte.
        from: u64,
        /// First byte after the damage that can be read again, or the end of the file.
        to: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// A reader has seen more than the journal holds: the journal is older than the reader's store.
    #[error(
        "a reader has position {wanted}, but the journal ends at {last}: it was deleted, or is older than the reader's store; put back \
         the journal that belongs to the store, or both of one copy"
    )]
    Ahead {
        /// The position the reader has.
        wanted: u64,
        /// The last position there is.
        last: u64,
    },
    /// The disk is nearly full. Nothing was published.
    #[error("the disk has {free_bytes} bytes left, and {reserve_bytes} must stay free")]
    DiskFull {
        /// Bytes left.
        free_bytes: u64,
        /// The bound.
        reserve_bytes: u64,
    },
    /// A message names a shard that does not exist, or a kind that is too long; or the options make no sense.
    #[error("{0}")]
    Invalid(&'static str),
    /// The address of a broker, or a certificate that it names, cannot be used.
    #[error("{0}")]
    Address(String),
    /// Another process has the folder.
    #[error("{folder} is in use by another process")]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder or broker was made with another number of shards.
    #[error("the bus was made with {found} shards, not {wanted}; drain it first")]
    Shards {
        /// As recorded.
        found: u16,
        /// As configured.
        wanted: u16,
    },
    /// The broker's readings are for another store.
    #[error(
        "the readings of this bus are for the store {found}, not for {wanted}: name that store, or another bus or prefix; if that store is \
         gone for good, delete the queue {queue}"
    )]
    Store {
        /// As settled.
        found: String,
        /// As configured.
        wanted: String,
        /// Where it is recorded.
        queue: String,
    },
    /// The broker refuses, and will again: the credentials, or a queue that exists with other settings.
    #[error("the broker refuses: cannot {what}")]
    Refused {
        /// What was asked of it.
        what: &'static str,
        /// Its answer.
        #[source]
        source: lapin::Error,
    },
    /// A metric cannot be made or shown: a fault of the program.
    #[error("the metrics of the bus cannot be shown")]
    Metrics(#[from] prometheus::Error),
    /// A file cannot be read or written.
    #[error("cannot {doing} {file}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl BusError {
    pub(crate) fn file(doing: &'static str, file: &Path, source: std::io::Error) -> Self {
        Self::File {
            doing,
            file: file.to_owned(),
            source,
        }
    }

    pub(crate) fn damaged(file: &Path, bytes: Range<u64>, what: &'static str) -> Self {
        Self::Damaged {
            file: file.to_owned(),
            from: bytes.start,
            to: bytes.end,
            what,
        }
    }

    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Full { .. } | Self::DiskFull { .. } => ErrorKind::Exhausted,
            Self::Unavailable(_) | Self::File { .. } => ErrorKind::Unavailable,
            Self::TooLarge { .. } | Self::Invalid(_) | Self::Address(_) => ErrorKind::Invalid,
            Self::InUse { .. } | Self::Shards { .. } | Self::Store { .. } | Self::Refused { .. } => {
                ErrorKind::Conflict
            }
            Self::Lost { .. } | Self::Ahead { .. } | Self::Damaged { .. } | Self::Metrics(_) => {
                ErrorKind::Internal
            }
        }
    }
}
