//! The positions file: who has acknowledged what, which segments there must be, and how far the log is known to be durable.
//!
//! Two slots, each with a generation and a CRC. An acknowledgement needs no sync, for losing it only means that messages come again:
//! it goes to the first slot, whose pages the system may write in any order. What protects segments is synced, into the first slot
//! and then into the second one, before anything relies on it. So at every moment one slot at least is durable and whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};

use super::disk::{self, Disk};
use crate::{BusError, Position};

/// Its name.
pub(super) const FILE_NAME: &str = "positions";
/// Groups that acknowledge.
pub(super) const GROUPS: usize = 2;
/// A slot holds the positions of [`super::MAX_SHARDS`] shards.
const SLOT_BYTES: usize = 8 << 10;
const MAGIC: [u8; 8] = *b"GRIDTJP\n";
const VERSION: u16 = 1;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Positions {
    /// Shards of the journal.
    pub(super) shards: u16,
    /// The journal's own number.
    pub(super) journal: u64,
    /// Number of the oldest segment there must be.
    pub(super) first_number: u64,
    /// Position of its first record.
    pub(super) first: Position,
    /// Number of the newest segment there must be; 0 before the first was made.
    pub(super) last_number: u64,
    /// Up to here the log was durable when this was written.
    pub(super) confirmed: Confirmed,
    /// Per topic: the last position that retention removed.
    pub(super) removed: Vec<Position>,
    /// Per group and topic: the position acknowledged last.
    pub(super) acked: [Vec<Position>; GROUPS],
}

/// An end of the log that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Confirmed {
    /// The segment.
    pub(super) number: u64,
    /// Its bytes.
    pub(super) bytes: u64,
    /// The last position in it.
    pub(super) position: Position,
}

impl Positions {
    /// Those of a journal that was just made.
    pub(super) fn new(shards: u16, journal: u64) -> Self {
        let topics = usize::from(shards).saturating_add(1);
        Self {
            shards,
            journal,
            first_number: 1,
            first: 1,
            last_number: 0,
            confirmed: Confirmed::default(),
            removed: vec![0; topics],
            acked: [vec![0; topics], vec![0; topics]],
        }
    }

    /// How much of the segment with this number is known to have been durable.
    pub(super) fn confirmed_bytes(&self, number: u64) -> u64 {
        if self.confirmed.number == number {
            self.confirmed.bytes
        } else {
            0
        }
    }

    fn encode(&self, generation: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(SLOT_BYTES);
        out.put_slice(&MAGIC);
        out.put_u16_le(VERSION);
        out.put_u16_le(self.shards);
        out.put_u64_le(generation);
        out.put_u64_le(self.journal);
        out.put_u64_le(self.first_number);
        out.put_u64_le(self.first);
        out.put_u64_le(self.last_number);
        out.put_u64_le(self.confirmed.number);
        out.put_u64_le(self.confirmed.bytes);
        out.put_u64_le(self.confirmed.position);
        let [billing, analytics] = &self.acked;
        for position in self.removed.iter().chain(billing).chain(analytics) {
            out.put_u64_le(*position);
        }
        out.resize(SLOT_BYTES - size_of::<u32>(), 0);
        out.put_u32_le(crc32c::crc32c(&out));
        out
    }

    /// The slot's generation and contents, unless it was never written or is damaged.
    fn decode(slot: &[u8]) -> Option<(u64, Self)> {
        let (mut rest, crc) = slot.split_last_chunk::<4>()?;
        let magic = rest.get(..MAGIC.len())? == MAGIC;
        if slot.len() != SLOT_BYTES || !magic || crc32c::crc32c(rest) != u32::from_le_bytes(*crc) {
            return None;
        }
        rest.advance(MAGIC.len());
        if rest.get_u16_le() != VERSION {
            return None;
        }
        let shards = rest.get_u16_le();
        let generation = rest.get_u64_le();
        let mut positions = Self::new(shards, rest.get_u64_le());
        positions.first_number = rest.get_u64_le();
        positions.first = rest.get_u64_le();
        positions.last_number = rest.get_u64_le();
        positions.confirmed = Confirmed {
            number: rest.get_u64_le(),
            bytes: rest.get_u64_le(),
            position: rest.get_u64_le(),
        };
        let [billing, analytics] = &mut positions.acked;
        for position in positions.removed.iter_mut().chain(billing).chain(analytics) {
            *position = rest.try_get_u64_le().ok()?;
        }
        Some((generation, positions))
    }
}

/// What a folder's positions file holds.
#[derive(Debug)]
pub(super) enum Found {
    /// There is none.
    Missing,
    /// Neither slot can be read.
    Unreadable,
    /// The newer readable slot.
    Positions(Slot, Positions),
}

/// Where positions were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Slot {
    generation: u64,
    /// In the first slot; the second one may be older or unreadable.
    first: bool,
}

/// Reads the positions of `folder`.
pub(super) fn read(folder: &Path) -> Result<Found, BusError> {
    let path = folder.join(FILE_NAME);
    let raw = match std::fs::read(&path) {
        Ok(raw) => raw,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Missing),
        Err(source) => return Err(BusError::file("read", &path, source)),
    };
    let slots = raw.chunks(SLOT_BYTES).zip([true, false]);
    let readable = slots.filter_map(|(slot, first)| {
        let (generation, positions) = Positions::decode(slot)?;
        Some((Slot { generation, first }, positions))
    });
    let newest = readable.max_by_key(|(slot, _)| slot.generation);
    Ok(newest.map_or(Found::Unreadable, |(slot, positions)| {
        Found::Positions(slot, positions)
    }))
}

/// The open file.
#[derive(Debug)]
pub(super) struct PositionsFile {
    path: PathBuf,
    file: File,
    generation: u64,
}

impl PositionsFile {
    /// Opens or makes the file. Should `positions` stand only in the `found` first slot, or not yet on the disk, they are made durable and
    /// whole in the second one: from here on the first one may be overwritten.
    pub(super) fn open(
        folder: &Path,
        disk: &dyn Disk,
        found: Slot,
        positions: &Positions,
    ) -> Result<Self, BusError> {
        let path = folder.join(FILE_NAME);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| BusError::file("open", &path, source))?;
        let mut opened = Self {
            path,
            file,
            generation: found.generation,
        };
        opened.sync(disk)?;
        if found.first {
            opened.write(disk, positions, SLOT_BYTES as u64)?;
            opened.sync(disk)?;
        }
        Ok(opened)
    }

    /// Writes the first slot; the system makes it durable when it likes.
    pub(super) fn save(&mut self, disk: &dyn Disk, positions: &Positions) -> Result<(), BusError> {
        self.write(disk, positions, 0)
    }

    /// Writes both slots, one after the other, each made durable.
    pub(super) fn save_synced(&mut self, disk: &dyn Disk, positions: &Positions) -> Result<(), BusError> {
        for offset in [0, SLOT_BYTES as u64] {
            self.write(disk, positions, offset)?;
            self.sync(disk)?;
        }
        Ok(())
    }

    fn sync(&self, disk: &dyn Disk) -> Result<(), BusError> {
        disk.sync(&self.file)
            .map_err(|source| BusError::file("sync", &self.path, source))
    }

    fn write(&mut self, disk: &dyn Disk, positions: &Positions, offset: u64) -> Result<(), BusError> {
        let generation = self.generation.saturating_add(1);
        let slot = positions.encode(generation);
        disk::write_all(disk, &self.file, &slot, offset)
            .map_err(|source| BusError::file("write", &self.path, source))?;
        self.generation = generation;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
