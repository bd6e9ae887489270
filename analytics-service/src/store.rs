//! Where windows are kept: a document per shard and UTC day with all groups, absolute values, and the position they were computed
//! from. Every backend passes [`contract`].

mod compact;
pub mod contract;
pub mod embedded;
pub mod mongo;

use std::path::PathBuf;
use std::sync::Arc;

use message_bus::Position;
use model::Stay;
use prost::Message;
use proto::billing::{Group, GroupMinutes};
use service_kit::config::Problem;
use service_kit::{BackendUrl, Readiness};

use crate::group::{GroupIndex, UNKNOWN};
use crate::start::Deps;

/// The windows in the folder.
const EMBEDDED: &str = "embedded:";
const MONGO: &str = "mongodb:";
/// The server among what a process needs.
const NAME: &str = "analytics store";

/// The layout of the documents that this code writes and understands.
pub const SCHEMA: u32 = 2;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine failed.
    #[error("the store of windows failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something stored cannot be read.
    #[error("a stored document cannot be read: {0}")]
    Document(String),
    /// What is in the folder cannot be read. Nothing is lost with it: windows are a function of billing's reads.
    #[error(
        "the windows in {} are damaged; stop the platform, delete this folder and start again: they are computed anew from billing's reads",
        .folder.display()
    )]
    Damaged {
        /// The folder that may be deleted.
        folder: PathBuf,
        /// What was found.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The folder cannot be used.
    #[error("cannot use the windows in {}", .folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The windows are of the readings of another billing-service's store.
    #[error(
        "these windows are of the readings in billing's store {found}, and billing has the store {wanted} now: give analytics the store of its \
         own instance, or stop it and delete {place}: windows are computed anew from billing's reads"
    )]
    OtherReads {
        /// Whose the windows are.
        found: String,
        /// Billing's.
        wanted: String,
        /// As [`WindowStore::place`].
        place: String,
    },
    /// There is no such store.
    #[error("store: use embedded: or mongodb://...")]
    Address,
}

/// What is known of a day without its values.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct DayHeader {
    /// [`SCHEMA`].
    #[prost(uint32, tag = "1")]
    pub schema: u32,
    /// Days since 1970-01-01 UTC.
    #[prost(sint32, tag = "2")]
    pub day: i32,
    /// Every message of the shard up to here is in the values, and none after it.
    #[prost(uint64, tag = "3")]
    pub position: u64,
    /// The version of the register that billing's fold used; 0 = never folded.
    #[prost(uint64, tag = "4")]
    pub register_version: u64,
    /// The values may differ from what billing's reads say: fold them again.
    #[prost(bool, tag = "5")]
    pub stale: bool,
    /// Folded after the day was over, and nothing came since.
    #[prost(bool, tag = "6")]
    pub closed: bool,
    /// Readings of meters without a group are among them.
    #[prost(bool, tag = "7")]
    pub has_unknown: bool,
}

/// A day with its values; in stores that show documents to people: collection `usage_windows`, id `<shard>|<day>`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DayDocument {
    /// What is known of it.
    pub header: DayHeader,
    /// The values; minutes ascending.
    pub groups: Vec<GroupMinutes>,
}

/// The meters of a shard in columns: entry i of each is one meter.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MetersDocument {
    /// [`SCHEMA`].
    #[prost(uint32, tag = "1")]
    pub schema: u32,
    /// The version of the register that the groups are from.
    #[prost(uint64, tag = "2")]
    pub register_version: u64,
    /// The groups that `stays` count.
    #[prost(message, repeated, tag = "3")]
    pub groups: Vec<Group>,
    /// Hash of the meter's id.
    #[prost(fixed64, repeated, tag = "4")]
    pub hash: Vec<u64>,
    /// Index into `stays`.
    #[prost(uint32, repeated, tag = "5")]
    pub stays_number: Vec<u32>,
    /// Whether something was received from it.
    #[prost(bool, repeated, tag = "6")]
    pub seen: Vec<bool>,
    /// Where meters were, each once.
    #[prost(message, repeated, tag = "7")]
    pub stays: Vec<StaysColumns>,
}

/// Where a meter was, in columns: entry i of each is one stay.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StaysColumns {
    /// As [`Stay::from_ms`].
    #[prost(sint64, repeated, tag = "1")]
    pub from_ms: Vec<i64>,
    /// As [`Stay::to_ms`].
    #[prost(sint64, repeated, tag = "2")]
    pub to_ms: Vec<i64>,
    /// Index into the document's groups.
    #[prost(uint32, repeated, tag = "3")]
    pub group: Vec<u32>,
}

impl StaysColumns {
    /// As the document has them.
    pub fn new(stays: &[Stay<GroupIndex>]) -> Self {
        Self {
            from_ms: stays.iter().map(|stay| stay.from_ms).collect(),
            to_ms: stays.iter().map(|stay| stay.to_ms).collect(),
            group: stays.iter().map(|stay| u32::from(stay.place)).collect(),
        }
    }

    /// With groups as `numbers` count them.
    pub fn read<B: FromIterator<Stay<GroupIndex>>>(&self, numbers: &[GroupIndex]) -> B {
        let rows = self.from_ms.iter().zip(&self.to_ms).zip(&self.group);
        let stay = |((from_ms, to_ms), group): ((&i64, &i64), &u32)| {
            let index = usize::try_from(*group).unwrap_or(usize::MAX);
            Stay {
                from_ms: *from_ms,
                to_ms: *to_ms,
                place: numbers.get(index).copied().unwrap_or(UNKNOWN),
            }
        };
        rows.map(stay).collect()
    }
}

/// Whose readings the windows are made of.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Origin {
    /// [`SCHEMA`].
    #[prost(uint32, tag = "1")]
    pub schema: u32,
    /// The id of billing's store.
    #[prost(string, tag = "2")]
    pub billing_store: String,
}

impl Origin {
    fn new(billing_store: &str) -> Self {
        Self {
            schema: SCHEMA,
            billing_store: billing_store.to_owned(),
        }
    }

    fn billing_store(self) -> Result<String, StoreError> {
        current(self.schema, self.billing_store)
    }
}

/// How far a shard was consumed.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Progress {
    /// [`SCHEMA`].
    #[prost(uint32, tag = "1")]
    pub schema: u32,
    /// Messages up to here are in the stored values, or their days are marked stale.
    #[prost(uint64, tag = "2")]
    pub position: Position,
    /// Messages after this position were missed, and it is not yet known which days they belong to.
    #[prost(uint64, optional, tag = "3")]
    pub missed_after: Option<Position>,
}

/// What a shard starts from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    /// `None`: this shard was never stored.
    pub progress: Option<Progress>,
    /// If any were stored.
    pub meters: Option<MetersDocument>,
    /// Every day, ascending.
    pub days: Vec<DayHeader>,
}

/// What is stored together or not at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// Of which shard.
    pub shard: u16,
    /// Replace those of the same day, unless their position is earlier than the one that is there.
    pub days: Vec<DayDocument>,
    /// Days whose stored values, if any, are stale from now on.
    pub stale: Vec<i32>,
    /// Replaces, unless its position is earlier.
    pub progress: Option<Progress>,
    /// Replaces.
    pub meters: Option<MetersDocument>,
}

/// The store that `deps` name.
///
/// # Errors
/// [`StoreError`]; no error shows the address, which may hold a password.
pub(crate) async fn open(deps: &Deps) -> Result<Arc<dyn WindowStore>, StoreError> {
    if deps.store == EMBEDDED {
        Ok(Arc::new(embedded::Embedded::open(&deps.folder)?))
    } else if deps.store.starts_with("mongodb://") {
        let told = deps.readiness.told_by(NAME, true);
        let windows = mongo::MongoWindows::open(&deps.store, told, &deps.tasks).await?;
        Ok(Arc::new(windows))
    } else {
        Err(StoreError::Address)
    }
}

/// What is wrong with the address of a store, as far as that can be seen without a server.
pub(crate) fn problem(url: &BackendUrl) -> Option<Problem> {
    match url.scheme() {
        MONGO => service_kit::mongo::problem("store", url),
        _ => url.problem("store", &[EMBEDDED, MONGO]),
    }
}

/// Names the server that will be needed, before anything is waited for.
pub(crate) fn announce(url: &BackendUrl, readiness: &Readiness) {
    if url.scheme() == MONGO {
        readiness.told_by(NAME, true);
    }
}

/// The port.
#[async_trait::async_trait]
pub trait WindowStore: Send + Sync {
    /// Settles that the windows are made of the readings in the billing store with the id `billing_store`, unless it was settled before.
    /// Says with which.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn settle(&self, billing_store: &str) -> Result<String, StoreError>;

    /// What a person deletes to be rid of all windows.
    fn place(&self) -> String;

    /// What was stored of `shard`, without the days' values.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn kept(&self, shard: u16) -> Result<Kept, StoreError>;

    /// One day with its values; one that was only ever marked stale has none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn day(&self, shard: u16, day: i32) -> Result<Option<DayDocument>, StoreError>;

    /// Stores `batch` durably, all or nothing, or so that whatever it lacks after a crash is read or folded again: a day is stale while
    /// it is written, and the progress comes last. Safe to repeat.
    ///
    /// # Errors
    /// [`StoreError`]; it is then unknown whether the batch was stored.
    async fn save(&self, batch: Batch) -> Result<(), StoreError>;
}

fn decoded<M: Message + Default>(bytes: &[u8]) -> Result<M, StoreError> {
    M::decode(bytes).map_err(|error| StoreError::Document(error.to_string()))
}

/// `document`, if this code understands its `schema`.
fn current<M>(schema: u32, document: M) -> Result<M, StoreError> {
    if schema == SCHEMA {
        Ok(document)
    } else {
        Err(StoreError::Document(format!("schema {schema}, not {SCHEMA}")))
    }
}
