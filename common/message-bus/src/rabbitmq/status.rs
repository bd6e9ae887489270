//! What is known of the broker: for readiness, and for publishers that must not wait for one that is away.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{BusError, Group, Health, Position, Topic};

/// Shared by everything that talks to the broker.
#[derive(Debug)]
pub(super) struct Status {
    address: String,
    limit_bytes: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    closed: bool,
    /// Why nothing can be published; `None` when it can.
    publishing: Option<String>,
    /// Per subscription that does not consume: why.
    consuming: BTreeMap<u64, String>,
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
            Some(why) => Err(BusError::Unavailable(why.clone())),
            None => Ok(()),
        }
    }

    /// Nothing can be published, or can again.
    pub(super) fn publishing(&self, trouble: Option<&str>) {
        self.lock().publishing = trouble.map(str::to_owned);
    }

    /// A subscription does not consume, or does again.
    pub(super) fn consuming(&self, subscription: u64, trouble: Option<String>) {
        let mut inner = self.lock();
        match trouble {
            Some(why) => inner.consuming.insert(subscription, why),
            None => inner.consuming.remove(&subscription),
        };
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
        let trouble = inner
            .publishing
            .as_ref()
            .or_else(|| inner.consuming.values().next());
        let trouble = trouble.map(|why| format!("RabbitMQ at {}: {why}", self.address));
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
            trouble,
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
