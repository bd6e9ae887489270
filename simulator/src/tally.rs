//! What became of the readings that were sent.

use std::collections::BTreeMap;

use proto::meter::{Receipt, Verdict};
use serde::Serialize;

/// The most different reasons that are told apart.
const MAX_REASONS: usize = 32;

/// Counts of readings by verdict.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Kept.
    pub accepted: u64,
    /// Kept before.
    pub duplicate: u64,
    /// Kept beside another value.
    pub conflict: u64,
    /// Not kept, for good.
    pub rejected: u64,
    /// How often a reading had to be sent again; the reading itself is counted once, with its last verdict.
    pub retried: u64,
    /// Why readings were in conflict or rejected.
    pub reasons: BTreeMap<String, u64>,
}

impl Tally {
    /// Readings with a final verdict.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.accepted + self.duplicate + self.conflict + self.rejected
    }

    /// Counts one receipt; false when the reading is to be sent again.
    pub(crate) fn count(&mut self, receipt: &Receipt) -> bool {
        match receipt.verdict() {
            Verdict::Accepted => self.accepted += 1,
            Verdict::Duplicate => self.duplicate += 1,
            Verdict::Conflict => {
                self.conflict += 1;
                self.reason(&receipt.reason, 1);
            }
            Verdict::Rejected => {
                self.rejected += 1;
                self.reason(&receipt.reason, 1);
            }
            Verdict::Retry | Verdict::Unspecified => {
                self.retried += 1;
                return false;
            }
        }
        true
    }

    pub(crate) fn reason(&mut self, reason: &str, times: u64) {
        if let Some(count) = self.reasons.get_mut(reason) {
            *count += times;
        } else if self.reasons.len() < MAX_REASONS {
            self.reasons.insert(reason.to_owned(), times);
        }
    }

    /// Adds what `other` counted.
    pub fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.conflict += other.conflict;
        self.rejected += other.rejected;
        self.retried += other.retried;
        for (reason, times) in &other.reasons {
            self.reason(reason, *times);
        }
    }
}
