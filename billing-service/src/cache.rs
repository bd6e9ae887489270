//! What was worked out before, for a while. It may forget anything at any time; no answer depends on it but in speed.

#[cfg(test)]
pub(crate) mod contract;
mod memory;
mod redis;

use std::time::Duration;

use bytes::Bytes;

pub use self::redis::RedisCache;
pub use memory::MemoryCache;

/// The port. Every backend passes `contract`. A key names its value for ever: what changes is found under another key.
#[async_trait::async_trait]
pub trait Cache: Send + Sync {
    /// The value, unless it was forgotten. Never an error: a cache that cannot answer has forgotten.
    async fn get(&self, key: &str) -> Option<Bytes>;

    /// Keeps a value for at most `ttl`.
    async fn put(&self, key: String, value: Bytes, ttl: Duration);
}
