//! The leader's desk: the table of shards, and whoever waits for it to change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use message_bus::Position;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::ANSWER_AFTER;
use super::table::{Report, Step, Table, Unknown, Wishes};
use crate::error::Error;

/// An assistant holds a shard within so long, or it is asked again later: what it consumed is stored first.
const HOLD_WITHIN: Duration = Duration::from_secs(10);

/// See the module.
pub(crate) struct Desk {
    table: Mutex<Table>,
    /// The id of the leader's store.
    store: String,
    /// Goes up with every change of the table.
    changes: watch::Sender<u64>,
}

impl Desk {
    /// The leader takes in all shards.
    pub(crate) fn new(shards: u16, store: String) -> Arc<Self> {
        Arc::new(Self {
            table: Mutex::new(Table::new(shards)),
            store,
            changes: watch::Sender::new(0),
        })
    }

    /// The id of the leader's store.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the table, and wakes whoever waits.
    fn change<T>(&self, how: impl FnOnce(&mut Table) -> T) -> T {
        let outcome = how(&mut self.table());
        self.changes.send_modify(|changes| *changes += 1);
        outcome
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes a report; answers when something else is wished than what the assistant applied last, or after a while.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `UNKNOWN_ASSISTANT`, [`Error::OtherStore`].
    pub(super) async fn report(&self, report: Report) -> Result<Wishes, Error> {
        if report.store != self.store {
            return Err(Error::OtherStore);
        }
        let (assistant, turn) = (report.assistant, report.turn);
        let mut changes = self.changes();
        self.change(|table| table.report(Instant::now(), report))
            .map_err(unknown)?;
        let news = async {
            loop {
                changes.mark_unchanged();
                let wishes = self.table().wishes(assistant)?;
                if wishes.turn != turn {
                    return Ok(wishes);
                }
                changes.changed().await.map_err(|_| Unknown)?;
            }
        };
        match timeout(ANSWER_AFTER, news).await {
            Ok(wishes) => wishes,
            Err(_) => self.table().wishes(assistant),
        }
        .map_err(unknown)
    }

    /// Whether the assistant may speak of the shard.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `UNKNOWN_ASSISTANT`.
    pub(super) fn check(&self, assistant: u64, shard: u16) -> Result<(), Error> {
        self.table().check(assistant, shard).map_err(unknown)
    }

    /// Gives up who was not heard of, and says how many; then what to do next.
    pub(super) fn look(&self) -> (usize, Option<Step>) {
        self.change(|table| (table.give_up(Instant::now()), table.next()))
    }

    pub(super) fn given(&self, shard: u16, to: u64) {
        self.change(|table| table.given(shard, to));
    }

    pub(super) fn taken(&self, shard: u16) {
        self.change(|table| table.taken(shard));
    }

    /// Has the assistant that takes the shard in store what it consumed, and then nothing more until the fold is dropped. `None` when
    /// no assistant has the shard.
    ///
    /// # Errors
    /// [`Error::Unheld`] when that takes too long, or the shard changes hands.
    pub(crate) async fn hold(self: &Arc<Self>, shard: u32) -> Result<Option<Fold>, Error> {
        let unheld = || Error::Unheld(shard);
        let Ok(shard) = u16::try_from(shard) else {
            return Ok(None); // there is none: said by whoever looks for it
        };
        let mut changes = self.changes();
        let Some(assistant) = self.change(|table| table.wish_held(shard)) else {
            return Ok(None);
        };
        let mut fold = Fold {
            desk: Arc::clone(self),
            shard,
            assistant,
            position: 0,
        };
        let held = async {
            loop {
                changes.mark_unchanged();
                if let Some(position) = self.table().held(shard, assistant)? {
                    return Ok(position);
                }
                changes.changed().await.map_err(|_| Unknown)?;
            }
        };
        let held: Result<Position, Unknown> = timeout(HOLD_WITHIN, held).await.map_err(|_| unheld())?;
        fold.position = held.map_err(|_| unheld())?;
        Ok(Some(fold))
    }
}

/// A shard is held while this lives.
pub(crate) struct Fold {
    desk: Arc<Desk>,
    shard: u16,
    assistant: u64,
    /// Everything up to here is in the store, and nothing after it.
    pub(crate) position: Position,
}

impl Drop for Fold {
    fn drop(&mut self) {
        self.desk.change(|table| table.let_go(self.shard, self.assistant));
    }
}

fn unknown(_: Unknown) -> Error {
    Error::Conflict {
        reason: super::UNKNOWN,
        message: "this assistant is not known here, or does not have this shard: it begins anew".to_owned(),
    }
}
