//! The RabbitMQ backend: quorum queues, confirms, and a supervisor of our own over its connections.
//!
//! **Publishing.** A message goes to billing's queue of its topic (`billing.readings.<n>`, `billing.events`) by the default exchange, and
//! only that queue's confirm counts. After the confirm a copy goes to the exchange `readings` (routing key: the shard) or `events`
//! (the kind), for `analytics.readings.<n>` and for whoever binds a queue; the fate of copies decides nothing.
//!
//! **Connections.** One to publish, one for copies, one to consume, and one for whoever asks who leads. lapin's recovery is off: on any error a connection is dropped and all
//! starts over, topology included, with waits of 100 ms to 5 s and without an end. Everything has a deadline.
//!
//! **Positions.** Queues have none. The publisher stamps every message with its clock in microseconds, strictly growing; a subscription
//! hands out the stamp, or one more than its last position if that is larger, and starts above the position its reader has stored.
//! So positions of one subscription grow strictly, but a message that comes again has another one, and those of billing and analytics
//! are only nearly the same. A bus cannot tell [`BusError::Ahead`] or [`BusError::Lost`]: a queue only knows what is in it.
//!
//! **Once or again.** Billing takes every message as often as it comes: its reads are a union. Analytics counts, so a message that it was
//! handed before is not handed out again, and whatever makes that doubtful (a new connection, a takeover, a number missing in a
//! publisher's sequence) is a [`Delivery::Gap`](crate::Delivery::Gap) that begins a minute back. Why all this:
//! `docs/adr/0009-positions-on-a-broker.md`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use model::{Clock, SystemClock};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::embedded::{MAX_BODY_BYTES, MAX_KIND_BYTES, MAX_PUBLISH_BYTES};
use crate::metrics::broker::{Metrics, Purpose};
use crate::{Bus, BusError, Group, Health, Message, Position, Subscription, Topic};

mod address;
mod attached;
mod consuming;
mod copies;
mod cursor;
mod envelope;
mod lead;
mod link;
mod names;
mod order;
mod publishing;
mod pulse;
mod stamps;
mod status;
mod subscription;
mod tls;
mod topology;
mod window;

use address::Address;
use attached::Attached;
use consuming::Current;
use copies::Copies;
use link::{Backoff, Link};
use names::{Names, topic_index};
use publishing::{Publish, Publisher};
use status::Status;
use subscription::Reader;

/// Bytes that may be in flight; further publishers wait for room. It bounds memory.
pub const IN_FLIGHT_BYTES: usize = 32 << 20;
/// What a message in flight counts for at least: it bounds their number to 4,096.
const MIN_COST: usize = 8 << 10;
/// At most [`Options::prefetch`] messages of a shard are delivered in so long: more wait in their queue until some are acknowledged.
const ACK_WITHIN: Duration = Duration::from_secs(2);
/// The longest prefix: names have at most 255 bytes.
const MAX_PREFIX_BYTES: usize = 100;
/// The most shards: each is two queues.
pub const MAX_SHARDS: u16 = 256;

/// How the broker is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// Before the name of every queue and exchange: for several instances on one virtual host.
    pub prefix: String,
    /// How many shards of readings; recorded in the broker by the first who comes.
    pub shards: u16,
    /// Bound on the bytes of each of billing's queues of readings; a full one refuses.
    pub limit_bytes: u64,
    /// Bound on the bytes of each other queue; a full one forgets the oldest.
    pub copies_limit_bytes: u64,
    /// Messages delivered and not acknowledged, per subscription.
    pub prefetch: u16,
    /// Which of several replicas this is.
    pub share: Share,
    /// How long a replica leaves the shards of others to them.
    pub others_after: Duration,
    /// The most a confirm or an acknowledgement may take.
    pub deadline: Duration,
    /// How long [`open`] waits for a broker that is not there yet.
    pub connect_within: Duration,
    /// Gives the stamps.
    pub clock: Arc<dyn Clock>,
}

/// One of several replicas. A shard is consumed by whoever subscribes first, so each takes its own share first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which, from 0.
    pub index: u16,
    /// Of how many, at least 1.
    pub of: u16,
}

impl Options {
    /// The defaults: 512 MiB per queue of billing and 64 MiB per other one, 1024 messages unacknowledged, the only replica, others'
    /// shards after 10 s, deadlines of 5 s, a minute for the broker to come up.
    #[must_use]
    pub fn new(shards: u16) -> Self {
        Self {
            prefix: String::new(),
            shards,
            limit_bytes: 512 << 20,
            copies_limit_bytes: 64 << 20,
            prefetch: 1024,
            share: Share { index: 0, of: 1 },
            others_after: Duration::from_secs(10),
            deadline: Duration::from_secs(5),
            connect_within: Duration::from_secs(60),
            clock: Arc::new(SystemClock),
        }
    }

    fn check(&self) -> Result<(), BusError> {
        if self.shards == 0 || self.shards > MAX_SHARDS {
            return Err(BusError::Invalid("a broker has 1 to 256 shards"));
        }
        if self.share.index >= self.share.of {
            return Err(BusError::Invalid("a replica's index must be below their number"));
        }
        if self.prefix.len() > MAX_PREFIX_BYTES {
            return Err(BusError::Invalid("a prefix of queue names has at most 100 bytes"));
        }
        if self.prefetch < 4 {
            return Err(BusError::Invalid("at least 4 messages must be delivered at once"));
        }
        Ok(())
    }

    /// How long this replica waits before it consumes `topic`.
    fn hold_back(&self, topic: Topic) -> Duration {
        match topic {
            Topic::Readings { shard } if shard % self.share.of.max(1) != self.share.index => {
                self.others_after
            }
            _ => Duration::ZERO,
        }
    }
}

/// What all tasks use.
struct Common {
    address: Address,
    names: Names,
    options: Options,
    status: Status,
    metrics: Metrics,
    /// Cancelled when the bus is closed.
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Common {
    fn connection_name(&self, purpose: Purpose) -> String {
        format!("gridtally {}", purpose.word())
    }
}

/// The open bus. Close it; when it is only dropped, what is in flight may be lost.
pub struct Rabbit {
    common: Arc<Common>,
    inbox: mpsc::UnboundedSender<Publish>,
    room: Arc<Semaphore>,
    /// Made by the first subscription: who only publishes needs none.
    consuming: OnceLock<Current>,
    subscriptions: AtomicU64,
}

/// Whether `url` is the address of a broker, as [`open`] takes it. Certificates that it names are not looked at: not every program that is
/// told the address has them.
///
/// # Errors
/// [`BusError::Invalid`], [`BusError::Address`]; never with the password in it.
pub fn check_address(url: &str) -> Result<(), BusError> {
    Address::parse(url).map(drop)
}

/// Connects to the broker at `url` (`amqp://user:password@host:port/vhost`, or `amqps://` with TLS), declares what must be there, and
/// starts. Waits for a broker that is not up yet.
///
/// # Errors
/// [`BusError::Shards`] when the broker was set up with another number of shards, [`BusError::Refused`] when it refuses the credentials
/// or has queues with other settings, [`BusError::Unavailable`] when it does not come up in time, or its certificate does not count,
/// [`BusError::File`] when a certificate of ours cannot be read, [`BusError::Address`] when it is none, [`BusError::Invalid`],
/// [`BusError::Metrics`].
pub async fn open(url: &str, options: Options) -> Result<Arc<Rabbit>, BusError> {
    options.check()?;
    let address = Address::parse(url)?;
    address.check()?;
    let common = Arc::new(Common {
        status: Status::new(address.shown(), options.limit_bytes),
        names: Names::new(&options.prefix),
        metrics: Metrics::new()?,
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        address,
        options,
    });
    let attached = first(&common).await?;
    let (copies, sender) = Copies::new(&common);
    let (inbox, publishes) = mpsc::unbounded_channel();
    common.tasks.spawn(sender.run());
    common
        .tasks
        .spawn(Publisher::new(Arc::clone(&common), publishes, copies).run(attached));
    Ok(Arc::new(Rabbit {
        common,
        inbox,
        room: Arc::new(Semaphore::new(IN_FLIGHT_BYTES)),
        consuming: OnceLock::new(),
        subscriptions: AtomicU64::new(0),
    }))
}

/// Tries until the time for it is over, or trying is no use.
async fn first(common: &Common) -> Result<Attached, BusError> {
    let end = Instant::now() + common.options.connect_within;
    let mut backoff = Backoff::new();
    loop {
        match Attached::open(common).await {
            Err(error @ BusError::Unavailable(_)) => {
                let wait = backoff.step();
                if Instant::now() + wait >= end {
                    return Err(error);
                }
                tracing::info!(%error, "waiting for the broker");
                tokio::time::sleep(wait).await;
            }
            other => return other,
        }
    }
}

impl Rabbit {
    /// Shows the metrics of this bus in `registry`.
    ///
    /// # Errors
    /// [`BusError::Metrics`] when they are there already.
    pub fn register(&self, registry: &prometheus::Registry) -> Result<(), BusError> {
        Ok(self.common.metrics.register(registry)?)
    }

    fn check(&self, messages: &[Message]) -> Result<(), BusError> {
        let too_large = |bytes, limit_bytes| BusError::TooLarge { bytes, limit_bytes };
        for message in messages {
            if topic_index(message.topic, self.common.options.shards).is_none() {
                return Err(BusError::Invalid("there is no such shard"));
            }
            if message.kind.len() > MAX_KIND_BYTES {
                return Err(BusError::Invalid("a kind has at most 255 bytes"));
            }
            if message.body.len() > MAX_BODY_BYTES {
                return Err(too_large(message.body.len(), MAX_BODY_BYTES));
            }
        }
        let bytes = messages.iter().map(|message| message.body.len()).sum();
        if bytes > MAX_PUBLISH_BYTES {
            return Err(too_large(bytes, MAX_PUBLISH_BYTES));
        }
        Ok(())
    }
}

/// Nothing more is published, and the tasks end; readers that wait are told.
impl Drop for Rabbit {
    fn drop(&mut self) {
        self.common.status.close();
        self.common.stop.cancel();
    }
}

#[async_trait::async_trait]
impl Bus for Rabbit {
    fn shards(&self) -> u16 {
        self.common.options.shards
    }

    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.check(&messages)?;
        self.common.status.admits()?;
        let late = |_| BusError::Unavailable("too much is on its way to the broker".to_owned());
        let deadline = self.common.options.deadline;
        let cost: usize = messages
            .iter()
            .map(|message| message.body.len().max(MIN_COST))
            .sum();
        let cost = u32::try_from(cost.min(IN_FLIGHT_BYTES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(cost);
        let room = tokio::time::timeout(deadline, room).await.map_err(late)?;
        let room = room.map_err(|_| status::closed())?;
        let (done, outcome) = oneshot::channel();
        let publish = Publish { messages, done, room };
        self.inbox.send(publish).map_err(|_| status::closed())?;
        // The task keeps the deadline of the confirm; this one is for a task that is busy connecting.
        let outcome = tokio::time::timeout(deadline * 2, outcome).await.map_err(late)?;
        outcome.map_err(|_| status::closed())?
    }

    async fn subscribe(
        &self,
        group: Group,
        topic: Topic,
        from: Option<Position>,
    ) -> Result<Box<dyn Subscription>, BusError> {
        topic_index(topic, self.common.options.shards).ok_or(BusError::Invalid("there is no such shard"))?;
        if self.common.stop.is_cancelled() {
            return Err(status::closed());
        }
        let current = self.consuming.get_or_init(|| {
            let (sender, current) = watch::channel(None);
            self.common
                .tasks
                .spawn(consuming::keep(Arc::clone(&self.common), sender));
            current
        });
        let number = self.subscriptions.fetch_add(1, Ordering::Relaxed);
        let reader = Reader::start(&self.common, number, (group, topic), from, current.clone()).await;
        Ok(Box::new(reader))
    }

    async fn settle_store(&self, store: &str) -> Result<(), BusError> {
        let name = self.common.connection_name(Purpose::Lead);
        let mut link = Link::open(&self.common.address, &name).await?;
        let channel = link.channel().await?;
        let settled = topology::store(&channel, &self.common.names, store).await;
        link.close().await;
        settled
    }

    /// Ask once: each call would be another candidate.
    async fn lead(&self, group: Group) -> Result<(), BusError> {
        let (leads, mut told) = watch::channel(false);
        self.common
            .tasks
            .spawn(lead::keep(Arc::clone(&self.common), group, leads));
        // The task ends with the bus only.
        told.wait_for(|leads| *leads)
            .await
            .map(drop)
            .map_err(|_| status::closed())
    }

    fn ack_within(&self) -> Option<Duration> {
        Some(ACK_WITHIN)
    }

    fn health(&self) -> Health {
        self.common.status.health()
    }

    async fn close(&self) -> Result<(), BusError> {
        self.common.status.close();
        self.common.stop.cancel();
        self.common.tasks.close();
        self.common.tasks.wait().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
