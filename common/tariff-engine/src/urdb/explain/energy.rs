//! Energy and the credit of export under a rate record, in words.

use serde_json::{Value, json};

use super::{formula, hours_fact, period_words, tier_facts, tiers};
use crate::exact::Exact;
use crate::explanation::{Facts, Told, listed, number, product, said, sum, term};
use crate::urdb::how::{Credited, MonthHow, Net, Priced, Share};

impl Priced {
    fn shares(&self) -> &[Share] {
        match self {
            Self::ProRata(shares) | Self::InTimeOrder(shares) => shares,
            Self::Market(_) => &[],
        }
    }

    /// `707 kWh, of which 503 kWh in period 0, at 0.11; 204 kWh in period 1, at 0.2`.
    fn words(&self, kwh: &Exact, of: &str, month: &MonthHow) -> String {
        let place = |share: &Share| {
            format!(
                "{}, {}",
                period_words(share.period, &month.energy_hours),
                tiers(&share.parts, "kWh", month)
            )
        };
        let all = format!("{} kWh{of}", said(kwh));
        if let Self::Market(sum) = self {
            let together = said(sum);
            return format!("{all}, every interval at the price of its time, together {together}");
        }
        let periods = match self.shares() {
            [] => return all,
            [share] if share.kwh == *kwh => format!("{all} in {}", place(share)),
            shares => {
                let period = |share: &Share| format!("{} kWh in {}", said(&share.kwh), place(share));
                let periods: Vec<String> = shares.iter().map(period).collect();
                format!("{all}, of which {}", periods.join("; "))
            }
        };
        match self {
            Self::ProRata(shares) if shares.len() > 1 && !self.is_plain() => {
                format!("{periods}; every tier of the whole shared over the periods by their use")
            }
            Self::InTimeOrder(_) if !self.is_plain() => format!("{periods}; tiers filled in time order"),
            Self::ProRata(_) | Self::InTimeOrder(_) | Self::Market(_) => periods,
        }
    }

    /// Every period has one price: how tiers are filled does not matter.
    fn is_plain(&self) -> bool {
        let mut shares = self.shares().iter();
        shares.all(|share| matches!(share.parts.as_slice(), [part] if part.limit.is_none()))
    }

    fn formula(&self) -> String {
        match self {
            Self::ProRata(shares) if shares.len() > 1 => {
                let total = Exact::sum(shares.iter().map(|share| &share.kwh));
                let of = |share: &Share| match share.parts.as_slice() {
                    // All of the whole has one price, and so has all of the share.
                    [part] => product(&share.kwh, &part.price),
                    parts => format!("{} / {} x ({})", term(&share.kwh), term(&total), formula(parts)),
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

pub(super) fn told(month: &MonthHow) -> Told {
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
    let mut words = listed(month.net.iter().filter(netted).map(net));
    if !words.is_empty() {
        words.push_str(", above zero ");
    }
    words.push_str(&month.energy.words(&month.charged_kwh, "", month));
    Told::new(words, month.energy.formula())
}

pub(super) fn facts(month: &MonthHow) -> Facts {
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

pub(super) fn export_credit(month: &MonthHow) -> Told {
    match &month.credit {
        Credited::Nothing => Told::new("export earns no credit".to_owned(), "0".to_owned()),
        Credited::Whole(earned) => {
            let words = earned.words(&month.export_kwh, " of export", month);
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
                "{} carried, and to be used {when} for {}; at most the energy charge of {} is paid, and {} carried on",
                said(before),
                earned.words(&month.export_kwh, " of export", month),
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

pub(super) fn export_credit_facts(month: &MonthHow) -> Facts {
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
