//! Documents in MongoDB, found by `_id`: what the stores of the services need of it, under the rules that keep them right.
//!
//! The same code is right on MongoDB from 4.4 on, alone, as a replica set or sharded, and on `FerretDB` 1.24. So nothing here needs a
//! transaction, a session, an update of part of a document, an aggregation, or an index beside the one of `_id` that every collection
//! has. Every write waits for the journals of a majority (also one that finds its `_id` taken: then for what took
//! it), every read asks the primary for what a majority has, and every call ends by a deadline of our own: the driver has none for an
//! answer.

mod connect;
mod error;
mod record;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use mongodb::Database;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::error::{Error as DriverError, ErrorKind as DriverErrorKind, WriteFailure};
use tokio::sync::Semaphore;

use crate::config::Problem;
use crate::{BackendUrl, OnFailure, Tasks, Told, until_up};
use model::ErrorKind;

pub use error::MongoError;
pub use record::{Record, SCHEMA};

/// Connections to a server at most.
const POOL: u32 = 32;
/// How long a call may look for a server that takes it.
const SELECTION: Duration = Duration::from_secs(3);
/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// A call that was not answered by then failed, and its outcome is not known. Its connection is closed.
const DEADLINE: Duration = Duration::from_secs(10);
/// Replacements and removals in flight, one statement each. `FerretDB` hangs for good when those of all its clients take the half of its
/// pool, which is 50 unless configured: so three programs may share a server. Inserts are not concerned.
const REPLACEMENTS_IN_FLIGHT: usize = 8;
/// A replacement that inserts may lose the race with another's insert; it then finds the document and replaces it.
const RACES: usize = 3;
/// How often the server is asked whether it is there, and how long its answer may take.
const PING_EVERY: Duration = Duration::from_secs(1);
const PING_WITHIN: Duration = Duration::from_secs(2);
/// The code of an insert that found its `_id` taken.
const DUPLICATE_KEY: i32 = 11_000;
/// The code of making a collection that is there.
const NAMESPACE_EXISTS: i32 = 48;

/// A database. A clone is the same one, with the same bounds.
#[derive(Clone)]
pub struct Mongo {
    database: Database,
    /// Host and port of every server named, without user and password.
    servers: Arc<str>,
    replacements: Arc<Semaphore>,
    /// How many calls were answered.
    answered: Arc<AtomicU64>,
}

/// What is wrong with `url` as the value of `key`, as far as that can be seen without a server; never with the password in it.
#[must_use]
pub fn problem(key: &str, url: &BackendUrl) -> Option<Problem> {
    let wrong = connect::check(url.secret()).err()?;
    Some(Problem::new(key, wrong.to_string()))
}

impl Mongo {
    /// Connects to the database that `url` names (`gridtally` when it names none) and sees to it that it can keep `collections`: the
    /// server is recent enough, and each collection is there, sorted and unique by the bytes of `_id`.
    ///
    /// # Errors
    /// [`MongoError`]; no error ever shows the password.
    pub async fn open(url: &str, collections: &[&str]) -> Result<Self, MongoError> {
        let mongo = connect::connect(url).await?;
        connect::prepare(&mongo, collections).await?;
        Ok(mongo)
    }

    /// As [`Self::open`], waiting for a server that is not up yet. From then on, until `tasks` are asked to stop, the server is asked
    /// again and again whether it is there, and `told` says so.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_watched(
        url: &str,
        collections: &[&str],
        told: Told,
        tasks: &Tasks,
    ) -> Result<Self, MongoError> {
        let is_away = |error: &MongoError| error.kind() == ErrorKind::Unavailable;
        let mongo = until_up(&told, is_away, || Self::open(url, collections)).await?;
        let (watched, stop) = (mongo.clone(), tasks.stop_token());
        tasks.spawn("store watch", OnFailure::Log, async move {
            let watching = async {
                loop {
                    tokio::time::sleep(PING_EVERY).await;
                    let answered = watched.answered.load(Ordering::Relaxed);
                    match watched.ping().await {
                        Ok(()) => told.up(),
                        // A server that is busy with other calls is there.
                        Err(_) if watched.answered.load(Ordering::Relaxed) != answered => told.up(),
                        Err(error) => told.down("it does not answer", &crate::chain(&error)),
                    }
                }
            };
            stop.run_until_cancelled(watching).await;
            Ok::<(), Infallible>(())
        });
        Ok(mongo)
    }

    async fn ping(&self) -> Result<(), MongoError> {
        let question = self.database.run_command(doc! { "ping": 1 }).into_future();
        self.within_time(PING_WITHIN, question).await.map(drop)
    }

    /// Keeps each record unless one with its id is there already: whether it was kept, by index. Of several with one id the first
    /// counts. Safe to repeat; each record is kept whole or not at all.
    ///
    /// # Errors
    /// [`MongoError`]; any of them may then be kept.
    pub async fn insert(&self, collection: &str, records: &[Record]) -> Result<Vec<bool>, MongoError> {
        let mut kept = vec![false; records.len()];
        let mut ids = HashSet::new();
        let mut places = Vec::with_capacity(records.len());
        let mut documents = Vec::with_capacity(records.len());
        for (place, record) in records.iter().enumerate() {
            if ids.insert(record.id.as_str()) {
                places.push(place);
                documents.push(record.document());
            }
        }
        if documents.is_empty() {
            return Ok(kept);
        }
        let target = self.database.collection::<Document>(collection);
        let outcome = self
            .within(answer_of(target.insert_many(&documents).ordered(false)))
            .await?;
        let taken = match outcome {
            Ok(_) => HashSet::new(),
            Err(error) => taken_of(&error).ok_or_else(|| self.failed(error))?,
        };
        for (index, place) in places.into_iter().enumerate() {
            if let Some(kept) = kept.get_mut(place) {
                *kept = !taken.contains(&index);
            }
        }
        Ok(kept)
    }

    /// Keeps each record in place of the one with its id: whether there was none, by index. Of several with one id the last counts,
    /// and all but the first find one. Safe to repeat.
    ///
    /// # Errors
    /// [`MongoError`]; any of them may then be kept.
    pub async fn put(&self, collection: &str, records: &[Record]) -> Result<Vec<bool>, MongoError> {
        let mut of_id: HashMap<&str, (usize, &Record)> = HashMap::new();
        for (place, record) in records.iter().enumerate() {
            of_id
                .entry(&record.id)
                .and_modify(|(_, last)| *last = record)
                .or_insert((place, record));
        }
        let replace = |(place, record)| async move {
            let new: bool = self.replace(collection, record).await?;
            Ok::<_, MongoError>((place, new))
        };
        let calls: Vec<_> = of_id.into_values().map(replace).collect();
        let replaced: Vec<(usize, bool)> = stream::iter(calls)
            .buffer_unordered(REPLACEMENTS_IN_FLIGHT)
            .try_collect()
            .await?;
        let mut new = vec![false; records.len()];
        for (place, inserted) in replaced {
            if let Some(new) = new.get_mut(place) {
                *new = inserted;
            }
        }
        Ok(new)
    }

    async fn replace(&self, collection: &str, record: &Record) -> Result<bool, MongoError> {
        let target = self.database.collection::<Document>(collection);
        let document = record.document();
        let mut races = 0;
        loop {
            let _permit = self.replacements.acquire().await;
            let outcome = self
                .within(answer_of(
                    target
                        .replace_one(doc! { "_id": &record.id }, &document)
                        .upsert(true),
                ))
                .await?;
            match outcome {
                Ok(result) => return Ok(result.upserted_id.is_some()),
                Err(error) if races < RACES && is_duplicate(&error) => races += 1,
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// Forgets the record with this id; safe to repeat.
    ///
    /// # Errors
    /// [`MongoError`]; it may then be forgotten.
    pub async fn remove(&self, collection: &str, id: &str) -> Result<(), MongoError> {
        let target = self.database.collection::<Document>(collection);
        let _permit = self.replacements.acquire().await;
        self.within(async { target.delete_one(doc! { "_id": id }).await })
            .await?;
        Ok(())
    }

    /// The bytes of the record with this id.
    ///
    /// # Errors
    /// [`MongoError`], among others [`MongoError::Damaged`].
    pub async fn get(&self, collection: &str, id: &str) -> Result<Option<Vec<u8>>, MongoError> {
        let target = self.database.collection::<RawDocumentBuf>(collection);
        let found = self
            .within(async { target.find_one(doc! { "_id": id }).await })
            .await?;
        let read = |document: RawDocumentBuf| Ok(record::read(collection, &document)?.1);
        found.map(read).transpose()
    }

    /// Records with ids from `from` and below `to`, in order of the bytes of their ids, at most `limit`: (id, bytes).
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn range(
        &self,
        collection: &str,
        from: Bound<&str>,
        to: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, MongoError> {
        let mut range = match from {
            Bound::Included(from) => doc! { "$gte": from },
            Bound::Excluded(after) => doc! { "$gt": after },
            Bound::Unbounded => doc! { "$gte": "" },
        };
        if let Some(to) = to {
            range.insert("$lt", to);
        }
        let target = self.database.collection::<RawDocumentBuf>(collection);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found: Vec<RawDocumentBuf> = self
            .within(async {
                let cursor = target.find(doc! { "_id": range }).sort(doc! { "_id": 1 });
                cursor.limit(limit).await?.try_collect().await
            })
            .await?;
        found
            .iter()
            .map(|document| record::read(collection, document))
            .collect()
    }

    /// Runs a call under the deadline.
    async fn within<T>(&self, call: impl Future<Output = Result<T, DriverError>>) -> Result<T, MongoError> {
        self.within_time(DEADLINE, call).await
    }

    async fn within_time<T>(
        &self,
        time: Duration,
        call: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, MongoError> {
        match tokio::time::timeout(time, call).await {
            Ok(Ok(answer)) => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                Ok(answer)
            }
            Ok(Err(error)) => Err(self.failed(error)),
            Err(_) => Err(MongoError::Deadline {
                servers: self.servers.to_string(),
                seconds: time.as_secs(),
            }),
        }
    }

    fn failed(&self, source: DriverError) -> MongoError {
        MongoError::Failed {
            servers: self.servers.to_string(),
            source: Box::new(source),
        }
    }
}

/// What a server said to `call`, a refusal too; an error is left where none answered.
async fn answer_of<T>(
    call: impl IntoFuture<Output = Result<T, DriverError>>,
) -> Result<Result<T, DriverError>, DriverError> {
    match call.await {
        Err(error) if !is_answer(&error) => Err(error),
        outcome => Ok(outcome),
    }
}

fn is_answer(error: &DriverError) -> bool {
    matches!(
        &*error.kind,
        DriverErrorKind::InsertMany(_) | DriverErrorKind::Write(_) | DriverErrorKind::Command(_)
    )
}

/// The first text after every text that begins with `prefix`; none when there is no such text.
#[must_use]
pub fn after_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // the order of UTF-8 bytes is the order of characters; the range steps over what is no character
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// The indexes whose ids were taken, if that is all that was wrong.
fn taken_of(error: &DriverError) -> Option<HashSet<usize>> {
    let DriverErrorKind::InsertMany(failure) = &*error.kind else {
        return None;
    };
    let taken = failure.write_errors.as_ref()?;
    let only_taken =
        failure.write_concern_error.is_none() && taken.iter().all(|error| error.code == DUPLICATE_KEY);
    only_taken.then(|| taken.iter().map(|error| error.index).collect())
}

fn is_duplicate(error: &DriverError) -> bool {
    match &*error.kind {
        DriverErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        DriverErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
