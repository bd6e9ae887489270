//! Which index a name has in a batch: each name once, found again without an allocation per name.

use std::hash::{BuildHasher as _, RandomState};

use super::push_name;

/// The fewest slots a table starts with.
const MIN_SLOTS: usize = 16;
/// A table this many times larger than its names needed is made anew: a small table stays in the processor's cache.
const OVERSIZE: usize = 16;

/// The names of one batch under their indexes. Kept and [cleared](Self::clear) between batches of like size, it does not allocate.
#[derive(Debug)]
pub struct Dictionary {
    /// Generation in the upper half, index of an entry in the lower; a slot of another generation is free. The length is a power of two.
    slots: Vec<u64>,
    entries: Vec<Entry>,
    generation: u32,
    /// Odd and random: nobody outside can choose names that meet in one slot.
    mix: u64,
}

/// A name: its hash, and where it stands in the joined names.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    start: usize,
    end: usize,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            entries: Vec::new(),
            generation: 1,
            mix: RandomState::new().hash_one(1_u8) | 1,
        }
    }
}

impl Dictionary {
    /// The index of `name`, whose hash is `hash`; a new name is added to `joined`, which holds this dictionary's names and no others.
    pub fn index(&mut self, joined: &mut String, name: &str, hash: u64) -> u32 {
        if self.entries.len().saturating_mul(2) >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len().saturating_sub(1);
        let mut at = self.home(hash);
        while let Some(found) = self.slots.get(at).copied().and_then(|slot| self.held(slot)) {
            let entry = self.entries.get(found as usize);
            if entry
                .is_some_and(|entry| entry.hash == hash && joined.get(entry.start..entry.end) == Some(name))
            {
                return found;
            }
            at = (at + 1) & mask;
        }
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        push_name(joined, name);
        let end = joined.len();
        self.entries.push(Entry {
            hash,
            start: end.saturating_sub(name.len()),
            end,
        });
        self.fill(at, index);
        index
    }

    /// Forgets every name, keeping the room they took unless it was far too much.
    pub fn clear(&mut self) {
        if self.slots.len() > self.entries.len().saturating_mul(OVERSIZE).max(MIN_SLOTS) {
            self.slots = Vec::new();
        }
        self.entries.clear();
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.slots.fill(0);
            self.generation = 1;
        }
    }

    /// Where the search for `hash` begins: the upper bits of a product depend on all bits of the hash.
    fn home(&self, hash: u64) -> usize {
        let bits = self.slots.len().trailing_zeros();
        let product = hash.wrapping_mul(self.mix);
        usize::try_from(product.checked_shr(64_u32.saturating_sub(bits)).unwrap_or(0)).unwrap_or(0)
    }

    fn held(&self, slot: u64) -> Option<u32> {
        let [a, b, c, d, e, f, g, h] = slot.to_le_bytes();
        (u32::from_le_bytes([e, f, g, h]) == self.generation).then_some(u32::from_le_bytes([a, b, c, d]))
    }

    fn fill(&mut self, at: usize, index: u32) {
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = (u64::from(self.generation) << 32) | u64::from(index);
        }
    }

    fn grow(&mut self) {
        let len = self.slots.len().saturating_mul(2).max(MIN_SLOTS);
        self.slots.clear();
        self.slots.resize(len, 0);
        let mask = len.saturating_sub(1);
        for index in 0..self.entries.len() {
            let Some(hash) = self.entries.get(index).map(|entry| entry.hash) else {
                continue;
            };
            let mut at = self.home(hash);
            while self
                .slots
                .get(at)
                .copied()
                .and_then(|slot| self.held(slot))
                .is_some()
            {
                at = (at + 1) & mask;
            }
            self.fill(at, u32::try_from(index).unwrap_or(u32::MAX));
        }
    }
}
