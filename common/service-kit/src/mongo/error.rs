//! What can go wrong with a database.

use model::ErrorKind;

/// Why MongoDB did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum MongoError {
    /// The address is none.
    #[error("the address of MongoDB is wrong: {0}")]
    Address(String),
    /// No answer in time: it is not known what became of the call.
    #[error("MongoDB at {servers} did not answer within {seconds} s")]
    Deadline {
        /// Host and port of each server.
        servers: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The server or the database is not one that can be used.
    #[error("MongoDB at {servers} cannot be used: {reason}")]
    Unsuitable {
        /// Host and port of each server.
        servers: String,
        /// What must be changed.
        reason: String,
    },
    /// The call failed.
    #[error("MongoDB at {servers} failed")]
    Failed {
        /// Host and port of each server.
        servers: String,
        /// What the driver says.
        #[source]
        source: Box<mongodb::error::Error>,
    },
    /// A stored document is not as we write them.
    #[error("document {id} of collection {collection} cannot be read: {reason}")]
    Damaged {
        /// Where it is.
        collection: String,
        /// Its `_id`, as far as it has one.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl MongoError {
    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Address(_) | Self::Unsuitable { .. } => ErrorKind::Invalid,
            Self::Deadline { .. } | Self::Failed { .. } => ErrorKind::Unavailable,
            Self::Damaged { .. } => ErrorKind::Internal,
        }
    }
}
