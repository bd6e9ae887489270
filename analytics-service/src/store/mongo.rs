//! Windows in MongoDB, without a transaction: a day's values in `usage_windows`, what is known of it in `usage_days`, and how far a
//! shard was consumed and its meters in `usage_state`; ids are `<shard>|<day>`, `progress|<shard>`, `meters|<shard>`, and `origin` for
//! whose readings they are.
//!
//! A batch is written in an order that makes every crash harmless: a day is marked stale at its new position before its values are
//! replaced and until they are; the marks of other days come next, and the progress last, so that what is not in the values is read
//! again or folded again. The later position wins as far as whoever writes can see; what a stale owner overwrote all the same is
//! repaired when the day is closed.

use std::ops::Bound;

use prost::Message;
use service_kit::mongo::{Mongo, MongoError, Record, after_prefix};
use service_kit::{Tasks, Told};

use super::compact::{CompactDay, CompactGroup};
use super::{
    Batch, DayDocument, DayHeader, Kept, MetersDocument, Origin, Progress, SCHEMA, StoreError, WindowStore,
    current, decoded,
};

const WINDOWS: &str = "usage_windows";
const DAYS: &str = "usage_days";
const STATE: &str = "usage_state";
/// The document with [`Origin`].
const ORIGIN: &str = "origin";
/// Headers listed at once.
const LISTED_AT_ONCE: usize = 1_000;

/// Windows in a database.
pub struct MongoWindows {
    mongo: Mongo,
}

impl From<MongoError> for StoreError {
    fn from(error: MongoError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl MongoWindows {
    /// Opens the store in the database that `url` names.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when it cannot be used.
    pub async fn open(url: &str, told: Told, tasks: &Tasks) -> Result<Self, StoreError> {
        let mongo = Mongo::open_watched(url, &[WINDOWS, DAYS, STATE], told, tasks).await?;
        Ok(Self { mongo })
    }

    async fn get<M: Message + Default>(&self, collection: &str, id: &str) -> Result<Option<M>, StoreError> {
        let found = self.mongo.get(collection, id).await?;
        found.map(|bytes| decoded(&bytes)).transpose()
    }

    async fn put(&self, collection: &str, id: &str, message: &impl Message) -> Result<(), StoreError> {
        let record = Record::new(id, message.encode_to_vec());
        self.mongo.put(collection, &[record]).await?;
        Ok(())
    }

    async fn header(&self, id: &str) -> Result<Option<DayHeader>, StoreError> {
        let header: Option<DayHeader> = self.get(DAYS, id).await?;
        header.map(|header| current(header.schema, header)).transpose()
    }

    async fn save_day(&self, shard: u16, document: DayDocument) -> Result<(), StoreError> {
        let id = day_id(shard, document.header.day);
        let there = self.header(&id).await?;
        if there.is_some_and(|there| there.position > document.header.position) {
            return Ok(());
        }
        let header = DayHeader {
            schema: SCHEMA,
            ..document.header
        };
        let under_way = DayHeader {
            stale: true,
            closed: false,
            ..header
        };
        let values = CompactDay {
            schema: SCHEMA,
            groups: document.groups.into_iter().map(CompactGroup::new).collect(),
        };
        self.put(DAYS, &id, &under_way).await?;
        self.put(WINDOWS, &id, &values).await?;
        self.put(DAYS, &id, &header).await
    }

    async fn mark(&self, shard: u16, day: i32) -> Result<(), StoreError> {
        let id = day_id(shard, day);
        let header = DayHeader {
            schema: SCHEMA,
            day,
            stale: true,
            closed: false,
            ..self.header(&id).await?.unwrap_or_default()
        };
        self.put(DAYS, &id, &header).await
    }

    async fn save_progress(&self, shard: u16, progress: Progress) -> Result<(), StoreError> {
        let id = progress_id(shard);
        let there: Option<Progress> = self.get(STATE, &id).await?;
        if there.is_some_and(|there| there.position > progress.position) {
            return Ok(());
        }
        let progress = Progress {
            schema: SCHEMA,
            ..progress
        };
        self.put(STATE, &id, &progress).await
    }
}

#[async_trait::async_trait]
impl WindowStore for MongoWindows {
    async fn settle(&self, billing_store: &str) -> Result<String, StoreError> {
        let wanted = Origin::new(billing_store);
        let record = Record::new(ORIGIN, wanted.encode_to_vec());
        self.mongo.insert(STATE, &[record]).await?; // of two that come at once, one is kept
        let kept: Option<Origin> = self.get(STATE, ORIGIN).await?;
        kept.unwrap_or(wanted).billing_store()
    }

    fn place(&self) -> String {
        format!("the collections {WINDOWS}, {DAYS} and {STATE}")
    }

    async fn kept(&self, shard: u16) -> Result<Kept, StoreError> {
        let progress: Option<Progress> = self.get(STATE, &progress_id(shard)).await?;
        let meters: Option<MetersDocument> = self.get(STATE, &meters_id(shard)).await?;
        let prefix = format!("{shard}|");
        let end = after_prefix(&prefix);
        let mut days = Vec::new();
        let mut from = prefix;
        loop {
            let page = self
                .mongo
                .range(DAYS, Bound::Excluded(&from), end.as_deref(), LISTED_AT_ONCE)
                .await?;
            for (_, bytes) in &page {
                let header: DayHeader = decoded(bytes)?;
                days.push(current(header.schema, header)?);
            }
            match page.into_iter().nth(LISTED_AT_ONCE - 1) {
                Some((last, _)) => from = last,
                None => break,
            }
        }
        days.sort_by_key(|header| header.day);
        Ok(Kept {
            progress: progress
                .map(|progress| current(progress.schema, progress))
                .transpose()?,
            meters: meters.map(|meters| current(meters.schema, meters)).transpose()?,
            days,
        })
    }

    async fn day(&self, shard: u16, day: i32) -> Result<Option<DayDocument>, StoreError> {
        let id = day_id(shard, day);
        let Some(header) = self.header(&id).await? else {
            return Ok(None);
        };
        let values: Option<CompactDay> = self.get(WINDOWS, &id).await?;
        let groups = match values {
            Some(values) => current(values.schema, values.groups)?,
            None => Vec::new(),
        };
        let minutes: Option<Vec<_>> = groups.into_iter().map(CompactGroup::into_minutes).collect();
        Ok(Some(DayDocument {
            header,
            groups: minutes.ok_or_else(|| StoreError::Document("columns of unequal length".to_owned()))?,
        }))
    }

    async fn save(&self, batch: Batch) -> Result<(), StoreError> {
        for document in batch.days {
            self.save_day(batch.shard, document).await?;
        }
        for day in batch.stale {
            self.mark(batch.shard, day).await?;
        }
        if let Some(mut meters) = batch.meters {
            meters.schema = SCHEMA;
            self.put(STATE, &meters_id(batch.shard), &meters).await?;
        }
        match batch.progress {
            Some(progress) => self.save_progress(batch.shard, progress).await,
            None => Ok(()),
        }
    }
}

fn day_id(shard: u16, day: i32) -> String {
    format!("{shard}|{day}")
}

fn progress_id(shard: u16) -> String {
    format!("progress|{shard}")
}

fn meters_id(shard: u16) -> String {
    format!("meters|{shard}")
}

#[cfg(test)]
mod tests;
