//! The engines that billing runs on, chosen by address. An address may hold a password: it is never shown.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use service_kit::config::Problem;
use service_kit::mongo::{self, Mongo};
use service_kit::{BackendUrl, OnFailure, Readiness};

use crate::cache::{Cache, MemoryCache, RedisCache};
use crate::config::Config;
use crate::embedded::Embedded;
use crate::error::{Error, StoreError};
use crate::reads::store::{EmbeddedReads, MongoReads, ReadsStore};
use crate::start::{Backends, Deps};
use crate::store::{DocumentStore, EmbeddedDocuments, Kept, MongoDocuments, Store};

/// The databases in the folder.
pub(crate) const EMBEDDED: &str = "embedded:";
const MONGO: &str = "mongodb:";
/// The cache in the process.
const MEMORY: &str = "memory:";
const REDIS: &str = "redis:";
/// The servers among what a process needs.
const STORE: &str = "billing store";
const CACHE: &str = "cache";
/// The document that says which store this is.
const STORE_ID: &str = "store_id";

/// What is wrong with the addresses of a store and a cache, by key, as far as that can be seen without a server.
#[must_use]
pub fn problems(store: &BackendUrl, cache: &BackendUrl) -> Vec<Problem> {
    let wrong_store = match store.scheme() {
        MONGO => mongo::problem("store", store),
        _ => store.problem("store", &[EMBEDDED, MONGO]),
    };
    let wrong_cache = match cache.scheme() {
        REDIS => RedisCache::wrong_address(cache.secret()).map(|what| Problem::new("cache", what)),
        _ => cache.problem("cache", &[MEMORY, REDIS]),
    };
    wrong_store.into_iter().chain(wrong_cache).collect()
}

/// Names the servers that will be needed, before anything is waited for.
pub(crate) fn announce(store: &BackendUrl, cache: &BackendUrl, readiness: &Readiness) {
    if store.scheme() == MONGO {
        readiness.told_by(STORE, true);
    }
    if cache.scheme() == REDIS {
        readiness.told_by(CACHE, false);
    }
}

/// Opens what the addresses name.
///
/// # Errors
/// [`Error::Config`] for an address that is none, [`Error::Store`].
pub(crate) async fn open(config: &Config, deps: &Deps) -> Result<Backends, Error> {
    let (documents, reads) = store(deps).await?;
    let cache = cache(config, deps, &documents).await?;
    Ok(Backends {
        documents,
        reads,
        cache,
    })
}

async fn store(deps: &Deps) -> Result<(Arc<dyn DocumentStore>, Arc<dyn ReadsStore>), Error> {
    if deps.store == EMBEDDED {
        let engine = Embedded::open(&deps.folder)?;
        return Ok((
            Arc::new(EmbeddedDocuments::open(&engine)?),
            Arc::new(EmbeddedReads::new(&engine)?),
        ));
    }
    if !deps.store.starts_with("mongodb://") {
        return Err(Error::Config(format!("store: use {EMBEDDED} or mongodb://...")));
    }
    let collections: Vec<&str> = MongoDocuments::collections()
        .chain(MongoReads::COLLECTIONS)
        .collect();
    let told = deps.readiness.told_by(STORE, true);
    let mongo = Mongo::open_watched(&deps.store, &collections, told, &deps.tasks)
        .await
        .map_err(StoreError::from)?;
    let documents = Arc::new(MongoDocuments::new(mongo.clone()));
    Ok((documents, Arc::new(MongoReads::new(mongo).await?)))
}

async fn cache(
    config: &Config,
    deps: &Deps,
    documents: &Arc<dyn DocumentStore>,
) -> Result<Arc<dyn Cache>, Error> {
    let url = &deps.cache;
    if url == MEMORY {
        let bytes = usize::try_from(config.cache).unwrap_or(usize::MAX);
        return Ok(Arc::new(MemoryCache::new(bytes)));
    }
    if !url.starts_with("redis://") {
        return Err(Error::Config(format!("cache: use {MEMORY} or redis://...")));
    }
    let id = store_id(&Store::new(Arc::clone(documents))).await?;
    let cache = Arc::new(RedisCache::open(url, &id).await?);
    // Answers do not depend on it.
    let told = deps.readiness.told_by(CACHE, false);
    let watching = Arc::clone(&cache).watch(told, deps.tasks.stop_token());
    deps.tasks.spawn("cache watch", OnFailure::Log, watching);
    Ok(cache)
}

/// Which store this is: drawn when it is asked for first, and kept with it for ever. A cache outlives stores and serves several.
pub(crate) async fn store_id(store: &Store) -> Result<String, StoreError> {
    let drawn = Kept {
        name: STORE_ID.to_owned(),
        value: RandomState::new().hash_one(STORE_ID).cast_signed(),
    };
    store.insert(&drawn).await?;
    store.sync().await?;
    Ok(kept_id(store).await?.unwrap_or_else(|| shown(&drawn)))
}

/// The id that a store has now; `None` where it has been dropped, or was never asked for.
pub(crate) async fn kept_id(store: &Store) -> Result<Option<String>, StoreError> {
    Ok(store.get::<Kept>(STORE_ID).await?.as_ref().map(shown))
}

fn shown(id: &Kept) -> String {
    format!("{:016x}", id.value.cast_unsigned())
}

#[cfg(test)]
mod tests;
