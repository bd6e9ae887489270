//! How the amount of a line came about, as data: words, arithmetic and facts. What a person reads, a program computes again and a page
//! lays out is made of it. It is made only when somebody asks.

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use crate::exact::Exact;
use crate::rounding::{Mode, Rounding};

/// Decimal places of what stands beside a fraction for people.
const ABOUT_PLACES: u32 = 4;

/// Everything that is needed to compute an amount again.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What the numbers of the formula are and where they come from.
    pub words: String,
    /// The arithmetic of [`Self::unrounded`]: decimals and fractions with `+`, `-`, `x`, `/` and parentheses, `max(a, b)`, `min(a, b)`,
    /// `root(a)` to 28 significant digits, `up(a)` to the next whole number, and `round(a, places)` or `round_even(a, places)`. A number
    /// that ends in `…` goes on.
    pub formula: String,
    /// The same by name, with `kind`; numbers are texts as in the formula.
    pub facts: Map<String, Value>,
    /// The first local day, or local time, that the line is about.
    pub from: String,
    /// The day or time after.
    pub to: String,
    /// The hash of the tariff.
    pub edition: Arc<str>,
    /// The first day of the tariff's version in the bill; absent where the bill has one version.
    pub version: Option<NaiveDate>,
    /// What the formula comes to.
    pub unrounded: Exact,
    /// What was done to it; absent where the line is not rounded.
    pub rounding: Option<Rounding>,
    /// What it came to, as it stands in the bill.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

/// What a kind of line knows of itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) words: String,
    pub(crate) formula: String,
    pub(crate) facts: Map<String, Value>,
}

impl Explanation {
    /// The sentence for a person.
    #[must_use]
    pub fn sentence(&self) -> String {
        let exact = self.unrounded.to_string();
        let arithmetic = if self.formula == exact {
            String::new()
        } else {
            format!("{} = ", self.formula)
        };
        let (amount, currency) = (&self.amount, &self.currency);
        let exact = said(&self.unrounded);
        let outcome = if amount.parse().as_ref() == Ok(&self.unrounded) {
            format!("{amount} {currency}")
        } else {
            match &self.rounding {
                Some(rounding) => format!("{exact}, rounded {} to {amount} {currency}", mode(rounding.mode)),
                None => format!("{exact}, shown as {amount} {currency}"),
            }
        };
        format!("{}: {arithmetic}{outcome}", self.words)
    }

    /// As JSON: the facts, and what all lines have.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = self.facts.clone();
        let version = self.version.map(|day| day.to_string());
        let rounding = self
            .rounding
            .map(|rounding| json!({"mode": rounding.mode.name(), "places": rounding.places}));
        for (key, value) in [
            ("from", json!(self.from)),
            ("to", json!(self.to)),
            ("formula", json!(self.formula)),
            ("unrounded", number(&self.unrounded)),
            ("rounding", json!(rounding)),
            ("tariff_edition", json!(&*self.edition)),
            ("version", json!(version)),
        ] {
            object.insert(key.to_owned(), value);
        }
        Value::Object(object)
    }
}

impl Told {
    pub(crate) fn new(kind: &str, words: String, formula: String) -> Self {
        let facts = Map::new();
        Self {
            words,
            formula,
            facts,
        }
        .with("kind", kind)
    }

    /// With a fact.
    pub(crate) fn with(mut self, name: &str, fact: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), fact.into());
        self
    }

    /// With a number.
    pub(crate) fn with_number(self, name: &str, fact: &Exact) -> Self {
        self.with(name, number(fact))
    }

    /// With a number that may be absent.
    pub(crate) fn with_limit(self, name: &str, fact: Option<&Exact>) -> Self {
        self.with(name, limit(fact))
    }
}

/// A number among facts.
pub(crate) fn number(number: &Exact) -> Value {
    json!(number.to_string())
}

/// A number that may be absent.
pub(crate) fn limit(limit: Option<&Exact>) -> Value {
    limit.map_or(Value::Null, number)
}

/// A number in a formula.
pub(crate) fn term(number: &Exact) -> String {
    let text = number.to_string();
    if text.contains('/') {
        format!("({text})")
    } else {
        text
    }
}

/// A number in words: a fraction with about what it is.
pub(crate) fn said(number: &Exact) -> String {
    let text = number.to_string();
    if text.contains('/') {
        let about = number.to_fixed(ABOUT_PLACES, Mode::HalfUp);
        return format!("{text} (about {about})");
    }
    text
}

/// A sum in a formula as one operand of something else.
pub(crate) fn group(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    if parts.len() == 1 {
        parts.concat()
    } else {
        format!("({})", sum(parts))
    }
}

/// A sum in a formula, also where nothing is added.
pub(crate) fn sum(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    if parts.is_empty() {
        return "0".to_owned();
    }
    parts.join(" + ").replace("+ -", "- ")
}

/// What ties do, in words.
pub(crate) const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::HalfUp => "half up",
        Mode::HalfEven => "half even",
    }
}

/// The function of formulas that rounds.
pub(crate) const fn rounds(mode: Mode) -> &'static str {
    match mode {
        Mode::HalfUp => "round",
        Mode::HalfEven => "round_even",
    }
}

/// Things one after the other.
pub(crate) fn listed(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    items.join(", ")
}
