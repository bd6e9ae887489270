//! The lines of a month under a rate record (`RATING` 2.8), in words.

mod fees;
mod power;

use serde_json::{Value, json};

use crate::exact::Exact;
use crate::explanation::{Facts, Told, limit, listed, number, product, said, sum, term};

use super::how::{Credited, MonthHow, Net, Part, Priced, Share};
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
            Self::Energy => energy(month),
            Self::ExportCredit => export_credit(month),
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
            Self::Energy => energy_facts(month),
            Self::ExportCredit => export_credit_facts(month),
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

impl Priced {
    fn shares(&self) -> &[Share] {
        match self {
            Self::ProRata(shares) | Self::InTimeOrder(shares) => shares,
            Self::Market(_) => &[],
        }
    }

    fn words(&self, month: &MonthHow) -> String {
        let period = |share: &Share| {
            format!(
                "{} kWh in {}, {}",
                said(&share.kwh),
                period_words(share.period, &month.energy_hours),
                tiers(&share.parts, "kWh", month)
            )
        };
        let periods: Vec<String> = self.shares().iter().map(period).collect();
        let periods = periods.join("; ");
        match self {
            Self::ProRata(shares) | Self::InTimeOrder(shares) if shares.is_empty() => {
                "nothing in any period".to_owned()
            }
            Self::ProRata(shares) if shares.len() > 1 => {
                format!("{periods}; every tier of the whole shared over the periods by their use")
            }
            Self::ProRata(_) => periods,
            Self::InTimeOrder(_) => format!("{periods}; tiers filled in time order"),
            Self::Market(sum) => format!("every interval at the price of its time, together {}", said(sum)),
        }
    }

    fn formula(&self) -> String {
        match self {
            Self::ProRata(shares) if shares.len() > 1 => {
                let total = Exact::sum(shares.iter().map(|share| &share.kwh));
                let of = |share: &Share| {
                    format!(
                        "{} / {} x ({})",
                        term(&share.kwh),
                        term(&total),
                        formula(&share.parts)
                    )
                };
                sum(shares.iter().map(of))
            }
            Self::ProRata(shares) | Self::InTimeOrder(shares) => {
                sum(shares.iter().map(|share| formula(&share.parts)))
            }
            Self::Market(sum) => term(sum).to_string(),
        }
    }

    fn facts(&self, month: &MonthHow) -> Value {
        let mode = match self {
            Self::ProRata(_) => "prorata",
            Self::InTimeOrder(_) => "chronological",
            Self::Market(_) => "price_file",
        };
        let period = |share: &Share| {
            json!({
                "period": share.period, "hours": hours_fact(share.period, &month.energy_hours), "kwh": number(&share.kwh),
                "tiers": tier_facts(&share.parts),
            })
        };
        json!({
            "mode": mode, "kwh": number(&Exact::sum(self.shares().iter().map(|share| &share.kwh))), "periods": self.shares().iter().map(period).collect::<Value>(),
            "amount": number(&self.amount()),
        })
    }
}

fn energy(month: &MonthHow) -> Told {
    let netted = |net: &&Net| {
        [&net.import, &net.export, &net.bank]
            .iter()
            .any(|kwh| !kwh.is_zero())
    };
    let net = |net: &Net| {
        let bank = if net.bank.is_zero() {
            String::new()
        } else {
            format!(" less {} of the bank", said(&net.bank))
        };
        format!(
            "{} kWh less {} of export{bank} in period {}",
            net.import, net.export, net.period
        )
    };
    let netting = listed(month.net.iter().filter(netted).map(net));
    let netting = if netting.is_empty() {
        format!("{} kWh", said(&month.charged_kwh))
    } else {
        format!("{netting}, of which above zero {} kWh", month.charged_kwh)
    };
    let words = format!("{netting} before credits, {}", month.energy.words(month));
    Told::new(words, month.energy.formula())
}

fn energy_facts(month: &MonthHow) -> Facts {
    let fact = |net: &Net| {
        json!({
            "period": net.period, "import_kwh": number(&net.import), "export_kwh": number(&net.export),
            "bank_kwh": number(&net.bank),
        })
    };
    Facts::of("record_energy")
        .with("priced", month.energy.facts(month))
        .with("net", month.net.iter().map(fact).collect::<Value>())
}

fn export_credit(month: &MonthHow) -> Told {
    match &month.credit {
        Credited::Nothing => Told::new("export earns no credit".to_owned(), "0".to_owned()),
        Credited::Whole(earned) => {
            let words = format!("{} kWh of export, {}", month.export_kwh, earned.words(month));
            Told::new(words, format!("-({})", earned.formula()))
        }
        Credited::Carried {
            earned,
            before,
            in_month,
            energy,
        } => {
            let when = if *in_month {
                "now"
            } else {
                "from the next month on"
            };
            let words = format!(
                "{} carried, and for {} kWh of export to be used {when} ({}); at most the energy charge of {} is paid, and {} carried on",
                said(before),
                month.export_kwh,
                earned.words(month),
                said(energy),
                said(&month.bank_usd)
            );
            let usable = if *in_month {
                format!("{} + {}", term(before), earned.formula())
            } else {
                term(before).to_string()
            };
            let formula = format!("-max(0, min({usable}, {}))", term(energy));
            Told::new(words, formula)
        }
    }
}

fn export_credit_facts(month: &MonthHow) -> Facts {
    let facts = Facts::of("record_credit");
    match &month.credit {
        Credited::Nothing => facts,
        Credited::Whole(earned) => facts.with("earned", earned.facts(month)),
        Credited::Carried {
            earned,
            before,
            energy,
            ..
        } => facts
            .with("earned", earned.facts(month))
            .with_number("carried", before)
            .with_number("energy", energy)
            .with_number("carried_on", &month.bank_usd),
    }
}
