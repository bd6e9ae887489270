//! What queries see: every shard's days, from memory or from the store.

use std::ops::Range;
use std::sync::Arc;

use crate::consumer::{Common, Shared};
use crate::day::{Cell, Overflow, cells_of};
use crate::error::Error;
use crate::group::GroupIndex;
use crate::register;
use crate::shard::Moment;

/// All shards. A clone is the same view.
#[derive(Clone)]
pub(crate) struct View {
    /// What the shards share.
    pub(crate) common: Arc<Common>,
    /// In order of their numbers.
    pub(crate) shards: Arc<[Arc<Shared>]>,
}

impl View {
    /// Hands every cell of a UTC day to `take` as (minute, group, cell), shard after shard.
    ///
    /// # Errors
    /// [`Error::Store`], and [`Error::Overflow`] when `take` says so.
    pub(crate) async fn cells(
        &self,
        day: i32,
        mut take: impl FnMut(usize, GroupIndex, Cell) -> Result<(), Overflow>,
    ) -> Result<(), Error> {
        for shared in self.shards.iter() {
            let number = {
                let shard = shared.lock();
                let Some(entry) = shard.entry(day) else {
                    continue;
                };
                if let Some(values) = &entry.values {
                    let mut cells = values.cells();
                    cells.try_for_each(|(minute, group, cell)| take(minute, group, cell))?;
                    continue;
                }
                shard.number()
            };
            let Some(document) = self.common.store.day(number, day).await? else {
                continue;
            };
            for column in &document.groups {
                let group = self
                    .common
                    .groups
                    .number(&column.group.clone().unwrap_or_default());
                cells_of(column).try_for_each(|(minute, cell)| take(minute, group, cell))?;
            }
        }
        Ok(())
    }

    /// Whether a UTC day has every reading that billing has, in all shards.
    pub(crate) fn is_closed(&self, day: i32, now: Moment) -> bool {
        let closed = |shared: &Arc<Shared>| {
            let shard = shared.lock();
            let missed = shard.missed_after().is_some();
            !missed
                && shard
                    .entry(day)
                    .map_or(day < now.first_open_day, |entry| entry.closed)
        };
        self.shards.iter().all(closed)
    }

    /// Whether billing's register is newer than the one by which the shards group, or cannot be asked; then it is not known yet which
    /// days are to be computed again.
    pub(crate) async fn register_moved(&self) -> bool {
        let known = self.shards.iter().map(|shared| shared.lock().register_version());
        let known = known.min().unwrap_or_default();
        let moved = register::differs(&*self.common.reads, known).await;
        if moved {
            self.common.hurry.notify_one();
        }
        moved
    }

    /// Whether the values of some of these UTC days are known to differ from what billing has, or not known not to.
    pub(crate) fn recomputing(&self, days: Range<i32>) -> bool {
        let shard = |shared: &Arc<Shared>| shared.lock().recomputing(days.clone());
        self.shards.iter().any(shard)
    }

    /// How far the shard that is farthest behind is behind, in messages at most.
    pub(crate) fn lag(&self) -> u64 {
        let last = self.common.bus.health().last;
        let behind = |shared: &Arc<Shared>| {
            let shard = shared.lock();
            if shard.caught_up {
                0
            } else {
                last.saturating_sub(shard.consumed())
            }
        };
        self.shards.iter().map(behind).max().unwrap_or_default()
    }
}

impl From<Overflow> for Error {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}
