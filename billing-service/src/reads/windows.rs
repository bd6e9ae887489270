//! The reads of a shard and day, folded: what analytics makes its windows of.

use std::collections::BTreeMap;
use std::ops::Range;

use message_bus::Position;
use model::{Channel, Series, Stay};

use super::Reads;
use super::arena::SeriesIndex;
use super::query::unreadable_block;
use super::shard::{Memory, Shard};
use super::store::BlockKey;
use super::view::{DayWindows, MinuteSum};
use crate::block::{
    self, Entry,
    winner::{self, Winner},
};
use crate::error::{Error, StoreError};
use crate::register::NO_GROUP;

/// Meters folded between two looks at other work, so that a large day does not hold up a thread.
const METERS_AT_ONCE: u32 = 512;
/// Minutes of a day.
const MINUTES: u16 = 1440;
const IMPORT: SeriesIndex = SeriesIndex::interval(Channel::Import);
const EXPORT: SeriesIndex = SeriesIndex::interval(Channel::Export);

const DAY_MS: i64 = 86_400_000;

/// Adds to a list where a meter was, by group, ascending.
type StaysOf<'a> = &'a (dyn Fn(&str, &mut Vec<Stay<usize>>) + Sync);

/// Import or export.
type SumOf = fn(&mut MinuteSum) -> &mut i64;

/// The sums of one group.
struct Fold {
    minutes: Vec<MinuteSum>,
}

/// The import and export of one meter on the day.
#[derive(Default)]
struct MeterDay {
    id: String,
    import: Vec<Entry>,
    export: Vec<Entry>,
}

/// Some meters at a time; its memory serves all of them.
#[derive(Default)]
struct Page {
    meters: Range<u32>,
    days: Vec<MeterDay>,
}

/// What is pending, up to the moment the question was asked.
#[derive(Clone, Copy)]
struct Mark {
    position: Position,
    pending: u32,
    meters: u32,
}

impl Reads {
    /// The import and export of one shard and UTC day (days since 1970-01-01), by minute of the interval's start and by the group
    /// that the meter was in when the interval began (0 when it was nowhere): of everything up to the position it names and nothing after
    /// it. Values in effect count, those in conflict as they are shown. Of a shard that another process takes in: up to where that
    /// process holds it.
    ///
    /// # Errors
    /// [`Error::Behind`] while the shard was not read up to `min_position`, [`Error::NoShard`], [`Error::Store`].
    pub async fn day_windows(
        &self,
        shard: u32,
        day: i32,
        (min_position, held): (Position, Option<Position>),
        stays_of: StaysOf<'_>,
    ) -> Result<DayWindows, Error> {
        let shard = self.shard(shard)?;
        // nothing moves into blocks meanwhile, so that what came after the mark is nowhere
        let _gate = shard.gate.lock().await;
        let mark = mark_of(shard, min_position, held)?;
        let mut groups: BTreeMap<usize, Fold> = BTreeMap::new();
        let mut page = Page::default();
        while page.meters.end < mark.meters {
            page.turn(shard, day, mark);
            self.add_stored(shard, day, &mut page).await?;
            page.fold(i64::from(day) * DAY_MS, stays_of, &mut groups);
            tokio::task::yield_now().await;
        }
        let counted = |fold: Fold| fold.minutes.into_iter().filter(|sum| sum.readings > 0).collect();
        Ok(DayWindows {
            position: mark.position,
            groups: groups
                .into_iter()
                .map(|(group, fold)| (group, counted(fold)))
                .collect(),
        })
    }

    /// The UTC days of a shard whose energy may have changed after a position, and the position looked up to. Too many days are right,
    /// too few are not: of changes before the last start nothing is known, so then it is every day.
    ///
    /// # Errors
    /// As [`Self::day_windows`].
    pub async fn changed_days(
        &self,
        shard: u32,
        after: Position,
        min_position: Position,
    ) -> Result<(Position, Vec<i32>), Error> {
        let shard = self.shard(shard)?;
        let position = reached(&shard.lock(), min_position)?;
        let (mut days, all): (Vec<i32>, bool) = {
            let memory = shard.lock();
            let changed = memory
                .changed_days
                .iter()
                .filter(|(_, position)| **position > after);
            (
                changed.map(|(day, _)| *day).collect(),
                after < memory.start_position,
            )
        };
        if all {
            days.extend(self.store.days(shard.number).await?);
            days.sort_unstable();
            days.dedup();
        }
        Ok((position, days))
    }
}

impl Reads {
    async fn add_stored(&self, shard: &Shard, day: i32, page: &mut Page) -> Result<(), StoreError> {
        let meters = page.meters.clone();
        let mut unreadable = None;
        let mut found = |key: &BlockKey, bytes: &[u8]| {
            if let Some(entries) = page.set(key.meter, &key.series) {
                unreadable = block::decode(bytes, entries).err().or(unreadable);
            }
        };
        self.store.day(shard.number, day, meters, &mut found).await?;
        unreadable.map_or(Ok(()), |error| Err(unreadable_block(error)))
    }
}

impl Page {
    /// To the next meters, with what is pending of them.
    fn turn(&mut self, shard: &Shard, day: i32, mark: Mark) {
        let begin = self.meters.end;
        self.meters = begin..begin.saturating_add(METERS_AT_ONCE).min(mark.meters);
        self.days.resize_with(self.meters.len(), MeterDay::default);
        let memory = shard.lock();
        for (meter, own) in self.meters.clone().zip(&mut self.days) {
            own.clear(memory.meters.id(meter).unwrap_or_default());
        }
        for meter in self.meters.clone() {
            let frozen = memory.frozen.iter().flat_map(|arena| arena.rows(meter, u32::MAX));
            let rows = frozen.chain(memory.pending.rows(meter, mark.pending));
            for row in rows.filter(|row| row.day() == day) {
                let series = match row.series {
                    IMPORT => Series::Interval(Channel::Import),
                    EXPORT => Series::Interval(Channel::Export),
                    _ => continue,
                };
                if let Some(entries) = self.set(meter, &series) {
                    entries.push(row.entry());
                }
            }
        }
    }

    /// Where the entries of a meter's series are gathered, if they count.
    fn set(&mut self, meter: u32, series: &Series) -> Option<&mut Vec<Entry>> {
        let index = usize::try_from(meter.checked_sub(self.meters.start)?).ok()?;
        let own = self.days.get_mut(index)?;
        match series {
            Series::Interval(Channel::Import) => Some(&mut own.import),
            Series::Interval(Channel::Export) => Some(&mut own.export),
            Series::Interval(Channel::Reactive) | Series::Register(..) | Series::Telemetry(_) => None,
        }
    }

    fn fold(&mut self, day_ms: i64, stays_of: StaysOf<'_>, groups: &mut BTreeMap<usize, Fold>) {
        let mut stays = Vec::new();
        for own in &mut self.days {
            if own.import.is_empty() && own.export.is_empty() {
                continue;
            }
            stays.clear();
            stays_of(&own.id, &mut stays);
            let channels: [(_, SumOf); 2] = [
                (&mut own.import, |sum| &mut sum.import),
                (&mut own.export, |sum| &mut sum.export),
            ];
            for (entries, sum_of) in channels {
                block::canonical(entries);
                add_winners(entries, day_ms, &stays, groups, sum_of);
            }
        }
    }
}

/// Adds what counts of one meter and channel to where the meter was.
fn add_winners(
    entries: &[Entry],
    day_ms: i64,
    stays: &[Stay<usize>],
    groups: &mut BTreeMap<usize, Fold>,
    sum_of: SumOf,
) {
    let start_ms = |winner: &Winner| day_ms + i64::from(winner.entry.offset_ms);
    let mut winners = winner::identities(entries)
        .filter_map(winner::of_energy)
        .peekable();
    while let Some(first) = winners.peek() {
        let stay = Stay::at(stays, start_ms(first), NO_GROUP);
        let fold = groups.entry(stay.place).or_insert_with(Fold::new);
        while let Some(winner) = winners.next_if(|winner| stay.contains(start_ms(winner))) {
            fold.add(&winner.entry, sum_of);
        }
    }
}

impl MeterDay {
    fn clear(&mut self, id: &str) {
        self.id.clear();
        self.id.push_str(id);
        self.import.clear();
        self.export.clear();
    }
}

impl Fold {
    fn new() -> Self {
        let minute = |minute| MinuteSum {
            minute,
            ..MinuteSum::default()
        };
        Self {
            minutes: (0..MINUTES).map(minute).collect(),
        }
    }

    fn add(&mut self, entry: &Entry, sum_of: SumOf) {
        let minute = usize::try_from(entry.offset_ms / 60_000).unwrap_or(usize::MAX);
        if let Some(sum) = self.minutes.get_mut(minute) {
            let energy = sum_of(sum);
            // the edge lets no value in that could overflow; modulo 2^64 the sum would still not depend on the order
            *energy = energy.wrapping_add(entry.content.value);
            sum.readings += 1;
        }
    }
}

/// The mark now. Of a shard that is taken in elsewhere nothing is pending here, and the store is no more than what is `held`.
fn mark_of(shard: &Shard, min_position: Position, held: Option<Position>) -> Result<Mark, Error> {
    let memory = shard.lock();
    let position = reached(&memory, min_position)?;
    if !memory.elsewhere {
        return Ok(Mark {
            position,
            pending: memory.pending.len(),
            meters: memory.meters.len(),
        });
    }
    match held {
        Some(held) if held >= min_position => Ok(Mark {
            position: held,
            pending: 0,
            meters: memory.meters.len(),
        }),
        _ => Err(behind(&memory, min_position)),
    }
}

/// Up to where the shard was read.
fn reached(memory: &Memory, min_position: Position) -> Result<Position, Error> {
    if memory.position < min_position {
        return Err(behind(memory, min_position));
    }
    Ok(memory.position)
}

fn behind(memory: &Memory, wanted: Position) -> Error {
    Error::Behind {
        shard: memory.number(),
        wanted,
        found: memory.position,
    }
}
