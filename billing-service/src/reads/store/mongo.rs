//! Reads in MongoDB: a chain of documents (see [`chain`]) for the energy, and one for the telemetry, of a bucket of meters on one UTC day.
//!
//! Written are parts, as many meters' in one document as a bucket has; they are joined when they have become many. Everything is
//! inserted, found and removed by `_id` alone, so that two owners of a shard, a stale one and a crash do no harm, and every reader is
//! right at every moment. Documents name meters by id: owners number them differently.
//!
//! Beside the chains in `reads` there are small documents that are only ever inserted: `reads_meters` (`<shard>|<meter>`: its number for
//! whoever begins) and `reads_days` (`<shard>|<e or t>|<day>`: a day that may have blocks), each before the first part that needs it;
//! and `reads_state`: how many shards and buckets there are, and the position of each shard. A position that loses a race against an
//! older one costs a replay, nothing else.

mod chain;
mod document;
mod known;
mod scan;
mod small;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use model::{Series, meter_hash};
use service_kit::mongo::{Mongo, Record};

use self::chain::{Chain, Names, View};
use self::document::StoredBlock;
use self::known::Known;
use self::scan::Scan;
use self::write::Gathered;
use super::{Append, BlockKey, Contested, Part, ReadsStore, StoredShard};
use crate::block;
use crate::error::StoreError;

const READS: &str = "reads";
const METERS: &str = "reads_meters";
const DAYS: &str = "reads_days";
const STATE: &str = "reads_state";

/// Buckets of meters in a shard of a new store: with few meters a checkpoint writes few documents, with a million they are still some
/// hundred kilobytes.
const BUCKETS: u64 = 64;
/// A chain of more documents is made short.
const MAX_PARTS: usize = 8;
/// Chains read or written at once by one call.
const CHAINS_AT_ONCE: usize = 8;
/// What one call gathers before it writes; a checkpoint of a day that has less writes each bucket once.
const MAX_GATHERED_BYTES: usize = 32 << 20;
/// Blocks encoded between two looks at other work.
const BLOCKS_AT_ONCE: usize = 256;

/// The reads in a database.
pub struct MongoReads {
    mongo: Mongo,
    buckets: u64,
    known: Mutex<Known>,
    scans: Mutex<HashMap<u16, Scan>>,
}

/// One chain: a bucket of meters on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    shard: u16,
    day: i32,
    telemetry: bool,
    bucket: u64,
}

impl Place {
    fn name(self) -> String {
        let Self {
            shard, day, bucket, ..
        } = self;
        format!("{shard}|{day}|{}|{bucket}", self.kind())
    }

    fn kind(self) -> char {
        if self.telemetry { 't' } else { 'e' }
    }
}

/// A chain's documents in their collection.
#[async_trait::async_trait]
impl Names for Mongo {
    async fn insert(&self, name: &str, content: Vec<u8>) -> Result<bool, StoreError> {
        let kept = self.insert(READS, &[Record::new(name, content)]).await?;
        Ok(kept == [true])
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(READS, name).await?)
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        Ok(self.remove(READS, name).await?)
    }
}

impl MongoReads {
    /// The collections that must be there.
    pub const COLLECTIONS: [&'static str; 4] = [READS, METERS, DAYS, STATE];

    /// The reads of a database that was opened with [`Self::COLLECTIONS`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn new(mongo: Mongo) -> Result<Self, StoreError> {
        let buckets = small::recorded(&mongo, "buckets", BUCKETS).await?.max(1);
        Ok(Self {
            mongo,
            buckets,
            known: Mutex::default(),
            scans: Mutex::default(),
        })
    }

    /// The chain of a key, and the meter's id; none while nothing was stored of that meter.
    fn place(&self, shard: u16, key: &BlockKey) -> Option<(Place, String)> {
        let meter = self.known().meter(shard, key.meter)?;
        let place = Place {
            shard,
            day: key.day,
            telemetry: matches!(key.series, Series::Telemetry(_)),
            bucket: self.bucket(&meter),
        };
        Some((place, meter))
    }

    /// The low half of the hash chose the shard.
    fn bucket(&self, meter: &str) -> u64 {
        (meter_hash(meter) >> 32) % self.buckets
    }

    async fn read(&self, place: Place) -> Result<View, StoreError> {
        let name = place.name();
        let from = self.known().epoch(place);
        let view = chain(&self.mongo, &name).read(from).await?;
        self.known().set_epoch(place, view.epoch);
        Ok(view)
    }

    /// Every block of a chain, part by part.
    async fn blocks(&self, place: Place) -> Result<Vec<StoredBlock>, StoreError> {
        let view = self.read(place).await?;
        let mut blocks = Vec::new();
        for content in view.contents() {
            blocks.append(&mut document::decode(content)?);
        }
        Ok(blocks)
    }

    async fn add_meters(&self, shard: u16, meters: &[(u32, String)]) -> Result<(), StoreError> {
        for some in meters.chunks(small::AT_ONCE) {
            let record =
                |(number, id): &(u32, String)| small::small(format!("{shard}|{id}"), u64::from(*number));
            let records: Vec<Record> = some.iter().map(record).collect();
            self.mongo.insert(METERS, &records).await?;
        }
        self.known().add_meters(shard, meters)
    }

    /// The energy of a day of the meters in some buckets, by meter.
    async fn energy(
        &self,
        shard: u16,
        day: i32,
        buckets: impl Iterator<Item = u64>,
    ) -> Result<HashMap<String, Vec<StoredBlock>>, StoreError> {
        let place = |bucket| Place {
            shard,
            day,
            telemetry: false,
            bucket,
        };
        let calls = buckets.map(|bucket| self.blocks(place(bucket)));
        let mut chains = stream::iter(calls.collect::<Vec<_>>()).buffer_unordered(CHAINS_AT_ONCE);
        let mut by_meter: HashMap<String, Vec<StoredBlock>> = HashMap::new();
        while let Some(blocks) = chains.try_next().await? {
            for block in blocks {
                by_meter.entry(block.meter.clone()).or_default().push(block);
            }
        }
        Ok(by_meter)
    }

    /// The days of ids that begin with `prefix`, ascending.
    async fn all_days(&self, prefix: &str) -> Result<Vec<i32>, StoreError> {
        let listed = small::listed(&self.mongo, DAYS, prefix).await?;
        let day = |(id, _): (String, Vec<u8>)| id.rsplit('|').next().and_then(|day| day.parse().ok());
        let mut days: Vec<i32> = listed.into_iter().filter_map(day).collect();
        days.sort_unstable();
        days.dedup();
        Ok(days)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scans(&self) -> MutexGuard<'_, HashMap<u16, Scan>> {
        self.scans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn chain<'a>(mongo: &'a Mongo, name: &'a str) -> Chain<'a, Mongo> {
    Chain { names: mongo, name }
}

#[async_trait::async_trait]
impl ReadsStore for MongoReads {
    async fn open(&self, shard: u16, shards: u16) -> Result<StoredShard, StoreError> {
        self.check(shards).await?;
        let position = self.mongo.get(STATE, &small::position_id(shard)).await?;
        let mut meters = Vec::new();
        for (id, data) in small::listed(&self.mongo, METERS, &format!("{shard}|")).await? {
            meters.push((small::number("number of a meter", &data)?, id));
        }
        meters.sort_unstable(); // two owners may have given a number twice
        let meters: Vec<String> = meters.into_iter().map(|(_, id)| id).collect();
        let days = self.all_days("").await?;
        self.known().open(shard, &meters);
        Ok(StoredShard {
            position: position.map_or(Ok(0), |position| small::number("position", &position))?,
            meters,
            days: days.first().copied().zip(days.last().copied()),
        })
    }

    async fn check(&self, shards: u16) -> Result<(), StoreError> {
        let recorded = small::recorded(&self.mongo, "shards", u64::from(shards)).await?;
        if recorded != u64::from(shards) {
            return Err(StoreError::Shards {
                found: u16::try_from(recorded).unwrap_or(u16::MAX),
                wanted: shards,
            });
        }
        Ok(())
    }

    async fn append(&self, shard: u16, write: Append) -> Result<Vec<Contested>, StoreError> {
        let _changes = scan::Changing::new(self, shard);
        self.add_meters(shard, &write.meters).await?;
        let mut contested = Vec::new();
        let mut gathered: Gathered = BTreeMap::new();
        let (mut bytes, mut day) = (0, None);
        for (index, part) in write.parts.enumerate() {
            let known = self.place(shard, &part.key);
            let (place, meter) = known.ok_or_else(|| known::unknown(shard, part.key.meter))?;
            let entries =
                block::encode(&part.entries).map_err(|error| document::unreadable(&meter, error))?;
            if day.replace((place.telemetry, place.day)) != Some((place.telemetry, place.day))
                || bytes > MAX_GATHERED_BYTES
            {
                contested.extend(self.write(shard, std::mem::take(&mut gathered)).await?);
                bytes = 0;
            }
            bytes += entries.len();
            let block = StoredBlock::new(&meter, &part.key.series, entries);
            gathered.entry(place).or_default().push((part.key, block));
            if index % BLOCKS_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
        contested.extend(self.write(shard, gathered).await?);
        if let Some(position) = write.position {
            self.mongo
                .put(STATE, &[small::small(small::position_id(shard), position)])
                .await?;
        }
        Ok(contested)
    }

    async fn parts(
        &self,
        shard: u16,
        keys: &[BlockKey],
        found: &mut (dyn for<'a> FnMut(usize, &'a [u8]) + Send),
    ) -> Result<(), StoreError> {
        let mut wanted: BTreeMap<Place, Vec<(usize, StoredBlock)>> = BTreeMap::new();
        for (index, key) in keys.iter().enumerate() {
            let Some((place, meter)) = self.place(shard, key) else {
                continue;
            };
            let like = StoredBlock::new(&meter, &key.series, Vec::new());
            wanted.entry(place).or_default().push((index, like));
        }
        let calls = wanted.into_iter().map(|(place, wanted)| async move {
            let blocks = self.blocks(place).await?;
            Ok::<_, StoreError>((blocks, wanted))
        });
        let mut chains = stream::iter(calls.collect::<Vec<_>>()).buffer_unordered(CHAINS_AT_ONCE);
        while let Some((blocks, wanted)) = chains.try_next().await? {
            for (index, like) in &wanted {
                let own = blocks.iter().filter(|block| block.is_of(like));
                own.for_each(|block| found(*index, &block.entries));
            }
        }
        Ok(())
    }

    async fn day(
        &self,
        shard: u16,
        day: i32,
        meters: Range<u32>,
        found: &mut (dyn for<'a> FnMut(&'a BlockKey, &'a [u8]) + Send),
    ) -> Result<(), StoreError> {
        for (key, entries) in self.scan(shard, day, meters).await? {
            found(&key, &entries);
        }
        Ok(())
    }

    fn learn(&self, shard: u16, meters: &[(u32, String)]) -> Result<(), StoreError> {
        let mut known = self.known();
        known.change(shard);
        known.add_meters(shard, meters)
    }

    async fn days(&self, shard: u16) -> Result<Vec<i32>, StoreError> {
        self.all_days(&format!("{shard}|e|")).await
    }
}

#[cfg(test)]
mod tests;
