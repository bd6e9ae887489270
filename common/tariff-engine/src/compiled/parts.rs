//! A period cut where versions begin (`RATING` 3.11) and where values by name change (`RATING` 3.17).

use std::sync::Arc;

use chrono::NaiveDate;

use crate::RatingError;
use crate::charge::Charge;
use crate::local;
use crate::period::Period;
use crate::tariff::{Tariff, Version};
use crate::values::Values;

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
    let pieces = pieces(tariff, period, values)?;
    let is_cut = pieces.len() > 1;
    let mut parts = Vec::new();
    let mut covered_ms = period.start_ms;
    for (piece, tariff) in pieces {
        for (index, version) in tariff.versions.iter().enumerate() {
            let Some(part) = part_of(version, &piece)? else {
                continue;
            };
            if part.start_ms > covered_ms {
                break;
            }
            covered_ms = part.end_ms;
            let first_day = part.from_date()?;
            parts.push(Part {
                tariff: Arc::clone(&tariff),
                version: index,
                period: part,
                days: part.days()?,
                first_day: (tariff.versioned || is_cut).then_some(first_day),
            });
        }
    }
    if covered_ms < period.end_ms {
        let day = local::date(period.zone, covered_ms).ok_or(RatingError::Period)?;
        return Err(RatingError::TariffGap { day });
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

/// The stretches on which no value changes, each with the tariff as its values make it.
fn pieces(
    tariff: &Arc<Tariff>,
    period: &Period,
    values: &Values,
) -> Result<Vec<(Period, Arc<Tariff>)>, RatingError> {
    if tariff.names.is_empty() {
        return Ok(vec![(*period, Arc::clone(tariff))]);
    }
    let (from, to) = (period.from_date()?, period.to_date()?);
    let changes = values.changes(&tariff.names, from, to);
    let mut starts = vec![(from, period.start_ms)];
    for day in changes {
        starts.push((day, local::midnight(period.zone, day).ok_or(RatingError::Period)?));
    }
    let ends = starts.iter().skip(1).map(|(_, at)| *at).chain([period.end_ms]);
    let mut pieces: Vec<(Period, Arc<Tariff>)> = Vec::new();
    for ((day, start_ms), end_ms) in starts.iter().zip(ends) {
        let filled = Arc::new(tariff.filled(values, *day)?);
        if let Some((_, first)) = pieces.first()
            && first.rounding != filled.rounding
        {
            let reason = format!("changes inside the cycle, on {day}, and a bill is rounded in one way");
            return Err(RatingError::not_priced("rounding", reason));
        }
        if let Some(piece) = period.part(*start_ms, end_ms) {
            pieces.push((piece, filled));
        }
    }
    Ok(pieces)
}
