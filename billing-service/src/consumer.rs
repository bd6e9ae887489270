//! Reads the bus into the reads: one task per shard.
//!
//! A message is acknowledged when its readings are stored and what they bring about is ensured. A message that cannot be processed is
//! kept in the quarantine with the reason, and the others go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use message_bus::{Bus, BusError, Delivery, Group, Position, Subscription, Topic};
use prost::Message as _;
use proto::meter::ReadingColumns;
use service_kit::bus::Taking;
use service_kit::{OnFailure, Tasks};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::follow::{Followed, Waiting};
use crate::reads::{Consequences, Reads, Unreadable, Unusable, error_chain};

/// The wait after a failure of the bus or the store.
const RETRY: Duration = Duration::from_millis(500);

/// What a consumer needs.
#[derive(Clone)]
pub(crate) struct Consumer {
    pub bus: Arc<dyn Bus>,
    pub reads: Arc<Reads>,
    pub consequences: Arc<dyn Consequences>,
    pub followed: Arc<Followed>,
    /// What is under way is dropped, unstored and unacknowledged, when this is cancelled.
    pub over: CancellationToken,
}

/// A shard that is consumed.
pub(crate) struct Consuming {
    stop: CancellationToken,
    ended: CancellationToken,
}

impl Consuming {
    /// Consumes no more; returns when what was consumed is stored and acknowledged, or the process stops.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.ended.cancelled().await;
    }
}

/// How far a shard is: what is stored, and which traces wait for it.
struct Progress {
    stored: watch::Receiver<Position>,
    waiting: Waiting,
}

impl Consumer {
    /// Whether the store has what it acknowledged. To be asked before anything is issued.
    ///
    /// # Errors
    /// [`Error::Older`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (group, topic, acknowledged) in self.bus.health().acked {
            let (Group::Billing, Topic::Readings { shard }) = (group, topic) else {
                continue;
            };
            let stored = self.stored(shard);
            if stored < acknowledged {
                return Err(Error::Older {
                    shard,
                    stored,
                    acknowledged,
                });
            }
        }
        Ok(())
    }

    fn stored(&self, shard: u16) -> Position {
        self.reads.stored(shard).map_or(0, |stored| *stored.borrow())
    }

    /// Subscribes to every shard and starts to consume and to store.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(crate) async fn start_all(&self, tasks: &Tasks) -> Result<BTreeMap<u16, Consuming>, Error> {
        let mut consuming = BTreeMap::new();
        for shard in 0..self.reads.shards() {
            consuming.insert(shard, self.start(shard, tasks).await?);
        }
        let checkpoints = Arc::clone(&self.reads).run_checkpoints(tasks.stop_token());
        tasks.spawn("billing checkpoints", OnFailure::StopProcess, checkpoints);
        Ok(consuming)
    }

    /// Subscribes to a shard and starts to consume.
    ///
    /// # Errors
    /// [`Error::Overtaken`] when the store is older than what the bus still keeps; [`Error::Bus`].
    pub(crate) async fn start(&self, shard: u16, tasks: &Tasks) -> Result<Consuming, Error> {
        let subscription = self.subscribe(shard).await?;
        let consuming = Consuming {
            stop: tasks.stop_token().child_token(),
            ended: CancellationToken::new(),
        };
        let ended = consuming.ended.clone().drop_guard();
        let over = self.over.clone();
        let process = tasks.stop_token();
        let consume = self
            .clone()
            .consume(shard, subscription, consuming.stop.clone(), process);
        tasks.spawn("billing consumer", OnFailure::StopProcess, async move {
            let _ended = ended;
            over.run_until_cancelled(consume).await.unwrap_or(Ok(()))
        });
        Ok(consuming)
    }

    /// Starts after what is stored, or after what is acknowledged if that is earlier.
    async fn subscribe(&self, shard: u16) -> Result<Box<dyn Subscription>, Error> {
        let stored = self.stored(shard);
        let subscribed = self
            .bus
            .subscribe(Group::Billing, Topic::Readings { shard }, Some(stored))
            .await;
        subscribed.map_err(|error| match error {
            BusError::Lost { first, .. } => Error::Overtaken { shard, stored, first },
            other => Error::Bus(other),
        })
    }

    /// Consumes until `stop`, then stores what was consumed: when the `process` stops once, else for as long as it takes.
    async fn consume(
        self,
        shard: u16,
        mut subscription: Box<dyn Subscription>,
        stop: CancellationToken,
        process: CancellationToken,
    ) -> Result<(), Error> {
        let mut progress = Progress {
            stored: self.reads.stored(shard).ok_or(Error::NoShard(shard.into()))?,
            waiting: Waiting::default(),
        };
        while let Err(error) = self.follow(shard, &mut *subscription, &mut progress, &stop).await {
            tracing::warn!(
                shard,
                error = error_chain(&error),
                "cannot read the bus; trying again"
            );
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(RETRY) => {}
            }
            match self.subscribe(shard).await {
                Ok(again) => subscription = again,
                Err(error @ Error::Overtaken { .. }) => return Err(error),
                Err(_) => {} // logged when it is used
            }
        }
        while !process.is_cancelled()
            && let Err(error) = self.reads.checkpoint(shard).await
        {
            let error = error_chain(&error);
            tracing::warn!(shard, error, "cannot store what was consumed; trying again");
            tokio::select! {
                () = process.cancelled() => {}
                () = tokio::time::sleep(RETRY) => {}
            }
        }
        self.reads.checkpoint(shard).await?;
        let acknowledged = progress.acknowledge(&mut *subscription).await;
        if process.is_cancelled() {
            return Ok(acknowledged?);
        }
        if let Err(error) = acknowledged {
            tracing::debug!(shard, %error, "what was stored was not acknowledged; it comes again"); // to whoever is next
        }
        Ok(())
    }

    /// Consumes until `stop` or a failure of the bus.
    async fn follow(
        &self,
        shard: u16,
        subscription: &mut dyn Subscription,
        progress: &mut Progress,
        stop: &CancellationToken,
    ) -> Result<(), BusError> {
        loop {
            let delivery = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                changed = progress.stored.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    progress.acknowledge(subscription).await?;
                    continue;
                }
                delivery = async {
                    self.reads.wait_for_room().await;
                    subscription.next().await
                } => delivery?,
            };
            let stopped = tokio::select! {
                biased;
                () = self.take(shard, delivery, &mut progress.waiting) => false,
                () = stop.cancelled() => true, // not acknowledged, so it comes again
            };
            if stopped {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    /// Takes in one message, or quarantines it.
    async fn take(&self, shard: u16, delivery: Delivery, waiting: &mut Waiting) {
        let Delivery::Message {
            position,
            id,
            kind,
            time_ms,
            traced,
            body,
        } = delivery
        else {
            return; // the bus promises none to this group
        };
        let taking = Taking::begin("readings consume", traced);
        let Err(reason) = self.apply(shard, &body, position, &taking) else {
            waiting.wait(position, &taking);
            return;
        };
        taking.fail("quarantined");
        let unusable = Unusable {
            shard,
            position,
            id,
            kind,
            time_ms,
            body,
            reason: reason.to_string(),
        };
        tracing::warn!(shard, position, %reason, "message quarantined");
        while let Err(error) = self.consequences.quarantine(unusable.clone()).await {
            tracing::error!(
                shard,
                error = error_chain(&error),
                "cannot quarantine; trying again"
            );
            tokio::time::sleep(RETRY).await;
        }
        self.reads.skip(shard, position);
    }

    fn apply(
        &self,
        shard: u16,
        body: &Bytes,
        position: Position,
        taking: &Taking,
    ) -> Result<usize, Unreadable> {
        let columns = ReadingColumns::decode(body.as_ref())
            .map_err(|error| Unreadable::Undecodable(error.to_string()))?;
        let readings = self.reads.apply(shard, &columns, position)?;
        self.followed.taken(&columns, taking);
        Ok(readings)
    }
}

impl Progress {
    /// Acknowledges what is stored.
    async fn acknowledge(&mut self, subscription: &mut dyn Subscription) -> Result<(), BusError> {
        let position = *self.stored.borrow_and_update();
        let spans = self.waiting.stored(position);
        let acknowledged = subscription.ack(position).await;
        if acknowledged.is_err() {
            spans.iter().for_each(|span| span.fail("not acknowledged"));
        }
        acknowledged
    }
}

#[cfg(test)]
mod tests;
