//! One shard: what is in memory of its days, which of them must be folded again, and how messages change them. Plain data; the
//! [`consumer`](crate::consumer) brings messages, folds and time.
//!
//! The one invariant: the values of a day contain every message of the shard up to the later of its own position and the shard's,
//! and none after it; where that cannot be upheld the day is marked, and billing's fold replaces it.

mod apply;
mod keep;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use message_bus::Position;
use proto::billing::DayWindowsResponse;

use crate::day::{Day, Overflow};
use crate::group::{Groups, UNKNOWN};
use crate::meters::{Assignment, Meters};

/// When something happens: on a clock that never goes back, and in days of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Since the service started.
    pub since_start: Duration,
    /// The first day (UTC, since 1970-01-01) that is not over yet, grace included.
    pub first_open_day: i32,
}

/// When a day is folded again, and how much is kept in memory.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// After this long without messages, whatever is marked is folded.
    pub quiet: Duration,
    /// Under load, a day that is known to be wrong waits this long.
    pub stale_delay: Duration,
    /// Under load, a day whose values came from the bus alone waits this long.
    pub provisional_delay: Duration,
    /// Without load such a day waits this long, so that a trickle of readings does not fold it every few seconds.
    pub provisional_rest: Duration,
    /// Memory for the values of one shard's days.
    pub resident_bytes: usize,
}

/// Why a day must be folded again, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Not at all: the values are those of a fold.
    Nothing,
    /// The bus added to the values; a repeat that nobody noticed would be in them.
    Provisional(Duration),
    /// The values are known to lack something, or to have something too much.
    Stale(Duration),
}

/// What is known of a day.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The position its values were computed from, at least.
    pub position: Position,
    /// The version of the register in its last fold.
    register_version: u64,
    /// Whether it must be folded again.
    need: Need,
    /// Folded after the day was over, and nothing came since.
    pub closed: bool,
    /// Readings of meters without a group are among them.
    has_unknown: bool,
    /// The values, while in memory; otherwise the store has them.
    pub values: Option<Day>,
    /// Differs from what the store has.
    dirty: bool,
    /// When a reading came last.
    touched: Duration,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            position: 0,
            register_version: 0,
            need: Need::Nothing,
            closed: false,
            has_unknown: false,
            values: None,
            dirty: false,
            touched: Duration::ZERO,
        }
    }
}

impl Entry {
    fn mark_stale(&mut self, now: Duration) {
        if !matches!(self.need, Need::Stale(_)) {
            self.need = Need::Stale(now);
        }
        self.closed = false;
        self.dirty = true;
    }

    fn mark_provisional(&mut self, now: Duration) {
        if self.need == Need::Nothing {
            self.need = Need::Provisional(now);
        }
        self.closed = false;
        self.dirty = true;
    }
}

/// What was received, to be counted: milliwatt-hours by group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Received {
    /// Of channel import.
    pub import: i64,
    /// Of channel export.
    pub export: i64,
}

/// One shard.
#[derive(Debug)]
pub struct Shard {
    number: u16,
    groups: Arc<Groups>,
    policy: Policy,
    consumed: Position,
    missed_after: Option<Position>,
    days: BTreeMap<i32, Entry>,
    /// Days that are marked, or not closed yet.
    unsettled: BTreeSet<i32>,
    meters: Meters,
    /// Something to store beside dirty days.
    moved: bool,
    /// No message waits on the bus.
    pub caught_up: bool,
    last_message: Duration,
    received: Vec<Received>,
    received_readings: u64,
    unsaved_readings: u64,
    scratch: apply::Scratch,
}

impl Shard {
    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Every message up to here was dealt with.
    pub fn consumed(&self) -> Position {
        self.consumed
    }

    /// Distinct meters heard of.
    pub fn meters_seen(&self) -> u64 {
        self.meters.seen()
    }

    /// The version of the register that its meters' groups are from; 0 before the first.
    pub fn register_version(&self) -> u64 {
        self.meters.version()
    }

    /// Messages after this position were missed.
    pub fn missed_after(&self) -> Option<Position> {
        self.missed_after
    }

    /// What is known of `day`.
    pub fn entry(&self, day: i32) -> Option<&Entry> {
        self.days.get(&day)
    }

    /// How many days wait to be folded.
    pub fn waiting(&self) -> usize {
        let waits = |day: &&i32| (self.days.get(day)).is_some_and(|entry| entry.need != Need::Nothing);
        self.unsettled.iter().filter(waits).count()
    }

    /// Whether the values of some of these days are known to be wrong, or not yet known to be right.
    pub fn recomputing(&self, days: Range<i32>) -> bool {
        let stale = |(_, entry): (&i32, &Entry)| matches!(entry.need, Need::Stale(_));
        self.missed_after.is_some() || self.days.range(days).any(stale)
    }

    /// How many readings came since the shard was stored.
    pub fn unsaved_readings(&self) -> u64 {
        self.unsaved_readings
    }

    /// What was received since this was asked last: readings, and energy by group.
    pub fn take_received(&mut self) -> (u64, Vec<Received>) {
        (
            std::mem::take(&mut self.received_readings),
            std::mem::take(&mut self.received),
        )
    }

    /// Messages after `after` and before `next` may be missing. A broker cannot tell exactly which, so `after` may lie before messages
    /// that were consumed; a gap that ends before the last of them was filled by them.
    pub fn miss(&mut self, after: Position, next: Position) {
        let before_next = next.saturating_sub(1);
        let after = after.min(self.consumed);
        if before_next >= self.consumed && before_next > after {
            self.missed_after = Some(self.missed_after.map_or(after, |known| known.min(after)));
            self.consumed = before_next;
            self.moved = true;
        }
    }

    /// The days that the missed messages may have changed.
    pub fn found_missed(&mut self, days: &[i32], now: Moment) {
        for day in days {
            self.mark(*day, now);
        }
        self.missed_after = None;
        self.moved = true;
    }

    /// What the register says now.
    pub fn assign(&mut self, assignment: &Assignment, now: Moment) {
        let moves = self.meters.assign(assignment);
        let days: Vec<i32> = (self.days.iter())
            .filter(|(day, entry)| moves.touch(**day, entry.has_unknown))
            .map(|(day, _)| *day)
            .collect();
        for day in days {
            self.mark(day, now);
        }
    }

    fn mark(&mut self, day: i32, now: Moment) {
        self.days.entry(day).or_default().mark_stale(now.since_start);
        self.unsettled.insert(day);
    }

    /// The day to fold next, if one is due.
    pub fn due(&self, now: Moment) -> Option<i32> {
        let waited = |since: Duration| now.since_start.saturating_sub(since);
        let quiet = self.caught_up && waited(self.last_message) >= self.policy.quiet;
        let due_since = |day: i32, entry: &Entry| match entry.need {
            Need::Stale(since) => {
                let rested = quiet && waited(since) >= self.policy.quiet;
                (rested || waited(since) >= self.policy.stale_delay).then_some(since)
            }
            Need::Provisional(since) => {
                let rested = quiet && waited(since) >= self.policy.provisional_rest;
                (rested || waited(since) >= self.policy.provisional_delay).then_some(since)
            }
            Need::Nothing => (day < now.first_open_day && !entry.closed).then_some(entry.touched),
        };
        (self.unsettled.iter())
            .filter_map(|day| Some((due_since(*day, self.days.get(day)?)?, *day)))
            .min()
            .map(|(_, day)| day)
    }

    /// Takes billing's fold of `day`, which was asked for at `now` with no message consumed since.
    ///
    /// # Errors
    /// [`Overflow`]: the day keeps its values and stays marked, behind the others.
    pub fn folded(&mut self, day: i32, fold: &DayWindowsResponse, now: Moment) -> Result<(), Overflow> {
        let values = Day::from_groups(&fold.groups, &self.groups);
        let entry = self.days.entry(day).or_default();
        if values.is_err() {
            entry.need = Need::Stale(now.since_start);
        }
        let values = values?;
        entry.has_unknown = values.cells().any(|(_, group, _)| group == UNKNOWN);
        entry.values = Some(values);
        entry.position = fold.position.max(self.consumed);
        entry.register_version = fold.register_version;
        // Otherwise meters may have moved while billing folded, in a way that later comparisons do not show.
        let same_register = fold.register_version == self.meters.version();
        entry.need = if same_register {
            Need::Nothing
        } else {
            Need::Stale(now.since_start)
        };
        entry.closed = same_register && day < now.first_open_day;
        entry.dirty = true;
        if entry.closed {
            self.unsettled.remove(&day);
        } else {
            self.unsettled.insert(day);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
