//! The port: what every backend promises. Each passes `contract`.

use std::time::Duration;

use bytes::Bytes;

use crate::{BusError, Traced};

/// Where a message stands. Positions of one shard grow strictly; nothing else about them may be relied upon. 0 is before the first.
pub type Position = u64;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// A batch of readings of one shard.
    Readings {
        /// Below [`Bus::shards`].
        shard: u16,
    },
    /// Something that happened: `bill.issued`, closed windows, alerts.
    Events,
}

/// Who reads. Every group sees every message of the topics it subscribes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Its acknowledgement decides what may be removed.
    Billing,
    /// May be overtaken by retention: it then sees a [`Delivery::Gap`] and rebuilds.
    Analytics,
}

/// What is published.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where it goes.
    pub topic: Topic,
    /// Chosen by the publisher, the same when it publishes the same again.
    pub id: u128,
    /// What the body is, for a stranger: `gridtally.meter.v1.ReadingColumns`, `bill.issued` ...
    pub kind: &'static str,
    /// When it was made, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Which of its readings are traced, usually none; at most [`crate::MAX_TRACED`] parts are carried.
    pub traced: Vec<Traced>,
    /// At most [`crate::embedded::MAX_BODY_BYTES`].
    pub body: Bytes,
}

/// What a subscription hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A message; seen before perhaps.
    Message {
        /// To be acknowledged.
        position: Position,
        /// [`Message::id`].
        id: u128,
        /// [`Message::kind`].
        kind: String,
        /// [`Message::time_ms`].
        time_ms: i64,
        /// [`Message::traced`]; nothing where the message was read from a file, whose records have no room for it.
        traced: Vec<Traced>,
        /// [`Message::body`].
        body: Bytes,
    },
    /// Messages after `after` and before `next` are gone, or may be (never readings in group billing).
    Gap {
        /// The last position this subscription handed out or was started from; earlier where the bus cannot tell what was missed.
        after: Position,
        /// What comes next has this position or a later one.
        next: Position,
    },
}

/// One group's reading of one topic.
#[async_trait::async_trait]
pub trait Subscription: Send {
    /// The next message, waiting for one. Safe to drop while waiting.
    ///
    /// # Errors
    /// [`BusError`] when the bus cannot be read; subscribe again, unless it is [`BusError::Damaged`].
    async fn next(&mut self) -> Result<Delivery, BusError>;

    /// The next message if there is one already.
    ///
    /// # Errors
    /// As [`Self::next`].
    async fn try_next(&mut self) -> Result<Option<Delivery>, BusError>;

    /// Everything up to and including `position` has been dealt with and its effects are durable. Going back is ignored.
    ///
    /// # Errors
    /// [`BusError`] when this cannot be kept; the messages then come again.
    async fn ack(&mut self, position: Position) -> Result<(), BusError>;
}

/// How the bus feels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Messages can be published.
    pub accepting: bool,
    /// Bytes kept; 0 on a broker, which does not tell.
    pub bytes: u64,
    /// The bound on them; on a broker that of one queue of readings.
    pub limit_bytes: u64,
    /// The position published last; on a broker, by this process.
    pub last: Position,
    /// Per group and topic: the position acknowledged last; on a broker, by this process.
    pub acked: Vec<(Group, Topic, Position)>,
    /// A sentence when something is wrong.
    pub trouble: Option<String>,
}

/// The bus.
#[async_trait::async_trait]
pub trait Bus: Send + Sync {
    /// How many shards of readings there are; fixed for the life of a data folder or broker.
    fn shards(&self) -> u16;

    /// Publishes all `messages`, in order per topic. `Ok` means all are durable. After an error each may be there or not: publish the same again.
    /// Waits for room when much is on its way; dropped while waiting, the messages may be published or not.
    ///
    /// # Errors
    /// [`BusError::Full`] at the bound on kept bytes and [`BusError::DiskFull`] (nothing was published), [`BusError::Unavailable`]
    /// when the outcome is unknown, [`BusError::TooLarge`] and [`BusError::Invalid`] for what no bus takes.
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError>;

    /// Starts to read `topic` for `group`: after the group's acknowledged position, or after `from` if that is earlier (a store that
    /// lost its tail says so by it).
    ///
    /// # Errors
    /// [`BusError::Lost`] when group billing asks for readings that are no longer kept, [`BusError::Ahead`] when `from` lies beyond
    /// what was ever published here; a broker knows neither.
    async fn subscribe(
        &self,
        group: Group,
        topic: Topic,
        from: Option<Position>,
    ) -> Result<Box<dyn Subscription>, BusError>;

    /// Returns when this process leads `group`: of several that ask one does, and another when the bus has lost sight of that one. Nothing
    /// may depend on there being only one: who was cut off, or stood still, does not hear of the next. A journal has one process, and that leads.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when the bus is closed before.
    async fn lead(&self, _group: Group) -> Result<(), BusError> {
        Ok(())
    }

    /// Settles that the readings of this bus are for the store with the id `store`: the first to say so decides, for the life of the bus.
    /// Nobody else may lead here. A journal lies beside its store, and is compared with it by positions.
    ///
    /// # Errors
    /// [`BusError::Store`] when it was settled otherwise, [`BusError::Unavailable`].
    async fn settle_store(&self, _store: &str) -> Result<(), BusError> {
        Ok(())
    }

    /// How long messages may wait for their acknowledgement without holding up those behind them. None: as long as there is room for what
    /// is kept.
    fn ack_within(&self) -> Option<Duration> {
        None
    }

    /// For readiness and metrics.
    fn health(&self) -> Health;

    /// Flushes and closes; publishing afterwards fails.
    ///
    /// # Errors
    /// [`BusError`] when the last writes failed.
    async fn close(&self) -> Result<(), BusError>;
}
