//! What a subscription makes of what the broker delivers: positions, gaps, and which delivery an acknowledgement means. No I/O.
//!
//! A queue has no positions, so a subscription makes them: the publisher's stamp, or one more than the position before if that is
//! larger. They start above the position that the reader has stored, so none is ever handed out that the reader would take for done.

use std::collections::{HashMap, VecDeque};

use crate::{Group, Position};

/// How far back a gap reaches, in microseconds: messages of several publishers may pass each other by as much as their clocks differ,
/// and by as long as one waits for its confirm.
pub(super) const MARGIN: Position = 60_000_000;
/// A stamp further ahead of our clock than this, in microseconds, is a broken clock's, and counts as now. Else one such message would
/// push all positions after it.
const MAX_AHEAD: Position = 3_600_000_000;
/// Publishers whose numbering is followed; beyond it the one heard least recently is forgotten, at the price of a gap.
const MAX_PUBLISHERS: usize = 64;

/// What matters of a message that was delivered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// The broker's number of this delivery; grows on a channel.
    pub(super) tag: u64,
    /// The publisher's stamp; 0 from a stranger.
    pub(super) stamp: Position,
    /// The publisher, and its number of this message in this topic.
    pub(super) numbered: Option<(u64, u64)>,
    /// Delivered before, to whomever.
    pub(super) redelivered: bool,
}

/// Messages may be missing after one and before the other position.
pub(super) type Gap = (Position, Position);

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Acknowledge it alone: it was handed out before, and the gap handed out with this channel covers the doubt.
    Covered,
    /// Hand it out, after the gap if there is one.
    Hand {
        /// To be handed out before.
        gap: Option<Gap>,
        /// Its position.
        position: Position,
    },
}

/// The state of one subscription.
#[derive(Debug)]
pub(super) struct Cursor {
    group: Group,
    /// The position handed out or started from last.
    last: Position,
    /// `last` when the consumer was attached.
    attached_at: Position,
    /// The reader has a state that goes with `last`.
    has_state: bool,
    /// Handed out on the present channel, not acknowledged: positions and tags, both growing.
    pending: VecDeque<(Position, u64)>,
    publishers: HashMap<u64, Heard>,
    heard: u64,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    sequence: u64,
    at: u64,
}

impl Cursor {
    /// Starts from the position that the reader has stored, if it has anything stored.
    pub(super) fn new(group: Group, from: Option<Position>) -> Self {
        Self {
            group,
            last: from.unwrap_or_default(),
            attached_at: 0,
            has_state: from.is_some(),
            pending: VecDeque::new(),
            publishers: HashMap::new(),
            heard: 0,
        }
    }

    /// A new channel consumes. What the old one delivered and was not acknowledged comes again. Analytics, which must not count twice,
    /// is told to look at everything recent anew.
    pub(super) fn attached(&mut self) -> Option<Gap> {
        self.pending.clear();
        self.attached_at = self.last;
        let known = std::mem::replace(&mut self.has_state, true);
        (known && self.group == Group::Analytics).then(|| self.gap_before(self.last.saturating_add(1)))
    }

    /// What to do with `arrival`, at `now` in microseconds.
    pub(super) fn take(&mut self, arrival: Arrival, now: Position) -> Step {
        let hole = self.follow(arrival);
        let counted = self.group == Group::Analytics && arrival.redelivered;
        if counted && (1..=self.attached_at).contains(&arrival.stamp) {
            return Step::Covered;
        }
        let stamp = arrival.stamp.min(now.saturating_add(MAX_AHEAD));
        let position = stamp.max(self.last.saturating_add(1));
        let gap = (hole && self.group == Group::Analytics).then(|| self.gap_before(position));
        self.last = position;
        self.pending.push_back((position, arrival.tag));
        Step::Hand { gap, position }
    }

    /// The tag up to which all is acknowledged by an acknowledgement of `position`; `None` when nothing is.
    pub(super) fn ack(&mut self, position: Position) -> Option<u64> {
        let count = self.pending.partition_point(|(pending, _)| *pending <= position);
        self.pending.drain(..count).next_back().map(|(_, tag)| tag)
    }

    /// Analytics acknowledges when it has stored its windows, which may be long after the broker stops delivering. Losing messages only
    /// costs it a gap, so all but the newest `most` are acknowledged for it: the tag up to which.
    pub(super) fn overflow(&mut self, most: usize) -> Option<u64> {
        if self.group != Group::Analytics || self.pending.len() <= most.saturating_mul(2) {
            return None;
        }
        let count = self.pending.len().saturating_sub(most);
        self.pending.drain(..count).next_back().map(|(_, tag)| tag)
    }

    /// How many messages were handed out and not acknowledged.
    pub(super) fn unacked(&self) -> usize {
        self.pending.len()
    }

    fn gap_before(&self, next: Position) -> Gap {
        (self.last.saturating_sub(MARGIN), next)
    }

    /// Notes the publisher's number; says whether some before it are missing.
    fn follow(&mut self, arrival: Arrival) -> bool {
        let Some((publisher, sequence)) = arrival.numbered else {
            return false;
        };
        self.heard = self.heard.saturating_add(1);
        let now = Heard {
            sequence,
            at: self.heard,
        };
        let before = self.publishers.get(&publisher).map(|heard| heard.sequence);
        let before = before.unwrap_or_default();
        if sequence > before {
            self.publishers.insert(publisher, now);
        }
        if self.publishers.len() > MAX_PUBLISHERS {
            let oldest = self.publishers.iter().min_by_key(|(_, heard)| heard.at);
            if let Some(oldest) = oldest.map(|(publisher, _)| *publisher) {
                self.publishers.remove(&oldest);
            }
        }
        sequence > before.saturating_add(1)
    }
}

#[cfg(test)]
mod tests;
