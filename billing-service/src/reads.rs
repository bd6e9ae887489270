//! The reads: what meters said, kept once and for ever, and asked for here.
//!
//! Every answer is the union of what is stored and what was consumed but not stored yet, so that no reader waits for a checkpoint.
//! What counts among several contents of one identity is decided when reading, by `DESIGN` 4; nothing is ever replaced.

pub mod store;
mod view;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use message_bus::Position;
use model::{Channel, MeterId, Series};

use crate::error::{Error, StoreError};
pub use view::{
    DayWindows, IntervalRead, LatestRead, MinuteSum, RegisterRead, TelemetryRead, Version, VersionedRead,
};

/// What readings bring about beside being kept; ensured before they are acknowledged. Every call may come again with the same: ids of
/// what it makes must be functions of its arguments.
#[async_trait::async_trait]
pub trait Consequences: Send + Sync {
    /// These meters have reads in these ranges, new or seen before: mark what depends on them, look for unknown meters, for conflicts
    /// and for issued bills. Called after the reads can be seen by queries.
    async fn ensure(&self, touched: &[Touched]) -> Result<(), StoreError>;

    /// Keeps a message that cannot be processed, with the reason.
    async fn quarantine(&self, message: Unusable) -> Result<(), StoreError>;

    /// Starts before this (milliseconds since 1970 UTC) may belong to an issued bill; their consequences come within seconds instead
    /// of with the next checkpoint. `i64::MIN`: nothing was issued.
    fn settled_before_ms(&self) -> i64;
}

/// A meter with new reads (of energy: telemetry has no consequences).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Which meter; registered or not.
    pub meter: MeterId,
    /// From the earliest start to the latest start, exclusive (+ 1 ms).
    pub range_ms: Range<i64>,
    /// Identities among them that have several contents of the highest rank.
    pub conflicts: Vec<(Series, i64)>,
}

/// A message for the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The shard of readings it came from.
    pub shard: u16,
    /// Where it stood.
    pub position: Position,
    /// The publisher's id.
    pub id: u128,
    /// What the body claims to be.
    pub kind: String,
    /// When it was made, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// As received.
    pub body: Bytes,
    /// Why it cannot be processed, a sentence.
    pub reason: String,
}

/// The reads of all shards.
pub struct Reads {
    store: Arc<dyn store::ReadsStore>,
}

impl Reads {
    /// The reads in effect of one interval channel whose start lies in `range_ms`, in order of start, one per start.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn intervals(
        &self,
        meter: &MeterId,
        channel: Channel,
        range_ms: Range<i64>,
    ) -> Result<Vec<IntervalRead>, Error> {
        Err(Error::NoShard(0))
    }

    /// Every content of one series in `range_ms`, the one in effect first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn versions(
        &self,
        meter: &MeterId,
        series: &Series,
        range_ms: Range<i64>,
    ) -> Result<Vec<VersionedRead>, Error> {
        Err(Error::NoShard(0))
    }

    /// Telemetry in effect, in order of start, then quantity.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn telemetry(&self, meter: &MeterId, range_ms: Range<i64>) -> Result<Vec<TelemetryRead>, Error> {
        Err(Error::NoShard(0))
    }

    /// Dials in effect, in order of start, then register.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn registers(&self, meter: &MeterId, range_ms: Range<i64>) -> Result<Vec<RegisterRead>, Error> {
        Err(Error::NoShard(0))
    }

    /// The read with the latest start, of any interval channel (import first), else of any register.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn latest(&self, meter: &MeterId) -> Result<Option<LatestRead>, Error> {
        Err(Error::NoShard(0))
    }

    /// Meters that ever sent something, registered or not, in order of id, at most `limit` after `after`.
    #[must_use]
    pub fn meters(&self, after: Option<&str>, limit: usize) -> Vec<MeterId> {
        Vec::new()
    }

    /// Whether the meter ever sent something.
    #[must_use]
    pub fn knows(&self, meter: &MeterId) -> bool {
        false
    }

    /// The import and export of one shard and UTC day (days since 1970-01-01), by minute of the interval's start and by group.
    /// `group_of` gives the group of a meter, below `groups`; meters without one are left out.
    ///
    /// # Errors
    /// [`Error::Behind`] while the shard was not read up to `min_position`, [`Error::NoShard`], [`Error::Store`].
    pub async fn day_windows(
        &self,
        shard: u32,
        day: i32,
        min_position: Position,
        group_of: &(dyn Fn(&str) -> Option<usize> + Sync),
    ) -> Result<DayWindows, Error> {
        Err(Error::NoShard(0))
    }

    /// How many shards.
    #[must_use]
    pub fn shards(&self) -> u16 {
        0
    }

    /// Up to where the shard was consumed; queries see everything up to here.
    #[must_use]
    pub fn position(&self, shard: u16) -> Position {
        0
    }
}
