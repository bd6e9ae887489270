//! The lines of a month under a rate record (`RATING` 2.8), in words.

mod fees;
mod power;

use serde_json::{Value, json};

use crate::exact::Exact;
use crate::explanation::{Told, limit, listed, number, said, sum, term};

use super::how::{Credited, MonthHow, Net, Part, Priced, Share};

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

    /// Words, formula and facts.
    pub(crate) fn told(self, month: &MonthHow) -> Told {
        match self {
            Self::Energy => energy(month),
            Self::ExportCredit => export_credit(month),
            Self::DemandFlat => month.flat.told(),
            Self::DemandTou => power::demand_tou(&month.tou),
            Self::Fixed => fees::fixed(month),
            Self::Minimum => fees::minimum(month),
            Self::YearendPayout => fees::payout(month),
        }
    }
}

/// `700 x 0.12 + 50 x 0.2`.
fn formula(parts: &[Part]) -> String {
    let used = parts.iter().filter(|part| !part.quantity.is_zero());
    sum(used.map(|part| format!("{} x {}", term(&part.quantity), term(&part.price))))
}

/// `up to 700 at 0.12, above at 0.2`.
fn tiers(parts: &[Part]) -> String {
    let tier = |(index, part): (usize, &Part)| match (&part.limit, index) {
        (Some(limit), _) if part.written.is_some() => {
            let (written, unit) = part.written.clone().unwrap_or_default();
            format!(
                "up to {written} {unit}, {} in the month, at {}",
                said(limit),
                part.price
            )
        }
        (Some(limit), _) => format!("up to {} at {}", said(limit), part.price),
        (None, 0) => format!("at {}", part.price),
        (None, _) => format!("above at {}", part.price),
    };
    listed(parts.iter().enumerate().map(tier))
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

    fn words(&self) -> String {
        let period = |share: &Share| {
            format!(
                "{} kWh in period {} ({})",
                said(&share.kwh),
                share.period,
                tiers(&share.parts)
            )
        };
        let periods = listed(self.shares().iter().map(period));
        match self {
            Self::ProRata(shares) | Self::InTimeOrder(shares) if shares.is_empty() => {
                "nothing in any period".to_owned()
            }
            Self::ProRata(shares) if shares.len() > 1 => {
                format!("{periods}, every tier of the whole shared over the periods by their use")
            }
            Self::ProRata(_) => periods,
            Self::InTimeOrder(_) => format!("{periods}, tiers filled in time order"),
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
            Self::Market(sum) => sum.to_string(),
        }
    }

    fn facts(&self) -> Value {
        let mode = match self {
            Self::ProRata(_) => "prorata",
            Self::InTimeOrder(_) => "chronological",
            Self::Market(_) => "price_file",
        };
        let period = |share: &Share| json!({"period": share.period, "kwh": number(&share.kwh), "tiers": tier_facts(&share.parts)});
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
    let fact = |net: &Net| {
        json!({
            "period": net.period, "import_kwh": number(&net.import), "export_kwh": number(&net.export),
            "bank_kwh": number(&net.bank),
        })
    };
    let words = format!("{netting} before credits, {}", month.energy.words());
    Told::new("record_energy", words, month.energy.formula())
        .with("priced", month.energy.facts())
        .with("net", month.net.iter().map(fact).collect::<Value>())
}

fn export_credit(month: &MonthHow) -> Told {
    match &month.credit {
        Credited::Nothing => Told::new(
            "record_credit",
            "export earns no credit".to_owned(),
            "0".to_owned(),
        ),
        Credited::Whole(earned) => {
            let words = format!("{} kWh of export, {}", month.export_kwh, earned.words());
            Told::new("record_credit", words, format!("-({})", earned.formula()))
                .with("earned", earned.facts())
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
                "{} carried, and for {} kWh of export {} to be used {when}; at most the energy charge of {} is paid, and {} carried on",
                said(before),
                month.export_kwh,
                earned.words(),
                said(energy),
                said(&month.bank_usd)
            );
            let usable = if *in_month {
                format!("{} + {}", term(before), earned.formula())
            } else {
                term(before)
            };
            let formula = format!("-max(0, min({usable}, {}))", term(energy));
            Told::new("record_credit", words, formula)
                .with("earned", earned.facts())
                .with_number("carried", before)
                .with_number("energy", energy)
                .with_number("carried_on", &month.bank_usd)
        }
    }
}
