//! A cache in Redis, shared by the processes of one store. It may vanish, hang, forget, fill up or be full of garbage at any moment:
//! then it has forgotten, within [`BUDGET`].
//!
//! Keys are `gridtally:<LAYOUT>:<store>:<key>`; a store has an id of its own, so that two that share a server, or one that was set up
//! anew, never see each other's. A value is a CRC32C (4 bytes, lowest first) of key and content, then the content; whatever else stands
//! under a key is none of ours. Every key has a time to live, a little shorter than asked for and not the same for all, so that what was
//! put together does not go together.

mod breaker;

use std::convert::Infallible;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, RedisError, RedisResult};
use bytes::Bytes;
use service_kit::Told;
use tokio_util::sync::CancellationToken;

use super::Cache;
use crate::error::Error;
use breaker::Breaker;

/// Raised when a value comes to mean something else, or a bill to be computed otherwise: what older programs put is not found then.
const LAYOUT: u32 = 1;
/// Longer than this nobody waits for the cache.
const BUDGET: Duration = Duration::from_millis(30);
/// How long opening a connection may take; nobody waits for it longer than [`BUDGET`].
const CONNECT: Duration = Duration::from_secs(1);
/// Longest wait between two attempts to open a connection.
const RECONNECT: Duration = Duration::from_secs(2);
/// How often the server is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(1);
/// Requests on their way at most; others wait for their turn, within [`BUDGET`].
const IN_FLIGHT: usize = 256;
/// Larger values are neither put nor taken.
const MAX_VALUE_BYTES: usize = 1 << 20;
/// Of its time to live a value may lose up to one part in so many.
const JITTER_PARTS: u32 = 10;
/// Bytes before the content.
const CHECKSUM_BYTES: usize = 4;

/// See [`Cache`].
pub struct RedisCache {
    client: Client,
    connection: Mutex<ConnectionManager>,
    prefix: String,
    breaker: Breaker,
    jitter: RandomState,
}

impl std::fmt::Debug for RedisCache {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCache")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl RedisCache {
    /// What is wrong with `url` as the address of a cache in Redis; never with the password in it.
    pub(crate) fn wrong_address(url: &str) -> Option<String> {
        Client::open(url).err().map(|error| not_an_address(&error))
    }

    /// The cache at `url` for the store with the id `store`. It need not be there yet; it is waited for a second at most.
    ///
    /// # Errors
    /// [`Error::Config`] when `url` is no address of Redis; never with the password in it.
    pub async fn open(url: &str, store: &str) -> Result<Self, Error> {
        let wrong = |error: RedisError| Error::Config(format!("cache: {}", not_an_address(&error)));
        let client = Client::open(url).map_err(wrong)?;
        let cache = Self {
            connection: Mutex::new(connection(&client).map_err(wrong)?),
            client,
            prefix: format!("gridtally:{LAYOUT}:{store}:"),
            breaker: Breaker::default(),
            jitter: RandomState::new(),
        };
        if cache.answers().await {
            tracing::info!("connected to Redis");
        } else {
            tracing::warn!("the cache does not answer; going on without it until it does");
        }
        Ok(cache)
    }

    async fn answers(&self) -> bool {
        let mut connection = self.connection();
        let greeting = ::redis::cmd("PING");
        let answered = tokio::time::timeout(CONNECT, greeting.query_async::<()>(&mut connection));
        matches!(answered.await, Ok(Ok(())))
    }

    /// Asks whether the server is there, and `told` says so, until `stop`.
    ///
    /// # Errors
    /// Never.
    pub(crate) async fn watch(
        self: Arc<Self>,
        told: Told,
        stop: CancellationToken,
    ) -> Result<(), Infallible> {
        let watching = async {
            loop {
                if self.answers().await {
                    told.up();
                } else {
                    told.down(
                        "it does not answer; everything is worked out anew",
                        "no answer to PING",
                    );
                }
                tokio::time::sleep(PING_EVERY).await;
            }
        };
        stop.run_until_cancelled(watching).await;
        Ok(())
    }

    fn connection(&self) -> ConnectionManager {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks within the budget, unless it is known that nobody answers.
    async fn ask<T>(&self, question: impl Future<Output = RedisResult<T>>) -> Option<T> {
        let attempt = self.breaker.attempt()?;
        match tokio::time::timeout(BUDGET, question).await {
            Ok(Ok(answer)) => {
                attempt.succeeded();
                return Some(answer);
            }
            Ok(Err(error)) => {
                tracing::debug!(error = %error, "the cache refused");
                if attempt.failed() && !error.is_io_error() {
                    self.connect_again();
                }
            }
            Err(_) => {
                attempt.failed();
            }
        }
        None
    }

    /// The manager finds its way back after errors of the network, not after others: a server that was still loading its data when it
    /// was greeted, a password that was changed.
    fn connect_again(&self) {
        if let Ok(new) = connection(&self.client) {
            *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = new;
        }
    }

    fn shortened(&self, key: &str, ttl: Duration) -> u64 {
        let most = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let spread = (most / u64::from(JITTER_PARTS)).max(1);
        (most - self.jitter.hash_one(key) % spread).max(1)
    }
}

#[async_trait::async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Option<Bytes> {
        let name = format!("{}{key}", self.prefix);
        let mut connection = self.connection();
        // a range, so that a huge value that is not ours is not sent
        let mut question = ::redis::cmd("GETRANGE");
        question.arg(&name).arg(0).arg(CHECKSUM_BYTES + MAX_VALUE_BYTES);
        let value: Vec<u8> = self.ask(question.query_async(&mut connection)).await?;
        unsealed(&name, value)
    }

    async fn put(&self, key: String, value: Bytes, ttl: Duration) {
        if value.len() > MAX_VALUE_BYTES {
            return;
        }
        let name = format!("{}{key}", self.prefix);
        let mut connection = self.connection();
        let mut command = ::redis::cmd("SET");
        command
            .arg(&name)
            .arg(sealed(&name, &value))
            .arg("PX")
            .arg(self.shortened(&key, ttl));
        let _kept: Option<String> = self.ask(command.query_async(&mut connection)).await;
    }
}

/// The driver's text is not repeated: it may hold the password.
fn not_an_address(_: &RedisError) -> String {
    "not an address of Redis: redis://[user:password@]host[:port][/database]".to_owned()
}

/// A connection that is opened when it is used, and again when it was lost.
fn connection(client: &Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(BUDGET))
        .set_connection_timeout(Some(CONNECT))
        .set_max_delay(RECONNECT)
        .set_concurrency_limit(IN_FLIGHT);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

fn checksum(name: &str, content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    crc32c::crc32c_append(crc32c::crc32c(name.as_bytes()), content).to_le_bytes()
}

fn sealed(name: &str, content: &[u8]) -> Vec<u8> {
    [&checksum(name, content)[..], content].concat()
}

/// The content, if it was put under this name and is whole.
fn unsealed(name: &str, value: Vec<u8>) -> Option<Bytes> {
    let (found, content) = value.split_first_chunk::<CHECKSUM_BYTES>()?;
    let ours = content.len() <= MAX_VALUE_BYTES && *found == checksum(name, content);
    ours.then(|| Bytes::from(value).slice(CHECKSUM_BYTES..))
}

#[cfg(test)]
mod tests;
