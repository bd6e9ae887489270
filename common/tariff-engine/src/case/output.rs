//! The bills of a case, in the shape of `RATING` 1.7 and with what explains them.

use serde_json::{Map, Value, json};

use super::Component;
use crate::how::{DemandHow, How};
use crate::instant;
use crate::period::Period;
use crate::statement::{Line, Register, Statement};

/// All bills of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Bills {
    /// The case's id.
    pub case: String,
    /// ISO 4217.
    pub currency: String,
    /// The hash of the tariff's text.
    pub edition: String,
    /// One for every cycle, in order.
    pub bills: Vec<Bill>,
}

/// One bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// The first local day.
    pub from: String,
    /// The day after the last.
    pub to: String,
    /// Its lines.
    pub lines: Vec<BillLine>,
    /// Their sum.
    pub total: String,
    /// What explains it.
    pub(crate) facts: Map<String, Value>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct BillLine {
    /// The charge's id, band and version appended.
    pub id: String,
    /// What it is for.
    pub component: Component,
    /// As it counts.
    pub amount: String,
    /// A decimal; empty where there is none.
    pub quantity: String,
    /// Of what.
    pub unit: String,
    /// Of one unit; empty where quantity times price is not the amount.
    pub price: String,
    /// The sentence.
    pub explanation: String,
    /// What else is known.
    pub(crate) facts: Map<String, Value>,
}

impl Bills {
    /// Local days of all bills together.
    #[must_use]
    pub fn days(&self) -> u64 {
        let of = |bill: &Bill| bill.facts.get("days").and_then(Value::as_u64).unwrap_or_default();
        self.bills.iter().map(of).fold(0, u64::saturating_add)
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let line = |line: &BillLine| {
            let mut object = Map::new();
            object.insert("id".to_owned(), json!(line.id));
            for (key, text) in [
                ("quantity", &line.quantity),
                ("unit", &line.unit),
                ("price", &line.price),
            ] {
                if !text.is_empty() {
                    object.insert(key.to_owned(), json!(text));
                }
            }
            object.extend(line.facts.clone());
            object.insert("amount".to_owned(), json!(line.amount));
            object.insert("explanation".to_owned(), json!(line.explanation));
            Value::Object(object)
        };
        let bill = |bill: &Bill| {
            let mut object = bill.facts.clone();
            object.insert("from".to_owned(), json!(bill.from));
            object.insert("to".to_owned(), json!(bill.to));
            object.insert("lines".to_owned(), bill.lines.iter().map(line).collect());
            object.insert("total".to_owned(), json!(bill.total));
            Value::Object(object)
        };
        let bills: Vec<Value> = self.bills.iter().map(bill).collect();
        json!({"case": self.case, "currency": self.currency, "tariff_edition": self.edition, "bills": bills})
    }
}

impl Bill {
    /// The bill of a statement. Import is shown always, other registers where there is something of them.
    pub(super) fn of(period: &Period, statement: &Statement) -> Self {
        let shown =
            |(register, kwh): &(&Register, &crate::Exact)| **register == Register::Import || !kwh.is_zero();
        let totals: Map<String, Value> = statement
            .totals
            .iter()
            .filter(shown)
            .map(|(register, kwh)| (register.name().to_owned(), json!(kwh.to_string())))
            .collect();
        let mut facts = Map::new();
        facts.insert("start_utc".to_owned(), json!(instant::show(period.start_ms)));
        facts.insert("end_utc".to_owned(), json!(instant::show(period.end_ms)));
        facts.insert("days".to_owned(), json!(statement.days));
        facts.insert("totals".to_owned(), Value::Object(totals));
        if statement.intervals > 0 {
            facts.insert("intervals".to_owned(), json!(statement.intervals));
        }
        Self {
            from: statement.from.to_string(),
            to: statement.to.to_string(),
            lines: statement.lines.iter().map(BillLine::of).collect(),
            total: statement.total_text.clone(),
            facts,
        }
    }
}

impl BillLine {
    fn of(line: &Line) -> Self {
        let mut facts = facts_of(&line.how);
        facts.insert("exact".to_owned(), json!(line.exact.to_string()));
        if let Some(day) = line.version {
            facts.insert("version".to_owned(), json!(day.to_string()));
        }
        Self {
            id: line.id.clone(),
            component: Component::of(line),
            amount: line.amount_text(),
            quantity: line.quantity.to_string(),
            unit: line.unit.word().to_owned(),
            price: line.price.as_ref().map(ToString::to_string).unwrap_or_default(),
            explanation: line.explanation(),
            facts,
        }
    }
}

fn facts_of(how: &How) -> Map<String, Value> {
    let mut facts = Map::new();
    let mix = how.mix();
    if mix.estimated > 0 {
        facts.insert("estimated_intervals".to_owned(), json!(mix.estimated));
    }
    if let How::Demand(DemandHow { measured, at, .. }) = how {
        facts.insert("measured_kw".to_owned(), json!(measured.to_string()));
        facts.insert("at".to_owned(), times(at));
    }
    if let How::Tiers { parts, days, .. } = how {
        let kwh: Vec<String> = parts.iter().map(|part| part.kwh.to_string()).collect();
        facts.insert("tier_kwh".to_owned(), json!(kwh));
        facts.insert("days".to_owned(), json!(days));
    }
    if let How::ContractedBand { measured, at, .. } = how {
        facts.insert("measured_kw".to_owned(), json!(measured.to_string()));
        facts.insert("at".to_owned(), times(at.as_slice()));
    }
    if let How::Coincident { at } = how {
        facts.insert("at".to_owned(), times(at));
    }
    facts
}

/// One time as text, several as a list.
fn times(at: &[i64]) -> Value {
    match at {
        [at] => json!(instant::show(*at)),
        many => many.iter().map(|at| json!(instant::show(*at))).collect(),
    }
}
