//! Where reads are kept. Every backend passes `contract`.
//!
//! The port appends and never replaces: what was read of a key is the union of all that was ever appended to it. So a replay and a
//! stale owner do no harm, and a backend needs neither transactions nor compare-and-set: it may keep parts and join them when
//! reading, or join them when writing.

#[cfg(test)]
pub(crate) mod contract;
mod embedded;
mod mongo;

use std::cmp::Ordering;
use std::ops::Range;

use message_bus::Position;
use model::Series;

use crate::block::winner::{self, Dispute};
use crate::block::{Entry, crowd};
use crate::error::StoreError;
pub use embedded::EmbeddedReads;
pub use mongo::MongoReads;

/// What one block holds: the reads of a meter, series and UTC day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockKey {
    /// Days since 1970-01-01 UTC.
    pub day: i32,
    /// The meter's number in its shard; [`Append::meters`] says which id it stands for.
    pub meter: u32,
    /// Which of the meter's streams.
    pub series: Series,
}

/// Energy before telemetry, then by day, meter and series: what is written together lies together.
impl Ord for BlockKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = |key: &Self| (matches!(key.series, Series::Telemetry(_)), key.day, key.meter);
        order(self)
            .cmp(&order(other))
            .then_with(|| self.series.cmp(&other.series))
    }
}

impl PartialOrd for BlockKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reads to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where they belong.
    pub key: BlockKey,
    /// A canonical set, not empty.
    pub(crate) entries: Vec<Entry>,
}

/// One write.
pub struct Append {
    /// Meters that are new, by number: they must be known after a restart whenever a part that names them is.
    pub meters: Vec<(u32, String)>,
    /// Each key once, ascending; made as they are asked for, because there can be very many.
    pub parts: Box<dyn Iterator<Item = Part> + Send>,
    /// Everything of the shard up to here has been appended before. Kept so that it is never found without them.
    pub position: Option<Position>,
}

/// An identity that has several contents of one rank, or a block whose intervals may overlap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contested {
    /// Its block.
    pub key: BlockKey,
    /// Its start, in milliseconds since midnight UTC; 0 for a block.
    pub offset_ms: u32,
    /// Whether a higher rank decided it.
    pub(crate) dispute: Dispute,
}

impl Part {
    /// What is contested in `joined`, the union of everything under the key of this part: identities of the part, and the whole where
    /// its intervals may overlap.
    pub(crate) fn contested(&self, joined: &[Entry]) -> Vec<Contested> {
        if matches!(self.key.series, Series::Telemetry(_)) {
            return Vec::new(); // its later content counts, whatever it is
        }
        let contested = |(offset_ms, dispute)| Contested {
            key: self.key.clone(),
            offset_ms,
            dispute,
        };
        let mut found: Vec<Contested> = winner::disputes(joined, &self.entries).map(contested).collect();
        if matches!(self.key.series, Series::Interval(_)) && crowd::is_doubtful(joined) {
            found.push(contested((0, Dispute::Overlap)));
        }
        found
    }
}

/// What is known of a shard at the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredShard {
    /// As appended last; 0 = nothing yet.
    pub position: Position,
    /// Ids in order of their number.
    pub meters: Vec<String>,
    /// The first and the last day with a block, of this or any other shard.
    pub days: Option<(i32, i32)>,
}

/// The port.
#[async_trait::async_trait]
pub trait ReadsStore: Send + Sync {
    /// What is known of `shard`; the store remembers that there are `shards`.
    ///
    /// # Errors
    /// [`StoreError::Shards`] when it was made with another number.
    async fn open(&self, shard: u16, shards: u16) -> Result<StoredShard, StoreError>;

    /// Whether the store may be opened with so many shards; for a store that others may be using now.
    ///
    /// # Errors
    /// As [`Self::open`].
    async fn check(&self, _shards: u16) -> Result<(), StoreError> {
        Ok(())
    }

    /// Keeps `write`, readable at once; durable, with everything appended before, when it has a position. Says what of its parts is, or
    /// was, contested. Safe to repeat.
    ///
    /// # Errors
    /// [`StoreError`]; any part of it may then be kept.
    async fn append(&self, shard: u16, write: Append) -> Result<Vec<Contested>, StoreError>;

    /// Hands every part of every key to `found` as (index of the key, bytes of a block), in any order. What is read of a key is the
    /// union.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn parts(
        &self,
        shard: u16,
        keys: &[BlockKey],
        found: &mut (dyn for<'a> FnMut(usize, &'a [u8]) + Send),
    ) -> Result<(), StoreError>;

    /// As [`Self::parts`], for all series of energy (intervals and registers, no telemetry) of a range of meters on one day, in order
    /// of key.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn day(
        &self,
        shard: u16,
        day: i32,
        meters: Range<u32>,
        found: &mut (dyn for<'a> FnMut(&'a BlockKey, &'a [u8]) + Send),
    ) -> Result<(), StoreError>;

    /// Another process has stored something of `shard`, among others of these meters, which have these numbers here. For stores that
    /// several processes share.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a number stands for another meter.
    fn learn(&self, _shard: u16, _meters: &[(u32, String)]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Days with blocks of energy, ascending.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn days(&self, shard: u16) -> Result<Vec<i32>, StoreError>;
}
