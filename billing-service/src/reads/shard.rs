//! One shard in memory: its meters, and the readings that are in no block yet.

mod intake;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use message_bus::Position;
use model::Series;
use tokio::sync::watch;
use tokio::time::Instant;

use super::arena::{Arena, Pool, Row};
use super::meters::Meters;
use super::store::StoredShard;
pub use intake::Unreadable;

/// The latest UTC day with energy of a meter: of those since the start, and of all once the store was searched.
#[derive(Debug, Clone, Copy)]
struct LastDay {
    day: i32,
    searched: bool,
}

impl LastDay {
    /// Of a meter that is in the store.
    const UNSEARCHED: Self = Self {
        day: i32::MIN,
        searched: false,
    };
    /// Of a new meter.
    const NONE: Self = Self {
        day: i32::MIN,
        searched: true,
    };
}

/// Meters whose consequences are due at once; beyond it the next checkpoint is.
const MAX_PROMPT: usize = 4_096;

/// A shard.
pub(super) struct Shard {
    pub number: u16,
    memory: Mutex<Memory>,
    /// Held while blocks are written, and by whoever must not see that happen.
    pub gate: Arc<tokio::sync::Mutex<()>>,
    bytes: AtomicUsize,
    stored: watch::Sender<Position>,
}

/// What the lock of a shard guards; held for microseconds.
pub(super) struct Memory {
    shard: u16,
    shards: u16,
    /// Another process takes this shard in: nothing is pending here, and the store has more than was learned of it at times.
    pub elsewhere: bool,
    pub meters: Meters,
    /// Meters below this are in the store.
    stored_meters: u32,
    /// The latest UTC day with energy of each meter.
    last_days: Vec<LastDay>,
    pub pending: Arena,
    pub frozen: Option<Arc<Arena>>,
    pool: Pool,
    /// Up to where the shard was consumed.
    pub position: Position,
    frozen_position: Position,
    /// Messages since the start.
    pub taken_in: u64,
    /// Since when something waits for a checkpoint.
    since: Option<Instant>,
    /// Of the pending readings so many have brought about what they bring about.
    ensured: u32,
    /// Since when there are others.
    unensured: Option<Instant>,
    /// How often something was frozen: a mark in the pending readings is good only as long as it stays.
    generation: u64,
    /// Days with reads that came since the start, each with the last position that brought some.
    pub changed_days: BTreeMap<i32, Position>,
    /// What was stored at the start: of changes before it nothing is known.
    pub start_position: Position,
    pub days: Option<(i32, i32)>,
    prompt: Vec<u32>,
    prompt_overflow: bool,
    scratch: intake::Scratch,
}

/// What one checkpoint writes.
pub(super) struct Frozen {
    pub arena: Arc<Arena>,
    pub position: Position,
    pub new_meters: Vec<(u32, String)>,
    /// Meters below this are stored with it.
    meters: u32,
    /// A checkpoint that failed is made again; more may be waiting behind it.
    pub again: bool,
}

/// Whether a checkpoint is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    /// A checkpoint failed.
    pub again: bool,
    pub since: Option<Instant>,
    pub unensured: Option<Instant>,
    pub urgent: bool,
}

/// How far the consequences of pending readings are ensured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ensured {
    generation: u64,
    mark: u32,
}

impl Shard {
    pub(super) fn new(number: u16, shards: u16, stored: StoredShard, pool: &Pool) -> Self {
        let position = stored.position;
        Self {
            number,
            memory: Mutex::new(Memory::new(number, shards, stored, pool.clone())),
            gate: Arc::default(),
            bytes: AtomicUsize::new(0),
            stored: watch::Sender::new(position),
        }
    }

    /// Forgets everything for what is stored now. Meters may have other numbers then.
    pub(super) fn reopen(&self, stored: StoredShard) {
        let mut memory = self.lock();
        let position = stored.position;
        *memory = Memory::new(self.number, memory.shards, stored, memory.pool.clone());
        self.measure(&memory);
        drop(memory);
        self.stored.send_replace(position);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Memory> {
        // a panic while it was held was between two complete readings at worst: what was acknowledged is not concerned
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of readings that wait to be stored.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn measure(&self, memory: &Memory) {
        let frozen = memory.frozen.as_ref().map_or(0, |arena| arena.bytes());
        self.bytes
            .store(memory.pending.bytes() + frozen, Ordering::Relaxed);
    }

    /// The position that is stored, and when it moves.
    pub(super) fn stored(&self) -> watch::Receiver<Position> {
        self.stored.subscribe()
    }

    /// Sets aside what was consumed for a checkpoint; what was set aside before and not [thawed](Self::thaw) first. `None`: nothing to
    /// store. Call with the gate held.
    pub(super) fn freeze(&self) -> Option<Frozen> {
        let mut memory = self.lock();
        let memory = &mut *memory;
        let again = memory.frozen.is_some();
        let arena = match &memory.frozen {
            Some(again) => Arc::clone(again),
            None if memory.position == *self.stored.borrow() && memory.pending.len() == 0 => return None,
            None => {
                let mut next = Arena::new(memory.pool.clone());
                next.cover(memory.meters.len());
                let arena = Arc::new(std::mem::replace(&mut memory.pending, next));
                memory.frozen = Some(Arc::clone(&arena));
                memory.frozen_position = memory.position;
                memory.since = None;
                memory.ensured = 0;
                memory.unensured = None;
                memory.generation += 1;
                memory.prompt.clear(); // the checkpoint sees to them
                memory.prompt_overflow = false;
                arena
            }
        };
        let new = memory.stored_meters..memory.meters.len();
        let new_meters = new.filter_map(|meter| Some((meter, memory.meters.id(meter)?.to_owned())));
        Some(Frozen {
            new_meters: new_meters.collect(),
            arena,
            position: memory.frozen_position,
            meters: memory.meters.len(),
            again,
        })
    }

    /// Another process stored everything up to `position`.
    pub(super) fn store_reaches(&self, position: Position) {
        self.stored.send_if_modified(|stored| {
            let later = position > *stored;
            *stored = position.max(*stored);
            later
        });
    }

    /// What was frozen is stored.
    pub(super) fn thaw(&self, frozen: Frozen) {
        let mut memory = self.lock();
        memory.frozen = None;
        memory.stored_meters = frozen.meters.max(memory.stored_meters);
        drop(frozen.arena); // gives its chunks back before the room is counted
        self.measure(&memory);
        drop(memory);
        self.stored.send_replace(frozen.position);
    }

    /// Whether a checkpoint is due.
    pub(super) fn due(&self) -> Due {
        let memory = self.lock();
        Due {
            again: memory.frozen.is_some(),
            since: memory.since,
            unensured: memory.unensured,
            urgent: memory.prompt_overflow,
        }
    }

    /// Meters whose consequences are due now, each once.
    pub(super) fn take_prompt(&self) -> Vec<u32> {
        let mut memory = self.lock();
        if memory.prompt_overflow {
            return Vec::new(); // left to the checkpoint
        }
        let mut prompt = std::mem::take(&mut memory.prompt);
        drop(memory);
        prompt.sort_unstable();
        prompt.dedup();
        prompt
    }

    /// Meters with readings since the last [`Self::set_ensured`], and the mark for it.
    pub(super) fn fresh(&self) -> (Vec<u32>, Ensured) {
        let memory = self.lock();
        let fresh = |meter: &u32| {
            memory
                .pending
                .head(*meter)
                .is_some_and(|head| head >= memory.ensured)
        };
        let mark = Ensured {
            generation: memory.generation,
            mark: memory.pending.len(),
        };
        ((0..memory.meters.len()).filter(fresh).collect(), mark)
    }

    /// The consequences of everything up to `done` are ensured.
    pub(super) fn set_ensured(&self, done: Ensured) {
        let mut memory = self.lock();
        if memory.generation == done.generation {
            memory.ensured = done.mark;
            memory.unensured = (memory.pending.len() > done.mark).then(Instant::now);
        }
    }

    /// Meters whose consequences could not be ensured: again.
    pub(super) fn put_prompt(&self, meters: &[u32]) {
        let mut memory = self.lock();
        meters.iter().for_each(|meter| memory.prompt(*meter));
    }
}

impl Memory {
    fn new(number: u16, shards: u16, stored: StoredShard, pool: Pool) -> Self {
        let mut meters = Meters::default();
        for id in &stored.meters {
            meters.insert(id, model::meter_hash(id));
        }
        Self {
            shard: number,
            shards,
            elsewhere: false,
            stored_meters: meters.len(),
            last_days: vec![LastDay::UNSEARCHED; stored.meters.len()],
            meters,
            pending: Arena::new(pool.clone()),
            frozen: None,
            pool,
            position: stored.position,
            frozen_position: stored.position,
            taken_in: 0,
            since: None,
            ensured: 0,
            unensured: None,
            generation: 0,
            changed_days: BTreeMap::new(),
            start_position: stored.position,
            days: stored.days,
            prompt: Vec::new(),
            prompt_overflow: false,
            scratch: intake::Scratch::default(),
        }
    }

    /// Which shard.
    pub(super) fn number(&self) -> u16 {
        self.shard
    }

    /// Every meter has what is kept of each.
    pub(super) fn cover_meters(&mut self) {
        let meters = usize::try_from(self.meters.len()).unwrap_or_default();
        self.last_days.resize(meters, LastDay::NONE);
    }

    fn prompt(&mut self, meter: u32) {
        if self.prompt.last() == Some(&meter) {
            return;
        }
        if self.prompt.len() < MAX_PROMPT {
            self.prompt.push(meter);
        } else {
            self.prompt_overflow = true;
        }
    }

    /// The number of a meter that was ever seen.
    pub(super) fn meter(&self, id: &str) -> Option<u32> {
        self.meters.find(id).1
    }

    /// The latest day with energy of a meter, once that is known.
    pub(super) fn latest_day(&self, meter: u32) -> Option<i32> {
        let last = self.last_days.get(usize::try_from(meter).ok()?)?;
        last.searched.then_some(last.day)
    }

    /// The meter has energy on `day`.
    pub(super) fn note_latest(&mut self, meter: u32, day: i32) {
        if let Some(last) = self.last_day_of(meter) {
            last.day = day.max(last.day);
        }
    }

    /// The store was searched, and `day` is the latest.
    pub(super) fn set_latest_day(&mut self, meter: u32, day: i32) {
        if let Some(last) = self.last_day_of(meter) {
            last.day = day.max(last.day);
            last.searched = true;
        }
    }

    fn last_day_of(&mut self, meter: u32) -> Option<&mut LastDay> {
        self.last_days.get_mut(usize::try_from(meter).ok()?)
    }

    /// Where readings are that may be in no block yet.
    pub(super) fn arenas(&self) -> impl Iterator<Item = &Arena> {
        self.frozen.as_deref().into_iter().chain([&self.pending])
    }

    /// Readings of one meter and series that may be in no block yet.
    pub(super) fn rows_of(&self, meter: u32, series: &Series) -> Vec<Row> {
        let mut rows = Vec::new();
        for arena in self.arenas() {
            let Some(index) = arena.index_of(series) else {
                continue;
            };
            rows.extend(arena.rows(meter, u32::MAX).filter(|row| row.series == index));
        }
        rows
    }
}
