//! A bus in memory that delivers messages again, and forgets them when told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use message_bus::{Bus, BusError, Delivery, Group, Health, Message, Position, Subscription, Topic};
use tokio::sync::Notify;

/// As published.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) position: Position,
    pub(crate) shard: u16,
    pub(crate) kind: &'static str,
    pub(crate) body: Bytes,
}

#[derive(Default)]
struct Inner {
    log: Vec<Kept>,
    acked: BTreeMap<u16, Position>,
    /// Messages up to here are gone for analytics.
    forgotten: Position,
}

pub(crate) struct FakeBus {
    shards: u16,
    inner: Arc<Mutex<Inner>>,
    news: Arc<Notify>,
}

impl FakeBus {
    pub(crate) fn new(shards: u16) -> Self {
        Self {
            shards,
            inner: Arc::default(),
            news: Arc::default(),
        }
    }

    /// Everything ever published.
    pub(crate) fn log(&self) -> Vec<Kept> {
        self.inner.lock().unwrap().log.clone()
    }

    pub(crate) fn put(&self, shard: u16, kind: &'static str, body: Bytes) {
        let mut inner = self.inner.lock().unwrap();
        // positions have holes
        let position = inner.log.last().map_or(0, |kept| kept.position) + 3;
        inner.log.push(Kept {
            position,
            shard,
            kind,
            body,
        });
        self.news.notify_waiters();
    }

    /// Retention overtakes analytics.
    pub(crate) fn forget(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.forgotten = inner.log.last().map_or(0, |kept| kept.position);
    }

    /// Somebody deletes the journal.
    pub(crate) fn lose(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.log.clear();
        inner.acked.clear();
        inner.forgotten = 0;
    }

    pub(crate) fn acked(&self, shard: u16) -> Position {
        self.inner
            .lock()
            .unwrap()
            .acked
            .get(&shard)
            .copied()
            .unwrap_or_default()
    }
}

#[async_trait::async_trait]
impl Bus for FakeBus {
    fn shards(&self) -> u16 {
        self.shards
    }

    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        for message in messages {
            if let Topic::Readings { shard } = message.topic {
                self.put(shard, message.kind, message.body);
            }
        }
        Ok(())
    }

    async fn subscribe(
        &self,
        group: Group,
        topic: Topic,
        from: Option<Position>,
    ) -> Result<Box<dyn Subscription>, BusError> {
        assert_eq!(group, Group::Analytics);
        let Topic::Readings { shard } = topic else {
            return Err(BusError::Unavailable("only readings".to_owned()));
        };
        let last = self.health().last;
        if let Some(wanted) = from.filter(|from| *from > last) {
            return Err(BusError::Ahead { wanted, last });
        }
        let acked = self.acked(shard);
        Ok(Box::new(Reader {
            shard,
            after: from.map_or(acked, |from| from.min(acked)),
            again: 0,
            inner: Arc::clone(&self.inner),
            news: Arc::clone(&self.news),
        }))
    }

    fn health(&self) -> Health {
        Health {
            last: self
                .inner
                .lock()
                .unwrap()
                .log
                .last()
                .map_or(0, |kept| kept.position),
            ..Health::default()
        }
    }

    async fn close(&self) -> Result<(), BusError> {
        Ok(())
    }
}

struct Reader {
    shard: u16,
    after: Position,
    /// Counts deliveries; every fourth one comes twice.
    again: u32,
    inner: Arc<Mutex<Inner>>,
    news: Arc<Notify>,
}

impl Reader {
    fn look(&mut self) -> Option<Delivery> {
        let inner = self.inner.lock().unwrap();
        let mut own = inner.log.iter().filter(|kept| kept.shard == self.shard);
        let next = own.clone().find(|kept| kept.position > self.after)?;
        if next.position <= inner.forgotten {
            let after = self.after;
            let there = own.find(|kept| kept.position > inner.forgotten)?;
            // what follows the gap is delivered next
            self.after = there.position - 1;
            return Some(Delivery::Gap {
                after,
                next: there.position,
            });
        }
        self.again += 1;
        if !self.again.is_multiple_of(4) {
            self.after = next.position;
        }
        Some(Delivery::Message {
            position: next.position,
            id: 0,
            kind: next.kind.to_owned(),
            time_ms: 0,
            traced: Vec::new(),
            body: next.body.clone(),
        })
    }
}

#[async_trait::async_trait]
impl Subscription for Reader {
    async fn next(&mut self) -> Result<Delivery, BusError> {
        let news = Arc::clone(&self.news);
        loop {
            let waiting = news.notified();
            if let Some(delivery) = self.look() {
                return Ok(delivery);
            }
            waiting.await;
        }
    }

    async fn try_next(&mut self) -> Result<Option<Delivery>, BusError> {
        Ok(self.look())
    }

    async fn ack(&mut self, position: Position) -> Result<(), BusError> {
        let mut inner = self.inner.lock().unwrap();
        let acked = inner.acked.entry(self.shard).or_default();
        *acked = (*acked).max(position);
        Ok(())
    }
}
