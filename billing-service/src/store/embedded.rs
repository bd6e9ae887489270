//! Documents in the embedded engine: a keyspace per collection.

use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};

use fjall::{Keyspace, PersistMode};
use tokio::sync::Mutex;

use super::{Collection, DocumentStore, Entry, Inserted};
use crate::embedded::Embedded;
use crate::error::StoreError;

/// See [`DocumentStore`].
pub(crate) struct EmbeddedDocuments {
    engine: Embedded,
    keyspaces: Vec<Keyspace>,
    /// Held from looking whether an id is free to taking it.
    writer: std::sync::Mutex<()>,
    /// Writes so far; what is below [`Self::synced`] is durable.
    written: AtomicU64,
    synced: Mutex<u64>,
}

impl EmbeddedDocuments {
    /// The documents of an open engine.
    pub(crate) fn open(engine: &Embedded) -> Result<Self, StoreError> {
        let open = |collection: &Collection| engine.documents(collection.name());
        Ok(Self {
            engine: engine.clone(),
            keyspaces: Collection::ALL.iter().map(open).collect::<Result<_, _>>()?,
            writer: std::sync::Mutex::new(()),
            written: AtomicU64::new(0),
            synced: Mutex::new(0),
        })
    }

    fn keyspace(&self, collection: Collection) -> Result<&Keyspace, StoreError> {
        let index = Collection::ALL.iter().position(|known| *known == collection);
        index
            .and_then(|index| self.keyspaces.get(index))
            .ok_or(StoreError::Closing)
    }

    fn write(&self, entries: Vec<Entry>, replace: bool) -> Result<Vec<Inserted>, StoreError> {
        // Nothing is broken by a panic while the lock was held: a batch is written whole or not at all.
        let _writing = self
            .writer
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut batch = self.engine.database().batch();
        let mut outcomes = Vec::with_capacity(entries.len());
        let mut taken = std::collections::BTreeSet::new();
        for entry in entries {
            let keyspace = self.keyspace(entry.collection)?;
            let there = keyspace.contains_key(&entry.id)?
                || !taken.insert((entry.collection.name(), entry.id.clone()));
            if replace || !there {
                batch.insert(keyspace, entry.id, entry.document);
            }
            outcomes.push(if there { Inserted::Already } else { Inserted::New });
        }
        batch.commit()?;
        self.written.fetch_add(1, Ordering::Release);
        Ok(outcomes)
    }
}

#[async_trait::async_trait]
impl DocumentStore for EmbeddedDocuments {
    async fn insert(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        self.write(entries, false)
    }

    async fn put(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        self.write(entries, true)
    }

    async fn remove(&self, collection: Collection, id: &str) -> Result<(), StoreError> {
        self.keyspace(collection)?.remove(id)?;
        self.written.fetch_add(1, Ordering::Release);
        Ok(())
    }

    async fn get(&self, collection: Collection, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .keyspace(collection)?
            .get(id)?
            .map(|document| document.to_vec()))
    }

    async fn list(
        &self,
        collection: Collection,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.as_bytes()),
            _ => Bound::Included(prefix.as_bytes()),
        };
        let mut found = Vec::new();
        for guard in self
            .keyspace(collection)?
            .range::<&[u8], _>((start, Bound::Unbounded))
        {
            let (key, document) = guard.into_inner()?;
            if !key.starts_with(prefix.as_bytes()) || found.len() >= limit {
                break;
            }
            let id = String::from_utf8(key.to_vec()).map_err(|_| StoreError::Damaged {
                what: collection.name(),
                reason: "an id is not text".to_owned(),
            })?;
            found.push((id, document.to_vec()));
        }
        Ok(found)
    }

    /// Whoever waits while another syncs is often covered by that: one sync serves many.
    async fn sync(&self) -> Result<(), StoreError> {
        let mine = self.written.load(Ordering::Acquire);
        let mut synced = self.synced.lock().await;
        if *synced >= mine {
            return Ok(());
        }
        let upto = self.written.load(Ordering::Acquire);
        let engine = self.engine.clone();
        let persist = tokio::task::spawn_blocking(move || engine.database().persist(PersistMode::SyncAll));
        persist.await.map_err(|_| StoreError::Closing)??;
        *synced = upto;
        Ok(())
    }
}
