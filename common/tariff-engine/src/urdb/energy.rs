//! Tiers over several periods of a month (`RATING` 2.3): pro rata, or in time order.

use crate::exact::Exact;
use crate::load::{PER_KWH, kwh};

use super::how::{Part, Priced, Share};
use super::month::Month;
use super::tiers::{BeyondLastTier, Scale, Side, Tier, graduated};

/// So many kWh by period: the month's total is cut into tiers, and every tier is shared over the periods.
pub(super) fn prorata(
    structure: &[Vec<Tier>],
    by_period: &[Exact],
    scale: &Scale,
    side: Side,
) -> Result<Priced, BeyondLastTier> {
    let total = Exact::sum(by_period);
    let mut shares = Vec::new();
    for (period, (tiers, kwh)) in structure.iter().zip(by_period).enumerate() {
        if !kwh.is_zero() {
            shares.push(Share {
                period,
                kwh: kwh.clone(),
                parts: graduated(tiers, &total, scale, side)?,
            });
        }
    }
    Ok(Priced::ProRata(shares))
}

/// What import costs and what export earns when both fill tiers of their own in time order.
pub(super) fn in_time_order(
    structure: &[Vec<Tier>],
    month: &Month,
    scale: &Scale,
) -> Result<(Priced, Priced), BeyondLastTier> {
    let mut import = Counter::new(structure, scale);
    let mut export = Counter::new(structure, scale);
    for slice in &month.slices {
        import.add(slice.period, slice.import)?;
        export.add(slice.period, slice.export)?;
    }
    Ok((
        import.priced(structure, Side::Price),
        export.priced(structure, Side::Sell),
    ))
}

/// Tiers that fill from 0 every month.
struct Counter {
    /// Units so far, 10^-9 kWh.
    filled: i128,
    /// By period and tier.
    periods: Vec<Vec<Level>>,
}

struct Level {
    /// In units; `None` = no limit.
    limit: Option<Exact>,
    /// The limit rounded down, which decides for whole intervals.
    whole_limit: i128,
    /// What fell into it by whole intervals.
    units: i128,
    /// What fell into it of intervals that cross a limit.
    parts: Exact,
}

impl Counter {
    fn new(structure: &[Vec<Tier>], scale: &Scale) -> Self {
        let level = |tier: &Tier| {
            let limit = tier
                .limit(scale)
                .map(|limit| limit.times(Exact::whole(PER_KWH.into())));
            let below = |limit: &Exact| limit.negated().rounded_up().to_whole();
            let whole_limit = limit
                .as_ref()
                .and_then(below)
                .map_or(i128::MAX, i128::saturating_neg);
            Level {
                limit,
                whole_limit,
                units: 0,
                parts: Exact::ZERO,
            }
        };
        Self {
            filled: 0,
            periods: structure
                .iter()
                .map(|tiers| tiers.iter().map(level).collect())
                .collect(),
        }
    }

    /// The energy of an interval. One that crosses a limit is split.
    fn add(&mut self, period: usize, units: i64) -> Result<(), BeyondLastTier> {
        if units == 0 {
            return Ok(());
        }
        let units = i128::from(units);
        let (before, after) = (self.filled, self.filled.saturating_add(units));
        self.filled = after;
        let levels = self.periods.get_mut(period).ok_or(BeyondLastTier)?;
        let mut from = Exact::whole(before);
        let mut is_whole = true;
        for level in levels {
            if after <= level.whole_limit {
                if is_whole {
                    level.units = level.units.saturating_add(units);
                } else {
                    level.parts = level.parts.plus(Exact::whole(after).minus(&from));
                }
                return Ok(());
            }
            if let Some(limit) = level.limit.as_ref().filter(|limit| **limit > from) {
                level.parts = level.parts.plus(limit.minus(&from));
                from = limit.clone();
                is_whole = false;
            }
        }
        Err(BeyondLastTier)
    }

    fn priced(&self, structure: &[Vec<Tier>], side: Side) -> Priced {
        let mut shares = Vec::new();
        for (period, (levels, tiers)) in self.periods.iter().zip(structure).enumerate() {
            let part = |(level, tier): (&Level, &Tier)| Part {
                quantity: kwh(level.units).plus(level.parts.times(kwh(1))),
                written: tier.written(),
                limit: level.limit.as_ref().map(|limit| limit.times(kwh(1))),
                price: tier.of(side).clone(),
            };
            let parts = levels.iter().zip(tiers).map(part);
            let parts: Vec<Part> = parts.filter(|part| !part.quantity.is_zero()).collect();
            if !parts.is_empty() {
                shares.push(Share {
                    period,
                    kwh: Exact::sum(parts.iter().map(|part| &part.quantity)),
                    parts,
                });
            }
        }
        Priced::InTimeOrder(shares)
    }
}
