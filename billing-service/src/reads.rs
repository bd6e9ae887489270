//! The reads: what meters said, kept once and for ever, and asked for here.
//!
//! Every answer is the union of what is stored and what was consumed but not stored yet, so that no reader waits for a checkpoint.
//! What counts among several contents of one identity is decided when reading, by `DESIGN` 4; nothing is ever replaced.

mod arena;
mod checkpoint;
mod elsewhere;
mod meters;
pub(crate) mod overlap;
mod parts;
mod query;
mod shard;
pub mod store;
mod view;
mod windows;

use std::collections::BinaryHeap;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use message_bus::Position;
use model::{Channel, MeterId, Series, meter_hash, shard_of};
use proto::meter::ReadingColumns;
use tokio::sync::{Notify, watch};

use crate::error::{Error, StoreError};
use arena::Pool;
pub(crate) use arena::day_of;
pub(crate) use checkpoint::error_chain;
pub(crate) use elsewhere::Hold;
pub use elsewhere::News;
use shard::Shard;
pub use shard::Unreadable;
use store::StoredShard;
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

    /// The store has more of a shard; said before the consequences of that are ensured. For a process that takes shards in for another.
    async fn learn(&self, _shard: u16, _news: &News) -> Result<(), StoreError> {
        Ok(())
    }

    /// So many readings went into blocks, in this time: for the metrics.
    fn stored(&self, _readings: u32, _took: Duration) {}

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
    /// Identities among them that had, until a higher rank decided.
    pub settled: Vec<(Series, i64)>,
    /// UTC days (since 1970) of a channel on which some of its intervals may overlap, or did.
    pub crowded: Vec<(Channel, i32)>,
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

/// Bounds on what waits for a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of readings that are in no block yet, over all shards (a reading takes 16). Beyond it the consumers wait.
    pub pending_bytes: usize,
    /// Readings are on the bus alone for at most so long, and a little for the work itself.
    pub unstored: Duration,
}

impl Default for Limits {
    /// 48 MiB, which are three million readings, and an hour, so that the blocks of a quiet fleet are written some times a day and not
    /// with every reading. A restart reads again what waited: by the bound on memory, seconds of work, however long it waited.
    fn default() -> Self {
        Self {
            pending_bytes: 48 * 1024 * 1024,
            unstored: Duration::from_secs(3_600),
        }
    }
}

impl Limits {
    /// From here on a checkpoint is made; the rest is room for what comes meanwhile.
    fn checkpoint_bytes(self) -> usize {
        self.pending_bytes / 3 * 2
    }
}

/// The reads of all shards.
pub struct Reads {
    store: Arc<dyn store::ReadsStore>,
    consequences: Arc<dyn Consequences>,
    shards: Vec<Shard>,
    /// Drawn by each start.
    start: u64,
    limits: Limits,
    /// There is something to checkpoint.
    work: Notify,
    /// There is room again.
    room: Notify,
}

impl Reads {
    /// Opens the reads in `store`, of which there are `shards`.
    ///
    /// # Errors
    /// [`Error::Store`], among others when the store was made with another number of shards.
    pub async fn open(
        store: Arc<dyn store::ReadsStore>,
        consequences: Arc<dyn Consequences>,
        shards: u16,
        limits: Limits,
    ) -> Result<Arc<Self>, Error> {
        let mut stored = Vec::new();
        for number in 0..shards {
            stored.push(store.open(number, shards).await?);
        }
        Ok(Self::of(store, consequences, stored, limits))
    }

    /// Reads of which nothing is known yet: each shard is to be [reopened](Self::reopen) before it is taken in.
    pub(crate) fn unopened(
        store: Arc<dyn store::ReadsStore>,
        consequences: Arc<dyn Consequences>,
        shards: u16,
        limits: Limits,
    ) -> Arc<Self> {
        let stored = vec![StoredShard::default(); usize::from(shards)];
        let reads = Self::of(store, consequences, stored, limits);
        reads
            .shards
            .iter()
            .for_each(|shard| shard.lock().elsewhere = true);
        reads
    }

    fn of(
        store: Arc<dyn store::ReadsStore>,
        consequences: Arc<dyn Consequences>,
        stored: Vec<StoredShard>,
        limits: Limits,
    ) -> Arc<Self> {
        let pool = Pool::default();
        let shards = u16::try_from(stored.len()).unwrap_or(u16::MAX);
        let opened = (0..shards).zip(stored);
        Arc::new(Self {
            store,
            consequences,
            shards: opened
                .map(|(number, stored)| Shard::new(number, shards, stored, &pool))
                .collect(),
            start: RandomState::new().hash_one(shards),
            limits,
            work: Notify::new(),
            room: Notify::new(),
        })
    }

    /// Takes in a message of a shard that stood at `position`: queries see its readings when this returns. All of it or, with an error,
    /// nothing.
    ///
    /// # Errors
    /// [`Unreadable`]: the message belongs in the quarantine.
    pub fn apply(
        &self,
        shard: u16,
        columns: &ReadingColumns,
        position: Position,
    ) -> Result<usize, Unreadable> {
        let Some(shard) = self.shards.get(usize::from(shard)) else {
            return Ok(0);
        };
        let settled_before_ms = self.consequences.settled_before_ms();
        let readings = shard.apply(columns, position, settled_before_ms)?;
        if self.bytes() >= self.limits.checkpoint_bytes() {
            self.work.notify_one();
        }
        Ok(readings)
    }

    /// Waits until there is room for another message.
    pub async fn wait_for_room(&self) {
        loop {
            let freed = self.room.notified();
            if self.bytes() < self.limits.pending_bytes {
                return;
            }
            freed.await;
        }
    }

    /// Meters that ever sent something, registered or not, in order of id, at most `limit` after `after`.
    #[must_use]
    pub fn meters(&self, after: Option<&str>, limit: usize) -> Vec<MeterId> {
        let mut first = BinaryHeap::new();
        for shard in &self.shards {
            let memory = shard.lock();
            let later = memory
                .meters
                .ids()
                .filter(|id| after.is_none_or(|after| *id > after));
            for id in later {
                if first.len() < limit {
                    first.push(Box::<str>::from(id));
                } else if let Some(mut last) = first.peek_mut().filter(|last| *id < ***last) {
                    *last = id.into();
                }
            }
        }
        let ids = first.into_sorted_vec();
        ids.iter().filter_map(|id| id.parse().ok()).collect()
    }

    /// How many meters ever sent something.
    #[must_use]
    pub fn meters_seen(&self) -> usize {
        let seen = |shard: &Shard| usize::try_from(shard.lock().meters.len()).unwrap_or_default();
        self.shards.iter().map(seen).sum()
    }

    /// Whether the meter ever sent something.
    #[must_use]
    pub fn knows(&self, meter: &MeterId) -> bool {
        self.find(meter).is_some()
    }

    /// How many shards.
    #[must_use]
    pub fn shards(&self) -> u16 {
        u16::try_from(self.shards.len()).unwrap_or(u16::MAX)
    }

    /// Up to where the shard was consumed; queries see everything up to here.
    #[must_use]
    pub fn position(&self, shard: u16) -> Position {
        let shard = self.shards.get(usize::from(shard));
        shard.map_or(0, |shard| shard.lock().position)
    }

    /// Bytes of readings that are in no block yet.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(Shard::bytes).sum()
    }

    /// A name for what queries of the shard see now. Other content never has it, in this process or another: positions say less, for a
    /// broker may hand out other messages under the same ones after a restart.
    #[must_use]
    pub fn state(&self, shard: u16) -> String {
        let shard = self.shards.get(usize::from(shard));
        let taken_in = shard.map_or(0, |shard| shard.lock().taken_in);
        format!("{:016x}.{taken_in}", self.start)
    }

    /// Up to where the shard is stored: what may be acknowledged, as it moves.
    pub(crate) fn stored(&self, shard: u16) -> Option<watch::Receiver<Position>> {
        Some(self.shards.get(usize::from(shard))?.stored())
    }

    /// What stood at `position` was dealt with otherwise.
    pub(crate) fn skip(&self, shard: u16, position: Position) {
        if let Some(shard) = self.shards.get(usize::from(shard)) {
            shard.skip(position);
        }
    }

    fn shard(&self, number: u32) -> Result<&Shard, Error> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.shards.get(index).ok_or(Error::NoShard(number))
    }

    /// The shard of a meter that was ever seen, and its number there.
    fn find(&self, meter: &MeterId) -> Option<(&Shard, u32)> {
        let number = shard_of(meter_hash(meter.as_str()), self.shards());
        let shard = self.shards.get(usize::from(number))?;
        let meter = shard.lock().meter(meter.as_str())?;
        Some((shard, meter))
    }
}

#[cfg(test)]
pub(crate) mod tests;
