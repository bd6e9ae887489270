//! Energy against energy and bills against bills, in words: banks, rebates, settled estimates.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{BankHow, NetHow, NotLike, Rebate, words};
use crate::carry::Lot;
use crate::exact::Exact;
use crate::explanation::{Facts, Told, group, listed, number, said, sum, term};
use crate::statement::Line;

fn lot_facts(lots: &[Lot]) -> Value {
    let lot = |lot: &Lot| json!({"cycles_ago": lot.cycles_ago, "kwh": number(&lot.kwh)});
    lots.iter().map(lot).collect()
}

fn lot_words(lots: &[Lot]) -> String {
    if lots.is_empty() {
        return "nothing".to_owned();
    }
    let ago = |lot: &Lot| {
        let cycles = words::count(lot.cycles_ago, "cycle");
        format!("{} kWh of {cycles} ago", said(&lot.kwh))
    };
    listed(lots.iter().map(ago))
}

impl NetHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let price = line.price_or_zero();
        let (import, export) = (&self.import.kwh, &self.export.kwh);
        let words = format!(
            "{}, less {}, from the bank {}, into it {} kWh ({}); {} kWh are left, at {price} per kWh",
            self.import.words(line),
            self.export.words(line),
            lot_words(&self.banked),
            said(&self.surplus),
            self.bank.words(),
            said(&line.quantity)
        );
        let lots = self.banked.iter().map(|lot| format!(" - {}", term(&lot.kwh)));
        let net = format!("max(0, {} - {})", term(import), term(export));
        let kwh = if self.banked.is_empty() {
            net
        } else {
            format!("({net}{})", lots.collect::<String>())
        };
        Told::new(words, format!("{kwh} x {}", term(price)))
    }

    pub(super) fn facts(&self, line: &Line) -> Facts {
        Facts::of("net_energy")
            .with("import", self.import.facts())
            .with("export", self.export.facts())
            .with("banked", lot_facts(&self.banked))
            .with_number("surplus", &self.surplus)
            .with("bank", self.bank.facts())
            .with_number("price", line.price_or_zero())
    }
}

fn sum_of(lots: &[Lot]) -> Exact {
    Exact::sum(lots.iter().map(|lot| &lot.kwh))
}

impl BankHow {
    /// `bank net: 8.5 kWh before, 5.5 kWh expired, 3 kWh after`.
    fn words(&self) -> String {
        let (before, after) = (sum_of(&self.before), sum_of(&self.after));
        let expired = if self.expired.is_zero() {
            String::new()
        } else {
            format!(", {} kWh expired", said(&self.expired))
        };
        format!(
            "bank {}: {} kWh before{expired}, {} kWh after",
            self.charge,
            said(&before),
            said(&after)
        )
    }

    fn facts(&self) -> Value {
        let balance = |lots: &[Lot]| json!({"kwh": number(&sum_of(lots)), "lots": lot_facts(lots)});
        json!({
            "charge": self.charge, "before": balance(&self.before), "expired": number(&self.expired), "after": balance(&self.after),
        })
    }
}

/// Lots that were not used in time.
pub(super) fn expired(line: &Line, lots: &[Lot]) -> Told {
    let price = line.price_or_zero();
    let words = format!(
        "banked and not used in time: {}, at {price} per kWh",
        lot_words(lots)
    );
    let kwh = group(lots.iter().map(|lot| term(&lot.kwh)));
    Told::new(words, format!("{kwh} x {}", term(price)))
}

pub(super) fn expired_facts(line: &Line, lots: &[Lot]) -> Facts {
    Facts::of("expired")
        .with("lots", lot_facts(lots))
        .with_number("price", line.price_or_zero())
}

impl Rebate {
    fn words(&self) -> String {
        format!(
            "{} kWh in the event {} of {} {}, against a baseline of {} kWh (mean of the highest {} of {} before: {}{}{})",
            self.used,
            self.event,
            self.date,
            self.clock,
            said(&self.baseline()),
            self.before.len(),
            words::count(self.lookback_days(), "working day"),
            days_words(&self.before),
            after("; not ", days_words(&self.not_chosen)),
            after(
                "; without ",
                listed(
                    self.left_out
                        .iter()
                        .map(|(day, why)| format!("{day} ({})", why.word()))
                )
            )
        )
    }

    fn facts(&self) -> Value {
        let left_out =
            |(day, why): &(NaiveDate, NotLike)| json!({"date": day.to_string(), "why": why.word()});
        json!({
            "event": self.event, "date": self.date.to_string(), "clock": self.clock, "kwh": number(&self.used),
            "lookback_days": self.lookback_days(), "baseline": number(&self.baseline()), "before": days_facts(&self.before),
            "not_chosen": days_facts(&self.not_chosen), "left_out": self.left_out.iter().map(left_out).collect::<Value>(),
        })
    }
}

fn days_words(days: &[(NaiveDate, Exact)]) -> String {
    listed(
        days.iter()
            .map(|(day, kwh)| format!("{} kWh on {day}", said(kwh))),
    )
}

fn days_facts(days: &[(NaiveDate, Exact)]) -> Value {
    let day = |(day, kwh): &(NaiveDate, Exact)| json!({"date": day.to_string(), "kwh": number(kwh)});
    days.iter().map(day).collect()
}

/// `text` with what introduces it; nothing of nothing.
fn after(introduction: &str, text: String) -> String {
    if text.is_empty() {
        text
    } else {
        format!("{introduction}{text}")
    }
}

/// Savings during events.
pub(super) fn rebates(line: &Line, events: &[Rebate]) -> Told {
    let price = line.price_or_zero();
    let told = if events.is_empty() {
        "no event".to_owned()
    } else {
        listed(events.iter().map(Rebate::words))
    };
    let words = format!("{told}; {} kWh saved, at {price} per kWh", said(&line.quantity));
    let saved = events.iter().map(|event| {
        let before = group(event.before.iter().map(|(_, kwh)| term(kwh)));
        let count = event.before.len();
        format!("max(0, {before} / {count} - {})", term(&event.used))
    });
    Told::new(words, format!("{} x {}", group(saved), term(price)))
}

pub(super) fn rebates_facts(line: &Line, events: &[Rebate]) -> Facts {
    Facts::of("event_rebate")
        .with("events", events.iter().map(Rebate::facts).collect::<Value>())
        .with_number("price", line.price_or_zero())
}

/// What bills on estimated reads charged for energy.
pub(super) fn previous(since: NaiveDate, bills: &[(NaiveDate, Exact)]) -> Told {
    let bill = |(from, amount): &(NaiveDate, Exact)| format!("{} by the bill from {from} on", said(amount));
    let words = format!(
        "what the bills on estimated reads since {since} charged for energy is taken back, {}",
        listed(bills.iter().map(bill))
    );
    let formula = format!("-({})", sum(bills.iter().map(|(_, amount)| term(amount))));
    Told::new(words, formula)
}

pub(super) fn previous_facts(since: NaiveDate, bills: &[(NaiveDate, Exact)]) -> Facts {
    let bill =
        |(from, amount): &(NaiveDate, Exact)| json!({"from": from.to_string(), "amount": number(amount)});
    Facts::of("previously_billed")
        .with("since", since.to_string())
        .with("bills", bills.iter().map(bill).collect::<Value>())
}
