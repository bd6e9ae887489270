//! Tiers of a rate record (`RATING` 2.2).

use crate::exact::{Exact, ParseExactError};
use crate::reader::{At, Problems};

use super::how::Part;
use super::keys::Keys;

/// A tier whose limit is so high has none: records write "no limit" as 10^38 in several ways.
const NO_LIMIT: i128 = 1_000_000_000_000_000_000_000_000_000_000;
/// The zeros of that.
const NO_LIMIT_PLACE: i128 = 30;

/// A tier of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tier {
    /// Cumulative; use equal to it is inside.
    max: Option<Exact>,
    /// Rate and riders, added.
    pub(super) price: Exact,
    /// For export.
    pub(super) sell: Exact,
    unit: LimitUnit,
}

/// What a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LimitUnit {
    per_day: bool,
    per_kw: bool,
}

/// What of a tier costs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Price,
    Sell,
}

/// What limits of a month are multiplied by.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    pub(super) days: Exact,
    /// The flat demand that is billed.
    pub(super) kw: Exact,
}

/// A quantity is beyond the last tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BeyondLastTier;

impl Tier {
    /// The limit in a month; `None` = none.
    pub(super) fn limit(&self, scale: &Scale) -> Option<Exact> {
        let days = if self.unit.per_day {
            &scale.days
        } else {
            &Exact::ONE
        };
        let kw = if self.unit.per_kw { &scale.kw } else { &Exact::ONE };
        Some(self.max.as_ref()?.times(days).times(kw))
    }

    pub(super) fn has_limit(&self) -> bool {
        self.max.is_some()
    }

    /// The limit as it stands, and what it is for, where that is not the month.
    pub(super) fn written(&self) -> Option<(Exact, &'static str)> {
        let unit = match (self.unit.per_day, self.unit.per_kw) {
            (false, false) => return None,
            (true, false) => "kWh daily",
            (false, true) => "kWh/kW",
            (true, true) => "kWh/kW daily",
        };
        Some((self.max.clone()?, unit))
    }

    pub(super) fn of(&self, side: Side) -> &Exact {
        match side {
            Side::Price => &self.price,
            Side::Sell => &self.sell,
        }
    }
}

/// A quantity cut into tiers.
pub(super) fn graduated(
    tiers: &[Tier],
    quantity: &Exact,
    scale: &Scale,
    side: Side,
) -> Result<Vec<Part>, BeyondLastTier> {
    let (mut parts, mut below) = (Vec::new(), Exact::ZERO);
    for tier in tiers {
        let limit = tier.limit(scale);
        let top = match &limit {
            Some(limit) if limit < quantity => limit.clone(),
            _ => quantity.clone(),
        };
        let is_last = top == *quantity;
        if top > below || is_last {
            parts.push(Part {
                quantity: top.minus(&below),
                limit,
                written: tier.written(),
                price: tier.of(side).clone(),
            });
            below = top;
        }
        if is_last {
            return Ok(parts);
        }
    }
    Err(BeyondLastTier)
}

/// Whether limits are in different units: only a month says which is higher, and a tier whose limit was reached before it is empty.
pub(super) fn have_several_units(tiers: &[Tier]) -> bool {
    let mut units = tiers.iter().filter(|tier| tier.has_limit()).map(|tier| tier.unit);
    let first = units.next();
    units.any(|unit| Some(unit) != first)
}

/// Periods of tiers, of energy or of power.
pub(super) fn read(at: &At<'_>, is_energy: bool, problems: &mut Problems) -> Option<Vec<Vec<Tier>>> {
    at.several(problems, |at, problems| {
        let tiers = at.several(problems, |at, problems| read_tier(at, is_energy, problems))?;
        let limits = || tiers.iter().filter_map(|tier| tier.max.as_ref());
        let open = tiers
            .iter()
            .take(tiers.len().saturating_sub(1))
            .any(|tier| tier.max.is_none());
        let ascend = have_several_units(&tiers) || limits().zip(limits().skip(1)).all(|(a, b)| a <= b);
        if open || !ascend {
            return at.wrong_as(
                "TIERS_NOT_ASCENDING",
                problems,
                "limits of tiers must ascend, and only the last may be open",
            );
        }
        Some(tiers)
    })
}

fn read_tier(at: &At<'_>, is_energy: bool, problems: &mut Problems) -> Option<Tier> {
    let mut keys = Keys::read(at, problems)?;
    let max = keys.maybe("max", problems, read_max);
    let rate = keys.number_or_zero("rate", problems);
    let adj = keys.number_or_zero("adj", problems);
    let sell = keys.number_or_zero("sell", problems);
    let unit = keys.maybe("unit", problems, |at, problems| {
        read_unit(at, is_energy, problems)
    });
    keys.finish(problems);
    Some(Tier {
        max: max?.flatten(),
        price: rate?.plus(adj?),
        sell: sell?,
        unit: unit?.unwrap_or(LimitUnit {
            per_day: false,
            per_kw: false,
        }),
    })
}

/// `Some(None)`: it is as good as none (`RATING` 2.1).
fn read_max(at: &At<'_>, problems: &mut Problems) -> Option<Option<Exact>> {
    if at.digits().parse::<Exact>() == Err(ParseExactError::TooLong) && is_no_limit(at.digits()) {
        return Some(None);
    }
    let max = at.number(problems)?;
    Some(Some(max).filter(|max| *max < Exact::whole(NO_LIMIT)))
}

/// Whether a decimal, of any length, is so high: by the place of its first digit, 1 = the units.
fn is_no_limit(digits: &str) -> bool {
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('0');
    let place = if whole.is_empty() {
        let zeros = decimals
            .len()
            .saturating_sub(decimals.trim_start_matches('0').len());
        i128::try_from(zeros).map(i128::saturating_neg)
    } else {
        i128::try_from(whole.len())
    };
    let is_zero = !mantissa.contains(|digit: char| matches!(digit, '1'..='9'));
    let highest = |exponent: i128| place.map(|place| place.saturating_add(exponent));
    let exponent = exponent.parse().unwrap_or(if exponent.starts_with('-') {
        i128::MIN
    } else {
        i128::MAX
    });
    !is_zero && !digits.starts_with('-') && highest(exponent).is_ok_and(|place| place > NO_LIMIT_PLACE)
}

fn read_unit(at: &At<'_>, is_energy: bool, problems: &mut Problems) -> Option<LimitUnit> {
    let (per_day, per_kw) = match (at.text(problems)?.to_ascii_lowercase().as_str(), is_energy) {
        ("kwh", true) | ("kw", false) | ("", _) => (false, false),
        ("kwh daily", true) => (true, false),
        ("kwh/kw", true) => (false, true),
        ("kwh/kw daily", true) => (true, true),
        (_, true) => {
            return at.wrong(
                problems,
                "must be kWh, kWh daily, kWh/kW or kWh/kW daily: nothing else is priced",
            );
        }
        (_, false) => return at.wrong(problems, "must be kW: nothing else is priced"),
    };
    Some(LimitUnit { per_day, per_kw })
}
