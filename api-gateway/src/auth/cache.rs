//! Tokens that were verified a moment ago, by the hash of their bytes.
//!
//! A signature check costs more than a whole call. Sharded, so that the serving threads do not wait for each other; bounded; an entry
//! lives 60 seconds and never beyond the token's expiry. Tokens that failed are not remembered.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;

use super::Identity;

/// How long a verified token is believed without looking again.
pub(super) const TTL_SECONDS: i64 = 60;
/// Enough that the threads of one machine seldom meet.
const SHARDS: usize = 32;
/// 65,536 tokens in all, about 12 MB when full; beyond that a shard forgets everything and verifies again.
const ENTRIES_PER_SHARD: usize = 2_048;

/// SHA-256 of a token: nobody can make another token with the hash of a good one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        let digest = digest::digest(&digest::SHA256, token.as_bytes());
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }

    fn word(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

impl std::hash::Hash for TokenHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.word());
    }
}

/// Passes on a word that is a hash already.
#[derive(Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}

struct Entry {
    identity: Identity,
    since: i64,
    until: i64,
}

type Shard = Mutex<HashMap<TokenHash, Entry, BuildHasherDefault<Ready>>>;

/// Verified tokens.
pub(super) struct Cache {
    shards: Box<[Shard]>,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
        }
    }

    /// Who the token names, if it was verified less than [`TTL_SECONDS`] ago. A clock that stepped back does not prolong anything.
    pub(super) fn get(&self, token: TokenHash, now: i64) -> Option<Identity> {
        let shard = self.shard(token)?.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get(&token)?;
        (entry.since <= now && now < entry.until).then(|| entry.identity.clone())
    }

    /// Remembers that the token was verified at `now`.
    pub(super) fn put(&self, token: TokenHash, identity: Identity, now: i64) {
        let Some(shard) = self.shard(token) else {
            return;
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= ENTRIES_PER_SHARD {
            shard.retain(|_, entry| now < entry.until);
        }
        if shard.len() >= ENTRIES_PER_SHARD {
            shard.clear();
        }
        let until = now.saturating_add(TTL_SECONDS).min(identity.expires);
        shard.insert(
            token,
            Entry {
                identity,
                since: now,
                until,
            },
        );
    }

    /// The shard by other bits than those the map sorts by.
    fn shard(&self, token: TokenHash) -> Option<&Shard> {
        let [.., last] = token.0;
        self.shards.get(usize::from(last) % SHARDS)
    }
}

#[cfg(test)]
mod tests;
