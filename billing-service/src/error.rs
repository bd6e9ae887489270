//! What can go wrong in billing.

use model::ErrorKind;

/// The reason of [`Error::OtherStore`].
pub(crate) const OTHER_STORE: &str = "OTHER_STORE";

/// Why billing did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("cannot read or write the store of billing")]
    Store(#[from] StoreError),
    /// What was asked needs messages that have not been read yet.
    #[error("shard {shard} was read up to position {found}, not yet up to {wanted}")]
    Behind {
        /// Which shard.
        shard: u16,
        /// The position asked for.
        wanted: u64,
        /// The position reached.
        found: u64,
    },
    /// The assistant that takes a shard in does not hold it.
    #[error(
        "shard {0} changes hands, or is not held in time by the billing-service that takes it in; ask again"
    )]
    Unheld(u32),
    /// An assistant's store is not the leader's.
    #[error(
        "this billing-service and the one that leads at billing.url keep readings in different stores: what one stored the other would \
         never find; name the same store, or the leader of the own instance"
    )]
    OtherStore,
    /// There is no such shard.
    #[error("there is no shard {0}")]
    NoShard(u32),
    /// The bus failed.
    #[error("billing cannot go on with the bus")]
    Bus(#[from] message_bus::BusError),
    /// The request is wrong and will stay wrong.
    #[error("{message}")]
    Invalid {
        /// Stable code.
        reason: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The request contradicts what is there.
    #[error("{message}")]
    Conflict {
        /// Stable code.
        reason: &'static str,
        /// What contradicts what.
        message: String,
    },
    /// There is no such thing.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// The bill cannot be issued yet.
    #[error("bill {bill} is held: {reasons}")]
    Held {
        /// Which bill.
        bill: String,
        /// Codes and details.
        reasons: String,
    },
    /// The settings contradict each other.
    #[error("the settings of billing are wrong: {0}")]
    Config(String),
    /// The port cannot be used.
    #[error(transparent)]
    Port(#[from] service_kit::KitError),
    /// A metric is registered twice.
    #[error("cannot register the metrics")]
    Metrics(#[from] prometheus::Error),
    /// The store is older than what the bus still keeps, so that readings would be missing in silence.
    #[error(
        "the store of billing has shard {shard} up to position {stored}, but the bus begins only at {first}: readings between are \
         in neither; restore the newer store or the older journal"
    )]
    Overtaken {
        /// Which shard.
        shard: u16,
        /// What the store has.
        stored: u64,
        /// The first position the bus keeps.
        first: u64,
    },
    /// The store is older than what it acknowledged: readings would come again, but not the register, bills and numbers since then, and
    /// numbers would be given twice.
    #[error(
        "the store of billing has shard {shard} up to position {stored}, but it had acknowledged {acknowledged}: its folder was deleted \
         or is an older copy, which knows nothing of the register, the bills and their numbers since then; put the newer folder back, \
         or restore billing and journal from the same backup"
    )]
    Older {
        /// Which shard.
        shard: u16,
        /// What the store has.
        stored: u64,
        /// What the bus knows to have been stored.
        acknowledged: u64,
    },
}

impl Error {
    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Behind { .. } | Self::Unheld(_) => ErrorKind::Unavailable,
            Self::NoShard(_) | Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Invalid { .. } | Self::Config(_) => ErrorKind::Invalid,
            Self::Conflict { .. } | Self::Held { .. } | Self::OtherStore => ErrorKind::Conflict,
            Self::Metrics(_) => ErrorKind::Internal,
            Self::Port(error) => error.kind(),
            Self::Bus(error) => error.kind(),
            Self::Overtaken { .. } | Self::Older { .. } => ErrorKind::Internal,
        }
    }

    /// The stable reason code.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Store(StoreError::NotLeading) => "NOT_LEADING",
            Self::Store(_) => "STORE",
            Self::Behind { .. } => "BEHIND",
            Self::Unheld(_) => "UNHELD",
            Self::OtherStore => OTHER_STORE,
            Self::NoShard(_) => "NO_SHARD",
            Self::Bus(_) => "BUS",
            Self::Invalid { reason, .. } | Self::Conflict { reason, .. } => reason,
            Self::NotFound { .. } => "NOT_FOUND",
            Self::Held { .. } => "HELD",
            Self::Config(_) | Self::Port(_) => "CONFIG",
            Self::Metrics(_) => "METRICS",
            Self::Overtaken { .. } => "OVERTAKEN",
            Self::Older { .. } => "OLDER",
        }
    }
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine failed.
    #[error("the embedded engine failed")]
    Engine(#[source] fjall::Error),
    /// A file of the engine is not as it was written. The engine proves every block it reads by its checksum, so nothing wrong was
    /// answered.
    #[error(
        "a file of the embedded store of billing is damaged; stop, restore the folders billing and journal from the same backup and \
         start again"
    )]
    Broken(#[source] fjall::Error),
    /// The database failed.
    #[error(transparent)]
    Mongo(#[from] service_kit::mongo::MongoError),
    /// Something stored cannot be read.
    #[error("stored {what} cannot be read: {reason}")]
    Damaged {
        /// What it is.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The store was made with another number of shards.
    #[error("the store was made with {found} shards, not {wanted}; drain it first")]
    Shards {
        /// As recorded.
        found: u16,
        /// As configured.
        wanted: u16,
    },
    /// Others wrote to the same place faster, again and again.
    #[error("others write to the same place of the store all the time")]
    Contended,
    /// Another process leads, or may: only the one that leads knows enough to answer.
    #[error("another billing-service leads, or may by now; ask again")]
    NotLeading,
    /// The store was dropped, or another one put in its place, while it was in use.
    #[error(
        "the store of billing is not the one that it was: it was dropped or restored while billing ran; what is acknowledged may not be in it"
    )]
    Replaced,
    /// Whoever leads could not be told what was stored, or would not hear it.
    #[error("the billing-service that leads was not told what was stored: {0}")]
    Untold(String),
    /// The work was given up because the process stops.
    #[error("the store is closing")]
    Closing,
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        if is_damage(&error) {
            Self::Broken(error)
        } else {
            Self::Engine(error)
        }
    }
}

/// Whether trying again cannot help, because what is on the disk is wrong.
fn is_damage(error: &fjall::Error) -> bool {
    // a table that ends too early
    let cut_off = |error: &std::io::Error| error.kind() == std::io::ErrorKind::UnexpectedEof;
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => cut_off(error),
        fjall::Error::Storage(_)
        | fjall::Error::JournalRecovery(_)
        | fjall::Error::InvalidVersion(_)
        | fjall::Error::Decompress(_)
        | fjall::Error::InvalidTrailer
        | fjall::Error::InvalidTag(_)
        | fjall::Error::Unrecoverable => true,
        _ => false, // poisoned, deleted, locked, and what a later engine adds
    }
}

impl StoreError {
    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Engine(_)
            | Self::Contended
            | Self::NotLeading
            | Self::Replaced
            | Self::Untold(_)
            | Self::Closing => ErrorKind::Unavailable,
            Self::Broken(_) | Self::Damaged { .. } => ErrorKind::Internal,
            Self::Mongo(error) => error.kind(),
            Self::Shards { .. } => ErrorKind::Conflict,
        }
    }
}
