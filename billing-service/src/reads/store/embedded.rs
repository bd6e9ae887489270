//! Reads in the embedded engine: one value per block, joined when writing.
//!
//! Keys sort by day before meter: what is written together lies together, a closed day is never touched again, and a day's windows are
//! one scan. Blocks go straight into sorted tables, past the engine's journal and memory: the bus keeps every reading until its
//! position is stored, so that writing it twice would buy nothing.

mod key;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use fjall::{Keyspace, PersistMode};
use message_bus::Position;
use model::Series;

use super::{Append, BlockKey, Contested, Part, ReadsStore, StoredShard};
use crate::block;
use crate::embedded::Embedded;
use crate::error::StoreError;

/// Where the number of shards is recorded.
const SHARDS: &str = "shards";

/// The reads in the database of billing.
#[derive(Clone)]
pub struct EmbeddedReads {
    inner: Arc<Inner>,
}

struct Inner {
    embedded: Embedded,
    energy: Keyspace,
    telemetry: Keyspace,
    meters: Keyspace,
    positions: Keyspace,
    /// Reading a block, joining and writing it is one step: appends come one after the other.
    writing: Mutex<()>,
}

impl EmbeddedReads {
    /// The reads in `embedded`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn new(embedded: &Embedded) -> Result<Self, StoreError> {
        let inner = Inner {
            energy: embedded.blocks("reads")?,
            telemetry: embedded.blocks("telemetry")?,
            meters: embedded.documents("reads_meters")?,
            positions: embedded.documents("reads_positions")?,
            embedded: embedded.clone(),
            writing: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }
}

#[async_trait::async_trait]
impl ReadsStore for EmbeddedReads {
    async fn open(&self, shard: u16, shards: u16) -> Result<StoredShard, StoreError> {
        self.inner.check_shards(shards)?;
        Ok(StoredShard {
            position: self.inner.position(shard)?,
            meters: self.inner.meter_ids(shard)?,
            days: self.inner.span()?,
        })
    }

    async fn append(&self, shard: u16, write: Append) -> Result<Vec<Contested>, StoreError> {
        let inner = Arc::clone(&self.inner);
        let work = move || {
            let _one = inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
            inner.append(shard, write)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| StoreError::Closing)?
    }

    async fn parts(
        &self,
        shard: u16,
        keys: &[BlockKey],
        found: &mut (dyn for<'a> FnMut(usize, &'a [u8]) + Send),
    ) -> Result<(), StoreError> {
        for (index, key) in keys.iter().enumerate() {
            if let Some(block) = self.inner.keyspace(&key.series).get(key::of_block(shard, key))? {
                found(index, &block);
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
        let from = key::of_meter(shard, day, meters.start);
        let to = key::of_meter(shard, day, meters.end);
        for entry in self.inner.energy.range(from..to) {
            let (key, block) = entry.into_inner()?;
            let (_, key) = key::parse(&key).ok_or_else(|| damaged("key of a block", &key))?;
            found(&key, &block);
        }
        Ok(())
    }

    async fn days(&self, shard: u16) -> Result<Vec<i32>, StoreError> {
        let mut days = Vec::new();
        let mut from = key::of_meter(shard, i32::MIN, 0);
        while let Some(next) = self.inner.energy.range(from..).next() {
            let next = next.key()?;
            let (found, key) = key::parse(&next).ok_or_else(|| damaged("key of a block", &next))?;
            if found == shard {
                days.push(key.day);
            }
            // from a shard before ours to ours on that day, else to ours on the day after
            let day = if found < shard {
                Some(key.day)
            } else {
                key.day.checked_add(1)
            };
            let Some(day) = day else { break };
            from = key::of_meter(shard, day, 0);
        }
        Ok(days)
    }
}

impl Inner {
    fn keyspace(&self, series: &Series) -> &Keyspace {
        match series {
            Series::Interval(_) | Series::Register(..) => &self.energy,
            Series::Telemetry(_) => &self.telemetry,
        }
    }

    fn check_shards(&self, shards: u16) -> Result<(), StoreError> {
        let Some(recorded) = self.positions.get(SHARDS)? else {
            return Ok(self.positions.insert(SHARDS, shards.to_be_bytes())?);
        };
        match <[u8; 2]>::try_from(&*recorded).map(u16::from_be_bytes) {
            Ok(found) if found == shards => Ok(()),
            Ok(found) => Err(StoreError::Shards {
                found,
                wanted: shards,
            }),
            Err(_) => Err(damaged("number of shards", &recorded)),
        }
    }

    fn position(&self, shard: u16) -> Result<Position, StoreError> {
        let Some(stored) = self.positions.get(key::of_shard(shard))? else {
            return Ok(0);
        };
        let bytes = <[u8; 8]>::try_from(&*stored).map_err(|_| damaged("position", &stored))?;
        Ok(Position::from_be_bytes(bytes))
    }

    fn meter_ids(&self, shard: u16) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::new();
        for entry in self.meters.prefix(key::of_shard(shard)) {
            let (key, id) = entry.into_inner()?;
            let number = key::parse_dictionary(&key).and_then(|number| usize::try_from(number).ok());
            match (std::str::from_utf8(&id), number == Some(ids.len())) {
                (Ok(id), true) => ids.push(id.to_owned()),
                _ => return Err(damaged("meter", &key)),
            }
        }
        Ok(ids)
    }

    /// The days between which every block lies.
    fn span(&self) -> Result<Option<(i32, i32)>, StoreError> {
        let mut span = None;
        for keyspace in [&self.energy, &self.telemetry] {
            for end in [keyspace.first_key_value(), keyspace.last_key_value()] {
                let Some(end) = end else { continue };
                let key = end.key()?;
                let (_, key) = key::parse(&key).ok_or_else(|| damaged("key of a block", &key))?;
                let (first, last) = span.unwrap_or((key.day, key.day));
                span = Some((key.day.min(first), key.day.max(last)));
            }
        }
        Ok(span)
    }

    fn append(&self, shard: u16, write: Append) -> Result<Vec<Contested>, StoreError> {
        if !write.meters.is_empty() {
            // a table as well, synced before the blocks that name them: a number must never come to stand for another meter
            let mut tables = self.meters.start_ingestion()?;
            for (number, id) in &write.meters {
                tables.write(key::of_dictionary(shard, *number), id.as_str())?;
            }
            tables.finish()?;
        }
        let mut contested = Vec::new();
        let mut parts = write.parts.peekable();
        for keyspace in [&self.energy, &self.telemetry] {
            let here = |part: &Part| self.keyspace(&part.key.series).id() == keyspace.id();
            if !parts.peek().is_some_and(here) {
                continue;
            }
            let mut tables = keyspace.start_ingestion()?;
            while let Some(part) = parts.next_if(here) {
                if let Some(joined) = join(keyspace, shard, part, &mut contested)? {
                    tables.write(joined.key, joined.block)?;
                }
            }
            tables.finish()?;
        }
        if let Some(position) = write.position {
            self.positions
                .insert(key::of_shard(shard), position.to_be_bytes())?;
            self.embedded.database().persist(PersistMode::SyncAll)?;
        }
        Ok(contested)
    }
}

/// What the engine keeps of a block.
struct Row {
    key: Vec<u8>,
    block: Vec<u8>,
}

/// The block of a part joined with what is stored, unless that holds the part already.
fn join(
    keyspace: &Keyspace,
    shard: u16,
    part: Part,
    contested: &mut Vec<Contested>,
) -> Result<Option<Row>, StoreError> {
    let key = key::of_block(shard, &part.key);
    let stored = keyspace.get(&key)?;
    let mut joined;
    let entries = match &stored {
        None => &part.entries,
        Some(stored) => {
            joined = Vec::with_capacity(part.entries.len() * 2);
            block::decode(stored, &mut joined).map_err(|error| unreadable(&part.key, error))?;
            joined.extend_from_slice(&part.entries);
            block::canonical(&mut joined);
            &joined
        }
    };
    contested.extend(part.contested(entries));
    let block = block::encode(entries).map_err(|error| unreadable(&part.key, error))?;
    let same = stored.is_some_and(|stored| *stored == *block);
    Ok((!same).then_some(Row { key, block }))
}

fn unreadable(key: &BlockKey, error: block::Malformed) -> StoreError {
    StoreError::Damaged {
        what: "block",
        reason: format!("meter number {}, day {}: {error}", key.meter, key.day),
    }
}

fn damaged(what: &'static str, bytes: &[u8]) -> StoreError {
    StoreError::Damaged {
        what,
        reason: format!("{} bytes: {bytes:02x?}", bytes.len()),
    }
}

#[cfg(test)]
mod tests;
