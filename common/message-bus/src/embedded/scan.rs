//! Walks the groups of a segment, checks every byte, and says exactly what is wrong where.

use std::fs::File;
use std::io;

use bytes::Bytes;

use super::format::{self, GROUP_HEAD, GROUP_MAGIC, GroupHead, RECORD_HEAD, RecordHead};
use super::window::Window;
use super::{MAX_BODY_BYTES, MAX_GROUP_BYTES};
use crate::Position;

/// Read at once while scanning.
const PIECE_BYTES: usize = 1 << 20;

/// What must come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    /// The journal's own number.
    pub(super) journal: u64,
    /// The position of the next record.
    pub(super) next: Position,
    /// The chain so far.
    pub(super) chain: u32,
}

/// A group all of whose bytes are sound.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Where it starts in the file.
    pub(super) offset: u64,
    /// Its header.
    pub(super) head: GroupHead,
    /// Header and records.
    pub(super) raw: Bytes,
}

/// Something that is not the group that must come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bad {
    /// Where the group starts to which the bad bytes belong.
    pub(super) group: u64,
    /// First bad byte.
    pub(super) from: u64,
    /// First byte after them.
    pub(super) to: u64,
    /// What is wrong.
    pub(super) what: &'static str,
    /// Whether a write that was cut short may have left this, judged by the group alone.
    pub(super) may_be_torn: bool,
}

/// What a step found.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The next group.
    Group(Group),
    /// The end, where a group may be appended.
    End,
    /// Damage, or a torn tail.
    Bad(Bad),
}

/// Where a scan stands.
pub(super) struct Scanner<'a> {
    window: Window<'a>,
    offset: u64,
    end: u64,
    expected: Expected,
}

impl<'a> Scanner<'a> {
    /// Starts at `offset`, where a group must start, and regards nothing from `end` on.
    pub(super) fn new(file: &'a File, offset: u64, end: u64, expected: Expected) -> Self {
        Self {
            window: Window::new(file, PIECE_BYTES),
            offset,
            end,
            expected,
        }
    }

    /// Where the next group starts.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The end of what it regards.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// What must come next.
    pub(super) fn expected(&self) -> Expected {
        self.expected
    }

    /// The next group; stays where it is when that is bad.
    pub(super) fn step(&mut self) -> io::Result<Step> {
        let left = self.end.saturating_sub(self.offset);
        if left == 0 {
            return Ok(Step::End);
        }
        let head_bytes = usize::try_from(left).unwrap_or(usize::MAX).min(GROUP_HEAD);
        let raw = self.window.get(self.offset, head_bytes)?;
        let Some((head, chain)) = GroupHead::decode(&raw) else {
            return Ok(Step::Bad(self.bad_head("unreadable group", true)));
        };
        if let Some(what) = self.does_not_follow(&head) {
            return Ok(Step::Bad(self.bad_head(what, false)));
        }
        if head.whole_bytes() > left {
            let bad = self.bad_head("the file ends within a group", true);
            let to = self.offset.saturating_add(head.whole_bytes());
            return Ok(Step::Bad(Bad { to, ..bad }));
        }
        let whole = usize::try_from(head.whole_bytes()).unwrap_or(usize::MAX);
        let raw = self.window.get(self.offset, whole)?;
        if let Some((from, to, what)) = bad_record(&head, &raw) {
            return Ok(Step::Bad(Bad {
                group: self.offset,
                from: self.offset.saturating_add(from),
                to: self.offset.saturating_add(to),
                what,
                // What follows was written after this group was synced.
                may_be_torn: head.whole_bytes() == left,
            }));
        }
        let group = Group {
            offset: self.offset,
            head,
            raw,
        };
        self.offset = self.offset.saturating_add(head.whole_bytes());
        self.expected.next = head.first.saturating_add(u64::from(head.count));
        self.expected.chain = chain;
        Ok(Step::Group(group))
    }

    /// Goes on at the first readable group from `from` on, whatever it follows; `None` when there is none.
    pub(super) fn resume(&mut self, from: u64) -> io::Result<Option<u64>> {
        let Some((offset, head)) = self.find_group(from)? else {
            return Ok(None);
        };
        self.offset = offset;
        self.expected.next = head.first;
        self.expected.chain = head.previous_chain;
        Ok(Some(offset))
    }

    /// The first readable group header of this journal at or after `from`.
    fn find_group(&mut self, from: u64) -> io::Result<Option<(u64, GroupHead)>> {
        let mut at = from;
        loop {
            let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
            if left < GROUP_HEAD {
                return Ok(None);
            }
            let piece = self.window.get(at, left.min(PIECE_BYTES))?;
            let starts = (0..piece.len().saturating_sub(GROUP_HEAD).saturating_add(1)).filter(|start| {
                piece
                    .get(*start..)
                    .is_some_and(|rest| rest.starts_with(&GROUP_MAGIC))
            });
            for start in starts {
                let head = piece.get(start..).and_then(GroupHead::decode);
                if let Some((head, _)) = head
                    && head.journal == self.expected.journal
                {
                    return Ok(Some((at.saturating_add(start as u64), head)));
                }
            }
            if piece.len() < GROUP_HEAD || piece.len() == left {
                return Ok(None);
            }
            // A header may lie across two pieces.
            at = at.saturating_add((piece.len() - GROUP_HEAD + 1) as u64);
        }
    }

    fn does_not_follow(&self, head: &GroupHead) -> Option<&'static str> {
        if head.journal != self.expected.journal {
            return Some("a group of another journal");
        }
        if head.first != self.expected.next || head.previous_chain != self.expected.chain {
            return Some("a group that does not follow the one before it");
        }
        let sizes = usize::try_from(head.bytes).is_ok_and(|bytes| bytes <= MAX_GROUP_BYTES);
        (!sizes || head.count == 0).then_some("a group of an impossible size")
    }

    /// Bad from the start of a group whose length cannot be trusted.
    fn bad_head(&self, what: &'static str, may_be_torn: bool) -> Bad {
        Bad {
            group: self.offset,
            from: self.offset,
            to: self.end,
            what,
            may_be_torn,
        }
    }
}

/// The records of a sound group, each with its offset in `raw`.
pub(super) fn records(raw: &Bytes) -> impl Iterator<Item = (RecordHead, Bytes)> + '_ {
    let mut at = GROUP_HEAD;
    std::iter::from_fn(move || {
        let head = RecordHead::decode(raw.get(at..)?)?;
        let end = at.checked_add(usize::try_from(head.whole_bytes()).ok()?)?;
        let record = (end <= raw.len()).then(|| raw.slice(at..end))?;
        at = end;
        Some((head, record))
    })
}

/// The first record of a group that is not sound: its range within the group, and what is wrong.
fn bad_record(group: &GroupHead, raw: &Bytes) -> Option<(u64, u64, &'static str)> {
    let whole = raw.len();
    let mut at = GROUP_HEAD;
    let mut crc = 0;
    for index in 0..group.count {
        let rest = raw.get(at..).unwrap_or_default();
        let bytes = RecordHead::decode(rest)
            .filter(plausible)
            .and_then(|head| Some((head, usize::try_from(head.whole_bytes()).ok()?)))
            .filter(|(_, bytes)| *bytes <= rest.len());
        let Some((head, bytes)) = bytes else {
            return Some((at as u64, whole as u64, "unreadable record"));
        };
        let sound = format::record_is_sound(&head, rest.get(..bytes).unwrap_or_default());
        let position = group.first.saturating_add(u64::from(index));
        if !sound || head.position != position {
            // The length may be what is damaged: its end is believed only if the next record starts there.
            let next = rest.get(bytes..).unwrap_or_default();
            let end = if record_starts(next, position.saturating_add(1)) {
                at.saturating_add(bytes)
            } else {
                whole
            };
            return Some((at as u64, end as u64, "a record whose checksum does not fit"));
        }
        crc = format::append_crc(crc, head.crc());
        at = at.saturating_add(bytes);
    }
    if at != whole || crc != group.records_crc {
        return Some((
            0,
            whole as u64,
            "a group whose records are not those it was written with",
        ));
    }
    None
}

fn plausible(head: &RecordHead) -> bool {
    let most = RECORD_HEAD
        .saturating_add(usize::from(u16::MAX))
        .saturating_add(MAX_BODY_BYTES);
    head.whole_bytes() <= most as u64
}

/// Whether a sound record with `position` starts here, or nothing follows.
fn record_starts(raw: &[u8], position: Position) -> bool {
    if raw.is_empty() {
        return true;
    }
    RecordHead::decode(raw).is_some_and(|head| {
        let end = usize::try_from(head.whole_bytes()).unwrap_or(usize::MAX);
        let record = raw.get(..end);
        head.position == position && record.is_some_and(|record| format::record_is_sound(&head, record))
    })
}

/// The group at `offset`, where one was written, if it is still sound.
pub(super) fn group_at(window: &mut Window<'_>, offset: u64, end: u64) -> io::Result<Option<Group>> {
    let raw = window.get(offset, GROUP_HEAD)?;
    let head = GroupHead::decode(&raw).map(|(head, _)| head);
    let Some(head) = head.filter(|head| offset.saturating_add(head.whole_bytes()) <= end) else {
        return Ok(None);
    };
    let raw = window.get(offset, usize::try_from(head.whole_bytes()).unwrap_or(usize::MAX))?;
    let sound = bad_record(&head, &raw).is_none();
    Ok(sound.then_some(Group { offset, head, raw }))
}
