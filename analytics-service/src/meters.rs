//! Which meter of a shard belongs to which group, and which were heard of. Meters are known by the hash of their id: a group of
//! the wrong meter, once in 10^9 fleets, lasts until the day is recomputed from reads.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use proto::billing::Group;

use crate::group::{GroupIndex, Groups, UNKNOWN};
use crate::store::MetersDocument;

/// Meters that nobody registered and that are still counted as heard of, per shard. Beyond it their number stands still; their
/// readings count all the same.
const MAX_STRANGERS: usize = 250_000;

/// What the register says about the meters of one shard.
#[derive(Debug, Clone, Default)]
pub struct Assignment {
    /// The register's version.
    pub version: u64,
    /// Hash of a meter's id, and its group.
    pub meters: Vec<(u64, GroupIndex)>,
}

/// Whose readings changed groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moves {
    /// Meters that had no group.
    pub from_unknown: bool,
    /// Meters that had another group.
    pub from_known: bool,
}

#[derive(Debug, Clone, Copy)]
struct Meter {
    group: GroupIndex,
    seen: bool,
    /// Said by the assignment that is being taken.
    said: bool,
}

/// The meters of one shard.
#[derive(Debug, Default)]
pub struct Meters {
    version: u64,
    meters: HashMap<u64, Meter, BuildHasherDefault<Hashed>>,
    seen: u64,
    strangers: usize,
    dirty: bool,
}

impl Meters {
    /// The version of the register that the groups are from; 0 = none yet.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many meters were heard of.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The group of the meter with this hash, which has just been heard of.
    #[inline]
    pub fn hear(&mut self, hash: u64) -> GroupIndex {
        match self.meters.get_mut(&hash) {
            Some(meter) if meter.seen => meter.group,
            Some(meter) => {
                meter.seen = true;
                self.seen += 1;
                self.dirty = true;
                meter.group
            }
            None => self.hear_stranger(hash),
        }
    }

    #[cold]
    fn hear_stranger(&mut self, hash: u64) -> GroupIndex {
        if self.strangers < MAX_STRANGERS {
            self.strangers += 1;
            self.seen += 1;
            self.dirty = true;
            let stranger = Meter {
                group: UNKNOWN,
                seen: true,
                said: false,
            };
            self.meters.insert(hash, stranger);
        }
        UNKNOWN
    }

    /// Takes what the register says now.
    pub fn assign(&mut self, now: &Assignment) -> Moves {
        let mut moves = Moves::default();
        for meter in self.meters.values_mut() {
            meter.said = false;
        }
        for (hash, group) in &now.meters {
            let absent = Meter {
                group: UNKNOWN,
                seen: false,
                said: true,
            };
            let meter = self.meters.entry(*hash).or_insert(absent);
            meter.said = true;
            if meter.group != *group {
                moves.from_unknown |= meter.group == UNKNOWN;
                moves.from_known |= meter.group != UNKNOWN;
                meter.group = *group;
            }
        }
        let mut strangers = 0;
        self.meters.retain(|_, meter| {
            if !meter.said && meter.group != UNKNOWN {
                moves.from_known = true;
                meter.group = UNKNOWN;
            }
            strangers += usize::from(!meter.said);
            meter.said || meter.seen
        });
        self.strangers = strangers;
        self.version = now.version;
        self.dirty = true;
        moves
    }

    /// What is to be stored, if it changed since it was asked for last.
    pub fn take_changes(&mut self, groups: &Groups) -> Option<MetersDocument> {
        if !std::mem::take(&mut self.dirty) {
            return None;
        }
        let names = groups.all().iter().map(|group| Group::clone(group)).collect();
        let mut document = MetersDocument {
            register_version: self.version,
            groups: names,
            ..MetersDocument::default()
        };
        for (hash, meter) in &self.meters {
            document.hash.push(*hash);
            document.group.push(u32::from(meter.group));
            document.seen.push(meter.seen);
        }
        Some(document)
    }

    /// The changes taken last could not be stored.
    pub fn not_stored(&mut self) {
        self.dirty = true;
    }

    /// From what was stored.
    pub fn restore(document: &MetersDocument, groups: &Groups) -> Self {
        let numbers: Vec<GroupIndex> = document.groups.iter().map(|group| groups.number(group)).collect();
        let mut meters = Self {
            version: document.register_version,
            ..Self::default()
        };
        let rows = document.hash.iter().zip(&document.group).zip(&document.seen);
        for ((hash, group), seen) in rows {
            let index = usize::try_from(*group).unwrap_or(usize::MAX);
            let meter = Meter {
                group: numbers.get(index).copied().unwrap_or(UNKNOWN),
                seen: *seen,
                said: false,
            };
            meters.seen += u64::from(*seen);
            meters.meters.insert(*hash, meter);
        }
        meters
    }
}

/// The key is a hash already.
#[derive(Debug, Default, Clone, Copy)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        // Meters of a shard share the remainder of their hash by the number of shards, so its low bits alone say little.
        self.0 = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests;
