//! Publishes to billing's queues and waits for their confirms. One task owns the connection, its channel and everything in flight.
//!
//! Whatever goes wrong ends the connection: all in flight is answered with "unknown", and all starts over. Only a broker that says it is
//! blocked is waited for; meanwhile callers are answered within their deadline and nothing new is taken.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::attached::Attached;
use super::copies::Copies;
use super::link::News;
use super::names::topic_index;
use super::order::InOrder;
use super::stamps::Stamps;
use super::status::Trouble;
use super::window::{Broken, Confirm, Confirming, Fate, Settled, Window};
use super::{Common, envelope, pulse};
use crate::metrics::broker::Purpose;
use crate::{BusError, Group, Message, Position, Topic};

/// Publishes taken from the queue at once.
const BURST: usize = 256;
/// After a refusal at its bound a queue is not tried again for this long: whoever comes meanwhile is told at once.
const FULL_PAUSE: Duration = Duration::from_millis(200);

/// One call of `publish`, on its way.
pub(super) struct Publish {
    /// In order.
    pub(super) messages: Vec<Message>,
    /// Told the outcome.
    pub(super) done: oneshot::Sender<Result<(), BusError>>,
    /// Its share of what may be in flight.
    pub(super) room: OwnedSemaphorePermit,
}

/// A publish whose messages are in flight.
struct Open {
    /// `None` once the caller was told.
    done: Option<oneshot::Sender<Result<(), BusError>>>,
    room: Option<OwnedSemaphorePermit>,
    since: Instant,
    messages: usize,
    kept: usize,
    full: usize,
}

/// A message in flight.
struct Ticket {
    publish: u64,
    message: Message,
    stamp: Position,
}

/// The task.
pub(super) struct Publisher {
    common: Arc<Common>,
    inbox: mpsc::UnboundedReceiver<Publish>,
    copies: Copies,
    /// Confirmed messages of which a copy is to leave.
    confirmed: InOrder<Message>,
    stamps: Stamps,
    open: HashMap<u64, Open>,
    next: u64,
    /// Per topic: until when its queue counts as full.
    full_until: Vec<Option<Instant>>,
}

impl Publisher {
    pub(super) fn new(common: Arc<Common>, inbox: mpsc::UnboundedReceiver<Publish>, copies: Copies) -> Self {
        Self {
            inbox,
            copies,
            confirmed: InOrder::new(),
            stamps: Stamps::new(Arc::clone(&common.options.clock)),
            open: HashMap::new(),
            next: 0,
            full_until: vec![None; usize::from(common.options.shards).saturating_add(1)],
            common,
        }
    }

    /// Until the bus is closed; then finishes what it has taken.
    pub(super) async fn run(mut self, first: Attached) {
        let mut attached = Some(first);
        while let Some(now) = attached.take() {
            self.common.status.publishing(None);
            let common = Arc::clone(&self.common);
            let questions = now.questions.clone();
            let ended = tokio::select! {
                ended = self.serve(now) => ended,
                never = pulse::keep(&common, &questions) => match never {},
            };
            // Whoever is told that this failed finds it in the health, too.
            let trouble = ended.as_deref().map(|why| (Trouble::Away, why));
            self.common.status.publishing(trouble);
            self.common.status.unasked();
            self.common.metrics.blocked(false);
            self.fail_open(ended.as_deref().unwrap_or("the bus is closed"));
            let Some(why) = ended else {
                break;
            };
            tracing::warn!(why, "cannot publish to the broker; connecting again");
            self.common.metrics.reconnect(Purpose::Publish);
            attached = Attached::again(&common).await;
        }
        self.inbox.close();
    }

    /// Publishes until something fails, and says what; `None` when the bus was closed.
    async fn serve(&mut self, attached: Attached) -> Option<String> {
        let Attached {
            mut link, channel, ..
        } = attached;
        let mut window = Window::new();
        let mut burst = Vec::with_capacity(BURST);
        let mut blocked = false;
        let mut more = true;
        let mut patient_until = Instant::now();
        loop {
            if !more && (window.is_empty() || blocked) {
                if !blocked {
                    link.close().await;
                }
                return None;
            }
            let due = window
                .oldest()
                .map(|oldest| oldest + self.common.options.deadline);
            let due = due.map(|due| due.max(patient_until));
            tokio::select! {
                biased;
                news = link.news() => match news {
                    News::Blocked(reason) => {
                        blocked = true;
                        self.blocked(Some(&reason));
                    }
                    News::Unblocked => {
                        blocked = false;
                        patient_until = Instant::now() + self.common.options.deadline;
                        self.blocked(None);
                    }
                    News::Gone(why) => return Some(why),
                },
                settled = poll_fn(|context| window.poll(context)) => match settled {
                    Ok(settled) => settled.into_iter().for_each(|settled| self.settle(settled)),
                    Err(Broken::Lost(why)) => return Some(why),
                    Err(Broken::Returned(id)) => {
                        self.common.metrics.returned();
                        return Some(format!("message {id} came back: its queue is missing"));
                    }
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    if !blocked {
                        return Some(format!("no confirm within {:?}", self.common.options.deadline));
                    }
                    patient_until = Instant::now() + self.common.options.deadline;
                    self.give_up_late();
                }
                taken = self.inbox.recv_many(&mut burst, BURST), if more => {
                    more = taken > 0;
                    for publish in burst.drain(..) {
                        self.start(publish, &channel, &mut window);
                    }
                }
                () = self.common.stop.cancelled(), if !self.inbox.is_closed() => self.inbox.close(),
            }
        }
    }

    fn blocked(&self, reason: Option<&str>) {
        let why = reason.map(|reason| format!("the broker takes nothing for now: {reason}"));
        match &why {
            Some(why) => tracing::warn!(why, "publishing is blocked"),
            None => tracing::info!("publishing is no longer blocked"),
        }
        self.common.metrics.blocked(why.is_some());
        let trouble = why.as_deref().map(|why| (Trouble::Blocked, why));
        self.common.status.publishing(trouble);
    }

    fn start(&mut self, publish: Publish, channel: &Channel, window: &mut Window<Ticket>) {
        if publish.done.is_closed() {
            return; // nobody waits any more
        }
        let refused = if publish.messages.iter().any(|message| self.is_full(message.topic)) {
            Some(self.full())
        } else {
            self.common
                .status
                .admits()
                .err()
                .filter(|_| !self.common.stop.is_cancelled())
        };
        if let Some(error) = refused {
            tell(publish.done, Err(error));
            return;
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.open.insert(
            number,
            Open {
                done: Some(publish.done),
                room: Some(publish.room),
                since: Instant::now(),
                messages: publish.messages.len(),
                kept: 0,
                full: 0,
            },
        );
        for message in publish.messages {
            let stamp = self.stamps.next();
            self.confirmed.published(stamp);
            let queue = self.common.names.queue(Group::Billing, message.topic);
            let confirming = confirming(channel.clone(), queue, &message, stamp);
            let ticket = Ticket {
                publish: number,
                message,
                stamp,
            };
            window.add(ticket, confirming);
        }
    }

    fn settle(&mut self, settled: Settled<Ticket>) {
        let Settled { ticket, since, fate } = settled;
        match fate {
            Fate::Kept => {
                self.common
                    .metrics
                    .confirmed(since.elapsed(), ticket.message.body.len());
                self.common.status.published(ticket.stamp);
            }
            Fate::Full => {
                self.common.metrics.nacked();
                let index = topic_index(ticket.message.topic, self.common.options.shards);
                if let Some(until) = index.and_then(|index| self.full_until.get_mut(index)) {
                    *until = Some(Instant::now() + FULL_PAUSE);
                }
            }
        }
        if let Some(open) = self.open.get_mut(&ticket.publish) {
            match fate {
                Fate::Kept => open.kept = open.kept.saturating_add(1),
                Fate::Full => open.full = open.full.saturating_add(1),
            }
            if open.kept.saturating_add(open.full) == open.messages {
                self.finish(ticket.publish);
            }
        }
        match fate {
            Fate::Kept => self.confirmed.kept(ticket.stamp, ticket.message),
            Fate::Full => self.confirmed.refused(ticket.stamp),
        }
        while let Some((stamp, message)) = self.confirmed.release() {
            self.copies.offer(message, stamp);
        }
    }

    fn finish(&mut self, publish: u64) {
        let Some(open) = self.open.remove(&publish) else {
            return;
        };
        let outcome = match (open.kept, open.full) {
            (_, 0) => Ok(()),
            (0, _) => Err(self.full()),
            (kept, full) => Err(BusError::Unavailable(format!(
                "{full} messages were refused by full queues, {kept} were kept"
            ))),
        };
        if let Some(done) = open.done {
            tell(done, outcome);
        }
    }

    /// Answers those that wait longer than the deadline; what they published stays in flight.
    fn give_up_late(&mut self) {
        let deadline = self.common.options.deadline;
        for open in self.open.values_mut() {
            if open.since.elapsed() >= deadline {
                open.room = None;
                if let Some(done) = open.done.take() {
                    self.common.metrics.unknown();
                    tell(
                        done,
                        Err(BusError::Unavailable(
                            "the broker takes nothing for now".to_owned(),
                        )),
                    );
                }
            }
        }
    }

    /// Nothing is known of what is in flight.
    fn fail_open(&mut self, why: &str) {
        let (kept, unknown) = self.confirmed.end();
        for (stamp, message) in kept {
            self.copies.offer(message, stamp);
        }
        if unknown {
            self.copies.skip_all();
        }
        for (_, open) in self.open.drain() {
            if let Some(done) = open.done {
                self.common.metrics.unknown();
                tell(done, Err(BusError::Unavailable(why.to_owned())));
            }
        }
        while let Ok(publish) = self.inbox.try_recv() {
            tell(publish.done, Err(BusError::Unavailable(why.to_owned())));
        }
    }

    fn is_full(&self, topic: Topic) -> bool {
        let index = topic_index(topic, self.common.options.shards);
        let until = index.and_then(|index| self.full_until.get(index).copied().flatten());
        until.is_some_and(|until| Instant::now() < until)
    }

    fn full(&self) -> BusError {
        let limit_bytes = self.common.options.limit_bytes;
        BusError::Full {
            bytes: limit_bytes,
            limit_bytes,
        }
    }
}

fn tell(done: oneshot::Sender<Result<(), BusError>>, outcome: Result<(), BusError>) {
    if done.send(outcome).is_err() {
        tracing::debug!("nobody waited for the outcome of a publish");
    }
}

/// Publishes to a queue by its name: the default exchange knows every queue, and nobody can bind another one in its place.
fn confirming(channel: Channel, queue: String, message: &Message, stamp: Position) -> Confirming {
    let properties = envelope::properties(message, stamp, None);
    let body = message.body.clone();
    Box::pin(async move {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let confirmed = async {
            let published = channel.basic_publish("".into(), queue.into(), options, &body, properties);
            published.await?.await
        };
        match confirmed.await {
            Ok(Confirmation::Ack(None)) => Confirm::Ack,
            Ok(Confirmation::Nack(None)) => Confirm::Nack,
            Ok(Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned))) => {
                let id = returned.delivery.properties.message_id().as_ref();
                Confirm::Returned(id.map(ToString::to_string).unwrap_or_default())
            }
            Ok(Confirmation::NotRequested) => Confirm::Lost("confirms are not on".to_owned()),
            Err(error) => Confirm::Lost(error.to_string()),
        }
    })
}
