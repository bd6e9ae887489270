//! How gathered parts come into their chains, and what is contested then.

use std::collections::{BTreeMap, HashMap};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use service_kit::mongo::Record;

use super::chain::View;
use super::document::{self, StoredBlock};
use super::{BlockKey, CHAINS_AT_ONCE, Contested, DAYS, MAX_PARTS, MongoReads, Part, Place, chain};
use crate::block;
use crate::error::StoreError;

/// Parts by the chain they belong to.
pub(super) type Gathered = BTreeMap<Place, Vec<(BlockKey, StoredBlock)>>;

impl MongoReads {
    /// Writes the gathered parts of one kind and day; what is contested among them.
    pub(super) async fn write(&self, shard: u16, gathered: Gathered) -> Result<Vec<Contested>, StoreError> {
        let Some(first) = gathered.keys().next().copied() else {
            return Ok(Vec::new());
        };
        if !self.known().has_day(first) {
            let id = format!("{shard}|{}|{}", first.kind(), first.day);
            self.mongo.insert(DAYS, &[Record::new(id, Vec::new())]).await?;
            self.known().add_day(first);
        }
        let calls = gathered
            .into_iter()
            .map(|(place, parts)| self.write_chain(place, parts));
        stream::iter(calls.collect::<Vec<_>>())
            .buffer_unordered(CHAINS_AT_ONCE)
            .try_concat()
            .await
    }

    async fn write_chain(
        &self,
        place: Place,
        parts: Vec<(BlockKey, StoredBlock)>,
    ) -> Result<Vec<Contested>, StoreError> {
        let name = place.name();
        let chain = chain(&self.mongo, &name);
        let documents = document::encode(parts.iter().map(|(_, block)| block.clone()).collect());
        let from = self.known().epoch(place);
        let view = chain.append(from, &documents).await?;
        self.known().set_epoch(place, view.epoch);
        let contested = if place.telemetry {
            Vec::new() // never is
        } else {
            contested(&view, &parts)?
        };
        if view.is_long(MAX_PARTS) {
            chain.shorten(&view, MAX_PARTS, &document::join).await?;
        }
        Ok(contested)
    }
}

/// Which identities of `parts` are contested in the union that `view` shows.
fn contested(view: &View, parts: &[(BlockKey, StoredBlock)]) -> Result<Vec<Contested>, StoreError> {
    let mut by_meter: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, (_, block)) in parts.iter().enumerate() {
        by_meter.entry(&block.meter).or_default().push(index);
    }
    let mut joined = vec![Vec::new(); parts.len()];
    for content in view.contents() {
        for stored in document::decode(content)? {
            let own = by_meter.get(&*stored.meter).into_iter().flatten();
            for index in own {
                if let Some((entries, _)) = joined
                    .get_mut(*index)
                    .zip(parts.get(*index))
                    .filter(|(_, (_, block))| block.is_of(&stored))
                {
                    block::decode(&stored.entries, entries)
                        .map_err(|error| document::unreadable(&stored.meter, error))?;
                }
            }
        }
    }
    let mut contested = Vec::new();
    for ((key, block), mut joined) in parts.iter().zip(joined) {
        let mut entries = Vec::new();
        block::decode(&block.entries, &mut entries)
            .map_err(|error| document::unreadable(&block.meter, error))?;
        block::canonical(&mut joined);
        let part = Part {
            key: key.clone(),
            entries,
        };
        contested.extend(part.contested(&joined));
    }
    Ok(contested)
}
