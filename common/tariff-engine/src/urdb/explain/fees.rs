//! What is paid for days, at least, and back after December, under a rate record, in words.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::exact::Exact;
use crate::explanation::{Told, group, listed, number, said, sum, term};
use crate::urdb::how::{Least, MonthHow};
use crate::urdb::record::Per;

fn word(per: Per) -> &'static str {
    match per {
        Per::Month => "month",
        Per::Day => "day",
        Per::Year => "year",
    }
}

pub(super) fn fixed(month: &MonthHow) -> Told {
    let Some((amount, per)) = &month.fixed else {
        return Told::new("record_fixed", "no fixed charge".to_owned(), "0".to_owned());
    };
    let (words, formula) = match per {
        Per::Month => (format!("{amount} a month"), amount.to_string()),
        Per::Day => (
            format!("{} days at {amount} a day", month.days),
            format!("{} x {}", month.days, term(amount)),
        ),
        Per::Year => (
            format!("a twelfth of {amount} a year"),
            format!("{} / 12", term(amount)),
        ),
    };
    Told::new("record_fixed", words, formula)
        .with_number("price_of_one", amount)
        .with("every", word(*per))
        .with("days", month.days)
}

pub(super) fn minimum(month: &MonthHow) -> Told {
    let looked_at = || month.minimums.iter().filter(|least| !least.sums.is_empty());
    let formula = sum(looked_at().map(|least| least.formula(month.days)));
    let all = listed(month.minimums.iter().map(Least::words));
    let words = if all.is_empty() {
        "no minimum".to_owned()
    } else {
        all
    };
    let sums = |least: &Least| -> Value {
        let month = least.sums.iter();
        month
            .map(|(first, sum)| json!({"month": first.format("%Y-%m").to_string(), "sum": number(sum)}))
            .collect()
    };
    let fact = |least: &Least| json!({"amount": number(&least.amount), "every": word(least.per), "sums": sums(least)});
    Told::new("record_minimum", words, formula)
        .with("minimums", month.minimums.iter().map(fact).collect::<Value>())
        .with("days", month.days)
}

impl Least {
    fn words(&self) -> String {
        let (amount, every) = (&self.amount, word(self.per));
        let sum = |(first, sum): &(NaiveDate, Exact)| format!("{} of {}", said(sum), first.format("%Y-%m"));
        if self.sums.is_empty() {
            return format!("the minimum of {amount} a {every} is looked at after December");
        }
        format!(
            "what energy after credits, demand and fixed charges ({}) lack to {amount} a {every}",
            listed(self.sums.iter().map(sum))
        )
    }

    fn formula(&self, days: i64) -> String {
        let amount = match self.per {
            Per::Day => format!("{} x {days}", term(&self.amount)),
            Per::Month | Per::Year => term(&self.amount),
        };
        let base = group(self.sums.iter().map(|(_, sum)| format!("max(0, {})", term(sum))));
        format!("max(0, {amount} - {base})")
    }
}

pub(super) fn payout(month: &MonthHow) -> Told {
    let Some(left) = &month.left else {
        let words = format!(
            "banks are paid out after December; {} kWh and {} are carried on",
            said(&month.bank_kwh),
            said(&month.bank_usd)
        );
        return Told::new("record_payout", words, "0".to_owned());
    };
    let dollars = format!("credits of {}", said(&left.dollars));
    let (words, formula) = match &left.before {
        None => (dollars, format!("-({})", term(&left.dollars))),
        Some(before) => {
            let (import, export) = (&month.import_kwh, &month.export_kwh);
            let words = format!(
                "the bank of the year, {} kWh before December and {export} kWh of export less {import} kWh of import in it, {} kWh at {} per \
                 kWh, and {dollars}",
                said(before),
                said(&left.kwh),
                left.rate
            );
            let kwh = format!("max(0, {} + {} - {})", term(before), term(export), term(import));
            (
                words,
                format!("-({kwh} x {} + {})", term(&left.rate), term(&left.dollars)),
            )
        }
    };
    Told::new("record_payout", words, formula)
        .with_limit("kwh_before", left.before.as_ref())
        .with_number("import_kwh", &month.import_kwh)
        .with_number("export_kwh", &month.export_kwh)
        .with_number("kwh", &left.kwh)
        .with_number("rate", &left.rate)
        .with_number("credits", &left.dollars)
}
