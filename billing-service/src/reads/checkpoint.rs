//! Checkpoints: what was consumed goes into blocks, what it brings about is ensured, and only then is the position stored.
//!
//! One shard at a time, the fullest first: so the shards stay at different fillings, and on average half of the memory for pending
//! readings is in use while each checkpoint finds many readings of a meter to write together.

use std::sync::Arc;
use std::time::Duration;

use model::{MeterId, Series};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::arena::{Arena, Row};
use super::parts::{Parts, Reach, parts_of};
use super::shard::{Frozen, Shard};
use super::store::{Append, BlockKey, Contested, Part};
use super::{Reads, Touched};
use crate::block;
use crate::block::winner::Dispute;
use crate::error::StoreError;

/// How often it is looked whether a checkpoint is due, and consequences that cannot wait are ensured.
const TICK: Duration = Duration::from_secs(1);
/// What readings bring about is ensured at least so often, stored or not.
const MAX_UNENSURED: Duration = Duration::from_secs(60);
/// At most so long when very many readings need their consequences.
const MAX_URGENT_AGE: Duration = Duration::from_secs(10);
/// The wait after a checkpoint that failed.
pub(super) const RETRY: Duration = Duration::from_secs(2);
/// Meters handed to the consequences at once.
const TOUCHED_AT_ONCE: usize = 1_024;

impl Reads {
    /// Makes checkpoints when they are due, until `stop`.
    ///
    /// # Errors
    /// Never; failures are logged and tried again, for as long as the consumers wait.
    pub async fn run_checkpoints(self: Arc<Self>, stop: CancellationToken) -> Result<(), StoreError> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.work.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
            if let Err(error) = self.tick().await {
                let error = error_chain(&error);
                tracing::error!(error, "checkpoint failed; readings wait in memory and on the bus");
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(RETRY) => {}
                }
            }
        }
    }

    /// One look at every shard, the fullest first. One that fails does not hold up the others.
    pub(super) async fn tick(&self) -> Result<(), StoreError> {
        let mut shards: Vec<&Shard> = self.shards.iter().collect();
        shards.sort_by_key(|shard| std::cmp::Reverse(shard.bytes()));
        let mut outcome = Ok(());
        for shard in shards {
            outcome = outcome.and(self.tend(shard).await);
        }
        outcome
    }

    /// Makes a checkpoint of a shard if one is due, and ensures what cannot wait for the next.
    async fn tend(&self, shard: &Shard) -> Result<(), StoreError> {
        let due = shard.due();
        let age = |since: Option<Instant>| since.map_or(Duration::ZERO, |since| Instant::now() - since);
        let full = self.bytes() >= self.limits.checkpoint_bytes() && shard.bytes() > 0;
        // At the next look it would be too old.
        let old =
            age(due.since) + TICK > self.limits.unstored || (due.urgent && age(due.since) >= MAX_URGENT_AGE);
        if due.again || full || old {
            return self.checkpoint_shard(shard).await;
        }
        self.ensure_prompt(shard).await?;
        if age(due.unensured) >= MAX_UNENSURED {
            self.ensure_fresh(shard).await?;
        }
        Ok(())
    }

    /// Stores everything consumed of a shard up to now.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is lost or acknowledged then, and the next checkpoint starts over.
    pub async fn checkpoint(&self, shard: u16) -> Result<(), StoreError> {
        match self.shards.get(usize::from(shard)) {
            Some(shard) => self.checkpoint_shard(shard).await,
            None => Ok(()),
        }
    }

    async fn checkpoint_shard(&self, shard: &Shard) -> Result<(), StoreError> {
        let _gate = shard.gate.lock().await;
        self.store_all(shard).await
    }

    /// As [`Self::checkpoint_shard`], with the gate held.
    pub(super) async fn store_all(&self, shard: &Shard) -> Result<(), StoreError> {
        loop {
            let Some(frozen) = shard.freeze() else {
                return Ok(());
            };
            let again = frozen.again;
            self.store_frozen(shard, frozen).await?;
            if !again {
                return Ok(());
            }
        }
    }

    async fn store_frozen(&self, shard: &Shard, mut frozen: Frozen) -> Result<(), StoreError> {
        let started = Instant::now();
        let arena = Arc::clone(&frozen.arena);
        let survey = move || Parts::new(arena);
        let (parts, reaches) = tokio::task::spawn_blocking(survey)
            .await
            .map_err(|_| StoreError::Closing)?;
        let new = frozen.new_meters.iter().map(|(_, id)| id.clone()).collect();
        let blocks = Append {
            meters: std::mem::take(&mut frozen.new_meters),
            parts: Box::new(parts),
            position: None,
        };
        let contested = self.store.append(shard.number, blocks).await?;
        self.consequences
            .learn(shard.number, &Self::news(shard, new, frozen.position))
            .await?;
        self.ensure(shard, &reaches, contested).await?;
        let position = Append {
            meters: Vec::new(),
            parts: Box::new(std::iter::empty()),
            position: Some(frozen.position),
        };
        self.store.append(shard.number, position).await?;
        let readings = frozen.arena.len();
        self.consequences.stored(readings, started.elapsed());
        tracing::debug!(
            shard = shard.number,
            readings,
            meters = reaches.len(),
            "checkpoint"
        );
        shard.thaw(frozen);
        self.room.notify_waiters();
        Ok(())
    }

    /// Ensures the consequences of meters that cannot wait, from what is pending and stored. Stores nothing: the readings are on the bus.
    async fn ensure_prompt(&self, shard: &Shard) -> Result<(), StoreError> {
        let meters = shard.take_prompt();
        for some in meters.chunks(TOUCHED_AT_ONCE) {
            if let Err(error) = self.ensure_now(shard, some).await {
                shard.put_prompt(&meters);
                return Err(error);
            }
        }
        Ok(())
    }

    /// As [`Self::ensure_prompt`], for every meter that sent something since the last time.
    async fn ensure_fresh(&self, shard: &Shard) -> Result<(), StoreError> {
        let (meters, mark) = shard.fresh();
        for some in meters.chunks(TOUCHED_AT_ONCE) {
            self.ensure_now(shard, some).await?;
        }
        shard.set_ensured(mark);
        Ok(())
    }

    async fn ensure_now(&self, shard: &Shard, meters: &[u32]) -> Result<(), StoreError> {
        let (parts, reaches) = pending_parts(shard, meters);
        let keys: Vec<BlockKey> = parts.iter().map(|part| part.key.clone()).collect();
        let mut joined: Vec<_> = parts.iter().map(|part| part.entries.clone()).collect();
        let mut unreadable = None;
        let mut join = |index: usize, bytes: &[u8]| {
            if let Some(entries) = joined.get_mut(index) {
                unreadable = block::decode(bytes, entries).err().or(unreadable);
            }
        };
        self.store.parts(shard.number, &keys, &mut join).await?;
        if let Some(error) = unreadable {
            return Err(StoreError::Damaged {
                what: "block",
                reason: error.to_string(),
            });
        }
        let mut contested = Vec::new();
        for (part, mut joined) in parts.into_iter().zip(joined) {
            block::canonical(&mut joined);
            contested.extend(part.contested(&joined));
        }
        self.ensure(shard, &reaches, contested).await
    }

    async fn ensure(
        &self,
        shard: &Shard,
        reaches: &[Reach],
        mut contested: Vec<Contested>,
    ) -> Result<(), StoreError> {
        contested.sort_by_key(|contested| contested.key.meter);
        let mut contested = contested.into_iter().peekable();
        for reaches in reaches.chunks(TOUCHED_AT_ONCE) {
            let touched: Vec<Touched> = {
                let memory = shard.lock();
                let touched = reaches.iter().filter_map(|reach| {
                    let own = |contested: &Contested| contested.key.meter <= reach.meter;
                    let own = std::iter::from_fn(|| contested.next_if(own));
                    let mut touched = Touched {
                        meter: memory.meters.id(reach.meter)?.parse::<MeterId>().ok()?,
                        range_ms: reach.range_ms.clone(),
                        conflicts: Vec::new(),
                        settled: Vec::new(),
                        crowded: Vec::new(),
                    };
                    own.for_each(|contested| add(&mut touched, contested));
                    Some(touched)
                });
                touched.collect()
            };
            self.consequences.ensure(&touched).await?;
        }
        Ok(())
    }
}

fn add(
    touched: &mut Touched,
    Contested {
        key,
        offset_ms,
        dispute,
    }: Contested,
) {
    let start_ms = i64::from(key.day) * block::DAY_MS + i64::from(offset_ms);
    match (dispute, key.series) {
        (Dispute::Open, series) => touched.conflicts.push((series, start_ms)),
        (Dispute::Settled, series) => touched.settled.push((series, start_ms)),
        (Dispute::Overlap, Series::Interval(channel)) => touched.crowded.push((channel, key.day)),
        (Dispute::Overlap, Series::Register(..) | Series::Telemetry(_)) => {} // they have no length
    }
}

/// What is pending of energy of some meters.
fn pending_parts(shard: &Shard, meters: &[u32]) -> (Vec<Part>, Vec<Reach>) {
    let memory = shard.lock();
    let mut parts: Vec<Part> = Vec::new();
    let mut reaches = Vec::new();
    for meter in meters {
        let own = memory
            .arenas()
            .filter_map(|arena| pending_of(arena, *meter, &mut parts));
        reaches.extend(own.reduce(Reach::join));
    }
    drop(memory);
    parts.sort_by(|left, right| left.key.cmp(&right.key));
    // frozen and pending readings of one block are judged together
    parts.dedup_by(|later, first| {
        let same = later.key == first.key;
        if same {
            first.entries.append(&mut later.entries);
            block::canonical(&mut first.entries);
        }
        same
    });
    (parts, reaches)
}

/// Adds the parts of one meter in one arena.
fn pending_of(arena: &Arena, meter: u32, parts: &mut Vec<Part>) -> Option<Reach> {
    arena.head(meter)?;
    let energy = arena
        .rows(meter, u32::MAX)
        .filter(|row| !row.series.is_telemetry());
    let mut rows: Vec<Row> = energy.collect();
    rows.sort_by_key(Row::day);
    for rows in rows.chunk_by(|left, right| left.day() == right.day()) {
        if let Some(first) = rows.first() {
            parts.extend(parts_of(arena, first.day(), meter, rows.to_vec()));
        }
    }
    Some(Reach::over(meter, rows.iter()))
}

/// An error with its causes, for the log.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
