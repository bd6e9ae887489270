//! The register (`BILLING` 1): who and what is where, since when. Every write is judged against what is there; nothing is guessed.

mod check;
mod index;
mod staging;
mod terms;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use proto::billing::RegisterObject;

use index::Index;
pub(crate) use index::{Id, MeterFacts, NO_GROUP};
use staging::{Staging, VERSION};
pub(crate) use terms::{stretches, terms};

use crate::error::{Error, StoreError};
use crate::store::{Entry, Kept, RegisterDocument, Store};

/// Most objects of a call: they are judged in one go, and readings wait while they enter the index.
const MAX_OBJECTS: usize = 1_000;

/// The register: documents in the store, and an index of them in memory.
pub(crate) struct Register {
    store: Store,
    index: RwLock<Index>,
    /// One write at a time: what was judged is still so when it is written.
    writer: tokio::sync::Mutex<()>,
    /// The store may have more than the index: a write did not see its end.
    doubtful: AtomicBool,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Created,
    Replaced,
    /// The same object was there: nothing changed.
    Unchanged,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) outcome: Outcome,
    pub(crate) version: u64,
}

/// What a write of many did.
#[derive(Debug)]
pub(crate) struct Many {
    /// One per object, in their order.
    pub(crate) results: Vec<Result<Outcome, Error>>,
    pub(crate) version: u64,
}

impl Register {
    /// Reads the register of a store.
    pub(crate) async fn open(store: Store) -> Result<Self, StoreError> {
        let index = Self::read(&store, Index::default()).await?;
        Ok(Self {
            store,
            index: RwLock::new(index),
            writer: tokio::sync::Mutex::default(),
            doubtful: AtomicBool::new(false),
        })
    }

    async fn read(store: &Store, mut index: Index) -> Result<Index, StoreError> {
        store
            .for_each("", |point| index.put_service_point(&point))
            .await?;
        store.for_each("", |meter| index.put_meter(&meter)).await?;
        store
            .for_each("", |installation| index.put_installation(None, &installation))
            .await?;
        store
            .for_each("", |agreement| index.put_agreement(None, &agreement))
            .await?;
        let version = store.get::<Kept>(VERSION).await?.map_or(0, |kept| kept.value);
        index.version = u64::try_from(version).unwrap_or_default();
        Ok(index)
    }

    /// Writes what was judged. Call with the writer held.
    async fn change_store(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.doubtful.store(true, Ordering::Release); // also for a caller who goes away
        self.store.backend().change(entries).await?;
        self.doubtful.store(false, Ordering::Release);
        Ok(())
    }

    /// Brings store and index together again after a write that did not see its end.
    ///
    /// # Errors
    /// [`StoreError`]; until it succeeds nothing is written.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        let _writing = self.writer.lock().await;
        self.settle_now().await
    }

    /// As [`Self::settle`], with the writer held.
    async fn settle_now(&self) -> Result<(), StoreError> {
        if self.doubtful.load(Ordering::Acquire) {
            self.store.backend().settle().await?;
            let empty = self.index().emptied();
            let index = Self::read(&self.store, empty).await?;
            self.change(|known| *known = index);
            self.doubtful.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// The index as it is now; not to be held across an await.
    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Inserts or replaces one object; durable when it returns.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`] for what it names, [`Error::Conflict`] with what is there.
    pub(crate) async fn put(&self, object: RegisterObject) -> Result<Written, Error> {
        let many = self.put_many(vec![object], false).await?;
        // One object has one result.
        let outcome = many
            .results
            .into_iter()
            .next()
            .unwrap_or(Ok(Outcome::Unchanged))?;
        Ok(Written {
            outcome,
            version: many.version,
        })
    }

    /// Inserts or replaces objects in their order, each judged after those before it; durable together when it returns. A dry run
    /// judges in the same way and keeps nothing. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Invalid`] for too many, [`Error::Store`]; what is wrong with an object is its result.
    pub(crate) async fn put_many(&self, objects: Vec<RegisterObject>, dry_run: bool) -> Result<Many, Error> {
        if objects.len() > MAX_OBJECTS {
            return Err(Error::Invalid {
                reason: "TOO_MANY",
                message: format!("a call has at most {MAX_OBJECTS} objects"),
            });
        }
        let _writing = self.writer.lock().await;
        self.settle_now().await?;
        let mut staging = Staging::new(self);
        let mut results = Vec::with_capacity(objects.len());
        for object in objects {
            let result = match object.object {
                Some(object) => staging.put(object).await,
                None => Err(Error::Invalid {
                    reason: "NO_OBJECT",
                    message: "the object is empty".to_owned(),
                }),
            };
            match result {
                Err(error @ Error::Store(_)) => return Err(error),
                result => results.push(result),
            }
        }
        let version = if dry_run {
            self.index().version
        } else {
            staging.commit().await?
        };
        Ok(Many { results, version })
    }

    /// The object of this kind with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn find<D: RegisterDocument>(&self, id: &str) -> Result<D, Error> {
        self.store.get(id).await?.ok_or_else(|| Error::NotFound {
            what: D::KIND,
            id: id.to_owned(),
        })
    }

    /// The object of this kind with this id, if there is one.
    pub(crate) async fn lookup<D: RegisterDocument>(&self, id: &str) -> Result<Option<D>, StoreError> {
        self.store.get(id).await
    }

    /// Objects of one kind in order of id.
    pub(crate) async fn list<D: RegisterDocument>(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<D>, StoreError> {
        self.store.list("", after, limit).await
    }
}

/// A register that everybody shares.
pub(crate) type SharedRegister = Arc<Register>;

#[cfg(test)]
pub(crate) mod tests;
