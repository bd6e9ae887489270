//! The embedded engine of billing: one database in one folder, opened once and shared by the stores.

use std::path::Path;
use std::sync::Arc;

use fjall::compaction::Leveled;
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions};

use crate::error::StoreError;

/// Decompressed blocks kept in memory, for all keyspaces. Checkpoints and scans go in order of key and use a block up before the next, so
/// that more would only serve look-ups at random.
const CACHE_BYTES: u64 = 12 * 1024 * 1024;
/// What the engine's own journal may hold before memory is written out.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
/// Memory of one keyspace of documents before it is written out.
const DOCUMENTS_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of a table's block, the unit of compression and of the cache.
const BLOCK_BYTES: u32 = 8 * 1024;
/// Bytes of a table of reads.
const TABLE_BYTES: u64 = 8 * 1024 * 1024;
/// Threads that write out and compact: one at a time keeps the cores free for readings.
const WORKERS: usize = 1;

/// The database of billing. A clone is the same one.
#[derive(Clone)]
pub struct Embedded {
    database: Database,
}

impl Embedded {
    /// Opens the database in `folder`, making it when there is none.
    ///
    /// # Errors
    /// [`StoreError::Engine`], [`StoreError::Broken`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let database = Database::builder(folder)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .worker_threads(WORKERS)
            .open()?;
        Ok(Self { database })
    }

    /// The keyspace `name` for documents.
    ///
    /// # Errors
    /// [`StoreError::Engine`], [`StoreError::Broken`].
    pub fn documents(&self, name: &str) -> Result<Keyspace, StoreError> {
        let options = || KeyspaceCreateOptions::default().max_memtable_size(DOCUMENTS_BYTES);
        Ok(self.database.keyspace(name, options)?)
    }

    /// The keyspace `name` for blocks of reads: large data blocks, all compressed (neighbours are alike, and a scan reads them in order),
    /// and small tables, so that joining a day's tables does not rewrite the days before it.
    ///
    /// # Errors
    /// [`StoreError::Engine`], [`StoreError::Broken`].
    pub(crate) fn blocks(&self, name: &str) -> Result<Keyspace, StoreError> {
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(DOCUMENTS_BYTES)
                .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
                .compaction_strategy(Arc::new(Leveled::default().with_table_target_size(TABLE_BYTES)))
        };
        Ok(self.database.keyspace(name, options)?)
    }

    /// The engine itself: batches, `persist`.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }
}

#[cfg(test)]
mod tests;
