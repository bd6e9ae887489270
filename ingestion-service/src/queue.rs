//! What stands between the calls and the bus: the group that grows, its bound, and the answer its callers wait for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::meter::ReadingColumns;
use service_kit::trace::Context;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, TryAcquireError, watch};

use crate::assess::Assessment;
use crate::error::IngestionError;
use crate::group::{Draft, Group, Places, Spare, cost};
use crate::memory::Word;
use crate::metrics::Metrics;

/// The largest batch, by cost: with one more such batch a growing message still fits the bus.
const MAX_BATCH_BYTES: usize = 1 << 20;

/// What became of a group.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Durable. Per message the rows that were published before, in order; empty when none was.
    Kept(Vec<Vec<(u32, Word)>>),
    /// The bus is at its bound; nothing was published.
    Full,
    /// It may be there or not.
    Unknown,
}

/// Set once, when the outcome is known; a sender that vanishes without it means unknown.
pub(crate) type Answer = watch::Receiver<Option<Arc<Outcome>>>;

/// The callers of a group on one runtime. They are woken by a task of their own runtime: waking each from here would cost a system call
/// for every reading that comes alone.
#[derive(Debug)]
struct Lane {
    runtime: Handle,
    announce: watch::Sender<Option<Arc<Outcome>>>,
}

impl Lane {
    /// The answer for a caller on the current runtime.
    fn join(lanes: &mut Vec<Self>) -> Answer {
        let runtime = Handle::current();
        if let Some(lane) = lanes.iter().find(|lane| lane.runtime.id() == runtime.id()) {
            return lane.announce.subscribe();
        }
        let (announce, answer) = watch::channel(None);
        lanes.push(Self { runtime, announce });
        answer
    }

    fn announce(self, outcome: Arc<Outcome>) {
        // Lives as long as it takes to wake its callers; a runtime that has ended drops it, and no caller is left there.
        self.runtime.spawn(async move {
            self.announce.send_replace(Some(outcome));
        });
    }
}

/// A group that was taken to be published.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) group: Group,
    lanes: Vec<Lane>,
}

impl Taken {
    /// Tells every caller.
    pub(crate) fn announce(self, outcome: Outcome) {
        let outcome = Arc::new(outcome);
        for lane in self.lanes {
            lane.announce(Arc::clone(&outcome));
        }
    }
}

/// The queue. Shared by the calls and the task that publishes.
#[derive(Debug)]
pub(crate) struct Queue {
    open: Mutex<Open>,
    work: Notify,
    /// One permit per byte of cost.
    room: Semaphore,
    room_wait: Duration,
    shards: u16,
    metrics: Metrics,
}

#[derive(Debug)]
struct Open {
    group: Group,
    lanes: Vec<Lane>,
    spare: Spare,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(bytes: u64, room_wait: Duration, shards: u16, metrics: Metrics) -> Self {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            open: Mutex::new(Open {
                group: Group::default(),
                lanes: Vec::new(),
                spare: Spare::default(),
                closed: false,
            }),
            work: Notify::new(),
            room: Semaphore::new(bytes.min(Semaphore::MAX_PERMITS)),
            room_wait,
            shards,
            metrics,
        }
    }

    /// Waits for room for `columns`; the room is taken when this returns, and given back by [`Self::done`] or [`Self::give_back`].
    pub(crate) async fn make_room(&self, columns: &ReadingColumns) -> Result<(), IngestionError> {
        let cost = cost(columns);
        if cost > MAX_BATCH_BYTES {
            return Err(IngestionError::TooLarge);
        }
        let permits = u32::try_from(cost).unwrap_or(u32::MAX);
        let permit = match self.room.try_acquire_many(permits) {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(IngestionError::Stopping),
            Err(TryAcquireError::NoPermits) => {
                match tokio::time::timeout(self.room_wait, self.room.acquire_many(permits)).await {
                    Ok(Ok(permit)) => permit,
                    Ok(Err(_)) => return Err(IngestionError::Stopping),
                    Err(_) => return Err(IngestionError::Busy),
                }
            }
        };
        permit.forget();
        Ok(())
    }

    /// Gives back the room of a batch that was not added.
    pub(crate) fn give_back(&self, columns: &ReadingColumns) {
        self.room.add_permits(cost(columns));
    }

    /// Adds the good rows of a batch that room was made for, by a call that may be `traced`. It will be published, also when nobody waits for
    /// the answer any more.
    pub(crate) fn add(
        &self,
        columns: &ReadingColumns,
        assessment: &Assessment<'_>,
        traced: Option<Context>,
    ) -> Result<(Places, Answer), IngestionError> {
        let mut guard = self.lock();
        let open = &mut *guard;
        if open.closed {
            drop(guard);
            self.give_back(columns);
            return Err(IngestionError::Stopping);
        }
        let first = open.group.rows == 0;
        let places = open.group.add(columns, assessment, self.shards, &mut open.spare);
        if let Some(context) = traced {
            open.group.follow(&places, &context);
        }
        let answer = Lane::join(&mut open.lanes);
        self.metrics.queued(open.group.rows, open.group.cost);
        drop(guard);
        if first {
            self.work.notify_one();
        }
        Ok((places, answer))
    }

    /// Everything that has gathered, if anything.
    pub(crate) fn take(&self) -> Option<Taken> {
        let mut open = self.lock();
        if open.group.rows == 0 {
            return None;
        }
        self.metrics.queued(0, 0);
        Some(Taken {
            group: std::mem::take(&mut open.group),
            lanes: std::mem::take(&mut open.lanes),
        })
    }

    /// Until something has gathered since the last [`Self::take`] that found nothing.
    pub(crate) async fn gathered(&self) {
        self.work.notified().await;
    }

    /// Takes back messages that were encoded.
    pub(crate) fn reuse(&self, drafts: Vec<Draft>) {
        self.lock()
            .spare
            .give(drafts, usize::from(self.shards).saturating_mul(2));
    }

    /// Gives back the room of a group whose outcome is known.
    pub(crate) fn done(&self, cost: usize) {
        self.room.add_permits(cost);
    }

    /// Takes nothing more; what has gathered is still there to be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.room.close();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
