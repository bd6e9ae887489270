//! The embedded store: a fjall database in one folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable as _};
use prost::Message;

use super::compact::{CompactDay, CompactGroup};
use super::{
    Batch, DayDocument, DayHeader, Kept, MetersDocument, Origin, Progress, SCHEMA, StoreError, WindowStore,
    current, decoded,
};

/// Decompressed blocks in memory: a month of one grouping, looked at again and again by a dashboard.
const CACHE_BYTES: u64 = 4 << 20;
/// The engine's own journal; the smallest that it takes.
const JOURNAL_BYTES: u64 = 64 << 20;
/// What one keyspace keeps in memory before writing a table: some saves of the recent days.
const MEMTABLE_BYTES: u64 = 4 << 20;
/// Threads of the engine: flushes and compactions are few here.
const WORKERS: usize = 1;
/// Where [`Origin`] is; no shard's key is as long.
const ORIGIN: &[u8] = b"origin";

/// Windows in a folder. A clone is the same store.
#[derive(Clone)]
pub struct Embedded {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    headers: Keyspace,
    windows: Keyspace,
    shards: Keyspace,
    folder: PathBuf,
    /// Held from looking at a header to replacing it.
    writing: Mutex<()>,
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl Embedded {
    /// Opens the store in `folder`, or makes one.
    ///
    /// # Errors
    /// [`StoreError::Folder`] when the folder cannot be used or belongs to another process, [`StoreError::Damaged`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_unplaced(folder).map_err(|error| placed(folder, error))
    }

    fn open_unplaced(folder: &Path) -> Result<Self, StoreError> {
        let database = Database::builder(folder)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .worker_threads(WORKERS)
            .open()?;
        let keyspace = |name: &str| {
            database.keyspace(name, || {
                KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES)
            })
        };
        let inner = Inner {
            headers: keyspace("usage_days")?,
            windows: keyspace("usage_windows")?,
            shards: keyspace("shards")?,
            database,
            folder: folder.to_owned(),
            writing: Mutex::new(()),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Runs `work` where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(|died| StoreError::Engine(Box::new(died)))
            .flatten()
            .map_err(|error| placed(&self.inner.folder, error))
    }
}

/// `error` with the folder it is about, and the way out where there is one.
fn placed(folder: &Path, error: StoreError) -> StoreError {
    let damaged = match &error {
        StoreError::Document(_) => true,
        StoreError::Engine(source) => source.downcast_ref().is_some_and(is_damage),
        StoreError::Damaged { .. }
        | StoreError::Folder { .. }
        | StoreError::OtherReads { .. }
        | StoreError::Address => return error,
    };
    let folder = folder.to_owned();
    let source: Box<dyn std::error::Error + Send + Sync> = match error {
        StoreError::Engine(source) => source,
        other => Box::new(other),
    };
    if damaged {
        StoreError::Damaged { folder, source }
    } else {
        StoreError::Folder { folder, source }
    }
}

/// Whether the bytes are wrong, rather than the disk full, the folder taken or forbidden.
fn is_damage(error: &fjall::Error) -> bool {
    let is_data = |error: &std::io::Error| {
        matches!(
            error.kind(),
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::NotFound
        )
    };
    match error {
        fjall::Error::Storage(lsm) => {
            let io = std::error::Error::source(lsm).and_then(|source| source.downcast_ref());
            io.is_none_or(is_data)
        }
        fjall::Error::Io(error) => is_data(error),
        fjall::Error::Locked | fjall::Error::Poisoned | fjall::Error::KeyspaceDeleted => false,
        _ => true,
    }
}

#[async_trait::async_trait]
impl WindowStore for Embedded {
    async fn settle(&self, billing_store: &str) -> Result<String, StoreError> {
        let wanted = Origin::new(billing_store);
        self.blocking(move |inner| inner.settle(wanted)).await
    }

    fn place(&self) -> String {
        format!("the folder {}", self.inner.folder.display())
    }

    async fn kept(&self, shard: u16) -> Result<Kept, StoreError> {
        self.blocking(move |inner| inner.kept(shard)).await
    }

    async fn day(&self, shard: u16, day: i32) -> Result<Option<DayDocument>, StoreError> {
        self.blocking(move |inner| inner.day(shard, day)).await
    }

    async fn save(&self, batch: Batch) -> Result<(), StoreError> {
        self.blocking(move |inner| inner.save(batch)).await
    }
}

impl Inner {
    fn settle(&self, wanted: Origin) -> Result<String, StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origin) = get::<Origin>(&self.shards, ORIGIN)? {
            return origin.billing_store();
        }
        let mut writes = self.database.batch().durability(Some(PersistMode::SyncData));
        writes.insert(&self.shards, ORIGIN, wanted.encode_to_vec());
        writes.commit()?;
        wanted.billing_store()
    }

    fn kept(&self, shard: u16) -> Result<Kept, StoreError> {
        let mut days = Vec::new();
        for entry in self.headers.prefix(shard.to_be_bytes()) {
            let header: DayHeader = decoded(&entry.value()?)?;
            days.push(current(header.schema, header)?);
        }
        let progress: Option<Progress> = get(&self.shards, shard_key(shard, b'p'))?;
        let meters: Option<MetersDocument> = get(&self.shards, shard_key(shard, b'm'))?;
        Ok(Kept {
            progress: progress
                .map(|progress| current(progress.schema, progress))
                .transpose()?,
            meters: meters.map(|meters| current(meters.schema, meters)).transpose()?,
            days,
        })
    }

    fn day(&self, shard: u16, day: i32) -> Result<Option<DayDocument>, StoreError> {
        let key = day_key(shard, day);
        let at_once = self.database.snapshot();
        let Some(header) = at_once.get(&self.headers, key)? else {
            return Ok(None);
        };
        let header: DayHeader = decoded(&header)?;
        let values = at_once.get(&self.windows, key)?;
        let values: Option<CompactDay> = values.map(|bytes| decoded(&bytes)).transpose()?;
        let groups = match values {
            Some(values) => current(values.schema, values.groups)?,
            None => Vec::new(),
        };
        let minutes = groups.into_iter().map(CompactGroup::into_minutes);
        let minutes: Option<Vec<_>> = minutes.collect();
        Ok(Some(DayDocument {
            header: current(header.schema, header)?,
            groups: minutes.ok_or_else(|| StoreError::Document("columns of unequal length".to_owned()))?,
        }))
    }

    fn save(&self, batch: Batch) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writes = self.database.batch().durability(Some(PersistMode::SyncData));
        for mut document in batch.days {
            let key = day_key(batch.shard, document.header.day);
            let there: Option<DayHeader> = get(&self.headers, key)?;
            if there.is_some_and(|there| there.position > document.header.position) {
                continue;
            }
            document.header.schema = SCHEMA;
            writes.insert(&self.headers, key, document.header.encode_to_vec());
            let values = CompactDay {
                schema: SCHEMA,
                groups: document.groups.into_iter().map(CompactGroup::new).collect(),
            };
            writes.insert(&self.windows, key, values.encode_to_vec());
        }
        for day in batch.stale {
            let key = day_key(batch.shard, day);
            let mut header = get::<DayHeader>(&self.headers, key)?.unwrap_or_default();
            (header.schema, header.day) = (SCHEMA, day);
            (header.stale, header.closed) = (true, false);
            writes.insert(&self.headers, key, header.encode_to_vec());
        }
        if let Some(mut progress) = batch.progress {
            let key = shard_key(batch.shard, b'p');
            let there: Option<Progress> = get(&self.shards, key)?;
            if there.is_none_or(|there| there.position <= progress.position) {
                progress.schema = SCHEMA;
                writes.insert(&self.shards, key, progress.encode_to_vec());
            }
        }
        if let Some(mut meters) = batch.meters {
            meters.schema = SCHEMA;
            writes.insert(&self.shards, shard_key(batch.shard, b'm'), meters.encode_to_vec());
        }
        Ok(writes.commit()?)
    }
}

/// Shard, then day in order of time.
fn day_key(shard: u16, day: i32) -> [u8; 6] {
    let [s0, s1] = shard.to_be_bytes();
    let [d0, d1, d2, d3] = day.cast_unsigned().wrapping_add(1 << 31).to_be_bytes();
    [s0, s1, d0, d1, d2, d3]
}

fn shard_key(shard: u16, what: u8) -> [u8; 3] {
    let [s0, s1] = shard.to_be_bytes();
    [s0, s1, what]
}

fn get<M: Message + Default>(keyspace: &Keyspace, key: impl AsRef<[u8]>) -> Result<Option<M>, StoreError> {
    keyspace.get(key)?.map(|bytes| decoded(&bytes)).transpose()
}

#[cfg(test)]
mod tests;
