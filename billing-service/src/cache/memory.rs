//! A cache in memory, bounded in bytes; what was not used for longest goes first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Cache;

/// What an entry costs beside its key and value: two map nodes.
const OVERHEAD_BYTES: usize = 160;

/// See [`Cache`].
#[derive(Debug)]
pub struct MemoryCache {
    limit_bytes: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<String, Entry>,
    /// Keys by when they were used last.
    order: BTreeMap<u64, String>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    value: Bytes,
    until: Instant,
    used: u64,
}

impl MemoryCache {
    /// Empty; never holds more than `limit_bytes`.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            inner: Mutex::default(),
        }
    }

    /// Bytes held now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.used);
            self.bytes = self.bytes.saturating_sub(cost(key, &entry.value));
        }
    }

    fn get(&mut self, key: &str) -> Option<Bytes> {
        let entry = self.entries.get_mut(key)?;
        if entry.until <= Instant::now() {
            self.remove(key);
            return None;
        }
        self.uses += 1;
        if let Some(name) = self.order.remove(&entry.used) {
            self.order.insert(self.uses, name);
        }
        entry.used = self.uses;
        Some(entry.value.clone())
    }
}

fn cost(key: &str, value: &Bytes) -> usize {
    key.len() * 2 + value.len() + OVERHEAD_BYTES
}

#[async_trait::async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Option<Bytes> {
        self.lock().get(key)
    }

    async fn put(&self, key: String, value: Bytes, ttl: Duration) {
        let cost = cost(&key, &value);
        if cost > self.limit_bytes {
            return;
        }
        let mut inner = self.lock();
        inner.remove(&key);
        while inner.bytes + cost > self.limit_bytes {
            let Some((_, oldest)) = inner.order.pop_first() else {
                break;
            };
            inner.remove(&oldest);
        }
        inner.uses += 1;
        let used = inner.uses;
        inner.order.insert(used, key.clone());
        inner.entries.insert(
            key,
            Entry {
                value,
                until: Instant::now() + ttl,
                used,
            },
        );
        inner.bytes += cost;
    }
}

#[cfg(test)]
mod tests;
