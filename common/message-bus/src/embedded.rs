//! The embedded journal: one log for all shards and events, in segment files, with one sync per group of publishes.
//!
//! A writer thread takes whatever waits, writes it with one write, syncs once and tells the publishers; there is no linger timer.
//! Readers that keep up are served from memory, others from the files. What is in the files: `format`; what the start makes of
//! them: `recovery`; why all this is not an engine's: `docs/adr/0001-own-journal.md`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::{Bus, BusError, Group, Health, Message, Position, Subscription, Topic};

mod disk;
mod format;
mod inbox;
mod inspect;
mod lock;
mod positions;
mod recovery;
mod scan;
mod segment;
mod shared;
mod state;
mod subscription;
mod tail;
mod window;
mod writer;

use disk::{Disk, OsDisk};
use inbox::Publish;
pub use inspect::{Damage, Dumped, Report, SegmentReport, dump, verify};
use lock::Lock;
use positions::PositionsFile;
use shared::Shared;
use state::State;
use subscription::Reader;
use writer::Writer;

/// The largest body of one message.
pub const MAX_BODY_BYTES: usize = 4 << 20;
/// The longest kind of a message.
pub const MAX_KIND_BYTES: usize = 255;
/// The most one call of `publish` takes, records and all: it becomes part of one group, whole or not at all.
pub const MAX_PUBLISH_BYTES: usize = 8 << 20;
/// The most shards: their positions must fit one slot of the positions file.
pub const MAX_SHARDS: u16 = 256;
/// What may wait for the writer; further publishers wait for room. It bounds memory.
pub const QUEUE_BYTES: usize = 32 << 20;
/// What a message counts for in the queue at least: it bounds the queue's messages to 32,768.
const MIN_MESSAGE_COST: usize = 1 << 10;
/// A group takes no further publish beyond this: larger ones only make everybody wait longer.
const GROUP_BYTES: usize = 4 << 20;
/// No group is larger: enough for one publish of the largest size.
const MAX_GROUP_BYTES: usize = MAX_PUBLISH_BYTES;
/// Newest messages kept in memory for readers that keep up.
const TAIL_BYTES: usize = 16 << 20;

/// How a journal is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where; made if absent.
    pub folder: PathBuf,
    /// How many shards of readings; fixed when the journal is made.
    pub shards: u16,
    /// A segment that reaches this is followed by a new one.
    pub segment_bytes: u64,
    /// At this many kept bytes publishing is refused until billing acknowledges.
    pub limit_bytes: u64,
    /// Bytes that billing has acknowledged are kept up to this, for analytics and readers of events that are behind.
    pub spare_bytes: u64,
    /// From this size on the newest segment is replaced by an empty one when everybody has acknowledged everything.
    pub rest_bytes: u64,
    /// Bytes of the disk that are left alone: below this publishing is refused.
    pub reserve_bytes: u64,
    /// How long acknowledgements may stay unsaved; as often retention and the disk are looked at.
    pub save_within: Duration,
}

impl Options {
    /// The defaults: 16 MiB a segment, 4 GiB in all, 64 MiB spare, 1 MiB at rest, 256 MiB of the disk left alone, saved
    /// every 100 ms.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, shards: u16) -> Self {
        Self {
            folder: folder.into(),
            shards,
            segment_bytes: 16 << 20,
            limit_bytes: 4 << 30,
            spare_bytes: 64 << 20,
            rest_bytes: 1 << 20,
            reserve_bytes: 256 << 20,
            save_within: Duration::from_millis(100),
        }
    }

    fn check(&self) -> Result<(), BusError> {
        if self.shards == 0 || self.shards > MAX_SHARDS {
            return Err(BusError::Invalid("a journal has 1 to 256 shards"));
        }
        // Else the bound could be reached by what is acknowledged already, and nothing would ever make room.
        let held = self
            .segment_bytes
            .saturating_mul(2)
            .saturating_add(self.spare_bytes);
        if held > self.limit_bytes {
            return Err(BusError::Invalid(
                "the journal's limit must hold its spare bytes and two segments",
            ));
        }
        Ok(())
    }
}

/// The open journal. Close it; when it is only dropped, the last acknowledgements may be forgotten.
pub struct Journal {
    shared: Arc<Shared>,
}

impl Journal {
    /// Opens or makes the journal in `options.folder`, checks every byte of it and cuts an unfinished write off its end.
    /// `on_fatal` is cancelled when a write or sync fails for good: the process must end then, nothing will be published.
    ///
    /// # Errors
    /// [`BusError::InUse`], [`BusError::Damaged`], [`BusError::Shards`], [`BusError::Invalid`], [`BusError::File`], [`BusError::Metrics`].
    pub fn open(options: Options, on_fatal: CancellationToken) -> Result<Arc<Self>, BusError> {
        Self::open_on(options, on_fatal, Box::new(OsDisk))
    }

    fn open_on(
        options: Options,
        on_fatal: CancellationToken,
        disk: Box<dyn Disk>,
    ) -> Result<Arc<Self>, BusError> {
        options.check()?;
        let folder = &options.folder;
        make_folder(folder)?;
        let lock = Lock::take(folder)?;
        let mut recovered = recovery::recover(folder, options.shards, &*disk)?;
        let mut positions = PositionsFile::open(folder, &*disk, recovered.slot, &recovered.positions)?;
        recovered.leftovers.iter().for_each(|path| segment::unlink(path));
        if recovered.segments.is_empty() {
            positions.save_synced(&*disk, &recovered.positions)?;
            disk::sync_folder(folder).map_err(|source| BusError::file("sync", folder, source))?;
            let head = format::SegmentHead {
                shards: options.shards,
                journal: recovered.positions.journal,
                number: 1,
                first: 1,
                previous_bytes: 0,
                previous_chain: 0,
            };
            recovered
                .segments
                .push_back(segment::create(folder, head, &*disk)?);
        }
        let state = State::new(recovered);
        // All that was found is durable now, and from here on it is damage if it cannot be read.
        positions.save_synced(&*disk, &state.positions(0))?;
        let shared = Arc::new(Shared::new(options, state, Metrics::new()?, on_fatal));
        shared.note_kept(&shared.state());
        shared.look_at_disk();
        shared.inbox.remind();
        let writer = Writer {
            shared: Arc::clone(&shared),
            disk,
            positions,
            chores_done: Instant::now(),
            buffer: Vec::new(),
            _lock: lock,
        };
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| BusError::file("start the writer of", &shared.options.folder, source))?;
        Ok(Arc::new(Self { shared }))
    }

    /// Shows the journal's metrics in `registry`.
    ///
    /// # Errors
    /// [`BusError::Metrics`] when they are there already.
    pub fn register(&self, registry: &prometheus::Registry) -> Result<(), BusError> {
        Ok(self.shared.metrics.register(registry)?)
    }

    fn check(&self, messages: &[Message]) -> Result<(), BusError> {
        for message in messages {
            if topic_index(message.topic, self.shared.shards).is_none() {
                return Err(BusError::Invalid("there is no such shard"));
            }
            if message.kind.len() > MAX_KIND_BYTES {
                return Err(BusError::Invalid("a kind has at most 255 bytes"));
            }
            if message.body.len() > MAX_BODY_BYTES {
                return Err(BusError::TooLarge {
                    bytes: message.body.len(),
                    limit_bytes: MAX_BODY_BYTES,
                });
            }
        }
        Ok(())
    }
}

/// Nothing more is published, and the writer ends; readers that wait are told.
impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.inbox.close();
        self.shared.stopped.cancel();
    }
}

#[async_trait::async_trait]
impl Bus for Journal {
    fn shards(&self) -> u16 {
        self.shared.shards
    }

    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.check(&messages)?;
        let bytes: usize = messages.iter().map(format::record_bytes).sum();
        if bytes > MAX_PUBLISH_BYTES {
            return Err(BusError::TooLarge {
                bytes,
                limit_bytes: MAX_PUBLISH_BYTES,
            });
        }
        let cost = bytes
            .max(messages.len().saturating_mul(MIN_MESSAGE_COST))
            .min(QUEUE_BYTES);
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.shared.room)
            .acquire_many_owned(cost)
            .await
            .map_err(|_| self.shared.unavailable())?;
        let (done, outcome) = oneshot::channel();
        let publish = Publish {
            messages,
            bytes,
            done,
            _room: room,
        };
        self.shared
            .inbox
            .put(publish, |pending| self.shared.admits(bytes as u64, pending))
            .inspect_err(|error| self.shared.metrics.refused(error))?;
        outcome.await.map_err(|_| self.shared.unavailable())?
    }

    async fn subscribe(
        &self,
        group: Group,
        topic: Topic,
        from: Option<Position>,
    ) -> Result<Box<dyn Subscription>, BusError> {
        let index =
            topic_index(topic, self.shared.shards).ok_or(BusError::Invalid("there is no such shard"))?;
        let state = self.shared.state();
        let end = state.end();
        if let Some(wanted) = from.filter(|from| *from > end) {
            return Err(BusError::Ahead { wanted, last: end });
        }
        let acked = state.acked(group, index);
        let after = from.map_or(acked, |from| from.min(acked));
        let removed = state.removed.get(index).copied().unwrap_or_default();
        let first = state
            .segments
            .front()
            .map(|segment| segment.head.first)
            .unwrap_or_default();
        drop(state);
        if after < removed && group == Group::Billing && topic != Topic::Events {
            return Err(BusError::Lost { wanted: after, first });
        }
        let reader = Reader::new(Arc::clone(&self.shared), group, topic, after)?;
        Ok(Box::new(reader))
    }

    fn health(&self) -> Health {
        let state = self.shared.state();
        let (last, acked) = (state.end(), state.all_acked());
        drop(state);
        let refused = self.shared.admits(0, 0).err().map(|error| error.to_string());
        let trouble = self.shared.failure().cloned().or(refused);
        Health {
            accepting: trouble.is_none() && !self.shared.stopped.is_cancelled(),
            bytes: self.shared.kept_bytes(),
            limit_bytes: self.shared.options.limit_bytes,
            last,
            acked,
            trouble,
        }
    }

    async fn close(&self) -> Result<(), BusError> {
        self.shared.inbox.close();
        self.shared.writer_ended.cancelled().await;
        self.shared.stopped.cancel();
        match self.shared.failure() {
            Some(_) => Err(self.shared.unavailable()),
            None => Ok(()),
        }
    }
}

/// The place of a topic in lists: shards first, then events; `None` when there is no such shard.
fn topic_index(topic: Topic, shards: u16) -> Option<usize> {
    match topic {
        Topic::Readings { shard } => (shard < shards).then_some(usize::from(shard)),
        Topic::Events => Some(usize::from(shards)),
    }
}

/// Makes the folder and its name durable.
fn make_folder(folder: &Path) -> Result<(), BusError> {
    if folder.is_dir() {
        return Ok(());
    }
    let unmade = |source| BusError::file("make", folder, source);
    std::fs::create_dir_all(folder).map_err(unmade)?;
    folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .map_or(Ok(()), disk::sync_folder)
        .map_err(unmade)
}

#[cfg(test)]
mod tests;
