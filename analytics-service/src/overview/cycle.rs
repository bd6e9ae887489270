//! The current cycle to date, as far as windows can tell: the calendar month of every service point's zone, which is the cycle of a
//! calendar with billing day 1. Calendars differ by agreement; the bill to date of an agreement knows its own cycle.

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;
use proto::analytics::GroupWindow;

use crate::day::{Cell, DAY_MS, MINUTE_MS};
use crate::error::Error;
use crate::group::{GroupIndex, zone_of};
use crate::usage::{Sum, shown};
use crate::view::View;
use crate::window::month_start;

/// What began since the first of the month.
pub(super) struct Cycle {
    /// Of all regions.
    pub(super) total: Sum,
    /// By region, in order of name and beginning; those with readings.
    pub(super) regions: Vec<GroupWindow>,
}

/// Where a group's cells go: the place of its sum, and the first instant of its month.
#[derive(Clone, Copy)]
struct Target {
    place: usize,
    start: i64,
}

/// Sums at most 32 UTC days, as many as windows of one day over a month.
///
/// # Errors
/// [`Error::Overflow`], [`Error::Store`].
pub(super) async fn answer(view: &View, now_ms: i64) -> Result<Cycle, Error> {
    let groups = view.common.groups.all();
    let mut months: HashMap<Tz, i64> = HashMap::new();
    // a region whose points lie in several zones has a month of each
    let mut rows: BTreeMap<(&str, i64), (Tz, Vec<GroupIndex>)> = BTreeMap::new();
    for (number, group) in (0..=GroupIndex::MAX).zip(&groups) {
        let zone = zone_of(group);
        let start = *months.entry(zone).or_insert_with(|| month_start(zone, now_ms));
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
    let mut cycle = Cycle {
        total: Sum::default(),
        regions: Vec::new(),
    };
    let mut sums = vec![Sum::default(); rows.len()];
    let day_of = |time: i64| i32::try_from(time.div_euclid(DAY_MS)).unwrap_or_default();
    let first = months.values().copied().min().unwrap_or(now_ms);
    for day in day_of(first)..=day_of(now_ms) {
        let day_start = i64::from(day) * DAY_MS;
        let add = |minute: usize, group: GroupIndex, cell: Cell| {
            // a minute is below 1,440
            let time = day_start + minute as i64 * MINUTE_MS;
            let target = targets.get(usize::from(group)).copied().flatten();
            let Some(target) = target.filter(|target| target.start <= time) else {
                return Ok(());
            };
            cycle.total.add(cell)?;
            sums.get_mut(target.place).map_or(Ok(()), |sum| sum.add(cell))
        };
        view.cells(day, add).await?;
    }
    cycle.regions = (rows.iter().zip(&sums))
        .filter(|(_, sum)| sum.readings > 0)
        .map(|(((region, start), (zone, _)), sum)| sum.window(region, shown(*start, *zone), false))
        .collect();
    Ok(cycle)
}
