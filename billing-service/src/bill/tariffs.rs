//! Tariffs as they were parsed and worked out for a cycle, kept for the next customer of the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tariff_engine::{Compiled, Period, RatingError, Tariff};

use super::Priced;
use crate::error::{Error, StoreError};
use crate::store::{Store, TariffEdition};

/// Editions and cycles kept; beyond that the memory starts anew, which costs only time.
const MAX_KEPT: usize = 512;

type Cycles = HashMap<(i64, i64), Result<Arc<Compiled>, RatingError>>;

/// See the module.
pub(crate) struct Tariffs {
    store: Store,
    kept: Mutex<HashMap<String, (Arc<Tariff>, Cycles)>>,
}

impl Tariffs {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            kept: Mutex::default(),
        }
    }

    /// An edition for a period.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an edition nobody ever wrote; a tariff that does not fit the period is an answer.
    pub(crate) async fn priced(&self, edition: &str, period: &Period) -> Result<Priced, Error> {
        let cycle = (period.start_ms, period.end_ms);
        let known = self
            .lock()
            .get(edition)
            .map(|(tariff, cycles)| (Arc::clone(tariff), cycles.get(&cycle).cloned()));
        let tariff = match known {
            Some((tariff, Some(compiled))) => return Ok(Priced { tariff, compiled }),
            Some((tariff, None)) => tariff,
            None => self.load(edition).await?,
        };
        let compiled = tariff.compile(period).map(Arc::new);
        let mut kept = self.lock();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        let (_, cycles) = kept
            .entry(edition.to_owned())
            .or_insert_with(|| (Arc::clone(&tariff), Cycles::new()));
        if cycles.len() >= MAX_KEPT {
            cycles.clear();
        }
        cycles.insert(cycle, compiled.clone());
        Ok(Priced { tariff, compiled })
    }

    /// An edition as it was parsed.
    ///
    /// # Errors
    /// As [`Self::priced`].
    pub(crate) async fn edition(&self, edition: &str) -> Result<Arc<Tariff>, Error> {
        let known = self.lock().get(edition).map(|(tariff, _)| Arc::clone(tariff));
        match known {
            Some(tariff) => Ok(tariff),
            None => self.load(edition).await,
        }
    }

    async fn load(&self, edition: &str) -> Result<Arc<Tariff>, Error> {
        let found: Option<TariffEdition> = self.store.get(edition).await?;
        let text = found.ok_or_else(|| Error::NotFound {
            what: "tariff edition",
            id: edition.to_owned(),
        })?;
        let parsed = Tariff::parse(&text.body);
        let damaged = |reason: String| StoreError::Damaged {
            what: "tariff edition",
            reason,
        };
        Ok(Arc::new(
            parsed.map_err(|problems| damaged(problems.to_string()))?,
        ))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Arc<Tariff>, Cycles)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
