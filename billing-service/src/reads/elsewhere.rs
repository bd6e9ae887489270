//! Shards that another process takes in (`docs/adr/0016`): it stores readings, and tells what the store has of a shard then.

use std::sync::Arc;

use message_bus::Position;
use model::{MeterId, meter_hash, shard_of};
use tokio::sync::OwnedMutexGuard;

use super::checkpoint::{RETRY, error_chain};
use super::shard::{Memory, Shard};
use super::{Reads, Touched, day_of};
use crate::error::Error;

/// What the store has of a shard since it was told last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Meters that sent something for the first time.
    pub meters: Vec<String>,
    /// UTC days (since 1970) whose energy changed; too many are right.
    pub days: Vec<i32>,
    /// The first and the last day with anything.
    pub span: Option<(i32, i32)>,
    /// Everything up to here is stored.
    pub position: Position,
}

/// As long as this lives, nothing of a shard moves into blocks.
#[derive(Debug)]
pub(crate) struct Hold {
    _gate: OwnedMutexGuard<()>,
    /// Everything up to here is in blocks, and nothing after it.
    pub position: Position,
}

impl Reads {
    /// Another process takes the shard in from now on, or whoever is told to. Call when nothing of it is pending, and nobody consumes it here.
    pub(crate) async fn give(&self, shard: u16) {
        if let Some(shard) = self.shards.get(usize::from(shard)) {
            let _gate = shard.gate.lock().await; // whoever folds a day of it believes that nobody stores anything
            shard.lock().elsewhere = true;
        }
    }

    /// The shard is taken in here again. What the other process stored and did not tell of was not acknowledged, so it comes again.
    pub(crate) fn take_back(&self, shard: u16) {
        if let Some(shard) = self.shards.get(usize::from(shard)) {
            shard.lock().elsewhere = false;
        }
    }

    /// What the process that takes the shard in has stored can be found by queries from now on.
    ///
    /// # Errors
    /// [`Error::NoShard`]; [`Error::Invalid`] for a meter that is none of this shard's; [`Error::Unheld`] when the shard is taken in here by
    /// now: what comes here again must not be acknowledged because another one stored it; [`Error::Store`].
    pub(crate) fn learn(&self, shard: u16, news: &News) -> Result<(), Error> {
        let shard = self.shard(shard.into())?;
        for id in &news.meters {
            let of = shard_of(meter_hash(id), self.shards());
            if of != shard.number || id.parse::<MeterId>().is_err() {
                return Err(Error::Invalid {
                    reason: "WRONG_SHARD",
                    message: format!("meter {id} is none of shard {}", shard.number),
                });
            }
        }
        let mut memory = shard.lock();
        if !memory.elsewhere {
            return Err(Error::Unheld(shard.number.into()));
        }
        let new = memory.learn(news);
        self.store.learn(shard.number, &new)?;
        shard.store_reaches(news.position);
        drop(memory); // not before: whoever takes the shard back begins with what is known to be stored
        Ok(())
    }

    /// The meters have energy as late as they say. Call when their readings can be found.
    pub(crate) fn note(&self, touched: &[Touched]) {
        for touched in touched {
            let Some((shard, meter)) = self.find(&touched.meter) else {
                continue;
            };
            let mut memory = shard.lock();
            memory.note_latest(meter, day_of(touched.range_ms.end.saturating_sub(1)));
            memory.taken_in += 1;
        }
    }

    /// Begins with a shard as it is stored now.
    ///
    /// # Errors
    /// [`Error::NoShard`], [`Error::Store`].
    pub(crate) async fn reopen(&self, shard: u16) -> Result<(), Error> {
        let stored = self.store.open(shard, self.shards()).await?;
        self.shard(shard.into())?.reopen(stored);
        Ok(())
    }

    /// Stores everything that was consumed of a shard, and lets nothing more into blocks until the hold is dropped. Tried again until it
    /// is done: drop it to give up.
    pub(crate) async fn hold(&self, shard: u16) -> Option<Hold> {
        let of = self.shards.get(usize::from(shard))?;
        loop {
            if of.lock().elsewhere {
                tokio::time::sleep(RETRY).await; // it is about to be opened
                continue;
            }
            let gate = Arc::clone(&of.gate).lock_owned().await;
            match self.store_all(of).await {
                Ok(()) => {
                    return Some(Hold {
                        _gate: gate,
                        position: *of.stored().borrow(),
                    });
                }
                Err(error) => {
                    drop(gate);
                    let error = error_chain(&error);
                    tracing::warn!(shard, error, "cannot store what was consumed; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// What is to be told of a shard whose readings up to `position` are in blocks.
    pub(super) fn news(shard: &Shard, meters: Vec<String>, position: Position) -> News {
        let told = *shard.stored().borrow();
        let memory = shard.lock();
        let changed = memory.changed_days.iter().filter(|(_, at)| **at > told);
        News {
            meters,
            days: changed.map(|(day, _)| *day).collect(),
            span: memory.days,
            position,
        }
    }
}

impl Memory {
    /// Meters that were not known, with the numbers they have here.
    fn learn(&mut self, news: &News) -> Vec<(u32, String)> {
        let mut new = Vec::new();
        for id in &news.meters {
            if let (hash, None) = self.meters.find(id) {
                new.push((self.meters.insert(id, hash), id.clone()));
            }
        }
        self.cover_meters();
        for day in &news.days {
            let changed = self.changed_days.entry(*day).or_default();
            *changed = news.position.max(*changed);
        }
        if let Some((first, last)) = news.span {
            let (known_first, known_last) = self.days.unwrap_or((first, last));
            self.days = Some((first.min(known_first), last.max(known_last)));
        }
        self.position = self.position.max(news.position);
        self.taken_in += 1;
        new
    }
}
