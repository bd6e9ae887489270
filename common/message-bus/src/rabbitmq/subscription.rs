//! What a reader holds: positions and gaps from [`Cursor`], messages from the task that consumes for it.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::consuming::{Ack, Current, Desk, Event, Task};
use super::cursor::{Cursor, Gap, Step};
use super::{Common, stamps, status};
use crate::{BusError, Delivery, Group, Position, Subscription, Topic};

/// See [`Subscription`]. Dropping it ends its consumer, so that another one takes over.
pub(super) struct Reader {
    common: Arc<Common>,
    group: Group,
    topic: Topic,
    cursor: Cursor,
    /// The number of the channel that consumes.
    attached: u64,
    ready: VecDeque<Delivery>,
    desk: Arc<Desk>,
    acks: mpsc::UnboundedSender<Ack>,
    _stop: DropGuard,
}

impl Reader {
    /// Starts to consume; `number` tells this subscription from others. Waits for the first attempt, so that who subscribes first is served
    /// first.
    pub(super) async fn start(
        common: &Arc<Common>,
        number: u64,
        (group, topic): (Group, Topic),
        from: Option<Position>,
        current: Current,
    ) -> Self {
        let stop: CancellationToken = common.stop.child_token();
        let desk = Arc::new(Desk::default());
        let (sender, acks) = mpsc::unbounded_channel();
        let (tried, first_attempt) = oneshot::channel();
        let task = Task {
            common: Arc::clone(common),
            number,
            group,
            topic,
            current,
            desk: Arc::clone(&desk),
            acks,
            stop: stop.clone(),
            tried: Some(tried),
        };
        common.tasks.spawn(task.run());
        // Without a broker the subscription is good all the same, and goes on trying.
        if common.status.admits().is_ok() {
            drop(tokio::time::timeout(common.options.deadline, first_attempt).await);
        }
        Self {
            common: Arc::clone(common),
            group,
            topic,
            cursor: Cursor::new(group, from),
            attached: 0,
            ready: VecDeque::new(),
            desk,
            acks: sender,
            _stop: stop.drop_guard(),
        }
    }

    /// Takes events until something is ready.
    fn take(&mut self) -> Option<Delivery> {
        while self.ready.is_empty() {
            match self.desk.take()? {
                Event::Attached(number) => {
                    self.attached = number;
                    if let Some(gap) = self.cursor.attached() {
                        self.hand_gap(gap);
                    }
                }
                Event::Arrived(envelope) => {
                    let now = stamps::micros(&*self.common.options.clock);
                    let tag = envelope.arrival.tag;
                    match self.cursor.take(envelope.arrival, now) {
                        Step::Covered => drop(self.send_ack(tag, false)),
                        Step::Hand { gap, position } => {
                            if let Some(gap) = gap {
                                self.hand_gap(gap);
                            }
                            self.ready.push_back(Delivery::Message {
                                position,
                                id: envelope.id,
                                kind: envelope.kind,
                                time_ms: envelope.time_ms,
                                traced: envelope.traced,
                                body: envelope.body,
                            });
                        }
                    }
                }
            }
            self.make_way();
        }
        self.ready.pop_front()
    }

    fn hand_gap(&mut self, (after, next): Gap) {
        self.ready.push_back(Delivery::Gap { after, next });
    }

    /// Has old messages acknowledged for a reader that can do without.
    fn make_way(&mut self) {
        let most = usize::from(self.common.options.prefetch) / 4;
        if let Some(tag) = self.cursor.overflow(most) {
            drop(self.send_ack(tag, true)); // should it fail, the channel does
        }
        self.common.metrics.unacked(self.group, self.cursor.unacked());
    }

    /// Never answered when the channel has changed.
    fn send_ack(&self, tag: u64, multiple: bool) -> oneshot::Receiver<Result<(), BusError>> {
        let (done, outcome) = oneshot::channel();
        let ack = Ack {
            tag,
            multiple,
            attached: self.attached,
            done,
        };
        // A task that has ended drops it, and whoever waits is told.
        drop(self.acks.send(ack));
        outcome
    }

    fn check_open(&self) -> Result<(), BusError> {
        if self.common.stop.is_cancelled() {
            return Err(status::closed());
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Subscription for Reader {
    async fn next(&mut self) -> Result<Delivery, BusError> {
        loop {
            if let Some(delivery) = self.try_next().await? {
                return Ok(delivery);
            }
            tokio::select! {
                () = self.common.stop.cancelled() => return Err(status::closed()),
                () = self.desk.changed() => {}
            }
        }
    }

    async fn try_next(&mut self) -> Result<Option<Delivery>, BusError> {
        self.check_open()?;
        Ok(self.take())
    }

    async fn ack(&mut self, position: Position) -> Result<(), BusError> {
        self.check_open()?;
        let Some(tag) = self.cursor.ack(position) else {
            return Ok(());
        };
        let lost = || BusError::Unavailable("not acknowledged: the messages come again".to_owned());
        if !self.desk.is_attached(self.attached) {
            return Err(lost());
        }
        // The task has a deadline for it too; this one is for a task that lost its channel meanwhile.
        let outcome = tokio::time::timeout(self.common.options.deadline * 2, self.send_ack(tag, true)).await;
        outcome.map_err(|_| lost())?.map_err(|_| lost())??;
        self.common.status.acked(self.group, self.topic, position);
        self.common.metrics.unacked(self.group, self.cursor.unacked());
        Ok(())
    }
}
