//! Energy against energy and bills against bills, in words: banks, rebates, settled estimates.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{NetHow, Rebate};
use crate::carry::Lot;
use crate::exact::Exact;
use crate::explanation::{Told, group, listed, number, said, sum, term};
use crate::statement::Line;

fn lot_facts(lots: &[Lot]) -> Value {
    let lot = |lot: &Lot| json!({"cycles_ago": lot.cycles_ago, "kwh": number(&lot.kwh)});
    lots.iter().map(lot).collect()
}

fn lot_words(lots: &[Lot]) -> String {
    if lots.is_empty() {
        return "nothing".to_owned();
    }
    listed(
        lots.iter()
            .map(|lot| format!("{} kWh of {} cycles ago", said(&lot.kwh), lot.cycles_ago)),
    )
}

impl NetHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let price = line.price.clone().unwrap_or_default();
        let (import, export) = (&self.import.kwh, &self.export.kwh);
        let words = format!(
            "{} less {}, from the bank {}, into it {} kWh; {} kWh at {price} per kWh",
            self.import.words(line),
            self.export.words(line),
            lot_words(&self.banked),
            said(&self.surplus),
            said(&line.quantity)
        );
        let lots = self.banked.iter().map(|lot| format!(" - {}", term(&lot.kwh)));
        let net = format!("max(0, {} - {})", term(import), term(export));
        let kwh = if self.banked.is_empty() {
            net
        } else {
            format!("({net}{})", lots.collect::<String>())
        };
        Told::new("net_energy", words, format!("{kwh} x {}", term(&price)))
            .with("import", self.import.facts())
            .with("export", self.export.facts())
            .with("banked", lot_facts(&self.banked))
            .with_number("surplus", &self.surplus)
            .with_number("price", &price)
    }
}

/// Lots that were not used in time.
pub(super) fn expired(line: &Line, lots: &[Lot]) -> Told {
    let price = line.price.clone().unwrap_or_default();
    let words = format!("not used in time: {}, at {price} per kWh", lot_words(lots));
    let kwh = if lots.is_empty() {
        "0".to_owned()
    } else {
        group(lots.iter().map(|lot| term(&lot.kwh)))
    };
    Told::new("expired", words, format!("{kwh} x {}", term(&price)))
        .with("lots", lot_facts(lots))
        .with_number("price", &price)
}

/// Savings during events.
pub(super) fn rebates(line: &Line, events: &[Rebate]) -> Told {
    let price = line.price.clone().unwrap_or_default();
    let day = |(day, kwh): &(NaiveDate, Exact)| format!("{kwh} kWh on {day}");
    let event = |event: &Rebate| {
        format!(
            "{} {} {} kWh, and in the mean of the highest days before {} kWh ({})",
            event.date,
            event.clock,
            event.used,
            said(&event.baseline()),
            listed(event.before.iter().map(day))
        )
    };
    let events_said = if events.is_empty() {
        "no event".to_owned()
    } else {
        listed(events.iter().map(event))
    };
    let words = format!(
        "{events_said}; {} kWh saved at {price} per kWh",
        said(&line.quantity)
    );
    let saved = events.iter().map(|event| {
        let before = group(event.before.iter().map(|(_, kwh)| term(kwh)));
        let count = event.before.len();
        format!("max(0, {before} / {count} - {})", term(&event.used))
    });
    let day = |(day, kwh): &(NaiveDate, Exact)| json!({"date": day.to_string(), "kwh": number(kwh)});
    let fact = |event: &Rebate| {
        json!({
            "date": event.date.to_string(), "clock": event.clock, "kwh": number(&event.used),
            "baseline": number(&event.baseline()), "before": event.before.iter().map(day).collect::<Value>(),
        })
    };
    Told::new(
        "event_rebate",
        words,
        format!("{} x {}", group(saved), term(&price)),
    )
    .with("events", events.iter().map(fact).collect::<Value>())
    .with_number("price", &price)
}

/// What bills on estimated reads charged for energy.
pub(super) fn previous(since: NaiveDate, bills: &[(NaiveDate, Exact)]) -> Told {
    let bill = |(from, amount): &(NaiveDate, Exact)| format!("{amount} from {from} on");
    let words = format!(
        "what the bills on estimated reads since {since} charged for energy, {}",
        listed(bills.iter().map(bill))
    );
    let formula = format!("-({})", sum(bills.iter().map(|(_, amount)| term(amount))));
    let bill =
        |(from, amount): &(NaiveDate, Exact)| json!({"from": from.to_string(), "amount": number(amount)});
    Told::new("previously_billed", words, formula)
        .with("since", since.to_string())
        .with("bills", bills.iter().map(bill).collect::<Value>())
}
