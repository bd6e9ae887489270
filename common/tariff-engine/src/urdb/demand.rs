//! Prices of power (`RATING` 2.4).

use crate::exact::Exact;

use super::how::{Part, Tou};
use super::month::{Month, Span};
use super::record::Record;
use super::tiers::{BeyondLastTier, Scale, Side, graduated};

/// The period of flat demand of a month and its tiers, for the kW that are billed; `None` where flat demand has no price.
pub(super) fn flat(
    record: &Record,
    span: &Span,
    billed_kw: &Exact,
    scale: &Scale,
) -> Result<Option<(usize, Vec<Part>)>, BeyondLastTier> {
    let Some((structure, months)) = &record.flat_demand else {
        return Ok(None);
    };
    let period = months.get(span.month()).copied().unwrap_or_default();
    let tiers = structure.get(period).map(Vec::as_slice).unwrap_or_default();
    Ok(Some((period, graduated(tiers, billed_kw, scale, Side::Price)?)))
}

/// The periods that occur in the month, each by the highest demand in it.
pub(super) fn time_of_use(record: &Record, month: &Month, scale: &Scale) -> Result<Vec<Tou>, BeyondLastTier> {
    let Some((structure, _)) = &record.tou_demand else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (period, (tiers, peak)) in structure.iter().zip(&month.peaks).enumerate() {
        if let Some(peak) = peak {
            let kw = peak.kw();
            found.push(Tou {
                period,
                parts: graduated(tiers, &kw, scale, Side::Price)?,
                kw,
                at_ms: peak.at_ms,
            });
        }
    }
    Ok(found)
}
