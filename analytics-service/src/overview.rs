//! The whole utility at a glance, and the power that metrics show.

mod since;

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use model::Energy;
use proto::analytics::OverviewResponse;

use crate::day::{Cell, DAY_MS, MINUTE_MS, Overflow};
use crate::error::Error;
use crate::group::GroupIndex;
use crate::usage::Sum;
use crate::view::View;
use crate::window::{day_start, month_start};

/// The quarter of an hour that power is the mean of.
const QUARTER_MS: i64 = 15 * MINUTE_MS;
/// A quarter counts as complete this long after its end: meters send when their interval is over.
const SETTLE_MS: i64 = MINUTE_MS;
/// Quarters per hour: what turns milliwatt-hours of a quarter into milliwatts.
const QUARTERS_PER_HOUR: i64 = 4;

/// Answers what the utility does now, and did today and in this cycle, both by the clock of each service point.
///
/// # Errors
/// [`Error::Overflow`], [`Error::Store`].
pub(crate) async fn answer(view: &View) -> Result<OverviewResponse, Error> {
    let now = view.common.clock.now();
    let moved = view.register_moved().await;
    let today = since::answer(view, now.timestamp_millis(), day_start).await?;
    let cycle = since::answer(view, now.timestamp_millis(), month_start).await?;
    let power = power(view).await?.into_values().try_fold(0_i64, i64::checked_add);
    Ok(OverviewResponse {
        now: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        meters_seen: view.shards.iter().map(|shard| shard.lock().meters_seen()).sum(),
        readings_today: today.total.readings,
        import_kwh_today: Energy::from_milliwatt_hours(today.total.import).to_string(),
        export_kwh_today: Energy::from_milliwatt_hours(today.total.export).to_string(),
        regions_today: today.regions,
        lag_messages: view.lag(),
        power_w: watts(power.ok_or(Overflow)?),
        readings_this_cycle: cycle.total.readings,
        import_kwh_this_cycle: Energy::from_milliwatt_hours(cycle.total.import).to_string(),
        export_kwh_this_cycle: Energy::from_milliwatt_hours(cycle.total.export).to_string(),
        regions_this_cycle: cycle.regions,
        recomputing: moved || today.recomputing || cycle.recomputing,
    })
}

/// Mean imported power of every region in the last complete quarter of an hour, in milliwatts; 0 where nothing was imported.
///
/// # Errors
/// [`Error::Overflow`], [`Error::Store`].
pub(crate) async fn power(view: &View) -> Result<BTreeMap<String, i64>, Error> {
    let end = view
        .common
        .clock
        .now_ms()
        .saturating_sub(SETTLE_MS)
        .div_euclid(QUARTER_MS)
        * QUARTER_MS;
    let start = end - QUARTER_MS;
    let day = i32::try_from(start.div_euclid(DAY_MS)).unwrap_or_default();
    let first = usize::try_from(start.rem_euclid(DAY_MS) / MINUTE_MS).unwrap_or_default();
    let minutes = first..first + 15;
    let regions = Regions::new(view);
    let mut sums = vec![Sum::default(); regions.names.len()];
    let add = |minute: usize, group: GroupIndex, cell: Cell| {
        let sum = regions
            .sum(&mut sums, group)
            .filter(|_| minutes.contains(&minute));
        sum.map_or(Ok(()), |sum| sum.add(cell))
    };
    view.cells(day, add).await?;
    let milliwatts = |sum: &Sum| sum.import.checked_mul(QUARTERS_PER_HOUR).ok_or(Error::Overflow);
    (regions.names.into_iter().zip(&sums))
        .map(|(region, sum)| Ok((region, milliwatts(sum)?)))
        .collect()
}

/// Milliwatts as decimal watts without needless zeros.
fn watts(milliwatts: i64) -> String {
    // an energy shows millionths
    Energy::from_milliwatt_hours(milliwatts.saturating_mul(1000)).to_string()
}

/// The regions of all groups.
struct Regions {
    names: Vec<String>,
    place: Vec<usize>,
}

impl Regions {
    fn new(view: &View) -> Self {
        let groups = view.common.groups.all();
        let mut names: Vec<String> = groups.iter().map(|group| group.region.clone()).collect();
        names.sort_unstable();
        names.dedup();
        let place = |region: &String| names.binary_search(region).unwrap_or(usize::MAX);
        let place = groups.iter().map(|group| place(&group.region)).collect();
        Self { names, place }
    }

    fn sum<'a>(&self, sums: &'a mut [Sum], group: GroupIndex) -> Option<&'a mut Sum> {
        sums.get_mut(*self.place.get(usize::from(group))?)
    }
}
