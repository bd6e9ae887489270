//! The bytes of a segment: a header, then groups of records. Pure encoding and decoding; no file is touched here.
//!
//! ```text
//! segment = header (64 bytes), group, group ...
//! group   = header (40 bytes), record, record ...        written by one write, made durable by one sync
//! record  = crc, body length, position, topic, kind length, id, time, kind, body
//! ```
//! All numbers are little-endian. Every byte is covered by a CRC32C. The CRC of a group's header covers the records' CRCs and the
//! CRC of the header before it, across segments too: so every group names all that came before, and a piece that is missing,
//! repeated or from elsewhere does not fit.

use bytes::{Buf, BufMut, Bytes};

use crate::{Message, Position, Topic};

/// Bytes of a segment's header.
pub(super) const SEGMENT_HEAD: usize = 64;
/// Bytes of a group's header.
pub(super) const GROUP_HEAD: usize = 40;
/// Bytes of a record before kind and body.
pub(super) const RECORD_HEAD: usize = 44;
/// The first bytes of a group.
pub(super) const GROUP_MAGIC: [u8; 4] = [0xb7, b'G', b'J', 0x1e];

const SEGMENT_MAGIC: [u8; 8] = *b"GRIDTJL\n";
const VERSION: u16 = 1;
/// The topic code of [`Topic::Events`]; shards are their own code.
const EVENTS_CODE: u16 = u16::MAX;

/// What a segment says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHead {
    /// Shards of the journal.
    pub(super) shards: u16,
    /// Made up when the journal was; tells its files from those of another one.
    pub(super) journal: u64,
    /// 1 for the first segment the journal ever had.
    pub(super) number: u64,
    /// The position of its first record.
    pub(super) first: Position,
    /// Length of the segment before it.
    pub(super) previous_bytes: u64,
    /// The chain at the end of the segment before it.
    pub(super) previous_chain: u32,
}

/// What a group says about its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupHead {
    /// As [`SegmentHead::journal`].
    pub(super) journal: u64,
    /// Bytes of its records.
    pub(super) bytes: u32,
    /// How many records.
    pub(super) count: u32,
    /// Position of the first.
    pub(super) first: Position,
    /// The chain before it.
    pub(super) previous_chain: u32,
    /// CRC32C over the records' CRCs.
    pub(super) records_crc: u32,
}

/// A record's fields but kind and body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordHead {
    crc: u32,
    body_bytes: u32,
    /// Its position.
    pub(super) position: Position,
    topic: u16,
    kind_bytes: u16,
    /// [`Message::id`].
    pub(super) id: u128,
    /// [`Message::time_ms`].
    pub(super) time_ms: i64,
}

/// A whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) position: Position,
    pub(super) topic: Topic,
    pub(super) id: u128,
    pub(super) time_ms: i64,
    pub(super) kind: String,
    pub(super) body: Bytes,
}

impl SegmentHead {
    /// Its bytes; the last four are the CRC, which starts the chain of the segment.
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEAD] {
        let mut out = [0; SEGMENT_HEAD];
        let mut rest = out.as_mut_slice();
        rest.put_slice(&SEGMENT_MAGIC);
        rest.put_u16_le(VERSION);
        rest.put_u16_le(self.shards);
        rest.put_u32_le(0);
        rest.put_u64_le(self.journal);
        rest.put_u64_le(self.number);
        rest.put_u64_le(self.first);
        rest.put_u64_le(self.previous_bytes);
        rest.put_u32_le(self.previous_chain);
        rest.put_u64_le(0);
        seal(&mut out);
        out
    }

    /// The header and the chain it starts, unless damaged or of another version.
    pub(super) fn decode(raw: &[u8]) -> Option<(Self, u32)> {
        let (mut rest, chain) = unsealed(raw.get(..SEGMENT_HEAD)?)?;
        let magic = rest.get(..SEGMENT_MAGIC.len())? == SEGMENT_MAGIC;
        rest.advance(SEGMENT_MAGIC.len());
        if !magic || rest.get_u16_le() != VERSION {
            return None;
        }
        let shards = rest.get_u16_le();
        rest.advance(4);
        let head = Self {
            shards,
            journal: rest.get_u64_le(),
            number: rest.get_u64_le(),
            first: rest.get_u64_le(),
            previous_bytes: rest.get_u64_le(),
            previous_chain: rest.get_u32_le(),
        };
        Some((head, chain))
    }
}

impl GroupHead {
    /// Its bytes; the last four are the CRC, which is the chain after this group.
    pub(super) fn encode(&self) -> [u8; GROUP_HEAD] {
        let mut out = [0; GROUP_HEAD];
        let mut rest = out.as_mut_slice();
        rest.put_slice(&GROUP_MAGIC);
        rest.put_u32_le(self.bytes);
        rest.put_u32_le(self.count);
        rest.put_u32_le(self.previous_chain);
        rest.put_u64_le(self.first);
        rest.put_u64_le(self.journal);
        rest.put_u32_le(self.records_crc);
        seal(&mut out);
        out
    }

    /// The header and the chain after the group, unless damaged.
    pub(super) fn decode(raw: &[u8]) -> Option<(Self, u32)> {
        let (mut rest, chain) = unsealed(raw.get(..GROUP_HEAD)?)?;
        let magic = rest.get(..GROUP_MAGIC.len())? == GROUP_MAGIC;
        rest.advance(GROUP_MAGIC.len());
        if !magic {
            return None;
        }
        let bytes = rest.get_u32_le();
        let count = rest.get_u32_le();
        let previous_chain = rest.get_u32_le();
        let head = Self {
            bytes,
            count,
            previous_chain,
            first: rest.get_u64_le(),
            journal: rest.get_u64_le(),
            records_crc: rest.get_u32_le(),
        };
        Some((head, chain))
    }

    /// Bytes of header and records.
    pub(super) fn whole_bytes(&self) -> u64 {
        u64::from(self.bytes).saturating_add(GROUP_HEAD as u64)
    }
}

impl RecordHead {
    /// The fields at the start of `raw`. Nothing is checked yet, except that the topic exists in a journal of any size.
    pub(super) fn decode(raw: &[u8]) -> Option<Self> {
        let mut rest = raw.get(..RECORD_HEAD)?;
        Some(Self {
            crc: rest.get_u32_le(),
            body_bytes: rest.get_u32_le(),
            position: rest.get_u64_le(),
            topic: rest.get_u16_le(),
            kind_bytes: rest.get_u16_le(),
            id: rest.get_u128_le(),
            time_ms: rest.get_i64_le(),
        })
    }

    /// Bytes of the whole record.
    pub(super) fn whole_bytes(&self) -> u64 {
        (RECORD_HEAD as u64)
            .saturating_add(u64::from(self.kind_bytes))
            .saturating_add(u64::from(self.body_bytes))
    }

    /// What the record is about.
    pub(super) fn topic(&self) -> Topic {
        match self.topic {
            EVENTS_CODE => Topic::Events,
            shard => Topic::Readings { shard },
        }
    }

    /// The CRC, part of the group's.
    pub(super) fn crc(&self) -> u32 {
        self.crc
    }
}

impl Record {
    /// The record at the start of `raw`, which holds exactly its bytes, unless it is damaged.
    pub(super) fn decode(raw: &Bytes) -> Option<Self> {
        let head = RecordHead::decode(raw)?;
        if !record_is_sound(&head, raw) {
            return None;
        }
        let body_at = RECORD_HEAD.checked_add(usize::from(head.kind_bytes))?;
        let kind = raw.get(RECORD_HEAD..body_at)?;
        Some(Self {
            position: head.position,
            topic: head.topic(),
            id: head.id,
            time_ms: head.time_ms,
            kind: String::from_utf8(kind.to_vec()).ok()?,
            body: raw.slice(body_at..),
        })
    }
}

/// Whether `raw`, which starts with `head`, is exactly one undamaged record.
pub(super) fn record_is_sound(head: &RecordHead, raw: &[u8]) -> bool {
    let whole = u64::try_from(raw.len()).unwrap_or(u64::MAX);
    let covered = raw.get(size_of::<u32>()..).unwrap_or_default();
    head.whole_bytes() == whole && crc32c::crc32c(covered) == head.crc
}

/// Bytes a message takes in a group.
pub(super) fn record_bytes(message: &Message) -> usize {
    RECORD_HEAD
        .saturating_add(message.kind.len())
        .saturating_add(message.body.len())
}

/// Appends the record of `message` at `position`; gives its CRC. Sizes were checked when it was published.
pub(super) fn encode_record(out: &mut Vec<u8>, message: &Message, position: Position) -> u32 {
    let start = out.len();
    out.put_u32_le(0);
    out.put_u32_le(u32::try_from(message.body.len()).unwrap_or(u32::MAX));
    out.put_u64_le(position);
    out.put_u16_le(match message.topic {
        Topic::Readings { shard } => shard,
        Topic::Events => EVENTS_CODE,
    });
    out.put_u16_le(u16::try_from(message.kind.len()).unwrap_or(u16::MAX));
    out.put_u128_le(message.id);
    out.put_i64_le(message.time_ms);
    out.put_slice(message.kind.as_bytes());
    out.put_slice(&message.body);
    let Some((place, covered)) = out
        .get_mut(start..)
        .and_then(|record| record.split_at_mut_checked(4))
    else {
        return 0; // never: the record was just written
    };
    let crc = crc32c::crc32c(covered);
    place.copy_from_slice(&crc.to_le_bytes());
    crc
}

/// The chain after the group with this header.
pub(super) fn group_chain(raw: &[u8; GROUP_HEAD]) -> u32 {
    raw.last_chunk()
        .copied()
        .map(u32::from_le_bytes)
        .unwrap_or_default()
}

/// Adds a record's CRC to that of its group.
pub(super) fn append_crc(records_crc: u32, record_crc: u32) -> u32 {
    crc32c::crc32c_append(records_crc, &record_crc.to_le_bytes())
}

/// Writes the CRC of all bytes but the last four into the last four.
fn seal(raw: &mut [u8]) {
    if let Some((covered, place)) = raw.split_last_chunk_mut::<4>() {
        *place = crc32c::crc32c(covered).to_le_bytes();
    }
}

/// The sealed bytes and their CRC, if it fits.
fn unsealed(raw: &[u8]) -> Option<(&[u8], u32)> {
    let (covered, crc) = raw.split_last_chunk::<4>()?;
    let crc = u32::from_le_bytes(*crc);
    (crc32c::crc32c(covered) == crc).then_some((covered, crc))
}

#[cfg(test)]
mod tests;
