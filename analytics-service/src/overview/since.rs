//! What began since some local instant of every service point's zone: midnight for today, the first of the month for this cycle.
//!
//! The calendar month is the cycle of a calendar with billing day 1. Calendars differ by agreement; the bill to date of an agreement
//! knows its own cycle.

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;
use proto::analytics::GroupWindow;

use crate::day::{Cell, DAY_MS, MINUTE_MS, day_of};
use crate::error::Error;
use crate::group::{GroupIndex, zone_of};
use crate::usage::{Sum, shown};
use crate::view::View;

/// What began since then.
pub(super) struct ToDate {
    /// Of all regions.
    pub(super) total: Sum,
    /// By region, in order of name and beginning; those with readings.
    pub(super) regions: Vec<GroupWindow>,
    /// Some of the days are being computed again.
    pub(super) recomputing: bool,
}

/// Where a group's cells go: the place of its sum, and the first instant that counts.
#[derive(Clone, Copy)]
struct Target {
    place: usize,
    start: i64,
}

/// Sums what began since `begin(zone, now)`: for a month at most 32 UTC days, as many as windows of one day over it.
///
/// # Errors
/// [`Error::Overflow`], [`Error::Store`].
pub(super) async fn answer(view: &View, now_ms: i64, begin: fn(Tz, i64) -> i64) -> Result<ToDate, Error> {
    let groups = view.common.groups.all();
    let mut starts: HashMap<Tz, i64> = HashMap::new();
    // a region whose points lie in several zones has a day or month of each
    let mut rows: BTreeMap<(&str, i64), (Tz, Vec<GroupIndex>)> = BTreeMap::new();
    for (number, group) in (0..=GroupIndex::MAX).zip(&groups) {
        let zone = zone_of(group);
        let start = *starts.entry(zone).or_insert_with(|| begin(zone, now_ms));
        let (_, members) = rows
            .entry((group.region.as_str(), start))
            .or_insert_with(|| (zone, Vec::new()));
        members.push(number);
    }
    let mut targets: Vec<Option<Target>> = vec![None; groups.len()];
    for (place, ((_, start), (_, members))) in rows.iter().enumerate() {
        for member in members {
            if let Some(target) = targets.get_mut(usize::from(*member)) {
                *target = Some(Target { place, start: *start });
            }
        }
    }
    let first = starts.values().copied().min().unwrap_or(now_ms);
    let days = day_of(first)..day_of(now_ms).saturating_add(1);
    let mut to_date = ToDate {
        total: Sum::default(),
        regions: Vec::new(),
        recomputing: view.recomputing(days.clone()),
    };
    let mut sums = vec![Sum::default(); rows.len()];
    for day in days {
        let day_start = i64::from(day) * DAY_MS;
        let add = |minute: usize, group: GroupIndex, cell: Cell| {
            // a minute is below 1,440
            let time = day_start + minute as i64 * MINUTE_MS;
            let target = targets.get(usize::from(group)).copied().flatten();
            let Some(target) = target.filter(|target| target.start <= time) else {
                return Ok(());
            };
            to_date.total.add(cell)?;
            sums.get_mut(target.place).map_or(Ok(()), |sum| sum.add(cell))
        };
        view.cells(day, add).await?;
    }
    to_date.regions = (rows.iter().zip(&sums))
        .filter(|(_, sum)| sum.readings > 0)
        .map(|(((region, start), (zone, _)), sum)| sum.window(region, shown(*start, *zone), false))
        .collect();
    Ok(to_date)
}
