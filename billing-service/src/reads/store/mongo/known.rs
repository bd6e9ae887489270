//! What this process knows of the store without asking: which meters its numbers stand for, and what it need not look for again.

use std::collections::{HashMap, HashSet};

use super::Place;
use crate::error::StoreError;
use crate::reads::meters::Meters;
use model::meter_hash;

/// Chains and days remembered; beyond it everything is forgotten and found again.
const MAX_REMEMBERED: usize = 1 << 16;

#[derive(Default)]
pub(super) struct Known {
    meters: HashMap<u16, Meters>,
    /// Epochs all before which are closed.
    epochs: HashMap<Place, u64>,
    /// Days that are listed; as places of bucket 0.
    days: HashSet<Place>,
    /// How often appends to a shard began or ended.
    changes: HashMap<u16, u64>,
}

impl Known {
    /// These are the meters of a shard, in order of number.
    pub(super) fn open(&mut self, shard: u16, ids: &[String]) {
        let mut meters = Meters::default();
        for id in ids {
            meters.insert(id, meter_hash(id));
        }
        self.meters.insert(shard, meters);
    }

    /// Numbers stand for these meters from now on.
    pub(super) fn add_meters(&mut self, shard: u16, added: &[(u32, String)]) -> Result<(), StoreError> {
        let meters = self.meters.entry(shard).or_default();
        for (number, id) in added {
            if *number == meters.len() {
                meters.insert(id, meter_hash(id));
            }
            if meters.id(*number) != Some(id) {
                return Err(unknown(shard, *number));
            }
        }
        Ok(())
    }

    /// The id a number stands for; none while nothing was stored of that meter.
    pub(super) fn meter(&self, shard: u16, number: u32) -> Option<String> {
        Some(self.meters.get(&shard)?.id(number)?.to_owned())
    }

    /// How many meters a shard has.
    pub(super) fn meters(&self, shard: u16) -> u32 {
        self.meters.get(&shard).map_or(0, Meters::len)
    }

    pub(super) fn epoch(&self, place: Place) -> u64 {
        self.epochs.get(&place).copied().unwrap_or_default()
    }

    pub(super) fn set_epoch(&mut self, place: Place, epoch: u64) {
        if epoch == 0 {
            return; // as good as not known
        }
        if self.epochs.len() >= MAX_REMEMBERED {
            self.epochs.clear();
        }
        let known = self.epochs.entry(place).or_default();
        *known = epoch.max(*known);
    }

    pub(super) fn has_day(&self, place: Place) -> bool {
        self.days.contains(&Place { bucket: 0, ..place })
    }

    pub(super) fn add_day(&mut self, place: Place) {
        if self.days.len() >= MAX_REMEMBERED {
            self.days.clear();
        }
        self.days.insert(Place { bucket: 0, ..place });
    }

    pub(super) fn changes(&self, shard: u16) -> u64 {
        self.changes.get(&shard).copied().unwrap_or_default()
    }

    pub(super) fn change(&mut self, shard: u16) {
        *self.changes.entry(shard).or_default() += 1;
    }
}

/// That a number was never said to stand for a meter, or for another.
pub(super) fn unknown(shard: u16, number: u32) -> StoreError {
    StoreError::Damaged {
        what: "table of meters",
        reason: format!("number {number} of shard {shard} stands for no meter, or for another"),
    }
}
