//! What the start finds in the folder: checks every byte of every segment, cuts a torn tail, refuses anything else.
//!
//! **Torn or damaged?** The writer writes a group only after the one before it was synced, so only the last group of the last
//! segment can be torn. Bytes that cannot be read are therefore damage, and the start is refused, when
//! - they lie in any segment but the last, or
//! - a readable group of this journal lies behind them, or their group is complete and bytes lie behind it, or
//! - they do not follow what is before them although they are sound, or
//! - they lie before the confirmed end that the positions file names (written with every batch of acknowledgements, on every
//!   change of segments, at every start and at the close).
//!
//! Else they are a torn tail: nothing of it was ever confirmed. What remains undecidable, and is cut: damage within the very last
//! group, confirmed less than a moment before a crash, when no acknowledgement or group came after it.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use super::disk::{self, Disk};
use super::format::{SEGMENT_HEAD, SegmentHead};
use super::positions::{self, Found, Positions, Slot};
use super::scan::{self, Bad, Group, Scanner, Step};
use super::segment::{self, Segment};
use super::topic_index;
use crate::{BusError, Position};

/// What is wrong with a renamed segment.
pub(super) const STRANGE_NAME: &str = "a segment under a name that is not its own";

/// What is wrong with a newest segment that ends too early.
const CUT_SHORT: &str = "the file was cut short: readings that were confirmed to their senders are missing at its end; restore the \
     journal from a copy";

/// What was found, ready to be gone on with.
pub(super) struct Recovered {
    /// Where the positions were read.
    pub(super) slot: Slot,
    /// The positions read, or new ones.
    pub(super) positions: Positions,
    /// Oldest first; none in a new journal.
    pub(super) segments: VecDeque<Segment>,
    /// Segments that retention had decided to remove: to be removed once the positions that say so are safe.
    pub(super) leftovers: Vec<PathBuf>,
}

/// Reads `folder`, cuts a torn tail.
pub(super) fn recover(folder: &Path, shards: u16, disk: &dyn Disk) -> Result<Recovered, BusError> {
    segment::remove_unfinished(folder)?;
    let listed = segment::list(folder)?;
    if let Some(path) = listed.strange.first() {
        return Err(BusError::damaged(path, 0..0, STRANGE_NAME));
    }
    let (slot, positions) = read_positions(folder, shards, listed.segments.is_empty())?;
    let (mut segments, mut leftovers) = (VecDeque::new(), Vec::new());
    let mut last_group = None;
    let newest = listed.segments.last().map(|(first, _)| *first);
    for (first, path) in listed.segments {
        let is_newest = Some(first) == newest;
        let file = open(&path, is_newest)?;
        let (head, chain) = read_head(&path, first, &file, &positions)?;
        if head.number < positions.first_number {
            leftovers.push(path);
            continue;
        }
        follows(folder, &head, segments.back(), &positions)?;
        let mut segment = Segment::new(head, chain, path, file);
        let (read, bad) = read_groups(&mut segment, positions.confirmed_bytes(head.number))?;
        last_group = read;
        match bad {
            None => {}
            Some(bad) if is_newest && is_torn(&bad, &head, &positions) => cut(&segment, bad, disk)?,
            Some(bad) => return Err(BusError::damaged(&segment.path, bad.from..bad.to, bad.what)),
        }
        segments.push_back(segment);
    }
    nothing_is_missing(folder, segments.back(), &positions)?;
    if let Some(newest) = segments.back() {
        harden(newest, last_group.as_ref(), disk)?;
    }
    Ok(Recovered {
        slot,
        positions,
        segments,
        leftovers,
    })
}

/// The positions, which must be there if segments are; new ones for a new journal.
fn read_positions(folder: &Path, shards: u16, is_new: bool) -> Result<(Slot, Positions), BusError> {
    let (slot, positions) = match positions::read(folder)? {
        Found::Positions(slot, positions) => (slot, positions),
        Found::Missing | Found::Unreadable if is_new => {
            (Slot::default(), Positions::new(shards, new_journal_number()))
        }
        Found::Missing => return Err(positions_error(folder, "it is missing")),
        Found::Unreadable => return Err(positions_error(folder, "neither of its slots can be read")),
    };
    if positions.shards != shards {
        return Err(BusError::Shards {
            found: positions.shards,
            wanted: shards,
        });
    }
    Ok((slot, positions))
}

pub(super) fn positions_error(folder: &Path, what: &'static str) -> BusError {
    let path = folder.join(positions::FILE_NAME);
    let bytes = std::fs::metadata(&path)
        .map(|meta| meta.len())
        .unwrap_or_default();
    BusError::damaged(&path, 0..bytes, what)
}

/// Tells this journal's files from those of any other.
fn new_journal_number() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("journal")
}

fn open(path: &Path, writable: bool) -> Result<File, BusError> {
    OpenOptions::new()
        .read(true)
        .write(writable)
        .open(path)
        .map_err(|source| BusError::file("open", path, source))
}

/// The header of the segment at `path`, which must be what its name and the positions say.
pub(super) fn read_head(
    path: &Path,
    first: Position,
    file: &File,
    positions: &Positions,
) -> Result<(SegmentHead, u32), BusError> {
    let head_bytes = 0..SEGMENT_HEAD as u64;
    let raw = super::window::Window::new(file, SEGMENT_HEAD)
        .get(0, SEGMENT_HEAD)
        .map_err(|source| BusError::file("read", path, source))?;
    let Some((head, chain)) = SegmentHead::decode(&raw) else {
        return Err(BusError::damaged(path, head_bytes, "unreadable segment header"));
    };
    if head.journal != positions.journal || head.shards != positions.shards {
        return Err(BusError::damaged(
            path,
            head_bytes,
            "a segment of another journal",
        ));
    }
    if head.first != first {
        return Err(BusError::damaged(
            path,
            head_bytes,
            "a segment under a name that is not its own",
        ));
    }
    Ok((head, chain))
}

/// Whether `head` continues `previous`, or is the oldest segment there must be.
pub(super) fn follows(
    folder: &Path,
    head: &SegmentHead,
    previous: Option<&Segment>,
    positions: &Positions,
) -> Result<(), BusError> {
    let Some(previous) = previous else {
        if (head.number, head.first) == (positions.first_number, positions.first) {
            return Ok(());
        }
        return Err(missing(folder, positions.first));
    };
    let expected = previous.next_head();
    if head.number != expected.number {
        return Err(missing(folder, expected.first));
    }
    if *head != expected {
        let (from, to) = if previous.bytes < head.previous_bytes {
            (previous.bytes, head.previous_bytes)
        } else {
            (SEGMENT_HEAD as u64, previous.bytes)
        };
        let what = "it is not the file that the next segment was written after";
        return Err(BusError::damaged(&previous.path, from..to, what));
    }
    Ok(())
}

fn missing(folder: &Path, first: Position) -> BusError {
    BusError::damaged(&segment::path_of(folder, first), 0..0, "the segment is missing")
}

/// Reads all groups of `segment` into its fields; gives the last one, and what is bad behind it.
fn read_groups(
    segment: &mut Segment,
    confirmed_bytes: u64,
) -> Result<(Option<Group>, Option<Bad>), BusError> {
    let path = segment.path.clone();
    let unread = |source| BusError::file("read", &path, source);
    let end = segment.file.metadata().map_err(unread)?.len();
    let file = std::sync::Arc::clone(&segment.file);
    let mut scanner = Scanner::new(&file, SEGMENT_HEAD as u64, end, segment.expected());
    let mut last = None;
    loop {
        match scanner.step().map_err(unread)? {
            Step::End => return Ok((last, None)),
            Step::Group(group) => {
                for (record, _) in scan::records(&group.raw) {
                    let topic = topic_index(record.topic(), segment.head.shards);
                    let Some(last) = topic.and_then(|topic| segment.last_of.get_mut(topic)) else {
                        let range = group.offset..scanner.offset();
                        return Err(BusError::damaged(
                            &path,
                            range,
                            "a record of a shard that does not exist",
                        ));
                    };
                    *last = record.position;
                    segment.last = record.position;
                }
                segment.bytes = scanner.offset();
                segment.chain = scanner.expected().chain;
                last = Some(group);
            }
            Step::Bad(bad) => {
                let bad = narrowed(bad, &mut scanner, confirmed_bytes).map_err(unread)?;
                return Ok((last, Some(bad)));
            }
        }
    }
}

/// `bad` with the exact end of its range: where reading can go on, or the end of what was once confirmed. The scanner goes there, or
/// stays when nothing behind can be read.
pub(super) fn narrowed(bad: Bad, scanner: &mut Scanner<'_>, confirmed_bytes: u64) -> std::io::Result<Bad> {
    let behind = scanner.resume(bad.group.saturating_add(1))?;
    Ok(match behind {
        Some(next) => Bad {
            to: bad.to.min(next),
            may_be_torn: false,
            ..bad
        },
        None => Bad {
            to: if bad.to == scanner.end() {
                bad.to.max(confirmed_bytes)
            } else {
                bad.to
            },
            what: if scanner.end() < confirmed_bytes {
                CUT_SHORT
            } else {
                bad.what
            },
            ..bad
        },
    })
}

/// Whether `bad`, in the newest segment, is an unfinished write.
pub(super) fn is_torn(bad: &Bad, newest: &SegmentHead, positions: &Positions) -> bool {
    bad.may_be_torn && bad.group >= positions.confirmed_bytes(newest.number)
}

/// Cuts the torn tail off.
fn cut(segment: &Segment, bad: Bad, disk: &dyn Disk) -> Result<(), BusError> {
    tracing::warn!(
        file = %segment.path.display(), from = bad.group, to = bad.to,
        "cut an unfinished write off the journal"
    );
    segment
        .file
        .set_len(bad.group)
        .and_then(|()| disk.sync(&segment.file))
        .map_err(|source| BusError::file("cut", &segment.path, source))
}

/// Everything that was confirmed or recorded must be there.
pub(super) fn nothing_is_missing(
    folder: &Path,
    newest: Option<&Segment>,
    positions: &Positions,
) -> Result<(), BusError> {
    let Some(newest) = newest else {
        return if positions.last_number == 0 {
            Ok(())
        } else {
            Err(missing(folder, positions.first))
        };
    };
    if newest.head.number < positions.last_number {
        return Err(missing(folder, newest.last.saturating_add(1)));
    }
    let confirmed_bytes = positions.confirmed_bytes(newest.head.number);
    if newest.bytes < confirmed_bytes {
        let range = newest.bytes..confirmed_bytes;
        return Err(BusError::damaged(&newest.path, range, CUT_SHORT));
    }
    Ok(())
}

/// Writes the last group again, the same bytes, and syncs. After a failed sync the system may show bytes that the disk never got,
/// and would not try them again; all groups before the last one were synced before it was written.
fn harden(newest: &Segment, last_group: Option<&Group>, disk: &dyn Disk) -> Result<(), BusError> {
    if let Some(group) = last_group {
        disk::write_all(disk, &newest.file, &group.raw, group.offset)
            .map_err(|source| BusError::file("write", &newest.path, source))?;
    }
    disk.sync(&newest.file)
        .map_err(|source| BusError::file("sync", &newest.path, source))
}
