//! Who takes in which shard, as the leader knows and wishes it. Pure: told what happens, and when.

use std::collections::{BTreeMap, BTreeSet};

use message_bus::Position;
use tokio::time::Instant;

use super::LOST_AFTER;

/// Who takes in a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Leader,
    Assistant(u64),
    /// It is on its way from one to another.
    Nobody,
}

/// What an assistant says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) assistant: u64,
    pub(super) number: u64,
    pub(super) turn: u64,
    pub(super) shards: BTreeSet<u16>,
    pub(super) held: BTreeMap<u16, Position>,
    /// The id of its store.
    pub(super) store: String,
}

/// What the leader wishes of an assistant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) turn: u64,
    pub(super) shards: BTreeSet<u16>,
    pub(super) hold: BTreeSet<u16>,
}

/// What the leader has to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Consume a shard no more, then say so by [`Table::given`].
    Give { shard: u16, to: u64 },
    /// Consume a shard, then say so by [`Table::taken`].
    Take { shard: u16 },
}

/// The caller is not known, or not any more, or has not what it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unknown;

/// Folds that wish a shard held.
#[derive(Debug)]
struct Held {
    folds: usize,
    /// Since this turn of the wishes.
    since: u64,
}

#[derive(Debug)]
struct Assistant {
    /// The how manyth.
    joined: u64,
    heard: Instant,
    report: Report,
    turn: u64,
    shards: BTreeSet<u16>,
    /// Shards that it shall give back, since a turn.
    back: BTreeMap<u16, u64>,
    holds: BTreeMap<u16, Held>,
}

impl Assistant {
    /// The shards it was asked back and has given.
    fn gave(&mut self) -> Vec<u16> {
        let report = &self.report;
        let given = |shard: &u16, since: &u64| report.turn >= *since && !report.shards.contains(shard);
        let gave = self.back.iter().filter(|(shard, since)| given(shard, since));
        let gave: Vec<u16> = gave.map(|(shard, _)| *shard).collect();
        self.back.retain(|shard, _| !gave.contains(shard));
        gave
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Table {
    owners: Vec<Owner>,
    assistants: BTreeMap<u64, Assistant>,
    joined: u64,
}

impl Table {
    /// The leader takes in all shards.
    pub(super) fn new(shards: u16) -> Self {
        Self {
            owners: vec![Owner::Leader; usize::from(shards)],
            assistants: BTreeMap::new(),
            joined: 0,
        }
    }

    /// An assistant reports. Who is not known must begin with its first report.
    pub(super) fn report(&mut self, now: Instant, report: Report) -> Result<(), Unknown> {
        let id = report.assistant;
        if report.number == 1 && !self.assistants.contains_key(&id) {
            self.joined += 1;
            let assistant = Assistant {
                joined: self.joined,
                heard: now,
                report: Report::default(),
                turn: 1,
                shards: BTreeSet::new(),
                back: BTreeMap::new(),
                holds: BTreeMap::new(),
            };
            self.assistants.insert(id, assistant);
        }
        let assistant = self.assistants.get_mut(&id).ok_or(Unknown)?;
        assistant.heard = now;
        if report.number > assistant.report.number {
            assistant.report = report;
        }
        for shard in assistant.gave() {
            self.set_owner(shard, Owner::Nobody);
        }
        Ok(())
    }

    /// What is wished of an assistant.
    pub(super) fn wishes(&self, assistant: u64) -> Result<Wishes, Unknown> {
        let assistant = self.assistants.get(&assistant).ok_or(Unknown)?;
        Ok(Wishes {
            turn: assistant.turn,
            shards: assistant.shards.clone(),
            hold: assistant.holds.keys().copied().collect(),
        })
    }

    /// Gives up assistants that were not heard of for long, and says how many.
    pub(super) fn give_up(&mut self, now: Instant) -> usize {
        let lost = |assistant: &&Assistant| now.saturating_duration_since(assistant.heard) > LOST_AFTER;
        let lost: Vec<u64> = (self.assistants.iter())
            .filter(|(_, assistant)| lost(assistant))
            .map(|(id, _)| *id)
            .collect();
        for id in &lost {
            self.assistants.remove(id);
            for owner in &mut self.owners {
                if *owner == Owner::Assistant(*id) {
                    *owner = Owner::Nobody;
                }
            }
        }
        lost.len()
    }

    /// What to do next so that each of the leader and its assistants has its share. Asks assistants for what others shall have.
    pub(super) fn next(&mut self) -> Option<Step> {
        let mut members: Vec<(u64, Owner)> = (self.assistants.iter())
            .map(|(id, assistant)| (assistant.joined, Owner::Assistant(*id)))
            .collect();
        members.push((0, Owner::Leader));
        members.sort_by_key(|(joined, _)| *joined);
        for shard in 0..u16::try_from(self.owners.len()).unwrap_or(u16::MAX) {
            let (_, due) = *members.get(usize::from(shard) % members.len())?;
            let owner = self.owner(shard)?;
            match (owner, due) {
                _ if owner == due => self.keep(shard, owner),
                (Owner::Assistant(id), _) => self.ask_back(shard, id),
                (Owner::Leader, Owner::Assistant(to)) => return Some(Step::Give { shard, to }),
                (Owner::Nobody, Owner::Assistant(to)) => self.given(shard, to),
                (_, Owner::Leader) => return Some(Step::Take { shard }),
                (_, Owner::Nobody) => {}
            }
        }
        None
    }

    /// The leader does not consume the shard any more: `to` shall, if it is still there.
    pub(super) fn given(&mut self, shard: u16, to: u64) {
        let Some(assistant) = self.assistants.get_mut(&to) else {
            return self.set_owner(shard, Owner::Nobody);
        };
        assistant.turn += 1;
        assistant.shards.insert(shard);
        self.set_owner(shard, Owner::Assistant(to));
    }

    /// The leader consumes the shard.
    pub(super) fn taken(&mut self, shard: u16) {
        self.set_owner(shard, Owner::Leader);
    }

    /// Whether an assistant may speak of a shard.
    pub(super) fn check(&self, assistant: u64, shard: u16) -> Result<(), Unknown> {
        let owns = self.owner(shard) == Some(Owner::Assistant(assistant));
        if owns { Ok(()) } else { Err(Unknown) }
    }

    /// A fold wishes that the shard is held by whoever takes it in, and must [let it go](Self::let_go) when this gives an assistant.
    pub(super) fn wish_held(&mut self, shard: u16) -> Option<u64> {
        let Owner::Assistant(id) = self.owner(shard)? else {
            return None;
        };
        let assistant = self.assistants.get_mut(&id)?;
        if let Some(held) = assistant.holds.get_mut(&shard) {
            held.folds += 1;
        } else {
            assistant.turn += 1;
            let (folds, since) = (1, assistant.turn);
            assistant.holds.insert(shard, Held { folds, since });
        }
        Some(id)
    }

    /// Up to where the shard is held, once it is. An error when the assistant has it no more.
    pub(super) fn held(&self, shard: u16, assistant: u64) -> Result<Option<Position>, Unknown> {
        self.check(assistant, shard)?;
        let assistant = self.assistants.get(&assistant).ok_or(Unknown)?;
        let held = assistant.holds.get(&shard).ok_or(Unknown)?;
        // what it held before that turn it may have let go meanwhile
        let reported = assistant.report.held.get(&shard);
        Ok(reported.copied().filter(|_| assistant.report.turn >= held.since))
    }

    /// A fold is over.
    pub(super) fn let_go(&mut self, shard: u16, assistant: u64) {
        let Some(assistant) = self.assistants.get_mut(&assistant) else {
            return;
        };
        let Some(held) = assistant.holds.get_mut(&shard) else {
            return;
        };
        held.folds -= 1;
        if held.folds == 0 {
            assistant.holds.remove(&shard);
            assistant.turn += 1;
        }
    }

    /// An assistant that was asked for a shard, and is due to have it after all, keeps it if it has not given it yet.
    fn keep(&mut self, shard: u16, owner: Owner) {
        if let Owner::Assistant(id) = owner
            && let Some(assistant) = self.assistants.get_mut(&id)
            && assistant.shards.insert(shard)
        {
            assistant.back.remove(&shard);
            assistant.turn += 1;
        }
    }

    fn ask_back(&mut self, shard: u16, id: u64) {
        if let Some(assistant) = self.assistants.get_mut(&id)
            && assistant.shards.remove(&shard)
        {
            assistant.turn += 1;
            assistant.back.insert(shard, assistant.turn);
        }
    }

    fn owner(&self, shard: u16) -> Option<Owner> {
        self.owners.get(usize::from(shard)).copied()
    }

    fn set_owner(&mut self, shard: u16, owner: Owner) {
        if let Some(of) = self.owners.get_mut(usize::from(shard)) {
            *of = owner;
        }
    }
}

#[cfg(test)]
mod tests;
