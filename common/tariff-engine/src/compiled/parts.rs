//! A period cut where versions begin (`RATING` 3.11) and where values by name change (`RATING` 3.17).

use std::sync::Arc;

use chrono::NaiveDate;

use crate::RatingError;
use crate::charge::Charge;
use crate::local;
use crate::period::Period;
use crate::tariff::{Tariff, Version};
use crate::values::{self, Values};

/// What one version of the tariff, with one set of values, has of the period.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// With its values filled in.
    pub(super) tariff: Arc<Tariff>,
    /// Index of the version.
    version: usize,
    pub(super) period: Period,
    pub(super) days: Vec<NaiveDate>,
    /// Appended to ids of lines; `None` where the bill has one version.
    pub(super) first_day: Option<NaiveDate>,
}

impl Part {
    pub(super) fn charges(&self) -> &[Charge] {
        let version = self.tariff.versions.get(self.version);
        version.map_or(&[], |version| &version.charges)
    }

    /// The id of a charge's line: band and first day appended where there are such.
    pub(super) fn line_id(&self, charge: &str, suffix: Option<&str>) -> String {
        match (suffix, self.first_day) {
            (None, None) => charge.to_owned(),
            (Some(suffix), None) => format!("{charge}.{suffix}"),
            (None, Some(day)) => format!("{charge}@{day}"),
            (Some(suffix), Some(day)) => format!("{charge}.{suffix}@{day}"),
        }
    }
}

/// The parts of a period, in order and without a gap.
pub(super) fn of(tariff: &Arc<Tariff>, period: &Period, values: &Values) -> Result<Vec<Part>, RatingError> {
    let mut parts: Vec<Part> = Vec::new();
    let mut covered_ms = period.start_ms;
    for (index, version) in tariff.versions.iter().enumerate() {
        let Some(stretch) = part_of(version, period)? else {
            continue;
        };
        if stretch.start_ms > covered_ms {
            break;
        }
        covered_ms = stretch.end_ms;
        for (part, tariff) in pieces(tariff, version, &stretch, values)? {
            parts.push(Part {
                tariff,
                version: index,
                period: part,
                days: part.days()?,
                first_day: Some(part.from_date()?),
            });
        }
    }
    if covered_ms < period.end_ms {
        let day = local::date(period.zone, covered_ms).ok_or(RatingError::Period)?;
        return Err(RatingError::TariffGap { day });
    }
    check_rounding(&parts)?;
    if let [part] = parts.as_mut_slice()
        && !tariff.versioned
    {
        part.first_day = None;
    }
    Ok(parts)
}

/// The part of the period on which a version holds.
fn part_of(version: &Version, period: &Period) -> Result<Option<Period>, RatingError> {
    let at = |date: Option<NaiveDate>, open: i64| match date {
        Some(date) => local::midnight(period.zone, date).ok_or(RatingError::Period),
        None => Ok(open),
    };
    Ok(period.part(at(version.from, period.start_ms)?, at(version.to, period.end_ms)?))
}

/// The stretches of what a version has of the period on which no value changes, each with the tariff as its values make it. What other
/// versions call neither cuts nor is missing here.
fn pieces(
    tariff: &Arc<Tariff>,
    version: &Version,
    period: &Period,
    values: &Values,
) -> Result<Vec<(Period, Arc<Tariff>)>, RatingError> {
    if tariff.names.is_empty() {
        return Ok(vec![(*period, Arc::clone(tariff))]);
    }
    let text = tariff.text_of(version);
    let (from, to) = (period.from_date()?, period.to_date()?);
    let mut starts = vec![(from, period.start_ms)];
    for day in values.changes(&values::names(&text), from, to) {
        starts.push((day, local::midnight(period.zone, day).ok_or(RatingError::Period)?));
    }
    let ends = starts.iter().skip(1).map(|(_, at)| *at).chain([period.end_ms]);
    let mut pieces = Vec::new();
    for ((day, start_ms), end_ms) in starts.iter().zip(ends) {
        let filled = tariff.filled(&text, version, (values, *day))?;
        if let Some(piece) = period.part(*start_ms, end_ms) {
            pieces.push((piece, Arc::new(filled)));
        }
    }
    Ok(pieces)
}

fn check_rounding(parts: &[Part]) -> Result<(), RatingError> {
    let change = parts.windows(2).find_map(|pair| match pair {
        [a, b] if a.tariff.rounding != b.tariff.rounding => b.first_day,
        _ => None,
    });
    let Some(day) = change else { return Ok(()) };
    let reason = format!("changes inside the cycle, on {day}, and a bill is rounded in one way");
    Err(RatingError::not_priced("rounding", reason))
}
