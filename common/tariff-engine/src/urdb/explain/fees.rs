//! What is paid for days, at least, and back after December, under a rate record, in words.

use serde_json::{Value, json};

use crate::exact::Exact;
use crate::explanation::{Facts, Told, listed, number, said, sum, term};
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
        return Told::new("no fixed charge".to_owned(), "0".to_owned());
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
    Told::new(words, formula)
}

pub(super) fn fixed_facts(month: &MonthHow) -> Facts {
    let facts = Facts::of("record_fixed");
    let Some((amount, per)) = &month.fixed else {
        return facts;
    };
    facts
        .with_number("price_of_one", amount)
        .with("every", word(*per))
        .with("days", month.days)
}

pub(super) fn minimum(month: &MonthHow) -> Told {
    let looked_at = || month.minimums.iter().filter(|least| !least.sums.is_empty());
    let formula = sum(looked_at().map(|least| least.formula(month)));
    let all = listed(month.minimums.iter().map(|least| least.words(month)));
    let words = if all.is_empty() {
        "no minimum".to_owned()
    } else {
        all
    };
    Told::new(words, formula)
}

pub(super) fn minimum_facts(month: &MonthHow) -> Facts {
    let sums = |least: &Least| -> Value {
        let month = least.sums.iter();
        month
            .map(|(first, sum)| json!({"month": first.format("%Y-%m").to_string(), "sum": number(sum)}))
            .collect()
    };
    let fact = |least: &Least| json!({"amount": number(&least.amount), "every": word(least.per), "sums": sums(least)});
    let line = |(id, amount): &(&str, Exact)| json!({"line": id, "amount": number(amount)});
    Facts::of("record_minimum")
        .with("minimums", month.minimums.iter().map(fact).collect::<Value>())
        .with(
            "this_month",
            month.lines_before_minimum().iter().map(line).collect::<Value>(),
        )
        .with("days", month.days)
}

impl Least {
    fn words(&self, month: &MonthHow) -> String {
        let (amount, every) = (&self.amount, word(self.per));
        let Some(((last, _), before)) = self.sums.split_last() else {
            return format!("the minimum of {amount} a {every} is looked at after December");
        };
        let lines = month.lines_before_minimum();
        let lines = listed(lines.iter().map(|(id, _)| *id));
        let lines = if lines.is_empty() {
            "no line".to_owned()
        } else {
            lines
        };
        match before.first() {
            None => format!("what the sum of {lines} lacks to {amount} a {every}"),
            Some((first, _)) => format!(
                "what the months from {} to {}, each at least 0 and the last with the sum of {lines}, lack to {amount} a {every}",
                first.format("%Y-%m"),
                last.format("%Y-%m")
            ),
        }
    }

    /// The lines of this month are its operands, as they stand in the bill; of months before, their sums.
    fn formula(&self, month: &MonthHow) -> String {
        let amount = match self.per {
            Per::Day => format!("{} x {}", term(&self.amount), month.days),
            Per::Month | Per::Year => term(&self.amount).to_string(),
        };
        let lines = month.lines_before_minimum();
        let own = format!("max(0, {})", sum(lines.iter().map(|(_, amount)| term(amount))));
        let before = self.sums.split_last().map_or(&[][..], |(_, before)| before);
        let before = before.iter().map(|(_, sum)| sum.clone().at_least_zero());
        let before: Vec<String> = before.map(|sum| format!("{} + ", term(&sum))).collect();
        if before.is_empty() {
            return format!("max(0, {amount} - {own})");
        }
        format!("max(0, {amount} - ({}{own}))", before.concat())
    }
}

pub(super) fn payout(month: &MonthHow) -> Told {
    let Some(left) = &month.left else {
        let words = format!(
            "banks are paid out after December; {} kWh and credits of {} are carried on",
            said(&month.bank_kwh),
            said(&month.bank_usd)
        );
        return Told::new(words, "0".to_owned());
    };
    let dollars = format!("credits of {} are left", said(&left.dollars));
    match &left.before {
        None => Told::new(dollars, format!("-({})", term(&left.dollars))),
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
            let formula = format!("-({kwh} x {} + {})", term(&left.rate), term(&left.dollars));
            Told::new(words, formula)
        }
    }
}

pub(super) fn payout_facts(month: &MonthHow) -> Facts {
    let facts = Facts::of("record_payout");
    let Some(left) = &month.left else {
        return facts
            .with_number("bank_kwh", &month.bank_kwh)
            .with_number("credits", &month.bank_usd);
    };
    facts
        .with_limit("kwh_before", left.before.as_ref())
        .with_number("import_kwh", &month.import_kwh)
        .with_number("export_kwh", &month.export_kwh)
        .with_number("kwh", &left.kwh)
        .with_number("rate", &left.rate)
        .with_number("credits", &left.dollars)
}
