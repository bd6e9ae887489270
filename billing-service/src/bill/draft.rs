//! Drafts: what is not issued is computed again when somebody looks, and priced again only when its inputs changed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use proto::billing::Bill;

use super::load::Loaded;
use super::{fingerprint, plan};
use crate::cache::Cache;
use crate::metrics::Metrics;
use crate::register::Id;
use crate::store::{Document, decode, entry};

/// How long a priced draft is kept: longer than anybody looks at one.
const DRAFT_TTL: Duration = Duration::from_secs(3600);
/// How long an issued bill is kept; it never changes.
const ISSUED_TTL: Duration = Duration::from_secs(24 * 3600);

/// See the module.
pub(crate) struct Drafts {
    cache: Arc<dyn Cache>,
    metrics: Metrics,
    /// Agreements with reads since their draft was computed.
    dirty: Mutex<BTreeSet<Id>>,
}

impl Drafts {
    pub(crate) fn new(cache: Arc<dyn Cache>, metrics: Metrics) -> Self {
        Self {
            cache,
            metrics,
            dirty: Mutex::default(),
        }
    }

    /// The draft of what was loaded. The cache is asked by the hash of the inputs, so what it answers cannot be out of date.
    pub(crate) async fn plan(&self, loaded: &Loaded) -> Bill {
        let hash = fingerprint::inputs_hash(&loaded.subject, &loaded.inputs, &loaded.priced.tariff);
        let key = format!("draft|{hash}");
        if let Some(known) = self.get::<Bill>(&key).await {
            return loaded.finish(known);
        }
        let bill = plan(&loaded.subject, &loaded.inputs, &loaded.priced, Vec::new());
        self.put(key, &bill, DRAFT_TTL).await;
        loaded.finish(bill)
    }

    /// An issued bill, if the cache has it.
    pub(crate) async fn issued(&self, bill_id: &str) -> Option<Bill> {
        self.get(&format!("bill|{bill_id}")).await
    }

    /// Keeps an issued bill for the next who asks.
    pub(crate) async fn keep_issued(&self, bill: &Bill) {
        self.put(format!("bill|{}", bill.id), bill, ISSUED_TTL).await;
    }

    async fn get<D: Document>(&self, key: &str) -> Option<D> {
        decode(&self.cache.get(key).await?).ok()
    }

    async fn put<D: Document>(&self, key: String, document: &D, ttl: Duration) {
        self.cache
            .put(key, Bytes::from(entry(document).document), ttl)
            .await;
    }

    /// These agreements have new reads.
    pub(crate) fn mark(&self, agreements: impl IntoIterator<Item = Id>) {
        let mut dirty = self.lock();
        dirty.extend(agreements);
        self.metrics
            .agreements_dirty
            .set(i64::try_from(dirty.len()).unwrap_or(i64::MAX));
    }

    /// At most `limit` agreements with new reads; they are clean now.
    pub(crate) fn take(&self, limit: usize) -> Vec<Id> {
        let mut dirty = self.lock();
        let taken: Vec<Id> = (0..limit).map_while(|_| dirty.pop_first()).collect();
        self.metrics
            .agreements_dirty
            .set(i64::try_from(dirty.len()).unwrap_or(i64::MAX));
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<Id>> {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
