//! What writer, publishers and readers share: which segments there are, what is committed, removed and acknowledged.

use std::collections::VecDeque;

use super::positions::{Confirmed, GROUPS, Positions};
use super::recovery::Recovered;
use super::segment::Segment;
use super::tail::{Place, Tail};
use super::{TAIL_BYTES, topic_index};
use crate::{Group, Message, Position, Topic};

/// Everything readers may know. It changes only when something is durable.
#[derive(Debug)]
pub(super) struct State {
    pub(super) shards: u16,
    journal: u64,
    /// Oldest first, never empty once open; the last one is written to.
    pub(super) segments: VecDeque<Segment>,
    /// Per topic: the last position committed.
    pub(super) last: Vec<Position>,
    /// Per topic: the last position that retention removed.
    pub(super) removed: Vec<Position>,
    acked: [Vec<Position>; GROUPS],
    pub(super) tail: Tail,
    /// What the positions file does not say yet.
    pub(super) unsaved: bool,
}

impl State {
    /// As recovered.
    pub(super) fn new(recovered: Recovered) -> Self {
        let Recovered {
            positions, segments, ..
        } = recovered;
        let mut last = positions.removed.clone();
        for segment in &segments {
            for (known, here) in last.iter_mut().zip(&segment.last_of) {
                *known = (*known).max(*here);
            }
        }
        Self {
            shards: positions.shards,
            journal: positions.journal,
            tail: Tail::new(TAIL_BYTES, &last),
            segments,
            last,
            removed: positions.removed,
            acked: positions.acked,
            unsaved: true,
        }
    }

    /// The position committed last.
    pub(super) fn end(&self) -> Position {
        self.segments
            .back()
            .map(|segment| segment.last)
            .unwrap_or_default()
    }

    /// Bytes of all segments.
    pub(super) fn kept_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Where `group` stands in the topic with this index.
    pub(super) fn acked(&self, group: Group, topic: usize) -> Position {
        let [billing, analytics] = &self.acked;
        let acked = match group {
            Group::Billing => billing,
            Group::Analytics => analytics,
        };
        acked.get(topic).copied().unwrap_or_default()
    }

    /// Notes an acknowledgement, never beyond what is committed; says whether it moved anything.
    pub(super) fn ack(&mut self, group: Group, topic: usize, position: Position) -> bool {
        let position = position.min(self.last.get(topic).copied().unwrap_or_default());
        let [billing, analytics] = &mut self.acked;
        let acked = match group {
            Group::Billing => billing,
            Group::Analytics => analytics,
        };
        let Some(acked) = acked.get_mut(topic).filter(|acked| **acked < position) else {
            return false;
        };
        *acked = position;
        self.unsaved = true;
        true
    }

    /// From the oldest reading that `group` has not acknowledged to the end, as far as is known without looking for that reading.
    pub(super) fn lag(&self, group: Group) -> u64 {
        let shards = self.last.iter().take(usize::from(self.shards)).enumerate();
        let behind = shards
            .map(|(shard, last)| (self.acked(group, shard), *last))
            .filter(|(acked, last)| acked < last);
        let oldest = behind.map(|(acked, _)| acked).min();
        oldest.map_or(0, |acked| self.end().saturating_sub(acked))
    }

    /// All acknowledgements but those of nothing.
    pub(super) fn all_acked(&self) -> Vec<(Group, Topic, Position)> {
        let shards = (0..self.shards).map(|shard| Topic::Readings { shard });
        let topics: Vec<_> = shards.chain([Topic::Events]).enumerate().collect();
        [Group::Billing, Group::Analytics]
            .into_iter()
            .flat_map(|group| topics.iter().map(move |(index, topic)| (group, *topic, *index)))
            .map(|(group, topic, index)| (group, topic, self.acked(group, index)))
            .filter(|(_, _, position)| *position > 0)
            .collect()
    }

    /// The group that is durable now is there for readers.
    pub(super) fn commit<'a>(&mut self, group: Committed, messages: impl Iterator<Item = &'a Message>) {
        let Some(segment) = self.segments.back_mut() else {
            return;
        };
        let place = Place {
            number: segment.head.number,
            offset: segment.bytes,
        };
        segment.bytes = segment.bytes.saturating_add(group.bytes);
        segment.chain = group.chain;
        for (position, message) in (segment.last.saturating_add(1)..).zip(messages) {
            segment.last = position;
            let Some(topic) = topic_index(message.topic, self.shards) else {
                continue; // never: checked when it was published
            };
            let lasts = [segment.last_of.get_mut(topic), self.last.get_mut(topic)];
            lasts.into_iter().flatten().for_each(|last| *last = position);
            self.tail.push(topic, position, place, message);
        }
        self.unsaved = true;
    }

    /// How many of the oldest segments nobody needs: billing has acknowledged all their readings, and so has analytics, with all
    /// their events, or at least `spare_bytes` remain without them.
    pub(super) fn removable(&self, spare_bytes: u64) -> usize {
        let mut kept = self.kept_bytes();
        let older = self.segments.len().saturating_sub(1);
        self.segments
            .iter()
            .take(older)
            .take_while(|segment| {
                kept = kept.saturating_sub(segment.bytes);
                self.is_read_by_billing(segment)
                    && (kept >= spare_bytes || self.is_read_by_analytics(segment))
            })
            .count()
    }

    /// Whether the newest segment has at least `bytes`, and messages that everybody has acknowledged.
    pub(super) fn is_spent(&self, bytes: u64) -> bool {
        self.segments.back().is_some_and(|segment| {
            let used = segment.last >= segment.head.first && segment.bytes >= bytes;
            used && self.is_read_by_billing(segment) && self.is_read_by_analytics(segment)
        })
    }

    /// Events hold nothing up: nobody may be reading them.
    fn is_read_by_billing(&self, segment: &Segment) -> bool {
        let mut shards = segment.last_of.iter().take(usize::from(self.shards)).enumerate();
        shards.all(|(shard, last)| self.acked(Group::Billing, shard) >= *last)
    }

    fn is_read_by_analytics(&self, segment: &Segment) -> bool {
        let mut topics = segment.last_of.iter().enumerate();
        topics.all(|(topic, last)| self.acked(Group::Analytics, topic) >= *last)
    }

    /// What the positions file shall say once the `removing` oldest segments are gone.
    pub(super) fn positions(&self, removing: usize) -> Positions {
        let mut removed = self.removed.clone();
        for segment in self.segments.iter().take(removing) {
            for (known, here) in removed.iter_mut().zip(&segment.last_of) {
                *known = (*known).max(*here);
            }
        }
        let oldest = self.segments.get(removing).map(|segment| segment.head);
        let newest = self.segments.back();
        Positions {
            shards: self.shards,
            journal: self.journal,
            first_number: oldest.map_or(1, |head| head.number),
            first: oldest.map_or(1, |head| head.first),
            last_number: newest.map_or(0, |newest| newest.head.number),
            confirmed: newest.map_or_else(Confirmed::default, |newest| Confirmed {
                number: newest.head.number,
                bytes: newest.bytes,
                position: newest.last,
            }),
            removed,
            acked: self.acked.clone(),
        }
    }

    /// Forgets the `count` oldest segments, after the positions file says so.
    pub(super) fn remove(&mut self, count: usize) -> Vec<Segment> {
        let positions = self.positions(count);
        self.removed = positions.removed;
        self.segments.drain(..count.min(self.segments.len())).collect()
    }
}

/// A group that became durable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Committed {
    /// Header and records.
    pub(super) bytes: u64,
    /// The chain after it.
    pub(super) chain: u32,
}
