//! Whose readings the windows are made of: those in one billing store, for the life of the store of windows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::store::{StoreError, WindowStore};

/// Every answer of billing that windows are made from passes here first.
pub(crate) struct Origin {
    store: Arc<dyn WindowStore>,
    /// The billing store that it was settled with. It stays so for this process, even if the store of windows is made anew beneath it:
    /// what is in memory is of these readings.
    settled: OnceLock<String>,
    foreign: AtomicBool,
}

impl Origin {
    pub(crate) fn new(store: Arc<dyn WindowStore>) -> Self {
        Self {
            store,
            settled: OnceLock::new(),
            foreign: AtomicBool::new(false),
        }
    }

    /// That an answer is from the billing store that the windows are of; the first one settles it.
    ///
    /// # Errors
    /// [`StoreError::OtherReads`], or the store failed.
    pub(crate) async fn check(&self, billing_store: Option<&str>) -> Result<(), StoreError> {
        let Some(wanted) = billing_store else {
            return Ok(());
        };
        let settled = match self.settled.get() {
            Some(settled) => settled,
            None => {
                let settled = self.store.settle(wanted).await?;
                self.settled.get_or_init(|| settled)
            }
        };
        if settled == wanted {
            return Ok(());
        }
        Err(StoreError::OtherReads {
            found: settled.clone(),
            wanted: wanted.to_owned(),
            place: self.store.place(),
        })
    }

    /// The windows are not of this instance: nothing is written from now on.
    pub(crate) fn give_up(&self) {
        self.foreign.store(true, Ordering::Release);
    }

    /// Whether that was found.
    pub(crate) fn is_foreign(&self) -> bool {
        self.foreign.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests;
