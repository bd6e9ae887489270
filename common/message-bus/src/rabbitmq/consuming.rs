//! The one connection that all subscriptions share, kept by a task, and the task that consumes for each of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::envelope::Envelope;
use super::link::{ANSWER_WITHIN, Backoff, Link, News, within};
use super::{Common, topology};
use crate::metrics::broker::Purpose;
use crate::{BusError, Group, Topic};

/// How long a connection may take to be there before it is missed: the first subscription has it made.
const MISSED_AFTER: Duration = Duration::from_secs(1);

/// The connection there is now.
pub(super) type Current = watch::Receiver<Option<Arc<Connection>>>;

/// Keeps a connection until the bus is closed.
pub(super) async fn keep(common: Arc<Common>, current: watch::Sender<Option<Arc<Connection>>>) {
    let mut backoff = Backoff::new();
    while !common.stop.is_cancelled() {
        let name = common.connection_name(Purpose::Consume);
        match Link::open(&common.address, &name).await {
            Ok(mut link) => {
                backoff.reset();
                current.send_replace(Some(Arc::clone(&link.connection)));
                let why = gone(&mut link, &common.stop).await;
                current.send_replace(None);
                let Some(why) = why else {
                    link.close().await;
                    break;
                };
                tracing::warn!(why, "cannot consume from the broker; connecting again");
                common.metrics.reconnect(Purpose::Consume);
            }
            Err(error) => tracing::debug!(%error, "cannot consume yet"),
        }
        tokio::select! {
            () = common.stop.cancelled() => {}
            () = tokio::time::sleep(backoff.step()) => {}
        }
    }
}

/// Why the connection is gone; `None` when the bus was closed.
async fn gone(link: &mut Link, stop: &CancellationToken) -> Option<String> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return None,
            news = link.news() => if let News::Gone(why) = news {
                return Some(why);
            },
        }
    }
}

/// What the consuming task puts on the desk.
#[derive(Debug)]
pub(super) enum Event {
    /// A new channel consumes, the how manyth; what came over the one before comes again.
    Attached(u64),
    /// A message.
    Arrived(Envelope),
}

/// Between the consuming task and the subscription. The broker's prefetch bounds what lies here.
#[derive(Debug, Default)]
pub(super) struct Desk {
    inner: Mutex<Inner>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Event>,
    /// The number of the channel that consumes now.
    attached: Option<u64>,
}

impl Desk {
    pub(super) fn take(&self) -> Option<Event> {
        self.lock().events.pop_front()
    }

    /// Returns when something may have been put here since [`Self::take`] found nothing.
    pub(super) async fn changed(&self) {
        self.news.notified().await;
    }

    /// Whether this channel still consumes.
    pub(super) fn is_attached(&self, number: u64) -> bool {
        self.lock().attached == Some(number)
    }

    fn attach(&self, number: u64) {
        let mut inner = self.lock();
        inner.events.clear(); // it comes again
        inner.events.push_back(Event::Attached(number));
        inner.attached = Some(number);
        drop(inner);
        self.news.notify_one();
    }

    fn detach(&self) {
        self.lock().attached = None;
    }

    fn put(&self, envelope: Envelope) {
        self.lock().events.push_back(Event::Arrived(envelope));
        self.news.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the task to acknowledge a delivery.
#[derive(Debug)]
pub(super) struct Ack {
    pub(super) tag: u64,
    /// And everything delivered before it.
    pub(super) multiple: bool,
    /// The number of the channel: over another one it would acknowledge other messages.
    pub(super) attached: u64,
    pub(super) done: oneshot::Sender<Result<(), BusError>>,
}

/// Consumes one topic for one group, until it is cancelled.
pub(super) struct Task {
    pub(super) common: Arc<Common>,
    pub(super) number: u64,
    pub(super) group: Group,
    pub(super) topic: Topic,
    pub(super) current: Current,
    pub(super) desk: Arc<Desk>,
    pub(super) acks: mpsc::UnboundedReceiver<Ack>,
    pub(super) stop: CancellationToken,
    /// Dropped when the first attempt to consume is over, or put off.
    pub(super) tried: Option<oneshot::Sender<()>>,
}

impl Task {
    pub(super) async fn run(mut self) {
        let stop = self.stop.clone();
        let mut backoff = Backoff::new();
        let mut attached = 0;
        loop {
            let Some(attach) = stop.run_until_cancelled(self.attach_in_turn()).await else {
                break;
            };
            self.tried = None;
            let why = match attach {
                Ok((channel, consumer)) => {
                    backoff.reset();
                    attached += 1;
                    self.common.status.consuming(self.number, true);
                    self.desk.attach(attached);
                    let ended = self.serve(attached, &channel, consumer).await;
                    self.desk.detach();
                    let Some(why) = ended else {
                        break;
                    };
                    why
                }
                Err(error) => error.to_string(),
            };
            let queue = self.common.names.queue(self.group, self.topic);
            tracing::warn!(queue, why, "not consuming; trying again");
            self.common.status.consuming(self.number, false);
            if stop
                .run_until_cancelled(tokio::time::sleep(backoff.step()))
                .await
                .is_none()
            {
                break;
            }
        }
        self.common.status.consuming(self.number, true);
    }

    /// Leaves others' shards to them for a while first.
    async fn attach_in_turn(&mut self) -> Result<(Channel, Consumer), BusError> {
        let hold_back = self.common.options.hold_back(self.topic);
        if !hold_back.is_zero() {
            self.tried = None;
            tokio::time::sleep(hold_back).await;
        }
        self.attach().await
    }

    async fn attach(&mut self) -> Result<(Channel, Consumer), BusError> {
        let there = self.current.wait_for(Option::is_some);
        if tokio::time::timeout(MISSED_AFTER, there).await.is_err() {
            self.common.status.consuming(self.number, false);
        }
        let connection = match self.current.wait_for(Option::is_some).await {
            Ok(connection) => connection.clone(),
            Err(_) => None,
        };
        let connection = connection.ok_or_else(super::status::closed)?;
        let channel = within(ANSWER_WITHIN, "open a channel", connection.create_channel()).await?;
        let common = &self.common;
        topology::queue(&channel, &common.names, &common.options, (self.group, self.topic)).await?;
        let prefetch = channel.basic_qos(common.options.prefetch, BasicQosOptions::default());
        within(ANSWER_WITHIN, "bound what is delivered", prefetch).await?;
        let queue = common.names.queue(self.group, self.topic);
        let options = BasicConsumeOptions::default();
        let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        let consumer = within(ANSWER_WITHIN, "consume", consumer).await?;
        Ok((channel, consumer))
    }

    /// Until the channel is of no use any more, and says why; `None` when nobody wants more.
    async fn serve(&mut self, attached: u64, channel: &Channel, mut consumer: Consumer) -> Option<String> {
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    // Not by ending the consumer: the next one would be served before what this one holds is back in the queue.
                    let closing = channel.close(200, "OK".into());
                    if let Err(error) = within(ANSWER_WITHIN, "close a channel", closing).await {
                        tracing::debug!(%error, "the channel was not closed in order");
                    }
                    return None;
                }
                Some(ack) = self.acks.recv() => {
                    if ack.attached != attached {
                        continue; // dropped unanswered: the messages come again
                    }
                    let options = BasicAckOptions { multiple: ack.multiple };
                    let acking = channel.basic_ack(ack.tag, options);
                    let outcome = within(self.common.options.deadline, "acknowledge", acking).await;
                    let failed = outcome.as_ref().err().map(ToString::to_string);
                    if ack.done.send(outcome).is_err() {
                        tracing::trace!("nobody waited for the acknowledgement");
                    }
                    if let Some(why) = failed {
                        return Some(why);
                    }
                }
                delivery = consumer.next() => match delivery {
                    Some(Ok(delivery)) => self.desk.put(delivery.into()),
                    Some(Err(error)) => return Some(error.to_string()),
                    None => return Some("the broker ended the consumer: its queue may be gone".to_owned()),
                },
            }
        }
    }
}
