//! The bills of a case, in the shape of `RATING` 1.7 and with what explains them.

use serde_json::{Map, Value, json};

use super::Component;
use super::urdb::MonthLine;
use crate::exact::Exact;
use crate::explanation::Explanation;
use crate::how::How;
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
    /// What of the case was hardly meant, each with its path.
    pub warnings: Vec<String>,
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
    /// What explains it.
    pub(super) made: Made,
}

/// What a line was made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Made {
    Line(Box<Line>),
    Month(Box<MonthLine>),
    Balance(Box<Explanation>),
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
        let bill = |bill: &Bill| {
            let mut object = bill.facts.clone();
            object.insert("from".to_owned(), json!(bill.from));
            object.insert("to".to_owned(), json!(bill.to));
            object.insert(
                "lines".to_owned(),
                bill.lines.iter().map(BillLine::to_json).collect(),
            );
            object.insert("total".to_owned(), json!(bill.total));
            Value::Object(object)
        };
        let bills: Vec<Value> = self.bills.iter().map(bill).collect();
        let mut all = json!({"case": self.case, "currency": self.currency, "tariff_edition": self.edition, "bills": bills});
        if let Some(all) = all.as_object_mut().filter(|_| !self.warnings.is_empty()) {
            all.insert("warnings".to_owned(), json!(self.warnings));
        }
        all
    }
}

impl Bill {
    /// The bill of a statement. Import is shown always, other registers where there is something of them.
    pub(super) fn of(period: &Period, statement: &mut Statement) -> Self {
        let shown = |(register, kwh): &(&Register, &Exact)| **register == Register::Import || !kwh.is_zero();
        let totals: Map<String, Value> = statement
            .totals
            .iter()
            .filter(shown)
            .map(|(register, kwh)| (register.name().to_owned(), json!(kwh.to_decimal())))
            .collect();
        let names_taxes = statement.lines.iter().any(|line| line.tax.is_some());
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
            lines: std::mem::take(&mut statement.lines)
                .into_iter()
                .map(|line| BillLine::of(line, names_taxes))
                .collect(),
            total: statement.total_text.clone(),
            facts,
        }
    }
}

impl BillLine {
    fn of(line: Line, names_taxes: bool) -> Self {
        Self {
            id: line.id.clone(),
            component: Component::of(&line, names_taxes),
            amount: line.amount_text(),
            quantity: line.quantity.to_decimal(),
            unit: line.unit.word().to_owned(),
            price: line.price.as_ref().map(Exact::to_decimal).unwrap_or_default(),
            made: Made::Line(Box::new(line)),
        }
    }

    /// How the amount came about.
    #[must_use]
    pub fn explained(&self) -> Explanation {
        match &self.made {
            Made::Line(line) => line.explained(),
            Made::Month(line) => line.explained(),
            Made::Balance(explained) => (**explained).clone(),
        }
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("id".to_owned(), json!(self.id));
        for (key, text) in [
            ("quantity", &self.quantity),
            ("unit", &self.unit),
            ("price", &self.price),
        ] {
            if !text.is_empty() {
                object.insert(key.to_owned(), json!(text));
            }
        }
        let explained = self.explained();
        object.insert("exact".to_owned(), json!(explained.unrounded.to_short()));
        if let Some(day) = explained.version {
            object.insert("version".to_owned(), json!(day.to_string()));
        }
        if let Made::Line(line) = &self.made {
            object.extend(facts_of(&line.how));
        }
        object.insert("amount".to_owned(), json!(self.amount));
        object.insert("explanation".to_owned(), json!(explained.sentence()));
        object.insert("how".to_owned(), explained.to_json());
        Value::Object(object)
    }
}

fn facts_of(how: &How) -> Map<String, Value> {
    let mut facts = Map::new();
    let mix = how.mix();
    if mix.estimated > 0 {
        facts.insert("estimated_intervals".to_owned(), json!(mix.estimated));
    }
    if let How::Demand(how) = how {
        let at: Vec<i64> = how.windows.iter().map(|(at, _)| *at).collect();
        facts.insert("measured_kw".to_owned(), json!(how.measured.to_decimal()));
        facts.insert("at".to_owned(), times(&at));
    }
    if let How::Tiers(how) = how {
        let kwh: Vec<String> = how.parts.iter().map(|part| part.kwh.to_decimal()).collect();
        facts.insert("tier_kwh".to_owned(), json!(kwh));
        facts.insert("days".to_owned(), json!(how.days));
    }
    if let How::ContractedBand(how) = how {
        facts.insert("measured_kw".to_owned(), json!(how.measured.to_decimal()));
        facts.insert("at".to_owned(), times(how.at.as_slice()));
    }
    if let How::Coincident(how) = how {
        let at: Vec<i64> = how.at.iter().map(|slot| slot.at).collect();
        facts.insert("at".to_owned(), times(&at));
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
