//! Looks through a journal without changing anything, whether a process has it open or not: every byte is checked, reading goes on
//! behind damage, and every damaged range is told.

use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::format::Record;
use super::positions::Positions;
use super::scan::{self, Group};
use crate::{BusError, Position, Topic};

mod walk;

use walk::{Seen, read_positions, walk};

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
        Seen::Segment(_, first) if first > *range.end() => ControlFlow::Break(()),
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
            Seen::Segment(path, _) => report.segments.push(SegmentReport {
                file: path.to_owned(),
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
