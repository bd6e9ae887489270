//! The newest messages, kept in memory within a bound: a reader that keeps up never reads a file, and gets the very bytes that
//! were published.

use std::collections::VecDeque;

use bytes::Bytes;

use super::format::record_bytes;
use crate::{MAX_TRACED, Message, Position, Traced};

/// A place in the log where a group starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The segment's number.
    pub(super) number: u64,
    /// Byte in its file.
    pub(super) offset: u64,
}

/// A message and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) position: Position,
    pub(super) place: Place,
    pub(super) id: u128,
    pub(super) kind: &'static str,
    pub(super) time_ms: i64,
    pub(super) traced: Vec<Traced>,
    pub(super) body: Bytes,
}

#[derive(Debug)]
struct TopicTail {
    /// Every later message of the topic is in `messages`.
    since: Position,
    messages: VecDeque<Kept>,
}

/// The newest messages of all topics.
#[derive(Debug)]
pub(super) struct Tail {
    limit_bytes: usize,
    bytes: usize,
    topics: Vec<TopicTail>,
    /// The topics of the messages, in order of position.
    order: VecDeque<(usize, usize)>,
}

impl Tail {
    /// An empty one after `last` per topic.
    pub(super) fn new(limit_bytes: usize, last: &[Position]) -> Self {
        let topic = |since: &Position| TopicTail {
            since: *since,
            messages: VecDeque::new(),
        };
        Self {
            limit_bytes,
            bytes: 0,
            topics: last.iter().map(topic).collect(),
            order: VecDeque::new(),
        }
    }

    /// Adds the next message, and forgets the oldest ones beyond the bound.
    pub(super) fn push(&mut self, topic: usize, position: Position, place: Place, message: &Message) {
        let Some(tail) = self.topics.get_mut(topic) else {
            return;
        };
        tail.messages.push_back(Kept {
            position,
            place,
            id: message.id,
            kind: message.kind,
            time_ms: message.time_ms,
            traced: message.traced.iter().take(MAX_TRACED).cloned().collect(),
            body: message.body.clone(),
        });
        let bytes = record_bytes(message);
        self.order.push_back((topic, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        while self.bytes > self.limit_bytes {
            self.forget_oldest();
        }
    }

    /// The messages of `topic` after `after`, or `None` when some of them are no longer here.
    pub(super) fn after(&self, topic: usize, after: Position) -> Option<impl Iterator<Item = &Kept>> {
        let tail = self.topics.get(topic)?;
        if tail.since > after {
            return None;
        }
        let skip = tail.messages.partition_point(|kept| kept.position <= after);
        Some(tail.messages.iter().skip(skip))
    }

    fn forget_oldest(&mut self) {
        let Some((topic, bytes)) = self.order.pop_front() else {
            self.bytes = 0;
            return;
        };
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(tail) = self.topics.get_mut(topic)
            && let Some(kept) = tail.messages.pop_front()
        {
            tail.since = kept.position;
        }
    }
}
