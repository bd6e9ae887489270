//! A shard and its store: what it starts from, what is to be stored, what may leave memory.

use std::sync::Arc;
use std::time::Duration;

use super::{Entry, Moment, Need, Policy, Shard};
use crate::day::{Day, Overflow};
use crate::group::Groups;
use crate::meters::Meters;
use crate::store::{Batch, DayDocument, DayHeader, Kept, Progress};

impl Shard {
    /// From what was stored, without the days' values. A shard that was never stored missed everything there may have been: billing
    /// tells it which days there are.
    pub fn restore(number: u16, kept: &Kept, groups: Arc<Groups>, policy: Policy) -> Self {
        let meters = kept
            .meters
            .as_ref()
            .map(|meters| Meters::restore(meters, &groups));
        let progress = kept.progress.unwrap_or(Progress {
            missed_after: Some(0),
            ..Progress::default()
        });
        let mut shard = Self {
            number,
            groups,
            policy,
            consumed: progress.position,
            missed_after: progress.missed_after,
            days: std::collections::BTreeMap::new(),
            unsettled: std::collections::BTreeSet::new(),
            meters: meters.unwrap_or_default(),
            moved: false,
            caught_up: false,
            last_message: Duration::ZERO,
            received: Vec::new(),
            received_readings: 0,
            unsaved_readings: 0,
            scratch: super::apply::Scratch::default(),
        };
        for header in &kept.days {
            shard.restore_day(header);
        }
        shard
    }

    fn restore_day(&mut self, header: &DayHeader) {
        let entry = Entry {
            position: header.position,
            register_version: header.register_version,
            need: if header.stale {
                Need::Stale(Duration::ZERO)
            } else {
                Need::Nothing
            },
            closed: header.closed,
            has_unknown: header.has_unknown,
            ..Entry::default()
        };
        if header.stale || !header.closed {
            self.unsettled.insert(header.day);
        }
        self.days.insert(header.day, entry);
    }

    /// Stored days that will get readings soon: their values belong in memory.
    pub fn wanted(&self, now: Moment) -> Vec<i32> {
        self.days
            .range(now.first_open_day..)
            .map(|(day, _)| *day)
            .collect()
    }

    /// The stored values of a day, before any message was applied.
    ///
    /// # Errors
    /// [`Overflow`]; the day is marked instead.
    pub fn load(&mut self, document: &DayDocument, now: Moment) -> Result<(), Overflow> {
        let values = Day::from_groups(&document.groups, &self.groups);
        if values.is_err() {
            self.mark(document.header.day, now);
        }
        let values = values?;
        if let Some(entry) = self.days.get_mut(&document.header.day) {
            entry.values = Some(values);
        }
        Ok(())
    }

    /// What must be stored now, if anything. Until [`Self::not_stored`] it counts as stored.
    pub fn changes(&mut self) -> Option<Batch> {
        self.unsaved_readings = 0;
        let mut batch = Batch {
            shard: self.number,
            meters: self.meters.take_changes(&self.groups),
            ..Batch::default()
        };
        for (day, entry) in self.days.iter_mut().filter(|(_, entry)| entry.dirty) {
            entry.dirty = false;
            let Some(values) = &entry.values else {
                batch.stale.push(*day);
                continue;
            };
            entry.position = entry.position.max(self.consumed);
            let header = DayHeader {
                schema: crate::store::SCHEMA,
                day: *day,
                position: entry.position,
                register_version: entry.register_version,
                stale: entry.need != Need::Nothing,
                closed: entry.closed,
                has_unknown: entry.has_unknown,
            };
            batch.days.push(DayDocument {
                header,
                groups: values.to_groups(&self.groups),
            });
        }
        if std::mem::take(&mut self.moved) || !batch.days.is_empty() || !batch.stale.is_empty() {
            batch.progress = Some(Progress {
                schema: crate::store::SCHEMA,
                position: self.consumed,
                missed_after: self.missed_after,
            });
        }
        (batch.progress.is_some() || batch.meters.is_some()).then_some(batch)
    }

    /// These changes could not be stored: all of them are to be stored again.
    pub fn not_stored(&mut self, days: &[i32], meters: bool) {
        for day in days {
            if let Some(entry) = self.days.get_mut(day) {
                entry.dirty = true;
            }
        }
        self.moved = true;
        if meters {
            self.meters.not_stored();
        }
    }

    /// Whether the values in memory are more than allowed.
    pub fn is_full(&self) -> bool {
        !self.has_room()
    }

    /// Drops values that the store has, the longest untouched first, until there is room. Days that are not over stay.
    pub fn evict(&mut self, now: Moment) {
        let mut stored: Vec<(Duration, i32)> = (self.days.iter())
            .filter(|(day, entry)| entry.values.is_some() && !entry.dirty && **day < now.first_open_day)
            .map(|(day, entry)| (entry.touched, *day))
            .collect();
        stored.sort_unstable();
        for (_, day) in stored {
            if self.has_room() {
                return;
            }
            if let Some(entry) = self.days.get_mut(&day) {
                entry.values = None;
            }
        }
    }
}
