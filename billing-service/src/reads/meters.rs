//! The meters of a shard: ids and the small numbers (handles) that stand for them, in the order of first sight.
//!
//! About 30 bytes per meter: ids in one text, a hash each, and an open table of handles.

use model::meter_hash;

/// An empty place of the table.
const FREE: u32 = u32::MAX;

/// Ids by handle and handles by id.
#[derive(Debug, Default)]
pub(super) struct Meters {
    ids: String,
    /// Where the id of each handle ends.
    ends: Vec<u32>,
    hashes: Vec<u64>,
    /// Handles, found by hash and linear probing; at most half full, a power of two long.
    table: Vec<u32>,
}

impl Meters {
    /// How many; also the next handle.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(FREE)
    }

    /// The id of a handle.
    pub(super) fn id(&self, handle: u32) -> Option<&str> {
        let handle = usize::try_from(handle).ok()?;
        let end = usize::try_from(*self.ends.get(handle)?).ok()?;
        let begin = match handle.checked_sub(1) {
            Some(before) => usize::try_from(*self.ends.get(before)?).ok()?,
            None => 0,
        };
        self.ids.get(begin..end)
    }

    /// Every id, in order of handle.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|handle| self.id(handle))
    }

    /// The handle of an id, with its hash for [`Self::insert`].
    #[inline]
    pub(super) fn find(&self, id: &str) -> (u64, Option<u32>) {
        let hash = meter_hash(id);
        let found = self
            .probes(hash)
            .map_while(|place| self.table.get(place).copied())
            .take_while(|handle| *handle != FREE)
            .find(|handle| self.is(*handle, hash, id));
        (hash, found)
    }

    /// As [`Self::find`] without the hash, trying the handle after `last` first: batches mostly name meters in the order in which they
    /// were first seen, and a look at the next id costs a tenth of a search in a large table.
    #[inline]
    pub(super) fn find_after(&self, last: Option<u32>, id: &str) -> Option<u32> {
        let next = last.map_or(0, |last| last.wrapping_add(1));
        if self.id(next) == Some(id) {
            return Some(next);
        }
        self.find(id).1
    }

    #[inline]
    fn is(&self, handle: u32, hash: u64, id: &str) -> bool {
        let known = usize::try_from(handle).ok().and_then(|at| self.hashes.get(at));
        known == Some(&hash) && self.id(handle) == Some(id)
    }

    /// Places to look, from the one the hash names; every place once.
    fn probes(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let len = self.table.len();
        let mask = len.wrapping_sub(1);
        // the low bits chose the shard, so the high ones choose the place
        let first = usize::try_from(hash >> 32).unwrap_or_default() & mask;
        (0..len).map(move |step| (first + step) & mask)
    }

    /// Adds an id that is not there, with its hash.
    pub(super) fn insert(&mut self, id: &str, hash: u64) -> u32 {
        if (self.ends.len() + 1) * 2 > self.table.len() {
            self.grow();
        }
        let handle = self.len();
        self.ids.push_str(id);
        self.ends.push(u32::try_from(self.ids.len()).unwrap_or(FREE));
        self.hashes.push(hash);
        self.place(handle, hash);
        handle
    }

    fn place(&mut self, handle: u32, hash: u64) {
        for place in self.probes(hash) {
            if let Some(free) = self.table.get_mut(place).filter(|held| **held == FREE) {
                *free = handle;
                return;
            }
        }
    }

    fn grow(&mut self) {
        let len = (self.table.len() * 2).max(64);
        self.table.clear();
        self.table.resize(len, FREE);
        let hashes = std::mem::take(&mut self.hashes);
        for (handle, hash) in (0..).zip(&hashes) {
            self.place(handle, *hash);
        }
        self.hashes = hashes;
    }
}

#[cfg(test)]
mod tests;
