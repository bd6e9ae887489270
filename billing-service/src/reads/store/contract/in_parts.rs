//! A store in memory that never joins: every part is kept as it came, as a document database would keep it. It shows that nothing
//! depends on joining when writing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use message_bus::Position;
use model::Series;

use super::super::{Append, BlockKey, Contested, ReadsStore, StoredShard};
use super::Backend;
use crate::block;
use crate::error::StoreError;

/// A clone is the same store.
#[derive(Clone, Default)]
pub(crate) struct InParts(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    shards: Option<u16>,
    parts: BTreeMap<(u16, BlockKey), BTreeSet<Vec<u8>>>,
    meters: BTreeMap<(u16, u32), String>,
    positions: BTreeMap<u16, Position>,
    /// Appends that fail before the next one succeeds.
    failures: usize,
}

impl InParts {
    /// Lets the next appends fail, after half of what they write.
    pub(crate) fn fail_next(&self, appends: usize) {
        self.0.lock().unwrap().failures = appends;
    }
}

#[async_trait::async_trait]
impl Backend for InParts {
    async fn open(&self) -> Arc<dyn ReadsStore> {
        Arc::new(self.clone())
    }
}

#[async_trait::async_trait]
impl ReadsStore for InParts {
    async fn open(&self, shard: u16, shards: u16) -> Result<StoredShard, StoreError> {
        let mut kept = self.0.lock().unwrap();
        let found = *kept.shards.get_or_insert(shards);
        if found != shards {
            return Err(StoreError::Shards {
                found,
                wanted: shards,
            });
        }
        let days = kept.parts.keys().map(|(_, key)| key.day);
        let days = days.clone().min().zip(days.max());
        Ok(StoredShard {
            position: kept.positions.get(&shard).copied().unwrap_or(0),
            meters: kept
                .meters
                .range((shard, 0)..=(shard, u32::MAX))
                .map(|(_, id)| id.clone())
                .collect(),
            days,
        })
    }

    async fn append(&self, shard: u16, write: Append) -> Result<Vec<Contested>, StoreError> {
        let mut kept = self.0.lock().unwrap();
        let fail = kept.failures > 0;
        kept.failures = kept.failures.saturating_sub(1);
        for (number, id) in write.meters {
            kept.meters.insert((shard, number), id);
        }
        let mut contested = Vec::new();
        for (index, part) in write.parts.enumerate() {
            if fail && index % 2 == 1 {
                continue;
            }
            let own = kept.parts.entry((shard, part.key.clone())).or_default();
            own.insert(block::encode(&part.entries).unwrap());
            let mut joined = Vec::new();
            own.iter()
                .for_each(|bytes| block::decode(bytes, &mut joined).unwrap());
            block::canonical(&mut joined);
            contested.extend(part.contested(&joined));
        }
        if fail {
            return Err(StoreError::Closing);
        }
        if let Some(position) = write.position {
            kept.positions.insert(shard, position);
        }
        Ok(contested)
    }

    async fn parts(
        &self,
        shard: u16,
        keys: &[BlockKey],
        found: &mut (dyn for<'a> FnMut(usize, &'a [u8]) + Send),
    ) -> Result<(), StoreError> {
        let kept = self.0.lock().unwrap();
        for (index, key) in keys.iter().enumerate() {
            let parts = kept.parts.get(&(shard, key.clone()));
            parts.into_iter().flatten().for_each(|bytes| found(index, bytes));
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
        let kept = self.0.lock().unwrap();
        for ((of, key), parts) in &kept.parts {
            let energy = !matches!(key.series, Series::Telemetry(_));
            if *of == shard && key.day == day && energy && meters.contains(&key.meter) {
                parts.iter().for_each(|bytes| found(key, bytes));
            }
        }
        Ok(())
    }

    async fn days(&self, shard: u16) -> Result<Vec<i32>, StoreError> {
        let kept = self.0.lock().unwrap();
        let own = kept
            .parts
            .keys()
            .filter(|(of, key)| *of == shard && !matches!(key.series, Series::Telemetry(_)));
        let days: BTreeSet<i32> = own.map(|(_, key)| key.day).collect();
        Ok(days.into_iter().collect())
    }
}
