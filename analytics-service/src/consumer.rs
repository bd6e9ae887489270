//! Feeds one shard: messages from the bus, folds from billing, groups from the register; and stores what became of it.
//!
//! All of it happens one after the other in one task. While billing folds a day no message is consumed, so that the fold is never
//! older than the values it replaces.

mod fold;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use message_bus::{Bus, BusError, Delivery, Group, Position, Subscription, Topic};
use model::Clock;
use prost::Message as _;
use proto::billing::reads_server::Reads;
use proto::meter::ReadingColumns;
use service_kit::bus::Taking;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::consumer::fold::Pace;
use crate::day::DAY_MS;
use crate::error::Error;
use crate::group::Groups;
use crate::metrics::Metrics;
use crate::origin::Origin;
use crate::register::Assignments;
use crate::shard::{Moment, Shard};
use crate::store::WindowStore;

/// Messages taken before the task looks after folds and the store again.
const BURST: usize = 64;
/// How often it looks after them at least.
const TICK: Duration = Duration::from_millis(250);
/// How often the counters are brought up to date.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Wait after an error of the bus or of the store.
const RETRY: Duration = Duration::from_secs(1);
/// Readings of a shard after which it is stored: a fraction of a second of work to do again after a crash.
const MAX_UNSAVED: u64 = 2_000_000;
/// What a message with readings calls itself.
const KIND: &str = "gridtally.meter.v1.ReadingColumns";

/// A shard that queries look at while its consumer changes it. Never locked across an await, nor longer than one message takes.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<Shard>);

impl Shared {
    /// Shares `shard`.
    pub(crate) fn new(shard: Shard) -> Self {
        Self(Mutex::new(shard))
    }

    /// The shard. A panic while it was locked ends the process, so a poisoned lock is never seen by a user.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Shard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all shards use.
pub(crate) struct Common {
    /// The settings.
    pub(crate) config: Config,
    /// Where messages come from.
    pub(crate) bus: Arc<dyn Bus>,
    /// Who folds stored reads.
    pub(crate) reads: Arc<dyn Reads>,
    /// Where values are kept.
    pub(crate) store: Arc<dyn WindowStore>,
    /// Whose readings they are made of.
    pub(crate) origin: Arc<Origin>,
    /// The time of day.
    pub(crate) clock: Arc<dyn Clock>,
    /// Numbers of groups.
    pub(crate) groups: Arc<Groups>,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// One fold at a time: they are billing's work, and intake needs the cores.
    pub(crate) folding: Semaphore,
    /// Asks for the groups of meters at once: the register has changed.
    pub(crate) hurry: Arc<Notify>,
    /// When the service started.
    pub(crate) started: Instant,
}

impl Common {
    /// Now.
    pub(crate) fn moment(&self) -> Moment {
        let grace = i64::try_from(self.config.close_grace.as_millis()).unwrap_or(i64::MAX);
        let day = self.clock.now_ms().saturating_sub(grace).div_euclid(DAY_MS);
        Moment {
            since_start: self.started.elapsed(),
            first_open_day: i32::try_from(day).unwrap_or(i32::MAX),
        }
    }
}

/// The task of one shard.
pub(crate) struct Consumer {
    common: Arc<Common>,
    shard: Arc<Shared>,
    number: u16,
    assignments: watch::Receiver<Assignments>,
    stop: CancellationToken,
    columns: ReadingColumns,
    pace: Pace,
    next_save: Instant,
    next_count: Instant,
}

impl Consumer {
    /// A consumer of `shard`.
    pub(crate) fn new(
        common: Arc<Common>,
        shard: Arc<Shared>,
        assignments: watch::Receiver<Assignments>,
        stop: CancellationToken,
    ) -> Self {
        let now = Instant::now();
        let number = shard.lock().number();
        Self {
            next_save: now + common.config.save_every,
            next_count: now,
            pace: Pace::new(now),
            common,
            shard,
            number,
            assignments,
            stop,
            columns: ReadingColumns::default(),
        }
    }

    /// The place where the shard goes on; none while the bus is away, which [`Self::run`] asks again.
    ///
    /// # Errors
    /// [`Error::Bus`] with [`BusError::Ahead`]: the shard was stored from another bus.
    pub(crate) async fn attach(&self) -> Result<Option<Box<dyn Subscription>>, Error> {
        match self.subscribe().await {
            Ok(subscription) => Ok(Some(subscription)),
            Err(error @ BusError::Ahead { .. }) => Err(error.into()),
            Err(error) => {
                tracing::debug!(shard = self.number, %error, "the bus is not there yet");
                Ok(None)
            }
        }
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, BusError> {
        let topic = Topic::Readings { shard: self.number };
        let from = self.shard.lock().consumed();
        self.common
            .bus
            .subscribe(Group::Analytics, topic, Some(from))
            .await
    }

    /// Works from `first` on until it is asked to stop, then stores what is left.
    ///
    /// # Errors
    /// [`Error`] when the last changes cannot be stored; they will be read from the bus again.
    pub(crate) async fn run(mut self, mut first: Option<Box<dyn Subscription>>) -> Result<(), Error> {
        // Without groups every reading would count as unknown, and be folded again.
        tokio::select! {
            () = self.stop.cancelled() => return Ok(()),
            known = self.assignments.wait_for(Option::is_some) => if known.is_err() {
                return Ok(()); // nobody asks for them any more
            },
        }
        self.assignments.mark_changed();
        while !self.stop.is_cancelled() {
            if let Err(error) = self.follow(first.take()).await {
                tracing::warn!(shard = self.number, error = %chain(&error), "analytics tries again");
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    () = tokio::time::sleep(RETRY) => {}
                }
            }
        }
        self.count();
        self.save().await.map(drop)
    }

    /// Follows the bus until something fails or the service is asked to stop.
    async fn follow(&mut self, first: Option<Box<dyn Subscription>>) -> Result<(), Error> {
        let mut subscription = match first {
            Some(first) => first,
            None => self.subscribe().await?,
        };
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                _ = ticks.tick() => self.look_after(&mut *subscription).await?,
                delivery = subscription.next() => {
                    self.take(delivery?);
                    self.drain(&mut *subscription).await?;
                }
            }
        }
        if let Some(position) = self.save().await? {
            subscription.ack(position).await?;
        }
        Ok(())
    }

    /// Takes messages that are there already, a burst at most.
    async fn drain(&mut self, subscription: &mut dyn Subscription) -> Result<(), BusError> {
        for _ in 0..BURST {
            let Some(delivery) = subscription.try_next().await? else {
                self.shard.lock().caught_up = true;
                return Ok(());
            };
            self.take(delivery);
        }
        Ok(())
    }

    fn take(&mut self, delivery: Delivery) {
        let now = self.common.moment();
        let mut shard = self.shard.lock();
        shard.caught_up = false;
        let (after, missed) = match delivery {
            // Nothing is stored yet: whatever came before is looked for all the same, but nobody knows of anything that is missing.
            Delivery::Gap { after: 0, next } if shard.consumed() == 0 => {
                tracing::debug!(shard = self.number, "begins without anything stored");
                shard.miss(0, next);
                return;
            }
            Delivery::Gap { after, next } => (after, next),
            Delivery::Message {
                position,
                kind,
                traced,
                body,
                ..
            } => {
                let _taking = Taking::begin("windows consume", traced);
                self.columns.clear();
                let readable = kind == KIND && self.columns.merge(body).is_ok();
                if readable && shard.apply(position, &self.columns, now).is_ok() {
                    return;
                }
                // Billing may understand what this program does not: its reads decide.
                (shard.consumed(), position.saturating_add(1))
            }
        };
        // No loss: every restart misses some.
        tracing::info!(
            shard = self.number,
            after,
            before = missed,
            "messages missed: billing is asked which days they changed"
        );
        self.common.metrics.missed.inc();
        shard.miss(after, missed);
    }

    /// What is to be done now and then: groups, counts, folds, the store.
    async fn look_after(&mut self, subscription: &mut dyn Subscription) -> Result<(), Error> {
        // Groups first: a reading that counts as unknown makes its day wait for a fold.
        if self.assignments.has_changed().unwrap_or(false) {
            self.assign();
        }
        self.drain(subscription).await?;
        if self.next_count <= Instant::now() {
            self.next_count = Instant::now() + COUNT_EVERY;
            self.count();
        }
        self.recover_missed().await;
        while self.fold_next().await {
            self.store_when_due(subscription).await?;
            self.drain(subscription).await?;
        }
        self.store_when_due(subscription).await
    }

    fn assign(&mut self) {
        let assignments = self.assignments.borrow_and_update().clone();
        let assignment = assignments
            .as_ref()
            .and_then(|shards| shards.get(usize::from(self.number)));
        if let Some(assignment) = assignment {
            self.shard.lock().assign(assignment, self.common.moment());
        }
    }

    /// Brings what was received into the metrics.
    fn count(&self) {
        let (readings, received) = self.shard.lock().take_received();
        let metrics = &self.common.metrics;
        metrics.readings.inc_by(readings);
        for (group, received) in self.common.groups.all().iter().zip(received) {
            if received.import != 0 || received.export != 0 {
                metrics.count_energy(group, received);
            }
        }
    }

    async fn store_when_due(&mut self, subscription: &mut dyn Subscription) -> Result<(), Error> {
        let (full, unsaved) = {
            let shard = self.shard.lock();
            (shard.is_full(), shard.unsaved_readings())
        };
        if !full && unsaved < MAX_UNSAVED && Instant::now() < self.next_save {
            return Ok(());
        }
        self.next_save = Instant::now() + self.common.config.save_every;
        let stored = self.save().await?;
        if full {
            self.shard.lock().evict(self.common.moment());
        }
        if let Some(position) = stored {
            subscription.ack(position).await?;
        }
        Ok(())
    }

    /// Stores what changed; says up to where the bus need not deliver again.
    async fn save(&self) -> Result<Option<Position>, Error> {
        if self.common.origin.is_foreign() {
            return Ok(None);
        }
        let Some(batch) = self.shard.lock().changes() else {
            return Ok(None);
        };
        let days = batch.days.iter().map(|document| document.header.day);
        let days: Vec<i32> = days.chain(batch.stale.iter().copied()).collect();
        let meters = batch.meters.is_some();
        let position = batch.progress.map(|progress| progress.position);
        if let Err(error) = self.common.store.save(batch).await {
            self.shard.lock().not_stored(&days, meters);
            return Err(error.into());
        }
        Ok(position)
    }
}

/// An error and what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
