//! What can go wrong in ingestion. What is wrong with a reading is not an error but its verdict.

use model::ErrorKind;
use proto::columns::Malformed;
use service_kit::{Fault, KitError};

/// Why ingestion cannot start, or did not take a batch at all.
#[derive(Debug, thiserror::Error)]
pub enum IngestionError {
    /// The settings contradict each other.
    #[error("ingestion's configuration has problems")]
    Config(#[source] KitError),
    /// The port cannot be used.
    #[error(transparent)]
    Port(#[from] KitError),
    /// The metrics were registered before.
    #[error("ingestion's metrics cannot be registered")]
    Metrics(#[from] prometheus::Error),
    /// The batch is no batch.
    #[error("the batch cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// The batch alone is larger than a message may be.
    #[error("the batch is too large: send at most 1,000 readings at a time")]
    TooLarge,
    /// Too much waits for the bus.
    #[error("too many readings wait to be written; send the same again later")]
    Busy,
    /// The bus is at its bound; nothing was published.
    #[error("the journal is full until billing catches up; send the same again later")]
    Full,
    /// The service is ending.
    #[error("the service is stopping; send the same again later")]
    Stopping,
}

impl IngestionError {
    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config(error) | Self::Port(error) => error.kind(),
            Self::Metrics(_) => ErrorKind::Internal,
            Self::Malformed(_) | Self::TooLarge => ErrorKind::Invalid,
            Self::Busy | Self::Full => ErrorKind::Exhausted,
            Self::Stopping => ErrorKind::Unavailable,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Config(_) | Self::Port(_) => "CONFIG",
            Self::Metrics(_) => "METRICS",
            Self::Malformed(_) => "MALFORMED",
            Self::TooLarge => "TOO_MANY_READINGS",
            Self::Busy => "QUEUE_FULL",
            Self::Full => "JOURNAL_FULL",
            Self::Stopping => "STOPPING",
        }
    }

    /// What the outside sees.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::new(self.kind(), self.reason(), self.to_string())
    }
}
