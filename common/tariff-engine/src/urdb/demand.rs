//! Prices of power (`RATING` 2.4).

use crate::exact::Exact;

use super::month::{Month, Span};
use super::record::Record;
use super::tiers::{BeyondLastTier, Scale, Side, graduated};

/// The flat demand of a month, for the kW that are billed.
pub(super) fn flat(
    record: &Record,
    span: &Span,
    billed_kw: &Exact,
    scale: &Scale,
) -> Result<Exact, BeyondLastTier> {
    let Some((structure, months)) = &record.flat_demand else {
        return Ok(Exact::ZERO);
    };
    let period = months.get(span.month()).copied().unwrap_or_default();
    let tiers = structure.get(period).map(Vec::as_slice).unwrap_or_default();
    graduated(tiers, billed_kw, scale, Side::Price)
}

/// The sum over the periods that occur in the month, each by the highest demand in it.
pub(super) fn time_of_use(record: &Record, month: &Month, scale: &Scale) -> Result<Exact, BeyondLastTier> {
    let Some((structure, _)) = &record.tou_demand else {
        return Ok(Exact::ZERO);
    };
    let mut cost = Exact::ZERO;
    for (tiers, peak) in structure.iter().zip(&month.peaks) {
        if let Some(peak) = peak {
            cost = cost.plus(graduated(tiers, &peak.kw(), scale, Side::Price)?);
        }
    }
    Ok(cost)
}
