//! What is known of the broker: for readiness, and for publishers that must not wait for one that is away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{BusError, Group, Health, Position, Topic};

/// Shared by everything that talks to the broker.
#[derive(Debug)]
pub(super) struct Status {
    address: String,
    limit_bytes: u64,
    inner: Mutex<Inner>,
}

/// What is wrong with the broker, in words that are always the same; the log has the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no connection to publish over.
    Away,
    /// It refuses for want of memory or disk.
    Blocked,
    /// It is connected and does not answer.
    Silent,
    /// A queue is not consumed.
    NotConsuming,
}

impl Trouble {
    fn sentence(self) -> &'static str {
        match self {
            Self::Away => "it cannot be reached",
            Self::Blocked => "it takes nothing for now: its memory or disk is short",
            Self::Silent => "it does not answer",
            Self::NotConsuming => "a queue cannot be consumed from",
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    closed: bool,
    /// Why nothing can be published, and how that is said to a publisher; `None` when it can.
    publishing: Option<(Trouble, String)>,
    /// It does not answer, although it is connected.
    silent: bool,
    /// Subscriptions that do not consume.
    consuming: BTreeSet<u64>,
    last: Position,
    acked: BTreeMap<(Group, Topic), Position>,
}

impl Status {
    pub(super) fn new(address: String, limit_bytes: u64) -> Self {
        Self {
            address,
            limit_bytes,
            inner: Mutex::default(),
        }
    }

    /// Whether something may be published.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] with the reason.
    pub(super) fn admits(&self) -> Result<(), BusError> {
        let inner = self.lock();
        if inner.closed {
            return Err(closed());
        }
        match &inner.publishing {
            Some((_, why)) => Err(BusError::Unavailable(why.clone())),
            None => Ok(()),
        }
    }

    /// Nothing can be published, or can again.
    pub(super) fn publishing(&self, trouble: Option<(Trouble, &str)>) {
        self.lock().publishing = trouble.map(|(trouble, why)| (trouble, why.to_owned()));
    }

    /// The broker does not answer, or does again. What is published is tried all the same.
    pub(super) fn silent(&self, silent: bool) {
        let before = std::mem::replace(&mut self.lock().silent, silent);
        match (before, silent) {
            (false, true) => tracing::warn!(broker = self.address, "the broker does not answer"),
            (true, false) => tracing::info!(broker = self.address, "the broker answers again"),
            _ => {}
        }
    }

    /// Nobody asks any more: the connection is gone, and whether the broker would answer is not known.
    pub(super) fn unasked(&self) {
        self.lock().silent = false;
    }

    /// The position confirmed last.
    pub(super) fn last(&self) -> Position {
        self.lock().last
    }

    /// A subscription does not consume, or does again.
    pub(super) fn consuming(&self, subscription: u64, consumes: bool) {
        let mut inner = self.lock();
        if consumes {
            inner.consuming.remove(&subscription);
        } else {
            inner.consuming.insert(subscription);
        }
    }

    pub(super) fn published(&self, position: Position) {
        let mut inner = self.lock();
        inner.last = inner.last.max(position);
    }

    pub(super) fn acked(&self, group: Group, topic: Topic, position: Position) {
        let mut inner = self.lock();
        let acked = inner.acked.entry((group, topic)).or_default();
        *acked = position.max(*acked);
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    pub(super) fn health(&self) -> Health {
        let inner = self.lock();
        let publishing = inner.publishing.as_ref().map(|(trouble, _)| *trouble);
        let trouble = publishing
            .or(inner.silent.then_some(Trouble::Silent))
            .or((!inner.consuming.is_empty()).then_some(Trouble::NotConsuming));
        let acked = inner
            .acked
            .iter()
            .map(|((group, topic), position)| (*group, *topic, *position));
        Health {
            accepting: !inner.closed && inner.publishing.is_none(),
            bytes: 0,
            limit_bytes: self.limit_bytes,
            last: inner.last,
            acked: acked.collect(),
            trouble: trouble.map(|trouble| trouble.sentence().to_owned()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a publisher or reader of a closed bus is told.
pub(super) fn closed() -> BusError {
    BusError::Unavailable("the bus is closed".to_owned())
}
