//! What the parts of an open journal hold together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::disk;
use super::inbox::Inbox;
use super::state::State;
use super::{Options, QUEUE_BYTES};
use crate::metrics::Metrics;
use crate::{BusError, Position};

/// Seen by publishers, readers and the writer.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) shards: u16,
    pub(super) metrics: Metrics,
    state: Mutex<State>,
    pub(super) inbox: Inbox,
    /// Bytes that may still be queued.
    pub(super) room: Arc<Semaphore>,
    /// Per topic: the position committed last.
    news: Vec<watch::Sender<Position>>,
    kept_bytes: AtomicU64,
    free_bytes: AtomicU64,
    failure: OnceLock<String>,
    /// Cancelled when readers must stop waiting: closed or failed.
    pub(super) stopped: CancellationToken,
    /// Cancelled when the writer thread has done its last write.
    pub(super) writer_ended: CancellationToken,
    /// The caller's: the process must end.
    on_fatal: CancellationToken,
}

impl Shared {
    pub(super) fn new(options: Options, state: State, metrics: Metrics, on_fatal: CancellationToken) -> Self {
        let news = state.last.iter().map(|last| watch::Sender::new(*last)).collect();
        Self {
            shards: state.shards,
            metrics,
            kept_bytes: AtomicU64::new(state.kept_bytes()),
            free_bytes: AtomicU64::new(u64::MAX),
            state: Mutex::new(state),
            inbox: Inbox::default(),
            room: Arc::new(Semaphore::new(QUEUE_BYTES)),
            news,
            failure: OnceLock::new(),
            stopped: CancellationToken::new(),
            writer_ended: CancellationToken::new(),
            on_fatal,
            options,
        }
    }

    /// The shared state; never held across a file operation.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing can be published any more; the process is asked to end.
    pub(super) fn fail(&self, why: &str) {
        // The first reason is the one to know.
        let _known = self.failure.set(why.to_owned());
        self.metrics.failed();
        self.inbox.close();
        self.room.close();
        self.stopped.cancel();
        self.on_fatal.cancel();
    }

    /// Why the journal failed for good.
    pub(super) fn failure(&self) -> Option<&String> {
        self.failure.get()
    }

    /// What a publisher or reader is told when the journal is closed or failed.
    pub(super) fn unavailable(&self) -> BusError {
        match self.failure() {
            Some(why) => BusError::Unavailable(why.clone()),
            None => BusError::Unavailable("the journal is closed".to_owned()),
        }
    }

    /// Whether `bytes` more may be kept, beside `pending` bytes that are on their way.
    pub(super) fn admits(&self, bytes: u64, pending: u64) -> Result<(), BusError> {
        let kept = self.kept_bytes().saturating_add(pending);
        if kept.saturating_add(bytes) > self.options.limit_bytes {
            return Err(BusError::Full {
                bytes: kept,
                limit_bytes: self.options.limit_bytes,
            });
        }
        if self.disk_is_low() {
            return Err(self.disk_full());
        }
        Ok(())
    }

    pub(super) fn kept_bytes(&self) -> u64 {
        self.kept_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn note_kept(&self, state: &State) {
        let bytes = state.kept_bytes();
        self.kept_bytes.store(bytes, Ordering::Relaxed);
        self.metrics
            .kept(bytes, self.options.limit_bytes, state.segments.len());
    }

    /// Notes what is left on the disk; says whether that is too little.
    pub(super) fn note_free(&self, bytes: u64) -> bool {
        self.free_bytes.store(bytes, Ordering::Relaxed);
        self.metrics.free(bytes);
        self.disk_is_low()
    }

    /// Asks the disk what is left; says whether that is too little. A disk that does not answer counts as full.
    pub(super) fn look_at_disk(&self) -> bool {
        let folder = &self.options.folder;
        let free = disk::free_bytes(folder).unwrap_or_else(|error| {
            tracing::warn!(folder = %folder.display(), %error, "cannot tell how much the disk has left");
            0
        });
        self.note_free(free)
    }

    pub(super) fn disk_is_low(&self) -> bool {
        self.free_bytes.load(Ordering::Relaxed) < self.options.reserve_bytes
    }

    pub(super) fn disk_full(&self) -> BusError {
        BusError::DiskFull {
            free_bytes: self.free_bytes.load(Ordering::Relaxed),
            reserve_bytes: self.options.reserve_bytes,
        }
    }

    /// Wakes the readers of `topics`.
    pub(super) fn announce(&self, topics: impl Iterator<Item = usize>, last: &[Position]) {
        for topic in topics {
            let (Some(news), Some(last)) = (self.news.get(topic), last.get(topic)) else {
                continue;
            };
            news.send_if_modified(|known| std::mem::replace(known, *last) != *last);
        }
    }

    /// Told when something new is committed in the topic with this index.
    pub(super) fn news(&self, topic: usize) -> Option<watch::Receiver<Position>> {
        self.news.get(topic).map(watch::Sender::subscribe)
    }
}
