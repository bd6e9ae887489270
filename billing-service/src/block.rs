//! The compact form of the reads of one meter, series and UTC day.
//!
//! A block is a set: every content that was ever sent for an identity is in it, with the smallest time it was received. The same set
//! has the same bytes, whatever the order of arrival, so that two owners of a shard, a replay and a backup agree to the byte. Which
//! content counts is not decided here but when reading ([`winner`]).

mod column;
pub(crate) mod crowd;
pub(crate) mod winner;

use model::{Content, Quality};

use column::{Reader, Writer};

/// The layout written; the first byte of a block.
const SCHEMA: u8 = 1;
/// Milliseconds of a UTC day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// As many contents as one block may hold: 50 versions of every second. What is decoded takes 32 bytes each.
pub(crate) const MAX_ENTRIES: usize = 1 << 22;

/// Every revision is 0: its column is left out.
const NO_REVISIONS: u8 = 1;
/// Every quality is actual: its column is left out.
const ALL_ACTUAL: u8 = 2;
/// The column of times received is the delay after the start, not the time.
const RECEIVED_AS_DELAY: u8 = 4;

/// One content of one identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Start, in milliseconds since midnight UTC; below [`DAY_MS`].
    pub offset_ms: u32,
    /// When it was first received, in seconds since 1970 UTC.
    pub received_s: u32,
    /// What was sent.
    pub content: Content,
}

/// Bytes that are no block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// A layout of the future, or no block at all.
    #[error("layout {0} is unknown")]
    Schema(u8),
    /// It ends too early.
    #[error("it is cut off")]
    CutOff,
    /// Something stands after the end.
    #[error("bytes follow its end")]
    Trailing,
    /// More contents than a block may hold.
    #[error("it would hold more than {MAX_ENTRIES} contents")]
    TooMany,
    /// A number that no writer writes.
    #[error("column {0} has an impossible entry")]
    Range(&'static str),
    /// The entries are not in the one order of a set.
    #[error("its entries are out of order")]
    Order,
}

impl Entry {
    /// The order within a block: by start, then by content. Equal keys are the same reading.
    fn key(&self) -> (u32, u32, u32, u32, i64) {
        let Content {
            value,
            interval_seconds,
            quality,
            revision,
        } = self.content;
        (self.offset_ms, revision, quality.code(), interval_seconds, value)
    }

    fn delay(&self) -> i64 {
        i64::from(self.received_s) - i64::from(self.offset_ms / 1000)
    }
}

/// Makes a list of entries the set it stands for: in order, each content once with the smallest time received.
pub(crate) fn canonical(entries: &mut Vec<Entry>) {
    if entries.is_sorted_by(|left, right| left.key() < right.key()) {
        return; // what arrives in order of time is a set already
    }
    entries.sort_by_key(|entry| (entry.key(), entry.received_s)); // adaptive: two sorted runs are merged
    entries.dedup_by_key(|entry| entry.key());
}

/// The bytes of a canonical set.
///
/// # Errors
/// [`Malformed::TooMany`].
pub(crate) fn encode(entries: &[Entry]) -> Result<Vec<u8>, Malformed> {
    if entries.len() > MAX_ENTRIES {
        return Err(Malformed::TooMany);
    }
    let no_revisions = entries.iter().all(|entry| entry.content.revision == 0);
    let all_actual = entries
        .iter()
        .all(|entry| entry.content.quality == Quality::Actual);
    let mut scratch = Vec::with_capacity(entries.len());
    let mut column = |of: &dyn Fn(&Entry) -> i64| {
        scratch.clear();
        scratch.extend(entries.iter().map(of));
        let mut writer = Writer::default();
        writer.column(&scratch);
        writer.into_bytes()
    };
    let received = column(&|entry| i64::from(entry.received_s));
    let delay = column(&|entry| entry.delay());
    let by_delay = delay.len() < received.len();
    let mut flags = 0;
    flags |= if no_revisions { NO_REVISIONS } else { 0 };
    flags |= if all_actual { ALL_ACTUAL } else { 0 };
    flags |= if by_delay { RECEIVED_AS_DELAY } else { 0 };

    let mut block = Writer::default();
    block.byte(SCHEMA);
    block.byte(flags);
    block.varint(u64::try_from(entries.len()).unwrap_or(u64::MAX));
    block.bytes(&column(&|entry| i64::from(entry.offset_ms)));
    block.bytes(&column(&|entry| i64::from(entry.content.interval_seconds)));
    if !all_actual {
        block.bytes(&column(&|entry| i64::from(entry.content.quality.code())));
    }
    if !no_revisions {
        block.bytes(&column(&|entry| i64::from(entry.content.revision)));
    }
    block.bytes(if by_delay { &delay } else { &received });
    block.bytes(&column(&|entry| entry.content.value));
    Ok(block.into_bytes())
}

/// Adds the entries of a block to `entries`: alone they are canonical, together with what was there they need [`canonical`].
///
/// # Errors
/// [`Malformed`]; then `entries` is as before. No bytes whatever make it panic.
pub(crate) fn decode(bytes: &[u8], entries: &mut Vec<Entry>) -> Result<(), Malformed> {
    let before = entries.len();
    let outcome = decode_after(bytes, entries, before);
    if outcome.is_err() {
        entries.truncate(before);
    }
    outcome
}

fn decode_after(bytes: &[u8], entries: &mut Vec<Entry>, before: usize) -> Result<(), Malformed> {
    const EMPTY: Entry = Entry {
        offset_ms: 0,
        received_s: 0,
        content: Content {
            value: 0,
            interval_seconds: 0,
            quality: Quality::Actual,
            revision: 0,
        },
    };
    let mut reader = Reader::new(bytes);
    let schema = reader.byte()?;
    if schema != SCHEMA {
        return Err(Malformed::Schema(schema));
    }
    let flags = reader.byte()?;
    if flags > NO_REVISIONS | ALL_ACTUAL | RECEIVED_AS_DELAY {
        return Err(Malformed::Range("flags"));
    }
    let count = usize::try_from(reader.varint()?).map_err(|_| Malformed::TooMany)?;
    if count > MAX_ENTRIES {
        return Err(Malformed::TooMany);
    }
    entries.resize(before + count, EMPTY);
    let Some(new) = entries.get_mut(before..) else {
        return Err(Malformed::TooMany);
    };
    fill(&mut reader, new, "start", |entry, value| {
        put(&mut entry.offset_ms, value) && value < DAY_MS
    })?;
    fill(&mut reader, new, "interval", |entry, value| {
        put(&mut entry.content.interval_seconds, value)
    })?;
    if flags & ALL_ACTUAL == 0 {
        fill(&mut reader, new, "quality", put_quality)?;
    }
    if flags & NO_REVISIONS == 0 {
        fill(&mut reader, new, "revision", |entry, value| {
            put(&mut entry.content.revision, value)
        })?;
    }
    if flags & RECEIVED_AS_DELAY == 0 {
        fill(&mut reader, new, "received", |entry, value| {
            put(&mut entry.received_s, value)
        })?;
    } else {
        fill(&mut reader, new, "received", |entry, delay| {
            let start_s = i64::from(entry.offset_ms / 1000);
            put(&mut entry.received_s, delay.wrapping_add(start_s))
        })?;
    }
    fill(&mut reader, new, "value", |entry, value| {
        entry.content.value = value;
        true
    })?;
    reader.end()?;
    if new.is_sorted_by(|left, right| left.offset_ms < right.offset_ms || left.key() < right.key()) {
        Ok(())
    } else {
        Err(Malformed::Order)
    }
}

/// Reads a column into one field of every entry; `set` says whether the value is possible.
fn fill(
    reader: &mut Reader<'_>,
    entries: &mut [Entry],
    name: &'static str,
    set: impl Fn(&mut Entry, i64) -> bool,
) -> Result<(), Malformed> {
    let count = entries.len();
    let mut slots = entries.iter_mut();
    let mut possible = true;
    reader.column(count, name, &mut |value| {
        if let Some(slot) = slots.next() {
            possible &= set(slot, value);
        }
    })?;
    if possible {
        Ok(())
    } else {
        Err(Malformed::Range(name))
    }
}

fn put(field: &mut u32, value: i64) -> bool {
    let converted = u32::try_from(value);
    *field = converted.unwrap_or_default();
    converted.is_ok()
}

fn put_quality(entry: &mut Entry, value: i64) -> bool {
    let quality = u32::try_from(value).ok().and_then(Quality::from_code);
    entry.content.quality = quality.unwrap_or(Quality::Actual);
    quality.is_some()
}

#[cfg(test)]
mod tests;
