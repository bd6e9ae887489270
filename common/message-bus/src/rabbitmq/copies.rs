//! Copies of confirmed messages, for analytics and for whoever binds a queue to the exchanges. Their fate decides nothing.
//!
//! They go over a connection of their own, bounded, in order. What cannot be sent is dropped; since the publisher numbers the messages
//! of each topic, a reader sees that something is missing. Whatever may be in billing's queue without a copy uses up a number too.

use std::future::poll_fn;
use std::sync::Arc;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::sleep_until;

use super::link::{ANSWER_WITHIN, Backoff, Link, News, within};
use super::names::{Names, topic_index};
use super::window::{Broken, Confirm, Confirming, Window};
use super::{Common, envelope, stamps, topology};
use crate::metrics::broker::Purpose;
use crate::{BusError, Message, Position, Topic};

/// Bytes of copies that may wait or be on their way.
const BYTES: usize = 32 << 20;
/// What a copy counts for at least: it bounds their number to 8,192.
const MIN_COST: usize = 4 << 10;

/// A copy on its way.
struct Outgoing {
    message: Message,
    stamp: Position,
    sequence: u64,
    room: OwnedSemaphorePermit,
}

/// Takes copies and numbers them.
pub(super) struct Copies {
    common: Arc<Common>,
    sender: mpsc::UnboundedSender<Outgoing>,
    room: Arc<Semaphore>,
    /// Per topic: the number given last.
    sequences: Vec<u64>,
}

impl Copies {
    /// The taker, and what sends; the latter ends after the former.
    pub(super) fn new(common: &Arc<Common>) -> (Self, Sender) {
        let (sender, copies) = mpsc::unbounded_channel();
        let taker = Self {
            common: Arc::clone(common),
            sender,
            room: Arc::new(Semaphore::new(BYTES)),
            sequences: vec![0; usize::from(common.options.shards).saturating_add(1)],
        };
        let sender = Sender {
            common: Arc::clone(common),
            publisher: stamps::random(),
            copies,
        };
        (taker, sender)
    }

    /// Sends a copy of `message` when there is room for it.
    pub(super) fn offer(&mut self, message: Message, stamp: Position) {
        let sequence = self.number(message.topic);
        let cost = message.body.len().clamp(MIN_COST, BYTES);
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(cost) else {
            self.common.metrics.copies_lost(1);
            return;
        };
        let copy = Outgoing {
            message,
            stamp,
            sequence,
            room,
        };
        if self.sender.send(copy).is_err() {
            self.common.metrics.copies_lost(1);
        }
    }

    /// Something may have been published of which there is no copy.
    pub(super) fn skip_all(&mut self) {
        for sequence in &mut self.sequences {
            *sequence = sequence.saturating_add(1);
        }
    }

    fn number(&mut self, topic: Topic) -> u64 {
        let index = topic_index(topic, self.common.options.shards);
        let Some(sequence) = index.and_then(|index| self.sequences.get_mut(index)) else {
            return 0;
        };
        *sequence = sequence.saturating_add(1);
        *sequence
    }
}

/// Sends them, reconnecting for ever.
pub(super) struct Sender {
    common: Arc<Common>,
    publisher: u64,
    copies: mpsc::UnboundedReceiver<Outgoing>,
}

impl Sender {
    /// Until all takers are gone and all is sent, or a while after the bus was closed.
    pub(super) async fn run(mut self) {
        let common = Arc::clone(&self.common);
        let too_late = async {
            common.stop.cancelled().await;
            tokio::time::sleep(common.options.deadline).await;
        };
        let send = async {
            // Only what publishes needs the connection.
            while let Some(first) = self.copies.recv().await {
                let (link, channel) = attach(&common).await;
                self.serve(link, channel, first).await;
            }
        };
        tokio::select! {
            () = send => {}
            () = too_late => {}
        }
    }

    async fn serve(&mut self, mut link: Link, channel: Channel, first: Outgoing) {
        let mut window = Window::new();
        let mut blocked = false;
        let mut more = true;
        self.add(&mut window, &channel, first);
        let why = loop {
            if !more && window.is_empty() {
                link.close().await;
                return;
            }
            let due = window
                .oldest()
                .map(|oldest| oldest + self.common.options.deadline);
            tokio::select! {
                news = link.news() => match news {
                    News::Blocked(_) => blocked = true,
                    News::Unblocked => blocked = false,
                    News::Gone(why) => break why,
                },
                settled = poll_fn(|context| window.poll(context)) => match settled {
                    Ok(settled) => drop(settled),
                    Err(Broken::Lost(why) | Broken::Returned(why)) => break why,
                },
                copy = self.copies.recv(), if more => match copy {
                    Some(copy) => self.add(&mut window, &channel, copy),
                    None => more = false,
                },
                () = sleep_until(due.unwrap_or_else(tokio::time::Instant::now)), if due.is_some() && !blocked => {
                    break "no confirm within the deadline".to_owned();
                }
            }
        };
        self.common.metrics.copies_lost(window.len());
        self.common.metrics.reconnect(Purpose::Copies);
        tracing::warn!(
            why,
            "copies for analytics could not be published; it will find the gap"
        );
    }

    fn add(&self, window: &mut Window<OwnedSemaphorePermit>, channel: &Channel, copy: Outgoing) {
        let numbered = Some((self.publisher, copy.sequence));
        let properties = envelope::properties(&copy.message, copy.stamp, numbered);
        let exchange = self.common.names.exchange(copy.message.topic);
        let key = Names::routing_key(copy.message.topic, copy.message.kind);
        let channel = channel.clone();
        let body = copy.message.body;
        let confirming: Confirming = Box::pin(async move {
            let options = BasicPublishOptions::default();
            let confirmed = async {
                let published =
                    channel.basic_publish(exchange.into(), key.into(), options, &body, properties);
                published.await?.await
            };
            match confirmed.await {
                Ok(Confirmation::Ack(_)) => Confirm::Ack,
                Ok(_) => Confirm::Nack,
                Err(error) => Confirm::Lost(error.to_string()),
            }
        });
        window.add(copy.room, confirming);
    }
}

/// Connects, as often as it takes.
async fn attach(common: &Common) -> (Link, Channel) {
    let mut backoff = Backoff::new();
    loop {
        match try_attach(common).await {
            Ok(attached) => return attached,
            Err(error) => tracing::debug!(%error, "cannot publish copies yet"),
        }
        tokio::time::sleep(backoff.step()).await;
    }
}

async fn try_attach(common: &Common) -> Result<(Link, Channel), BusError> {
    let mut link = Link::open(&common.address, &common.connection_name(Purpose::Copies)).await?;
    let channel = link.channel().await?;
    topology::declare_copies(&channel, &common.names, &common.options).await?;
    let confirms = channel.confirm_select(ConfirmSelectOptions::default());
    within(ANSWER_WITHIN, "turn confirms on", confirms).await?;
    Ok((link, channel))
}
