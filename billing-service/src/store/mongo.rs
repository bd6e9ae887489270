//! Documents in MongoDB: a collection per kind, `{_id, schema, data, view}` each (see [`service_kit::mongo`]).
//!
//! `data` holds the same bytes as the embedded store does and alone counts; `view` shows what has a form in JSON to people with a
//! shell. A write is durable when it returns, so there is nothing left to sync. Beside them is the log of what changed the register
//! ([`changes`]), by which several processes agree on one that leads.

mod changes;
mod view;

use std::collections::BTreeMap;
use std::ops::Bound;

use service_kit::mongo::{Mongo, Record, after_prefix};

use super::{Collection, DocumentStore, Entry, Inserted};
use crate::error::StoreError;
use changes::{Changes, Places};

/// The log of changes.
const CHANGES: &str = "changes";

/// See [`DocumentStore`].
pub(crate) struct MongoDocuments {
    mongo: Mongo,
    changes: Changes<Mongo>,
}

impl MongoDocuments {
    /// The collections that must be there.
    pub(crate) fn collections() -> impl Iterator<Item = &'static str> {
        let documents = Collection::ALL.iter().map(|collection| collection.name());
        documents.chain([CHANGES])
    }

    /// The documents of a database that was opened with [`Self::collections`].
    pub(crate) fn new(mongo: Mongo) -> Self {
        Self {
            changes: Changes::new(mongo.clone()),
            mongo,
        }
    }
}

/// Writes the entries of each collection together; outcomes in order of the entries.
async fn write(mongo: &Mongo, entries: Vec<Entry>, replace: bool) -> Result<Vec<Inserted>, StoreError> {
    let mut outcomes = vec![Inserted::Already; entries.len()];
    let mut by_collection: BTreeMap<&str, (Vec<usize>, Vec<Record>)> = BTreeMap::new();
    for (place, entry) in entries.into_iter().enumerate() {
        let (places, records) = by_collection.entry(entry.collection.name()).or_default();
        places.push(place);
        records.push(record(entry));
    }
    for (collection, (places, records)) in by_collection {
        let new = if replace {
            mongo.put(collection, &records).await?
        } else {
            mongo.insert(collection, &records).await?
        };
        for (place, _) in places.into_iter().zip(new).filter(|(_, new)| *new) {
            if let Some(outcome) = outcomes.get_mut(place) {
                *outcome = Inserted::New;
            }
        }
    }
    Ok(outcomes)
}

/// So that they are found by `_id` and listed in order.
fn change_id(number: u64) -> String {
    format!("{number:020}")
}

#[async_trait::async_trait]
impl Places for Mongo {
    async fn claim(&self, number: u64, entry: Vec<u8>) -> Result<bool, StoreError> {
        let record = Record::new(change_id(number), entry);
        Ok(self.insert(CHANGES, &[record]).await? == [true])
    }

    async fn entry(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(CHANGES, &change_id(number)).await?)
    }

    async fn put(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        write(self, entries, true).await.map(drop)
    }
}

fn record(entry: Entry) -> Record {
    Record {
        view: view::of(entry.collection, &entry.document),
        id: entry.id,
        data: entry.document,
    }
}

#[async_trait::async_trait]
impl DocumentStore for MongoDocuments {
    async fn insert(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        write(&self.mongo, entries, false).await
    }

    async fn put(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        write(&self.mongo, entries, true).await
    }

    async fn remove(&self, collection: Collection, id: &str) -> Result<(), StoreError> {
        Ok(self.mongo.remove(collection.name(), id).await?)
    }

    async fn get(&self, collection: Collection, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.mongo.get(collection.name(), id).await?)
    }

    async fn list(
        &self,
        collection: Collection,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let to = after_prefix(prefix);
        let found = self
            .mongo
            .range(collection.name(), from, to.as_deref(), limit)
            .await?;
        Ok(found)
    }

    async fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn lead(&self) -> Result<(), StoreError> {
        self.changes.begin().await
    }

    async fn look(&self) -> Result<(), StoreError> {
        self.changes.look().await
    }

    fn leads(&self) -> bool {
        self.changes.leads()
    }

    async fn change(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.changes.change(entries).await
    }

    async fn settle(&self) -> Result<(), StoreError> {
        self.changes.settle().await
    }
}

#[cfg(test)]
mod tests;
