//! The lines of a month under a rate record (`RATING` 2.8), in words.

mod energy;
mod fees;
mod power;

use serde_json::{Value, json};

use crate::exact::Exact;
use crate::explanation::{Facts, Told, limit, listed, number, product, said, sum};

use super::how::{MonthHow, Part};
use super::schedule::PeriodHours;

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordLine {
    Energy,
    ExportCredit,
    DemandFlat,
    DemandTou,
    Fixed,
    Minimum,
    YearendPayout,
}

impl RecordLine {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 7] = [
        Self::Energy,
        Self::ExportCredit,
        Self::DemandFlat,
        Self::DemandTou,
        Self::Fixed,
        Self::Minimum,
        Self::YearendPayout,
    ];

    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::ExportCredit => "export_credit",
            Self::DemandFlat => "demand_flat",
            Self::DemandTou => "demand_tou",
            Self::Fixed => "fixed",
            Self::Minimum => "minimum",
            Self::YearendPayout => "yearend_payout",
        }
    }

    pub(crate) fn amount(self, month: &MonthHow) -> Exact {
        match self {
            Self::Energy => month.energy.amount(),
            Self::ExportCredit => month.credit.used().0.negated(),
            Self::DemandFlat => month.flat.amount(),
            Self::DemandTou => month.tou_amount(),
            Self::Fixed => month.fixed_amount(),
            Self::Minimum => month.minimum_amount(),
            Self::YearendPayout => month.payout().negated(),
        }
    }

    /// How much of what it is about.
    pub(crate) fn quantity(self, month: &MonthHow) -> (Exact, &'static str) {
        match self {
            Self::Energy => (month.charged_kwh.clone(), "kWh"),
            Self::ExportCredit => (month.export_kwh.clone(), "kWh"),
            Self::DemandFlat => (month.flat.billed_kw.clone(), "kW"),
            Self::DemandTou => (month.flat.peak_kw.clone(), "kW"),
            Self::Fixed | Self::Minimum => (Exact::whole(month.days.into()), "days"),
            Self::YearendPayout => (month.bank_kwh.clone(), "kWh"),
        }
    }

    /// In words, and as a formula.
    pub(crate) fn told(self, month: &MonthHow) -> Told {
        match self {
            Self::Energy => energy::told(month),
            Self::ExportCredit => energy::export_credit(month),
            Self::DemandFlat => month.flat.told(month),
            Self::DemandTou => power::demand_tou(month),
            Self::Fixed => fees::fixed(month),
            Self::Minimum => fees::minimum(month),
            Self::YearendPayout => fees::payout(month),
        }
    }

    /// The same by name.
    pub(crate) fn facts(self, month: &MonthHow) -> Facts {
        match self {
            Self::Energy => energy::facts(month),
            Self::ExportCredit => energy::export_credit_facts(month),
            Self::DemandFlat => month.flat.facts(),
            Self::DemandTou => power::demand_tou_facts(month),
            Self::Fixed => fees::fixed_facts(month),
            Self::Minimum => fees::minimum_facts(month),
            Self::YearendPayout => fees::payout_facts(month),
        }
    }
}

/// `700 x 0.12 + 50 x 0.2`.
fn formula(parts: &[Part]) -> String {
    let used = parts.iter().filter(|part| !part.quantity.is_zero());
    sum(used.map(|part| product(&part.quantity, &part.price)))
}

/// `up to 700 kWh at 0.12, above at 0.2`.
fn tiers(parts: &[Part], unit: &str, month: &MonthHow) -> String {
    let tier = |(index, part): (usize, &Part)| match (&part.limit, &part.written, index) {
        (Some(limit), Some((written, written_unit)), _) => {
            let scale = part.scale(month);
            let scale: String = scale
                .iter()
                .map(|(factor, of)| format!(" x {} {of}", said(factor)))
                .collect();
            format!(
                "up to {written} {written_unit}{scale} = {} {unit} at {}",
                said(limit),
                part.price
            )
        }
        (Some(limit), None, _) => format!("up to {} {unit} at {}", said(limit), part.price),
        (None, _, 0) => format!("at {}", part.price),
        (None, ..) => format!("above at {}", part.price),
    };
    listed(parts.iter().enumerate().map(tier))
}

/// `period 1 (mon-fri 16:00-21:00)`, without hours where there is one period.
fn period_words(period: usize, hours: &[PeriodHours]) -> String {
    match hours.get(period) {
        Some(hours) => format!("period {period} ({hours})"),
        None => format!("period {period}"),
    }
}

/// The same by name.
fn hours_fact(period: usize, hours: &[PeriodHours]) -> Value {
    json!(hours.get(period).map(ToString::to_string))
}

fn tier_facts(parts: &[Part]) -> Value {
    let part = |part: &Part| {
        let written = part
            .written
            .as_ref()
            .map(|(max, unit)| json!({"max": number(max), "unit": unit}));
        json!({"written": written, "quantity": number(&part.quantity), "limit": limit(part.limit.as_ref()), "price": number(&part.price)})
    };
    parts.iter().map(part).collect()
}
