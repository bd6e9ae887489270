//! What can go wrong in this service.

use std::path::PathBuf;

use message_bus::{BusError, Position};
use model::ErrorKind;
use service_kit::{Fault, KitError, status_of};
use tonic::Status;

use crate::store::StoreError;

/// Why analytics did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong.
    #[error(transparent)]
    Request(#[from] Refusal),
    /// A sum needs more than 64 bits of milliwatt-hours.
    #[error("the sum of a window is beyond 64 bits")]
    Overflow,
    /// The store failed.
    #[error("cannot read or write windows")]
    Store(#[from] StoreError),
    /// The bus failed.
    #[error("cannot read the bus")]
    Bus(#[from] BusError),
    /// What is stored was computed from another journal.
    #[error(
        "the windows in {} know the journal up to position {stored}, but it ends at {last}: it is another one, or an older copy; \
         delete this folder and start again: they are computed anew from billing's reads",
        .folder.display()
    )]
    OtherJournal {
        /// The folder that may be deleted.
        folder: PathBuf,
        /// The position that was stored.
        stored: Position,
        /// The last position of the journal.
        last: Position,
    },
    /// A socket cannot be bound.
    #[error(transparent)]
    Kit(#[from] KitError),
    /// A family of metrics is registered already.
    #[error("cannot register metrics")]
    Metrics(#[from] prometheus::Error),
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `by`.
    #[error("by is one of region, feeder, tariff_class")]
    Grouping,
    /// `resolution`.
    #[error("resolution is one of 1m, 15m, 1h, 1d")]
    Resolution,
    /// `from` or `to`.
    #[error("from and to are RFC 3339 times, from not after to")]
    Range,
    /// `from` and `to` are too far apart.
    #[error("from and to are more than 10,000 windows apart")]
    TooLong,
    /// `cursor`.
    #[error("cursor is not one that was given out for this request")]
    Cursor,
    /// `limit`.
    #[error("limit is at most 10,000")]
    Limit,
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Grouping => "BAD_GROUPING",
            Self::Resolution => "BAD_RESOLUTION",
            Self::Range => "BAD_RANGE",
            Self::TooLong => "RANGE_TOO_LONG",
            Self::Cursor => "BAD_CURSOR",
            Self::Limit => "BAD_LIMIT",
        }
    }
}

impl Error {
    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Request(_) => ErrorKind::Invalid,
            Self::Bus(error) => error.kind(),
            Self::OtherJournal { .. } | Self::Store(StoreError::OtherReads { .. }) => ErrorKind::Conflict,
            Self::Store(_) => ErrorKind::Unavailable,
            Self::Kit(error) => error.kind(),
            Self::Overflow | Self::Metrics(_) => ErrorKind::Internal,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Request(refusal) => refusal.reason(),
            Self::Overflow => "ENERGY_OVERFLOW",
            Self::OtherJournal { .. } | Self::Store(StoreError::OtherReads { .. }) => "CONFLICT",
            Self::Store(_) => "STORE_UNAVAILABLE",
            Self::Bus(_) => "BUS_UNAVAILABLE",
            Self::Kit(_) | Self::Metrics(_) => "INTERNAL",
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        status_of(&Fault::new(error.kind(), error.reason(), error.to_string()))
    }
}
