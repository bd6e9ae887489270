//! Documents in MongoDB: a collection per kind, `{_id, schema, data, view}` each (see [`service_kit::mongo`]).
//!
//! `data` holds the same bytes as the embedded store does and alone counts; `view` shows what has a form in JSON to people with a
//! shell. A write is durable when it returns, so there is nothing left to sync.

mod view;

use std::collections::BTreeMap;
use std::ops::Bound;

use service_kit::mongo::{Mongo, Record, after_prefix};

use super::{Collection, DocumentStore, Entry, Inserted};
use crate::error::StoreError;

/// See [`DocumentStore`].
pub(crate) struct MongoDocuments {
    mongo: Mongo,
}

impl MongoDocuments {
    /// The collections that must be there.
    pub(crate) fn collections() -> impl Iterator<Item = &'static str> {
        Collection::ALL.iter().map(|collection| collection.name())
    }

    /// The documents of a database that was opened with [`Self::collections`].
    pub(crate) fn new(mongo: Mongo) -> Self {
        Self { mongo }
    }

    /// Writes the entries of each collection together; outcomes in order of the entries.
    async fn write(&self, entries: Vec<Entry>, replace: bool) -> Result<Vec<Inserted>, StoreError> {
        let mut outcomes = vec![Inserted::Already; entries.len()];
        let mut by_collection: BTreeMap<&str, (Vec<usize>, Vec<Record>)> = BTreeMap::new();
        for (place, entry) in entries.into_iter().enumerate() {
            let (places, records) = by_collection.entry(entry.collection.name()).or_default();
            places.push(place);
            records.push(record(entry));
        }
        for (collection, (places, records)) in by_collection {
            let new = if replace {
                self.mongo.put(collection, &records).await?
            } else {
                self.mongo.insert(collection, &records).await?
            };
            for (place, _) in places.into_iter().zip(new).filter(|(_, new)| *new) {
                if let Some(outcome) = outcomes.get_mut(place) {
                    *outcome = Inserted::New;
                }
            }
        }
        Ok(outcomes)
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
        self.write(entries, false).await
    }

    async fn put(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        self.write(entries, true).await
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
}

#[cfg(test)]
mod tests;
