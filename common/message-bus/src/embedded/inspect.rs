//! Looks through a journal without changing anything, whether a process has it open or not: every byte is checked, reading goes on
//! behind damage, and every damaged range is told.

use std::fs::File;
use std::io;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::format::{Record, SEGMENT_HEAD, SegmentHead};
use super::positions::{self, Found, Positions};
use super::recovery;
use super::scan::{self, Expected, Group, Scanner, Step};
use super::segment::{self, Segment};
use crate::{BusError, Position, Topic};

/// How often a look is repeated that retention or a new segment of a running process disturbed.
const TRIES: usize = 5;

/// Bytes that are not what was written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// First damaged byte.
    pub from: u64,
    /// First byte after the damage.
    pub to: u64,
    /// What is wrong.
    pub what: &'static str,
}

/// A segment as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// The file.
    pub file: PathBuf,
    /// Its number, 1 for the first the journal ever had.
    pub number: u64,
    /// The first position, and the last; empty when there is none yet.
    pub positions: Option<(Position, Position)>,
    /// Sound messages.
    pub messages: u64,
    /// Its size.
    pub bytes: u64,
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many shards the journal was made with; 0 when that cannot be read.
    pub shards: u16,
    /// Oldest first.
    pub segments: Vec<SegmentReport>,
    /// Nothing, one hopes. With any of these the journal does not start.
    pub damages: Vec<Damage>,
    /// An unfinished write at the end: the next start cuts it; in a journal that is open it is one under way.
    pub unfinished: Option<Damage>,
}

/// What [`dump`] hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dumped {
    /// A sound message.
    Message {
        /// Its position.
        position: Position,
        /// Its topic.
        topic: Topic,
        /// Its id.
        id: u128,
        /// Its kind.
        kind: String,
        /// When it was made, milliseconds since 1970 UTC.
        time_ms: i64,
        /// Its body.
        body: Bytes,
    },
    /// Something that cannot be read, in its place between the messages.
    Damage(Damage),
}

/// Checks every byte of the journal in `folder`.
///
/// # Errors
/// [`BusError::File`] when a file cannot be read at all. Damage is no error here; it is in the report.
pub fn verify(folder: &Path) -> Result<Report, BusError> {
    let mut tries = 1;
    loop {
        let (report, undisturbed) = verify_once(folder)?;
        if undisturbed || report.damages.is_empty() || tries == TRIES {
            return Ok(report);
        }
        tries += 1;
    }
}

/// Hands the messages with positions in `range` to `sink`, in order, with what is damaged among them, until it breaks.
///
/// # Errors
/// [`BusError::File`] when a file cannot be read at all.
pub fn dump(
    folder: &Path,
    range: RangeInclusive<Position>,
    sink: &mut dyn FnMut(Dumped) -> ControlFlow<()>,
) -> Result<(), BusError> {
    walk(folder, &mut |seen| match seen {
        Seen::Segment(_, head) if head.first > *range.end() => ControlFlow::Break(()),
        Seen::Segment(..) | Seen::Unfinished(_) => ControlFlow::Continue(()),
        Seen::Damage(damage) => sink(Dumped::Damage(damage)),
        Seen::Group(group) => dump_group(group, &range, sink),
    })
    .map(|_| ())
}

fn dump_group(
    group: &Group,
    range: &RangeInclusive<Position>,
    sink: &mut dyn FnMut(Dumped) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for (head, raw) in scan::records(&group.raw).filter(|(head, _)| range.contains(&head.position)) {
        let Some(record) = Record::decode(&raw) else {
            continue; // never: the group is sound
        };
        sink(Dumped::Message {
            position: head.position,
            topic: record.topic,
            id: record.id,
            kind: record.kind,
            time_ms: record.time_ms,
            body: record.body,
        })?;
    }
    ControlFlow::Continue(())
}

/// A report, and whether the journal's set of segments stayed the same meanwhile.
fn verify_once(folder: &Path) -> Result<(Report, bool), BusError> {
    let mut report = Report::default();
    let before = walk(folder, &mut |seen| {
        match seen {
            Seen::Segment(path, head) => report.segments.push(SegmentReport {
                file: path.to_owned(),
                number: head.number,
                positions: None,
                messages: 0,
                bytes: std::fs::metadata(path).map(|meta| meta.len()).unwrap_or_default(),
            }),
            Seen::Group(group) => {
                if let Some(segment) = report.segments.last_mut() {
                    let last = group.head.first.saturating_add(u64::from(group.head.count));
                    let first = segment.positions.map_or(group.head.first, |(first, _)| first);
                    segment.positions = Some((first, last.saturating_sub(1)));
                    segment.messages = segment.messages.saturating_add(u64::from(group.head.count));
                }
            }
            Seen::Damage(damage) => report.damages.push(damage),
            Seen::Unfinished(damage) => report.unfinished = Some(damage),
        }
        ControlFlow::Continue(())
    })?;
    report.shards = before.as_ref().map_or(0, |positions| positions.shards);
    let after = read_positions(folder)?;
    let set = |positions: &Option<Positions>| {
        positions
            .as_ref()
            .map(|positions| (positions.first_number, positions.last_number))
    };
    Ok((report, set(&before) == set(&after)))
}

/// What a walk comes across, in order of position.
enum Seen<'a> {
    Segment(&'a Path, SegmentHead),
    Group(&'a Group),
    Damage(Damage),
    Unfinished(Damage),
}

type Visitor<'a> = dyn FnMut(Seen<'_>) -> ControlFlow<()> + 'a;

fn read_positions(folder: &Path) -> Result<Option<Positions>, BusError> {
    Ok(match positions::read(folder)? {
        Found::Positions(_, positions) => Some(positions),
        Found::Missing | Found::Unreadable => None,
    })
}

/// Goes through all segments; gives the positions it started from.
fn walk(folder: &Path, visit: &mut Visitor<'_>) -> Result<Option<Positions>, BusError> {
    // In this order: a segment that is made meanwhile is not expected yet.
    let found = read_positions(folder)?;
    let listed = segment::list(folder)?;
    for path in listed.strange {
        if visit(Seen::Damage(damage(&path, (0, 0), recovery::STRANGE_NAME))).is_break() {
            return Ok(found);
        }
    }
    let Some(positions) = &found else {
        if !listed.segments.is_empty() {
            let error =
                recovery::positions_error(folder, "it is missing or neither of its slots can be read");
            // Nothing follows either way.
            let _break = tell(error, visit)?;
        }
        return Ok(None);
    };
    let mut previous: Option<Walked> = None;
    let newest = listed.segments.last().map(|(first, _)| *first);
    for (first, path) in listed.segments {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue, // retention was quicker
            Err(source) => return Err(BusError::file("open", &path, source)),
        };
        let segment = match recovery::read_head(&path, first, &file, positions) {
            Ok((head, _)) if head.number < positions.first_number => continue,
            Ok((head, chain)) => Segment::new(head, chain, path, file),
            Err(error) => {
                if tell(error, visit)?.is_break() {
                    return Ok(found);
                }
                continue;
            }
        };
        let follows = match &previous {
            // Its own damage is told; what should follow it is known but for its end.
            Some(Walked {
                segment: damaged,
                sound: false,
            }) if is_next(damaged, &segment) => Ok(()),
            _ => {
                let previous = previous.as_ref().map(|walked| &walked.segment);
                recovery::follows(folder, &segment.head, previous, positions)
            }
        };
        let flow = follows.map_or_else(|error| tell(error, visit), |()| Ok(ControlFlow::Continue(())))?;
        if flow.is_break() || visit(Seen::Segment(&segment.path, segment.head)).is_break() {
            return Ok(found);
        }
        match walk_groups(segment, Some(first) == newest, positions, visit)? {
            ControlFlow::Continue(walked) => previous = Some(walked),
            ControlFlow::Break(()) => return Ok(found),
        }
    }
    let newest = previous.as_ref().map(|walked| &walked.segment);
    if let Err(error) = recovery::nothing_is_missing(folder, newest, positions) {
        let _end = tell(error, visit)?;
    }
    Ok(found)
}

/// A segment whose groups were walked through.
struct Walked {
    segment: Segment,
    sound: bool,
}

fn is_next(segment: &Segment, next: &Segment) -> bool {
    next.head.number == segment.head.number.saturating_add(1)
}

/// Goes through the groups of a segment; gives it with its end filled in.
fn walk_groups(
    mut segment: Segment,
    is_newest: bool,
    positions: &Positions,
    visit: &mut Visitor<'_>,
) -> Result<ControlFlow<(), Walked>, BusError> {
    let path = segment.path.clone();
    let file = std::sync::Arc::clone(&segment.file);
    let unread = |source| BusError::file("read", &path, source);
    let end = file.metadata().map_err(unread)?.len();
    let expected = Expected {
        journal: positions.journal,
        next: segment.head.first,
        chain: segment.chain,
    };
    let mut scanner = Scanner::new(&file, SEGMENT_HEAD as u64, end, expected);
    let mut sound = true;
    loop {
        let flow = match scanner.step().map_err(unread)? {
            Step::End => break,
            Step::Group(group) => {
                segment.last = scanner.expected().next.saturating_sub(1);
                segment.chain = scanner.expected().chain;
                segment.bytes = scanner.offset();
                visit(Seen::Group(&group))
            }
            Step::Bad(bad) => {
                let at = scanner.offset();
                let bad = recovery::narrowed(bad, &mut scanner).map_err(unread)?;
                let torn = is_newest && recovery::is_torn(&bad, &segment.head, positions);
                sound &= torn;
                let seen = damage(&path, (bad.from, bad.to), bad.what);
                let flow = visit(if torn {
                    Seen::Unfinished(seen)
                } else {
                    Seen::Damage(seen)
                });
                if scanner.offset() == at {
                    // Nothing behind it can be read.
                    if flow.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                    if !torn {
                        segment.bytes = end; // told already: its end is not told again as missing
                    }
                    break;
                }
                flow
            }
        };
        if flow.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(Walked { segment, sound }))
}

fn damage(file: &Path, (from, to): (u64, u64), what: &'static str) -> Damage {
    Damage {
        file: file.to_owned(),
        from,
        to,
        what,
    }
}

/// Shows damage to the visitor; passes any other error on.
fn tell(error: BusError, visit: &mut Visitor<'_>) -> Result<ControlFlow<()>, BusError> {
    match error {
        BusError::Damaged { file, from, to, what } => {
            Ok(visit(Seen::Damage(damage(&file, (from, to), what))))
        }
        other => Err(other),
    }
}
