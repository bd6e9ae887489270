//! The writer's queue: publishers put in, the writer thread takes out everything that fits one group.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::GROUP_BYTES;
use crate::{BusError, Message};

/// One call of `publish`, on its way.
pub(super) struct Publish {
    /// In order.
    pub(super) messages: Vec<Message>,
    /// Bytes of their records.
    pub(super) bytes: usize,
    /// Told the outcome.
    pub(super) done: oneshot::Sender<Result<(), BusError>>,
    /// Its share of the queue, given back when it is dropped.
    pub(super) _room: OwnedSemaphorePermit,
}

/// What the writer is to do next.
pub(super) enum Work {
    /// Write these as one group.
    Group(Vec<Publish>),
    /// Nothing came; look after positions and retention.
    Idle,
    /// Nothing more will come.
    End,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Publish>,
    /// Bytes that are queued or being written.
    pending_bytes: u64,
    /// Something waits to be looked after, even if nothing is published.
    chores: bool,
    closed: bool,
}

/// The queue.
#[derive(Default)]
pub(super) struct Inbox {
    queue: Mutex<Queue>,
    news: Condvar,
}

impl Inbox {
    /// Puts `publish` in if `admits`, told the bytes that wait already, has nothing against it.
    pub(super) fn put(
        &self,
        publish: Publish,
        admits: impl FnOnce(u64) -> Result<(), BusError>,
    ) -> Result<(), BusError> {
        let mut queue = self.lock();
        if queue.closed {
            return Err(BusError::Unavailable("the journal is closed".to_owned()));
        }
        admits(queue.pending_bytes)?;
        queue.pending_bytes = queue.pending_bytes.saturating_add(publish.bytes as u64);
        queue.waiting.push_back(publish);
        drop(queue);
        self.news.notify_one();
        Ok(())
    }

    /// Says that positions or retention need care soon.
    pub(super) fn remind(&self) {
        let mut queue = self.lock();
        let first = !std::mem::replace(&mut queue.chores, true);
        drop(queue);
        if first {
            self.news.notify_one();
        }
    }

    /// Lets nothing more in.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_one();
    }

    /// Waits for work; at most `pause` when there are chores.
    pub(super) fn take(&self, pause: Duration) -> Work {
        let mut queue = self.lock();
        loop {
            if !queue.waiting.is_empty() {
                return Work::Group(next_group(&mut queue.waiting));
            }
            if queue.closed {
                return Work::End;
            }
            if queue.chores {
                let (guard, timeout) = self
                    .news
                    .wait_timeout(queue, pause)
                    .unwrap_or_else(PoisonError::into_inner);
                queue = guard;
                if timeout.timed_out() && queue.waiting.is_empty() {
                    return Work::Idle;
                }
            } else {
                queue = self.news.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// The chores are being done.
    pub(super) fn forget_chores(&self) {
        self.lock().chores = false;
    }

    /// `bytes` taken before are written, or never will be.
    pub(super) fn settled(&self, bytes: u64) {
        let mut queue = self.lock();
        queue.pending_bytes = queue.pending_bytes.saturating_sub(bytes);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes publishes until a group is large enough; a publish is never divided.
fn next_group(waiting: &mut VecDeque<Publish>) -> Vec<Publish> {
    let mut group = Vec::new();
    let mut bytes = 0_usize;
    while let Some(next) = waiting.front() {
        let with_next = bytes.saturating_add(next.bytes);
        if !group.is_empty() && with_next > GROUP_BYTES {
            break;
        }
        bytes = with_next;
        group.extend(waiting.pop_front());
    }
    group
}
