//! The log of what changed the register, and who may change it: entries `1, 2, 3 ...` without gaps, each claimed by an insert.
//!
//! * [`Changes::begin`] is how a leader begins: an entry without documents. Whoever led before claims the same number for its next change and finds it taken. Then
//!   the last change is put again, because who made it may have stopped half-way. Only then is anything read.
//! * [`Changes::change`] claims the next number for documents, *then* puts them into their collections, *then* looks whether the number after it is taken.
//!   If so another leader began meanwhile, and what was put may have taken the place of something newer: that is put again, from the log, until nothing newer
//!   is found. So the collections hold what the log says, whoever is late.
//! * [`Changes::look`] is certain only of the moment before it was asked, so whoever needs more than "a moment ago" asks again afterwards.
//!
//! Not covered is a leader that stands still within one call of the database for longer than its successor leads, and one that is late in that way and dies before it
//! looks: what it put stays where something newer was, until that object is changed again. The log has both. So that only what is on its way to the database can
//! be late, it is asked between a few documents and the next whether anybody has begun.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prost::Message;
use tokio::time::Instant;

use super::super::{Collection, Entry};
use crate::error::StoreError;

/// An answer is given when it was looked so long ago at most that nobody else leads.
const FRESH: Duration = Duration::from_secs(3);

/// Documents put between two looks whether another leader began.
const PUT_AT_ONCE: usize = 128;

/// The log and the collections; a database, and a model of it.
#[async_trait::async_trait]
pub(super) trait Places: Send + Sync {
    /// Keeps entry `number` unless it is taken: whether it was free.
    async fn claim(&self, number: u64, entry: Vec<u8>) -> Result<bool, StoreError>;

    /// Entry `number`.
    async fn entry(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts documents into their collections; no two with the same id.
    async fn put(&self, entries: Vec<Entry>) -> Result<(), StoreError>;
}

/// An entry: a change, or the beginning of a leader.
#[derive(Clone, PartialEq, Message)]
struct Change {
    /// Drawn by every process that begins.
    #[prost(fixed64, tag = "1")]
    writer: u64,
    /// Of a beginning: the number of the last change before it; 0 = there is none.
    #[prost(uint64, tag = "2")]
    last: u64,
    /// Of a change: what it put.
    #[prost(message, repeated, tag = "3")]
    documents: Vec<Put>,
}

#[derive(Clone, PartialEq, Message)]
struct Put {
    #[prost(string, tag = "1")]
    collection: String,
    #[prost(string, tag = "2")]
    id: String,
    #[prost(bytes = "vec", tag = "3")]
    document: Vec<u8>,
}

/// One process and the log.
pub(super) struct Changes<P> {
    places: P,
    writer: u64,
    /// The number that this process claims next; 0 = it never began.
    next: AtomicU64,
    /// Another leader was seen: for good.
    replaced: AtomicBool,
    /// When it was last asked whether there is another, and there was none.
    looked: Mutex<Option<Instant>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
}

impl<P: Places> Changes<P> {
    pub(super) fn new(places: P) -> Self {
        Self {
            places,
            writer: RandomState::new().hash_one("writer"),
            next: AtomicU64::new(0),
            replaced: AtomicBool::new(false),
            looked: Mutex::new(None),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// From now on this process leads, and nobody who did before changes anything.
    ///
    /// # Errors
    /// [`StoreError`]; it does not lead then.
    pub(super) async fn begin(&self) -> Result<(), StoreError> {
        let _one = self.changing.lock().await;
        let asked = Instant::now();
        let mut number = self.first_free().await?;
        let last = loop {
            let last = self.last_change_before(number).await?;
            let beginning = Change {
                writer: self.writer,
                last,
                documents: Vec::new(),
            };
            if self.claim(number, &beginning).await? {
                break last;
            }
            number = number.saturating_add(1);
        };
        self.next.store(number.saturating_add(1), Ordering::Release);
        self.replaced.store(false, Ordering::Release);
        if last > 0 {
            let change = self.entry(last).await?.ok_or_else(|| missing(last))?;
            self.put(change).await?;
        }
        self.looked_at(asked);
        Ok(())
    }

    /// Keeps `entries` together, also when this process stops half-way.
    ///
    /// # Errors
    /// [`StoreError::NotLeading`] when another process began; after anything else it is not known whether they are kept: [`Self::settle`].
    pub(super) async fn change(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let _one = self.changing.lock().await;
        let number = self.next()?;
        let put = |entry: Entry| Put {
            collection: entry.collection.name().to_owned(),
            id: entry.id,
            document: entry.document,
        };
        let change = Change {
            writer: self.writer,
            last: 0,
            documents: entries.into_iter().map(put).collect(),
        };
        if !self.claim(number, &change).await? {
            return match self.entry(number).await? {
                Some(taken) if taken.writer == self.writer => Err(StoreError::Contended), // an earlier one, that was not settled
                _ => Err(self.is_replaced()),
            };
        }
        self.next.store(number.saturating_add(1), Ordering::Release);
        self.put(change).await
    }

    /// Finishes a change whose outcome is not known.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub(super) async fn settle(&self) -> Result<(), StoreError> {
        let _one = self.changing.lock().await;
        let number = self.next()?;
        match self.entry(number).await? {
            Some(own) if own.writer == self.writer => {
                self.next.store(number.saturating_add(1), Ordering::Release);
                self.put(own).await
            }
            Some(_) => Err(self.is_replaced()),
            None => match self.entry(number.saturating_sub(1)).await? {
                Some(before) => self.put(before).await,
                None => Err(missing(number.saturating_sub(1))),
            },
        }
    }

    /// Asks whether nobody else has begun.
    ///
    /// # Errors
    /// [`StoreError::NotLeading`] when somebody has, any other when it cannot be known.
    pub(super) async fn look(&self) -> Result<(), StoreError> {
        let asked = Instant::now();
        let number = self.next()?;
        match self.entry(number).await? {
            // This process may be changing something at the moment.
            Some(entry) if entry.writer != self.writer => Err(self.is_replaced()),
            _ => {
                self.looked_at(asked);
                Ok(())
            }
        }
    }

    /// Whether it was certain a moment ago that nobody else leads.
    pub(super) fn leads(&self) -> bool {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        !self.replaced.load(Ordering::Acquire) && looked.is_some_and(|looked| looked.elapsed() <= FRESH)
    }

    fn looked_at(&self, asked: Instant) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
    }

    fn next(&self) -> Result<u64, StoreError> {
        let next = self.next.load(Ordering::Acquire);
        if next == 0 || self.replaced.load(Ordering::Acquire) {
            return Err(StoreError::NotLeading);
        }
        Ok(next)
    }

    fn is_replaced(&self) -> StoreError {
        self.replaced.store(true, Ordering::Release);
        StoreError::NotLeading
    }

    /// Puts what `change` has; nothing newer stays overwritten.
    async fn put(&self, change: Change) -> Result<(), StoreError> {
        let ids: HashSet<(String, String)> = change.documents.iter().map(key).collect();
        let mut documents = change.documents;
        let mut number = self.next.load(Ordering::Acquire);
        loop {
            let mut few = entries(documents)?.into_iter().peekable();
            while few.peek().is_some() {
                self.places.put(few.by_ref().take(PUT_AT_ONCE).collect()).await?;
                if few.peek().is_some() && self.entry(number).await?.is_some() {
                    break; // whoever began puts all of it
                }
            }
            let Some(newer) = self.entry(number).await? else {
                break;
            };
            self.replaced.store(true, Ordering::Release);
            number = number.saturating_add(1);
            documents = newer.documents;
            documents.retain(|document| ids.contains(&key(document)));
        }
        self.next().map(drop)
    }

    /// Claims `number`: also true when it was claimed for the same before, by a write that was done twice.
    async fn claim(&self, number: u64, change: &Change) -> Result<bool, StoreError> {
        Ok(self.places.claim(number, change.encode_to_vec()).await?
            || self.entry(number).await?.as_ref() == Some(change))
    }

    async fn entry(&self, number: u64) -> Result<Option<Change>, StoreError> {
        let damaged = |error: prost::DecodeError| StoreError::Damaged {
            what: "change of the register",
            reason: error.to_string(),
        };
        let entry = self.places.entry(number).await?;
        let decode = |bytes: Vec<u8>| Change::decode(bytes.as_slice()).map_err(damaged);
        entry.map(decode).transpose()
    }

    async fn last_change_before(&self, number: u64) -> Result<u64, StoreError> {
        let before = number.saturating_sub(1);
        if before == 0 {
            return Ok(0);
        }
        let entry = self.entry(before).await?.ok_or_else(|| missing(before))?;
        Ok(if entry.documents.is_empty() {
            entry.last
        } else {
            before
        })
    }

    /// The log has no gaps: by growing steps, then by halving the last of them.
    async fn first_free(&self) -> Result<u64, StoreError> {
        let (mut taken, mut free) = (0_u64, 1_u64);
        while self.places.entry(free).await?.is_some() {
            (taken, free) = (free, free.saturating_mul(2));
        }
        while free.saturating_sub(taken) > 1 {
            let middle = taken.midpoint(free);
            if self.places.entry(middle).await?.is_some() {
                taken = middle;
            } else {
                free = middle;
            }
        }
        Ok(free)
    }
}

fn key(put: &Put) -> (String, String) {
    (put.collection.clone(), put.id.clone())
}

fn entries(documents: Vec<Put>) -> Result<Vec<Entry>, StoreError> {
    let entry = |put: Put| {
        let known = Collection::ALL
            .iter()
            .find(|collection| collection.name() == put.collection);
        let collection = *known.ok_or_else(|| StoreError::Damaged {
            what: "change of the register",
            reason: format!("there is no collection {:?}", put.collection),
        })?;
        Ok(Entry {
            collection,
            id: put.id,
            document: put.document,
        })
    };
    documents.into_iter().map(entry).collect()
}

fn missing(number: u64) -> StoreError {
    StoreError::Damaged {
        what: "log of changes",
        reason: format!("number {number} is missing"),
    }
}

#[cfg(test)]
mod tests;
