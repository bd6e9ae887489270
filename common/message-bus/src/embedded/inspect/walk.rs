//! The way through all segments of a folder that [`super::verify`] and [`super::dump`] share.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::Damage;
use crate::embedded::format::{SEGMENT_HEAD, SegmentHead};
use crate::embedded::positions::{self, Found, Positions};
use crate::embedded::recovery;
use crate::embedded::scan::{Expected, Group, Scanner, Step};
use crate::embedded::segment::{self, Segment};
use crate::{BusError, Position};

/// What a walk comes across, in order of position.
pub(super) enum Seen<'a> {
    /// A segment, before its groups.
    Segment(&'a Path, Position),
    /// A sound group.
    Group(&'a Group),
    /// What cannot be read.
    Damage(Damage),
    /// A write that did not end, or has not yet.
    Unfinished(Damage),
}

/// Why a walk ends early.
enum Stop {
    /// The visitor has seen enough.
    Enough,
    /// A file cannot be read at all.
    Error(BusError),
}

/// What the folder's positions file says, if it can be read.
pub(super) fn read_positions(folder: &Path) -> Result<Option<Positions>, BusError> {
    Ok(match positions::read(folder)? {
        Found::Positions(_, positions) => Some(positions),
        Found::Missing | Found::Unreadable => None,
    })
}

/// Goes through all segments until the visitor breaks; gives the positions it started from.
pub(super) fn walk(
    folder: &Path,
    visit: &mut dyn FnMut(Seen<'_>) -> ControlFlow<()>,
) -> Result<Option<Positions>, BusError> {
    // In this order: a segment that is made meanwhile is not expected yet.
    let found = read_positions(folder)?;
    let listed = segment::list(folder)?;
    let mut walk = Walk {
        folder,
        visit,
        previous: None,
    };
    match walk.everything(found.as_ref(), listed) {
        Ok(()) | Err(Stop::Enough) => Ok(found),
        Err(Stop::Error(error)) => Err(error),
    }
}

struct Walk<'a> {
    folder: &'a Path,
    visit: &'a mut dyn FnMut(Seen<'_>) -> ControlFlow<()>,
    /// The segment before, and whether it was sound.
    previous: Option<(Segment, bool)>,
}

impl Walk<'_> {
    fn everything(&mut self, found: Option<&Positions>, listed: segment::Listed) -> Result<(), Stop> {
        for path in listed.strange {
            self.tell(BusError::damaged(&path, 0..0, recovery::STRANGE_NAME))?;
        }
        let Some(positions) = found else {
            if listed.segments.is_empty() {
                return Ok(());
            }
            let what = "it is missing or neither of its slots can be read";
            return self.tell(recovery::positions_error(self.folder, what));
        };
        let newest = listed.segments.last().map(|(first, _)| *first);
        for (first, path) in listed.segments {
            self.segment(first, path, positions, Some(first) == newest)?;
        }
        let newest = self.previous.as_ref().map(|(segment, _)| segment);
        recovery::nothing_is_missing(self.folder, newest, positions).or_else(|error| self.tell(error))
    }

    fn segment(
        &mut self,
        first: Position,
        path: PathBuf,
        positions: &Positions,
        is_newest: bool,
    ) -> Result<(), Stop> {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()), // retention was quicker
            Err(source) => return Err(Stop::Error(BusError::file("open", &path, source))),
        };
        let segment = match recovery::read_head(&path, first, &file, positions) {
            Ok((head, _)) if head.number < positions.first_number => return Ok(()),
            Ok((head, chain)) => {
                self.follows(&head, positions)?;
                Segment::new(head, chain, path, file)
            }
            Err(error) => {
                self.tell(error)?;
                let head = self.assumed_head(first, positions);
                self.see(Seen::Segment(&path, first))?;
                let segment = Segment::new(head, 0, path, file);
                return self.groups(segment, false, positions, is_newest);
            }
        };
        self.see(Seen::Segment(&segment.path, first))?;
        self.groups(segment, true, positions, is_newest)
    }

    fn follows(&mut self, head: &SegmentHead, positions: &Positions) -> Result<(), Stop> {
        let previous = match &self.previous {
            // Its own damage is told; where it should have ended is not known.
            Some((damaged, false)) if damaged.next_head().number == head.number => return Ok(()),
            previous => previous.as_ref().map(|(segment, _)| segment),
        };
        recovery::follows(self.folder, head, previous, positions).or_else(|error| self.tell(error))
    }

    /// The header that a segment with an unreadable one should have, as far as that is known.
    fn assumed_head(&self, first: Position, positions: &Positions) -> SegmentHead {
        let number = match &self.previous {
            Some((segment, _)) => segment.next_head().number,
            None => positions.first_number,
        };
        SegmentHead {
            shards: positions.shards,
            journal: positions.journal,
            number,
            first,
            previous_bytes: 0,
            previous_chain: 0,
        }
    }

    /// Goes through the groups of `segment`, whose header was `readable` or not.
    fn groups(
        &mut self,
        mut segment: Segment,
        readable: bool,
        positions: &Positions,
        is_newest: bool,
    ) -> Result<(), Stop> {
        let path = segment.path.clone();
        let unread = |source| Stop::Error(BusError::file("read", &path, source));
        let file = std::sync::Arc::clone(&segment.file);
        let end = file.metadata().map_err(unread)?.len();
        let start = SEGMENT_HEAD as u64;
        let confirmed_bytes = positions.confirmed_bytes(segment.head.number);
        let mut scanner = Scanner::new(&file, start, end, segment.expected());
        let mut sound = readable;
        if !readable {
            let next = scanner.resume(start).map_err(unread)?.unwrap_or(end);
            if next > start {
                self.tell(BusError::damaged(&path, start..next, "unreadable group"))?;
            }
        }
        loop {
            let at = scanner.offset();
            match scanner.step().map_err(unread)? {
                Step::End => break,
                Step::Group(group) => {
                    let Expected { next, chain, .. } = scanner.expected();
                    (segment.last, segment.chain, segment.bytes) =
                        (next.saturating_sub(1), chain, scanner.offset());
                    self.see(Seen::Group(&group))?;
                }
                Step::Bad(bad) => {
                    let bad = recovery::narrowed(bad, &mut scanner, confirmed_bytes).map_err(unread)?;
                    let seen = BusError::damaged(&path, bad.from..bad.to, bad.what);
                    if is_newest && recovery::is_torn(&bad, &segment.head, positions) {
                        self.see_damage(seen, Seen::Unfinished)?;
                        break;
                    }
                    sound = false;
                    self.tell(seen)?;
                    if scanner.offset() == at {
                        // Nothing behind it can be read; its end is told, and is not told again as missing.
                        segment.bytes = end.max(bad.to);
                        break;
                    }
                }
            }
        }
        self.previous = Some((segment, sound));
        Ok(())
    }

    fn see(&mut self, seen: Seen<'_>) -> Result<(), Stop> {
        match (self.visit)(seen) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Enough),
        }
    }

    /// Shows damage to the visitor; any other error ends the walk.
    fn tell(&mut self, error: BusError) -> Result<(), Stop> {
        self.see_damage(error, Seen::Damage)
    }

    fn see_damage(&mut self, error: BusError, how: impl FnOnce(Damage) -> Seen<'static>) -> Result<(), Stop> {
        match error {
            BusError::Damaged { file, from, to, what } => self.see(how(Damage { file, from, to, what })),
            other => Err(Stop::Error(other)),
        }
    }
}
