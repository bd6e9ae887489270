//! Windows of one grouping: minutes summed to windows, groups summed to what the request names, when asked.

mod query;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use model::Energy;
use proto::analytics::{GroupUsageResponse, GroupWindow};

use crate::day::{Cell, DAY_MS, MINUTE_MS, Overflow};
use crate::error::{Error, Refusal};
use crate::group::{GroupIndex, zone_of};
pub(crate) use crate::usage::query::Query;
use crate::view::View;
use crate::window::Resolution;

/// Sums in memory at a time, some megabytes; more are computed in rounds.
const MAX_SUMS: usize = 200_000;

/// What a window has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    /// Milliwatt-hours.
    pub(crate) import: i64,
    /// Milliwatt-hours.
    pub(crate) export: i64,
    /// Intervals.
    pub(crate) readings: u64,
}

impl Sum {
    /// Adds `cell`.
    ///
    /// # Errors
    /// [`Overflow`].
    pub(crate) fn add(&mut self, cell: Cell) -> Result<(), Overflow> {
        self.import = self.import.checked_add(cell.import).ok_or(Overflow)?;
        self.export = self.export.checked_add(cell.export).ok_or(Overflow)?;
        self.readings = self.readings.saturating_add(u64::from(cell.readings));
        Ok(())
    }

    /// As the wire has it.
    pub(crate) fn window(self, group: &str, start: String, closed: bool) -> GroupWindow {
        GroupWindow {
            group: group.to_owned(),
            start,
            import_kwh: Energy::from_milliwatt_hours(self.import).to_string(),
            export_kwh: Energy::from_milliwatt_hours(self.export).to_string(),
            readings: self.readings,
            closed,
        }
    }
}

/// Answers `query`.
///
/// # Errors
/// [`Error::Request`], [`Error::Overflow`], [`Error::Store`].
pub(crate) async fn answer(view: &View, query: &Query) -> Result<GroupUsageResponse, Error> {
    // asked before the groups are listed and the sums are made: what is folded meanwhile may be in some of them
    let moved = view.register_moved().await;
    let groups = view.common.groups.all();
    let mut names: BTreeMap<&str, Vec<(GroupIndex, Tz)>> = BTreeMap::new();
    for (number, group) in (0..=GroupIndex::MAX).zip(&groups) {
        let name = query.by.name(group);
        if query
            .after
            .as_ref()
            .is_none_or(|after| name >= after.group.as_str())
        {
            names.entry(name).or_default().push((number, zone_of(group)));
        }
    }
    let zones: BTreeSet<&str> = names.values().flatten().map(|(_, zone)| zone.name()).collect();
    let axis = Axis::new(query, &zones)?;
    let closed = axis.closed_days(view);
    let recomputing = moved || view.recomputing(axis.days.clone());
    let mut page = Page {
        query,
        axis: &axis,
        closed: &closed,
        last: None,
        response: GroupUsageResponse {
            recomputing,
            ..GroupUsageResponse::default()
        },
    };
    let names: Vec<(&str, Vec<(GroupIndex, Tz)>)> = names.into_iter().collect();
    for round in names.chunks((MAX_SUMS / axis.windows.len().max(1)).max(1)) {
        let sums = sums(view, &axis, round).await?;
        for ((name, _), sums) in round.iter().zip(sums.chunks(axis.windows.len().max(1))) {
            if !page.add(name, sums) {
                return Ok(page.response);
            }
        }
    }
    Ok(page.response)
}

/// The sums of some names, one after the other, each in order of the axis.
async fn sums(view: &View, axis: &Axis, names: &[(&str, Vec<(GroupIndex, Tz)>)]) -> Result<Vec<Sum>, Error> {
    let width = axis.windows.len();
    let mut sums = vec![Sum::default(); names.len() * width];
    let mut targets: HashMap<GroupIndex, (usize, &[usize])> = HashMap::new();
    for (row, (_, groups)) in names.iter().enumerate() {
        for (group, zone) in groups {
            targets.insert(*group, (row * width, axis.of_zone(*zone)));
        }
    }
    for day in axis.days.clone() {
        let day_start = i64::from(day) * DAY_MS;
        let add = |minute: usize, group: GroupIndex, cell: Cell| {
            let Some((offset, windows)) = targets.get(&group) else {
                return Ok(());
            };
            // a minute is below 1,440
            let time = day_start + minute as i64 * MINUTE_MS;
            let sum = axis
                .window_at(windows, time)
                .and_then(|window| sums.get_mut(offset + window));
            sum.map_or(Ok(()), |sum| sum.add(cell))
        };
        view.cells(day, add).await?;
    }
    Ok(sums)
}

/// The windows of an answer, in order of start, then end.
struct Axis {
    windows: Vec<(i64, i64, Tz)>,
    /// By zone: which of the windows are its own. Zones differ only in their days.
    zones: HashMap<Tz, Vec<usize>>,
    /// The UTC days that they touch.
    days: Range<i32>,
}

impl Axis {
    fn new(query: &Query, zones: &BTreeSet<&str>) -> Result<Self, Refusal> {
        let mut by_zone: Vec<(Tz, Vec<Range<i64>>)> = Vec::new();
        let daily = query.resolution == Resolution::Day;
        let named = zones
            .iter()
            .filter(|_| daily)
            .filter_map(|zone| zone.parse().ok());
        for zone in named.chain((!daily).then_some(Tz::UTC)) {
            by_zone.push((zone, query.resolution.windows(&query.range, zone)?));
        }
        let mut shown: BTreeMap<(i64, i64), Tz> = BTreeMap::new();
        for (zone, windows) in &by_zone {
            for window in windows {
                shown.entry((window.start, window.end)).or_insert(*zone);
            }
        }
        let windows: Vec<(i64, i64, Tz)> = shown
            .into_iter()
            .map(|((start, end), zone)| (start, end, zone))
            .collect();
        let place = |window: &Range<i64>| {
            windows
                .binary_search_by_key(&(window.start, window.end), |(start, end, _)| (*start, *end))
                .ok()
        };
        let zones = (by_zone.iter())
            .map(|(zone, own)| (*zone, own.iter().filter_map(place).collect()))
            .collect();
        let start = windows.first().map_or(0, |(start, ..)| *start);
        let end = windows.iter().map(|(_, end, _)| *end).max().unwrap_or(start);
        let day = |time: i64| i32::try_from(time.div_euclid(DAY_MS)).unwrap_or(i32::MAX);
        let days = if windows.is_empty() {
            0..0
        } else {
            day(start)..day(end - 1).saturating_add(1)
        };
        Ok(Self { windows, zones, days })
    }

    fn of_zone(&self, zone: Tz) -> &[usize] {
        let own = self.zones.get(&zone).or_else(|| self.zones.get(&Tz::UTC));
        own.map_or(&[], Vec::as_slice)
    }

    /// Which of `own` windows a time lies in.
    fn window_at(&self, own: &[usize], time: i64) -> Option<usize> {
        let starts_by = |place: &usize| self.windows.get(*place).is_some_and(|(start, ..)| *start <= time);
        let place = *own.get(own.partition_point(starts_by).checked_sub(1)?)?;
        let (_, end, _) = self.windows.get(place)?;
        (time < *end).then_some(place)
    }

    fn closed_days(&self, view: &View) -> Vec<bool> {
        let now = view.common.moment();
        self.days.clone().map(|day| view.is_closed(day, now)).collect()
    }

    fn is_closed(&self, closed_days: &[bool], start: i64, end: i64) -> bool {
        let place = |time: i64| {
            let day = time.div_euclid(DAY_MS) - i64::from(self.days.start);
            usize::try_from(day).unwrap_or(usize::MAX)
        };
        closed_days
            .get(place(start)..=place(end - 1))
            .is_some_and(|days| days.iter().all(|closed| *closed))
    }
}

/// An answer as it grows.
struct Page<'a> {
    query: &'a Query,
    axis: &'a Axis,
    closed: &'a [bool],
    last: Option<query::Cursor>,
    response: GroupUsageResponse,
}

impl Page<'_> {
    /// Adds the windows of `name` that have readings; `false` when the page is full.
    fn add(&mut self, name: &str, sums: &[Sum]) -> bool {
        for ((start, end, zone), sum) in self.axis.windows.iter().zip(sums) {
            if sum.readings == 0 || self.query.is_behind(name, *start, *end) {
                continue;
            }
            if self.response.items.len() == self.query.limit {
                self.response.next_cursor = self.last.as_ref().map(|last| self.query.cursor(last));
                return false;
            }
            let closed = self.axis.is_closed(self.closed, *start, *end);
            self.response
                .items
                .push(sum.window(name, shown(*start, *zone), closed));
            self.last = Some(query::Cursor::new(name, *start, *end));
        }
        true
    }
}

/// A time as RFC 3339 with the offset of `zone`.
pub(crate) fn shown(time_ms: i64, zone: Tz) -> String {
    let time = DateTime::from_timestamp_millis(time_ms).unwrap_or_default();
    time.with_timezone(&zone)
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}
