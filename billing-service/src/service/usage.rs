//! Usage of one meter by windows of time: a window has what began in it.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate};
use chrono_tz::Tz;
use model::{Channel, Energy, MeterId};
use proto::billing::{GetUsageRequest, GetUsageResponse, UsageWindow};
use tariff_engine::local;

use super::readings::{meter_id, zone_of};
use crate::error::Error;
use crate::office::Office;
use crate::time;

/// Most windows of an answer; the cursor is the `from` of the next.
const MOST: usize = 10_000;

/// The length of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    /// Milliseconds, from multiples of the local clock.
    Clock(i64),
    LocalDay,
    LocalMonth,
}

impl Resolution {
    fn parse(word: &str) -> Result<Self, Error> {
        match word {
            "15m" => Ok(Self::Clock(900_000)),
            "1h" => Ok(Self::Clock(3_600_000)),
            "1d" | "" => Ok(Self::LocalDay),
            "1mo" => Ok(Self::LocalMonth),
            _ => Err(Error::Invalid {
                reason: "BAD_RESOLUTION",
                message: "resolution must be 15m, 1h, 1d or 1mo".to_owned(),
            }),
        }
    }

    /// The window that an instant lies in; `None` beyond the calendar.
    fn window(self, zone: Tz, at_ms: i64) -> Option<(i64, i64)> {
        let dates =
            |from: NaiveDate, to: NaiveDate| Some((local::midnight(zone, from)?, local::midnight(zone, to)?));
        match self {
            Self::Clock(length) => {
                let clock = at_ms.checked_add(local::offset_ms(zone, at_ms)?)?;
                let start = at_ms.checked_sub(clock.rem_euclid(length))?;
                Some((start, start.checked_add(length)?))
            }
            Self::LocalDay => {
                let day = local::date(zone, at_ms)?;
                dates(day, day.succ_opt()?)
            }
            Self::LocalMonth => {
                let first = local::date(zone, at_ms)?.with_day(1)?;
                dates(first, first.checked_add_months(Months::new(1))?)
            }
        }
    }

    /// How long a range is of which only one end is named, or none: long enough for the window under way and the one before it.
    fn usual(self) -> (Months, Days) {
        match self {
            Self::Clock(_) | Self::LocalDay => (Months::new(0), Days::new(1)),
            Self::LocalMonth => (Months::new(1), Days::new(0)),
        }
    }

    /// What was asked for. Without an end it ends now, or the usual time after its beginning where that is later; without a beginning it
    /// is the usual time before its end.
    fn range(self, from: &str, to: &str, now_ms: i64) -> Result<Range<i64>, Error> {
        let (months, days) = self.usual();
        let after = |from: i64| {
            let from = DateTime::from_timestamp_millis(from)?;
            let to = from.checked_add_months(months)?.checked_add_days(days)?;
            Some(to.timestamp_millis().max(now_ms))
        };
        let before = |to: i64| {
            let to = DateTime::from_timestamp_millis(to)?;
            let from = to.checked_sub_months(months)?.checked_sub_days(days)?;
            Some(from.timestamp_millis())
        };
        let given = |key: &str, text: &str| match text {
            "" => Ok(None),
            text => time::parse(key, text).map(Some),
        };
        let (from, to) = (given("from", from)?, given("to", to)?);
        let to = match (from, to) {
            (_, Some(to)) => Some(to),
            (Some(from), None) => after(from),
            (None, None) => Some(now_ms),
        };
        let from = from.or_else(|| before(to?));
        match (from, to) {
            (Some(from), Some(to)) if from < to => Ok(from..to),
            _ => Err(time::bad_range()),
        }
    }
}

/// What began in a window.
#[derive(Debug, Clone, Default)]
struct Sum {
    import: i64,
    export: i64,
    readings: u32,
    quality: BTreeMap<String, u32>,
}

pub(super) async fn get(office: &Office, request: &GetUsageRequest) -> Result<GetUsageResponse, Error> {
    let meter = meter_id(office, &request.meter_id)?;
    let resolution = Resolution::parse(&request.resolution)?;
    let zone = zone_of(office, &request.meter_id);
    let now_ms = office.clock.now_ms();
    let range = resolution.range(&request.from, &request.to, now_ms)?;
    let (windows, next_ms) = windows(zone, resolution, range.start..range.end.min(now_ms));
    let channels = channels(office, &request.meter_id);
    let mut sums: Vec<Sum> = vec![Sum::default(); windows.len()];
    if let (Some((start_ms, _)), Some((_, end_ms))) = (windows.first(), windows.last()) {
        add_up(office, &meter, &windows, *start_ms..*end_ms, &mut sums).await?;
    }
    let length_ms = i64::from(office.configured_seconds(&request.meter_id))
        .saturating_mul(1000)
        .max(1);
    let shown = |((start_ms, end_ms), sum): (&(i64, i64), Sum)| {
        let expected = end_ms
            .saturating_sub(*start_ms)
            .div_euclid(length_ms)
            .saturating_mul(channels);
        UsageWindow {
            start: time::in_zone(zone, *start_ms),
            import_kwh: Energy::from_milliwatt_hours(sum.import).to_string(),
            export_kwh: Energy::from_milliwatt_hours(sum.export).to_string(),
            readings: sum.readings,
            expected: u32::try_from(expected).unwrap_or(u32::MAX),
            quality: sum.quality,
        }
    };
    Ok(GetUsageResponse {
        meter_id: request.meter_id.clone(),
        zone: zone.name().to_owned(),
        items: windows.iter().zip(sums).map(shown).collect(),
        next_cursor: next_ms.map(time::utc),
    })
}

/// How many of import and export the meter has.
fn channels(office: &Office, meter: &str) -> i64 {
    let index = office.register.index();
    let energy = |facts: &crate::register::MeterFacts| {
        let count = facts
            .channels
            .iter()
            .filter(|channel| **channel != Channel::Reactive)
            .count();
        i64::try_from(count).unwrap_or(1)
    };
    index.meter(meter).map_or(1, energy)
}

/// The windows that overlap the range, each whole, and where the next answer would begin.
fn windows(zone: Tz, resolution: Resolution, range_ms: Range<i64>) -> (Vec<(i64, i64)>, Option<i64>) {
    let mut found = Vec::new();
    let mut at_ms = range_ms.start;
    while let Some((start_ms, end_ms)) = resolution.window(zone, at_ms) {
        if start_ms >= range_ms.end || end_ms <= at_ms {
            return (found, None);
        }
        if found.len() == MOST {
            return (found, Some(start_ms));
        }
        found.push((start_ms, end_ms));
        at_ms = end_ms;
    }
    (found, None)
}

async fn add_up(
    office: &Office,
    meter: &MeterId,
    windows: &[(i64, i64)],
    range_ms: Range<i64>,
    sums: &mut [Sum],
) -> Result<(), Error> {
    const STEP_MS: i64 = 31 * local::DAY_MS;
    let mut at_ms = range_ms.start;
    while at_ms < range_ms.end {
        let end_ms = at_ms.saturating_add(STEP_MS).min(range_ms.end);
        for channel in [Channel::Import, Channel::Export] {
            let mut window = 0;
            for read in office.intervals(meter, channel, at_ms..end_ms).await? {
                while windows
                    .get(window)
                    .is_some_and(|(_, end_ms)| *end_ms <= read.start_ms)
                {
                    window += 1;
                }
                let Some(sum) = sums.get_mut(window) else { continue };
                let total = if channel == Channel::Import {
                    &mut sum.import
                } else {
                    &mut sum.export
                };
                *total = total.saturating_add(read.content.value);
                sum.readings = sum.readings.saturating_add(1);
                let quality = if read.conflict {
                    "CONFLICT"
                } else {
                    read.content.quality.word()
                };
                *sum.quality.entry(quality.to_owned()).or_default() += 1;
            }
        }
        at_ms = end_ms;
    }
    Ok(())
}
