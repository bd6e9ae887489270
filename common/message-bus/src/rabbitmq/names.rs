//! What the queues, exchanges and routing keys are called.

use crate::{Group, Topic};

/// Names, all with the same prefix.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// The queue that a group reads a topic from.
    pub(super) fn queue(&self, group: Group, topic: Topic) -> String {
        let prefix = &self.prefix;
        let group = word(group);
        match topic {
            Topic::Readings { shard } => format!("{prefix}{group}.readings.{shard}"),
            Topic::Events => format!("{prefix}{group}.events"),
        }
    }

    /// The queue whose active consumer leads a group.
    pub(super) fn lead(&self, group: Group) -> String {
        format!("{}{}.lead", self.prefix, word(group))
    }

    /// The exchange that copies of a topic are published to: for analytics, and for anybody who binds a queue to it.
    pub(super) fn exchange(&self, topic: Topic) -> String {
        let prefix = &self.prefix;
        match topic {
            Topic::Readings { .. } => format!("{prefix}readings"),
            Topic::Events => format!("{prefix}events"),
        }
    }

    /// The queue whose bound on its length is the number of shards; nothing is ever published to it.
    pub(super) fn shards(&self) -> String {
        format!("{}gridtally.shards", self.prefix)
    }

    /// The queue that would pass on what dies in it to an exchange called as the store is; nothing is ever published to it.
    pub(super) fn store(&self) -> String {
        format!("{}gridtally.store", self.prefix)
    }

    /// What a copy is published with: the shard, or the kind of event.
    pub(super) fn routing_key(topic: Topic, kind: &str) -> String {
        match topic {
            Topic::Readings { shard } => shard.to_string(),
            Topic::Events => kind.to_owned(),
        }
    }
}

fn word(group: Group) -> &'static str {
    match group {
        Group::Billing => "billing",
        Group::Analytics => "analytics",
    }
}

/// The place of a topic in lists: shards first, then events; `None` when there is no such shard.
pub(super) fn topic_index(topic: Topic, shards: u16) -> Option<usize> {
    match topic {
        Topic::Readings { shard } => (shard < shards).then_some(usize::from(shard)),
        Topic::Events => Some(usize::from(shards)),
    }
}

/// All topics, in the order of [`topic_index`].
pub(super) fn topics(shards: u16) -> impl Iterator<Item = Topic> {
    let readings = (0..shards).map(|shard| Topic::Readings { shard });
    readings.chain([Topic::Events])
}
