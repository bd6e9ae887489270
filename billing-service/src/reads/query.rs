//! Reads of one meter.
//!
//! Memory is looked at before the store: what a checkpoint moves meanwhile is seen in both, never in none, and a union does not mind.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use model::{Channel, MeasuredQuantity, MeterId, Series};

use super::Reads;
use super::arena::{Row, day_of};
use super::store::BlockKey;
use super::view::{IntervalRead, LatestRead, RegisterRead, TelemetryRead, Version, VersionedRead};
use crate::block::winner::{self, Winner};
use crate::block::{self, DAY_MS, Entry};
use crate::error::{Error, StoreError};

/// Days looked at together when searching back for a meter's latest read.
const SEARCH_DAYS: i32 = 31;
/// Interval channels, the one shown first when starts are equal first.
const CHANNELS: [Channel; 3] = [Channel::Import, Channel::Export, Channel::Reactive];

/// The set of one series and day.
struct DaySet {
    day: i32,
    entries: Vec<Entry>,
}

impl DaySet {
    fn empty(day: i32) -> Self {
        Self {
            day,
            entries: Vec::new(),
        }
    }

    fn start_ms(&self, entry: &Entry) -> i64 {
        i64::from(self.day)
            .saturating_mul(DAY_MS)
            .saturating_add(i64::from(entry.offset_ms))
    }

    /// The identities in `range_ms`.
    fn identities<'a>(&'a self, range_ms: &'a Range<i64>) -> impl Iterator<Item = (i64, &'a [Entry])> {
        winner::identities(&self.entries).filter_map(|identity| {
            let start_ms = self.start_ms(identity.first()?);
            range_ms.contains(&start_ms).then_some((start_ms, identity))
        })
    }
}

/// What is kept of one interval channel in a range of time: a month of it is looked through once, and need not stand in memory twice.
pub(crate) struct Intervals {
    days: Vec<DaySet>,
    range_ms: Range<i64>,
}

impl Intervals {
    /// The reads in effect, in order of start, one per start.
    pub(crate) fn in_effect(&self) -> impl Iterator<Item = IntervalRead> {
        self.days
            .iter()
            .flat_map(|day| day.identities(&self.range_ms))
            .filter_map(|(start_ms, identity)| in_effect(start_ms, identity))
    }
}

impl Reads {
    /// The reads in effect of one interval channel whose start lies in `range_ms`, in order of start, one per start.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn intervals(
        &self,
        meter: &MeterId,
        channel: Channel,
        range_ms: Range<i64>,
    ) -> Result<Vec<IntervalRead>, Error> {
        let found = self.look(meter, channel, range_ms).await?;
        Ok(found.in_effect().collect())
    }

    /// As [`Self::intervals`], to be looked through.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn look(
        &self,
        meter: &MeterId,
        channel: Channel,
        range_ms: Range<i64>,
    ) -> Result<Intervals, Error> {
        let days = self.sets(meter, &Series::Interval(channel), &range_ms).await?;
        Ok(Intervals { days, range_ms })
    }

    /// Every content of one series in `range_ms`, the one in effect first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn versions(
        &self,
        meter: &MeterId,
        series: &Series,
        range_ms: Range<i64>,
    ) -> Result<Vec<VersionedRead>, Error> {
        let days = self.sets(meter, series, &range_ms).await?;
        let telemetry = matches!(series, Series::Telemetry(_));
        let reads = days.iter().flat_map(|day| day.identities(&range_ms));
        let reads = reads.filter_map(|(start_ms, identity)| versioned(start_ms, identity, telemetry));
        Ok(reads.collect())
    }

    /// Telemetry in effect, in order of start, then quantity.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn telemetry(
        &self,
        meter: &MeterId,
        range_ms: Range<i64>,
    ) -> Result<Vec<TelemetryRead>, Error> {
        let mut reads = Vec::new();
        for quantity in MeasuredQuantity::ALL {
            let days = self.sets(meter, &Series::Telemetry(*quantity), &range_ms).await?;
            let identities = days.iter().flat_map(|day| day.identities(&range_ms));
            reads.extend(identities.filter_map(|(start_ms, identity)| {
                let Winner { entry, .. } = winner::of_telemetry(identity)?;
                Some(TelemetryRead {
                    start_ms,
                    quantity: *quantity,
                    value: entry.content.value,
                    received_ms: received_ms(&entry),
                })
            }));
        }
        reads.sort_by_key(|read| (read.start_ms, read.quantity));
        Ok(reads)
    }

    /// Dials in effect, in order of start, then register.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn registers(&self, meter: &MeterId, range_ms: Range<i64>) -> Result<Vec<RegisterRead>, Error> {
        let mut reads = Vec::new();
        for series in self.registers_of(meter, &range_ms).await? {
            let Series::Register(channel, register) = &series else {
                continue;
            };
            let days = self.sets(meter, &series, &range_ms).await?;
            let identities = days.iter().flat_map(|day| day.identities(&range_ms));
            reads.extend(identities.filter_map(|(start_ms, identity)| {
                Some(RegisterRead {
                    channel: *channel,
                    register: register.clone(),
                    read: in_effect(start_ms, identity)?,
                })
            }));
        }
        let order = |read: &RegisterRead| (read.read.start_ms, read.channel, read.register.clone());
        reads.sort_by_key(order);
        Ok(reads)
    }

    /// The read with the latest start, of any interval channel (import first), else of any register.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn latest(&self, meter: &MeterId) -> Result<Option<LatestRead>, Error> {
        let Some((shard, number)) = self.find(meter) else {
            return Ok(None);
        };
        let (known, days) = {
            let memory = shard.lock();
            (memory.latest_day(number), memory.days)
        };
        if let Some(day) = known {
            return self.latest_of(meter, day..=day).await;
        }
        let Some((first, last)) = days else {
            return Ok(None);
        };
        let mut span = 1; // most meters reported just before the last stop
        let mut end = Some(last);
        while let Some(last) = end.filter(|end| *end >= first) {
            let begin = last.saturating_sub(span).max(first);
            if let Some(found) = self.latest_of(meter, begin..=last).await? {
                shard.lock().set_latest_day(number, day_of(found.start_ms()));
                return Ok(Some(found));
            }
            end = begin.checked_sub(1);
            span = SEARCH_DAYS;
        }
        Ok(None)
    }

    async fn latest_of(
        &self,
        meter: &MeterId,
        days: RangeInclusive<i32>,
    ) -> Result<Option<LatestRead>, Error> {
        let range_ms = start_of_day(*days.start())..start_of_day(days.end().saturating_add(1));
        let mut latest: Option<LatestRead> = None;
        for channel in CHANNELS {
            let sets = self.sets(meter, &Series::Interval(channel), &range_ms).await?;
            let last = sets.iter().rev().find_map(|day| day.identities(&range_ms).last());
            let read = last.and_then(|(start_ms, identity)| in_effect(start_ms, identity));
            let later = |read: &IntervalRead| {
                latest
                    .as_ref()
                    .is_none_or(|latest| read.start_ms > latest.start_ms())
            };
            if let Some(read) = read.filter(later) {
                latest = Some(LatestRead::Interval(channel, read));
            }
        }
        if latest.is_none() {
            latest = self
                .registers(meter, range_ms)
                .await?
                .pop()
                .map(LatestRead::Register);
        }
        Ok(latest)
    }

    /// The registers a meter has reads of in `range_ms`, in order.
    async fn registers_of(&self, meter: &MeterId, range_ms: &Range<i64>) -> Result<BTreeSet<Series>, Error> {
        let mut registers = BTreeSet::new();
        let Some((shard, number)) = self.find(meter) else {
            return Ok(registers);
        };
        let days = {
            let memory = shard.lock();
            for arena in memory.arenas() {
                let rows = arena
                    .rows(number, u32::MAX)
                    .filter(|row| range_ms.contains(&row.start_ms));
                let series: BTreeSet<_> = rows.map(|row| row.series).collect();
                registers.extend(series.into_iter().filter_map(|series| arena.series(series)));
            }
            days_of(range_ms, memory.days)
        };
        for day in days {
            let mut found = |key: &BlockKey, _: &[u8]| {
                registers.insert(key.series.clone());
            };
            self.store
                .day(shard.number, day, number..number.saturating_add(1), &mut found)
                .await?;
        }
        registers.retain(|series| matches!(series, Series::Register(..)));
        Ok(registers)
    }

    /// The sets of one series on the days that `range_ms` touches, by day; what is outside the range need not be complete.
    async fn sets(
        &self,
        meter: &MeterId,
        series: &Series,
        range_ms: &Range<i64>,
    ) -> Result<Vec<DaySet>, Error> {
        let Some((shard, number)) = self.find(meter) else {
            return Ok(Vec::new());
        };
        let (rows, days) = {
            let memory = shard.lock();
            let mut rows = memory.rows_of(number, series);
            rows.retain(|row| range_ms.contains(&row.start_ms));
            (rows, days_of(range_ms, memory.days))
        };
        let key = |day| BlockKey {
            day,
            meter: number,
            series: series.clone(),
        };
        let keys: Vec<BlockKey> = days.map(key).collect();
        let mut sets: Vec<DaySet> = keys.iter().map(|key| DaySet::empty(key.day)).collect();
        let mut unreadable = None;
        let mut found = |index: usize, bytes: &[u8]| {
            if let Some(set) = sets.get_mut(index) {
                unreadable = block::decode(bytes, &mut set.entries).err().or(unreadable);
            }
        };
        self.store.parts(shard.number, &keys, &mut found).await?;
        if let Some(error) = unreadable {
            return Err(unreadable_block(error).into());
        }
        add_rows(&mut sets, &rows);
        sets.iter_mut().for_each(|set| block::canonical(&mut set.entries));
        Ok(sets)
    }
}

/// That a stored block is none.
pub(super) fn unreadable_block(error: block::Malformed) -> StoreError {
    StoreError::Damaged {
        what: "block",
        reason: error.to_string(),
    }
}

/// Adds each row to the set of its day; `sets` has every day of a range, ascending.
fn add_rows(sets: &mut [DaySet], rows: &[Row]) {
    let Some(first) = sets.first().map(|set| set.day) else {
        return;
    };
    for row in rows.iter().rev() {
        let index = row
            .day()
            .checked_sub(first)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(set) = index.and_then(|index| sets.get_mut(index)) {
            set.entries.push(row.entry());
        }
    }
}

/// The UTC days that `range_ms` touches, of those between which anything lies.
fn days_of(range_ms: &Range<i64>, known: Option<(i32, i32)>) -> RangeInclusive<i32> {
    let (first, last) = match known {
        Some(known) if !range_ms.is_empty() => known,
        _ => return RangeInclusive::new(1, 0),
    };
    let begin = day_of(range_ms.start).max(first);
    let end = day_of(range_ms.end.saturating_sub(1)).min(last);
    begin..=end
}

fn in_effect(start_ms: i64, identity: &[Entry]) -> Option<IntervalRead> {
    let Winner { entry, conflict } = winner::of_energy(identity)?;
    Some(IntervalRead {
        start_ms,
        content: entry.content,
        received_ms: received_ms(&entry),
        conflict,
        versions: u32::try_from(identity.len()).unwrap_or(u32::MAX),
    })
}

fn versioned(start_ms: i64, identity: &[Entry], telemetry: bool) -> Option<VersionedRead> {
    let Winner { entry, conflict } = if telemetry {
        winner::of_telemetry(identity)?
    } else {
        winner::of_energy(identity)?
    };
    let version = |entry: &Entry| Version {
        content: entry.content,
        received_ms: received_ms(entry),
    };
    let others = identity
        .iter()
        .rev()
        .filter(|other| other.content != entry.content);
    Some(VersionedRead {
        start_ms,
        conflict,
        versions: std::iter::once(&entry).chain(others).map(version).collect(),
    })
}

fn received_ms(entry: &Entry) -> i64 {
    i64::from(entry.received_s) * 1000
}

fn start_of_day(day: i32) -> i64 {
    i64::from(day).saturating_mul(DAY_MS)
}
