//! `Idempotency-Key`: the same key means the same request.
//!
//! Every request that changes something may be repeated without harm (a put replaces, a bill run finds its bills issued, a reading is kept
//! once), so the answer needs no memory. What is remembered is what a key was used for, so that another request under it is refused
//! instead of carried out by mistake. In memory of this process: a restart, or another gateway, does not know it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use http::{Method, StatusCode};

use super::MAX_BODY_BYTES;
use super::problem::Problem;
use crate::auth::Identity;

const HEADER: &str = "idempotency-key";
/// The longest key.
const MAX_KEY_BYTES: usize = 255;
/// As many keys are remembered, 100 bytes each; beyond that the oldest is forgotten.
const MAX_KEYS: usize = 10_000;
/// How long a key is remembered, milliseconds: a day.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

type Digest = [u8; 32];

/// What keys were used for.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By key and who used it: the request, and when.
    used: HashMap<Digest, (Digest, i64)>,
    /// In the order of their use; some may be forgotten or used again meanwhile.
    order: VecDeque<(Digest, i64)>,
}

/// A key that a request came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    key: Digest,
    request: Digest,
}

impl Keys {
    /// Looks at the key of a request and remembers it; gives the request back.
    ///
    /// # Errors
    /// `BAD_IDEMPOTENCY_KEY`, `IDEMPOTENCY_KEY_REUSED`, `BODY_TOO_LARGE`.
    pub(super) async fn check(
        &self,
        request: Request,
        identity: &Identity,
        now_ms: i64,
    ) -> Result<(Request, Option<Used>), Problem> {
        let key = match *request.method() {
            Method::POST | Method::PUT => request.headers().get(HEADER),
            _ => None,
        };
        let Some(key) = key else {
            return Ok((request, None));
        };
        if !(1..=MAX_KEY_BYTES).contains(&key.len()) || !key.as_bytes().iter().all(u8::is_ascii_graphic) {
            return Err(Problem::bad(
                "BAD_IDEMPOTENCY_KEY",
                "Idempotency-Key is 1 to 255 visible characters",
            ));
        }
        let key = digest(&[
            identity.role.name().as_bytes(),
            identity.subject.as_bytes(),
            key.as_bytes(),
        ]);
        let (parts, body) = request.into_parts();
        let body: Bytes = axum::body::to_bytes(body, MAX_BODY_BYTES)
            .await
            .map_err(|_| Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE))?;
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        let used = Used {
            key,
            request: digest(&[parts.method.as_str().as_bytes(), target.as_bytes(), &body]),
        };
        if !self.lock().remember(used, now_ms) {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "IDEMPOTENCY_KEY_REUSED",
                "this Idempotency-Key was used for another request; another request needs another key",
            ));
        }
        Ok((Request::from_parts(parts, Body::from(body)), Some(used)))
    }

    /// The request was refused: its key may be used for the corrected one.
    pub(super) fn forget(&self, used: Used) {
        let mut known = self.lock();
        if known
            .used
            .get(&used.key)
            .is_some_and(|(request, _)| *request == used.request)
        {
            known.used.remove(&used.key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether the key is free for this request, or was used for the same.
    fn remember(&mut self, used: Used, now_ms: i64) -> bool {
        let too_old = now_ms.saturating_sub(KEPT_MS);
        while let Some((key, at)) = self.order.front().copied() {
            if at >= too_old && self.order.len() < MAX_KEYS {
                break;
            }
            self.order.pop_front();
            if self.used.get(&key).is_some_and(|(_, since)| *since == at) {
                self.used.remove(&key);
            }
        }
        match self.used.get(&used.key) {
            Some((request, _)) => *request == used.request,
            None => {
                self.used.insert(used.key, (used.request, now_ms));
                self.order.push_back((used.key, now_ms));
                true
            }
        }
    }
}

/// Of parts that cannot be mistaken for each other, because each stands behind its length.
fn digest(parts: &[&[u8]]) -> Digest {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(hash.finish().as_ref());
    digest
}

#[cfg(test)]
mod tests;
