//! Which meter of a shard belonged to which group when, and which were heard of. Meters are known by the hash of their id: a group
//! of the wrong meter, once in 10^9 fleets, lasts until the day is recomputed from reads.

mod moves;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use model::Stay;
use proto::billing::Group;

use crate::group::{GroupIndex, Groups, UNKNOWN};
pub use crate::meters::moves::Moves;
use crate::store::{MetersDocument, StaysColumns};

/// Meters that nobody registered and that are still counted as heard of, per shard. Beyond it their number stands still; their
/// readings count all the same.
const MAX_STRANGERS: usize = 250_000;

/// Where a meter was: ascending, none overlaps another, [`UNKNOWN`] at other times. Most meters of a fleet share theirs with others.
pub type Stays = Arc<[Stay<GroupIndex>]>;

/// What the register says about the meters of one shard.
#[derive(Debug, Clone, Default)]
pub struct Assignment {
    /// The register's version.
    pub version: u64,
    /// Those that are registered.
    pub meters: Vec<Assigned>,
}

/// A registered meter.
#[derive(Debug, Clone)]
pub struct Assigned {
    /// Of its id.
    pub hash: u64,
    /// Where it was.
    pub stays: Stays,
    /// Billing has readings of it.
    pub heard: bool,
}

#[derive(Debug, Default)]
struct Meter {
    stays: Stays,
    seen: bool,
    /// Said by the assignment that is being taken.
    said: bool,
}

impl Meter {
    /// Its stays are these from now on.
    fn go(&mut self, stays: &Stays, moves: &mut Moves) {
        if self.stays != *stays {
            moves.add(&self.stays, stays);
            self.stays = Arc::clone(stays);
        }
    }
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

    /// Where the meter with this hash, which has just been heard of, was at `time_ms`.
    #[inline]
    pub fn hear(&mut self, hash: u64, time_ms: i64) -> Stay<GroupIndex> {
        let Some(meter) = self.meters.get_mut(&hash) else {
            return self.hear_stranger(hash, time_ms);
        };
        if !meter.seen {
            meter.seen = true;
            self.seen += 1;
            self.dirty = true;
        }
        Stay::at(&meter.stays, time_ms, UNKNOWN)
    }

    /// Where the meter with this hash was at `time_ms`.
    pub fn stay(&self, hash: u64, time_ms: i64) -> Stay<GroupIndex> {
        let stays = self.meters.get(&hash).map_or(&[][..], |meter| &meter.stays);
        Stay::at(stays, time_ms, UNKNOWN)
    }

    #[cold]
    fn hear_stranger(&mut self, hash: u64, time_ms: i64) -> Stay<GroupIndex> {
        if self.strangers < MAX_STRANGERS {
            self.strangers += 1;
            self.seen += 1;
            self.dirty = true;
            let stranger = Meter {
                seen: true,
                ..Meter::default()
            };
            self.meters.insert(hash, stranger);
        }
        Stay::at(&[], time_ms, UNKNOWN)
    }

    /// Takes what the register says now.
    pub fn assign(&mut self, now: &Assignment) -> Moves {
        let mut moves = Moves::default();
        for meter in self.meters.values_mut() {
            meter.said = false;
        }
        for assigned in &now.meters {
            let meter = self.meters.entry(assigned.hash).or_default();
            meter.said = true;
            meter.go(&assigned.stays, &mut moves);
            self.seen += u64::from(assigned.heard && !meter.seen);
            meter.seen |= assigned.heard;
        }
        let mut strangers = 0;
        self.meters.retain(|_, meter| {
            if !meter.said {
                meter.go(&Stays::default(), &mut moves);
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
        let mut numbers: HashMap<&Stays, u32> = HashMap::new();
        for (hash, meter) in &self.meters {
            let number = *numbers.entry(&meter.stays).or_insert_with(|| {
                document.stays.push(StaysColumns::new(&meter.stays));
                // there are at most as many as meters of a shard
                document.stays.len() as u32 - 1
            });
            document.hash.push(*hash);
            document.stays_number.push(number);
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
        let stays: Vec<Stays> = document.stays.iter().map(|stays| stays.read(&numbers)).collect();
        let mut meters = Self {
            version: document.register_version,
            ..Self::default()
        };
        let rows = document
            .hash
            .iter()
            .zip(&document.stays_number)
            .zip(&document.seen);
        for ((hash, number), seen) in rows {
            let index = usize::try_from(*number).unwrap_or(usize::MAX);
            let meter = Meter {
                stays: stays.get(index).cloned().unwrap_or_default(),
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
