//! What a test sent and what it was promised: kept in the test's own memory, so that it survives the death of the platform.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};

/// A reading as sent: meter and start in milliseconds since 1970 UTC.
pub type Sent = (String, i64);

type Entries = BTreeMap<Sent, (i64, bool)>;

/// Everything sent, with its value in 10^-6 kWh, and whether it was promised to be kept. Many senders write into one.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Entries>,
}

impl Journal {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A sender that panicked wrote what it wrote.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is about to be sent.
    pub fn sending(&self, meter: &str, start_ms: i64, value: i64) {
        self.entries()
            .entry((meter.to_owned(), start_ms))
            .or_insert((value, false));
    }

    /// The platform said ACCEPTED (or DUPLICATE, which promises the same).
    pub fn promised(&self, meter: &str, start_ms: i64) {
        if let Some(entry) = self.entries().get_mut(&(meter.to_owned(), start_ms)) {
            entry.1 = true;
        }
    }

    /// How many were promised.
    #[must_use]
    pub fn promises(&self) -> usize {
        self.entries().values().filter(|(_, promised)| *promised).count()
    }

    /// The meters that appear in it.
    #[must_use]
    pub fn meters(&self) -> Vec<String> {
        let mut meters: Vec<String> = self.entries().keys().map(|(meter, _)| meter.clone()).collect();
        meters.dedup();
        meters
    }

    /// Compares what the platform has of `meter`: everything promised is there exactly once with its value, and nothing that was not sent.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(&self, meter: &str, kept: &[(i64, i64)]) -> Result<()> {
        let entries = self.entries();
        let mut seen = BTreeMap::new();
        for (start, value) in kept {
            if seen.insert(*start, *value).is_some() {
                bail!("{meter} {start} is there twice");
            }
            match entries.get(&(meter.to_owned(), *start)) {
                None => bail!("{meter} {start} was never sent"),
                Some((sent, _)) if sent != value => bail!("{meter} {start} is {value}, sent was {sent}"),
                Some(_) => {}
            }
        }
        for ((of, start), (_, promised)) in entries.iter() {
            if of == meter && *promised && !seen.contains_key(start) {
                bail!("{meter} {start} was accepted and is lost");
            }
        }
        Ok(())
    }
}
