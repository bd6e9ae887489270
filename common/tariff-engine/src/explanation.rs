//! How the amount of a line came about, as data: words, arithmetic and facts. What a person reads, a program computes again and a page
//! lays out is made of it. It is made only when somebody asks.

mod arithmetic;
mod facts;

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use crate::exact::Exact;
use crate::rounding::{Mode, Rounding};
pub(crate) use arithmetic::{group, listed, product, said, sum, term};
pub(crate) use facts::{Facts, limit, number};

/// Everything that is needed to compute an amount again.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What the numbers of the formula are and where they come from.
    pub words: String,
    /// The arithmetic of [`Self::unrounded`], exactly: decimals and fractions with `+`, `-`, `x`, `/` and parentheses, `max(a, b)`,
    /// `min(a, b)`, `root(a)` to 28 significant digits, `up(a)` to the next whole number, and `round(a, places)` or
    /// `round_even(a, places)`.
    pub formula: String,
    /// The same by name, with `kind`; numbers are texts as in the formula.
    pub facts: Map<String, Value>,
    /// The first local day, or local time, that the line is about.
    pub from: String,
    /// The day or time after.
    pub to: String,
    /// The hash of the tariff.
    pub edition: Arc<str>,
    /// The first day of the tariff's version, as the tariff says it; absent where it has none, where the version holds since always, and
    /// where more than one holds for the line.
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

/// What a kind of line says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) words: String,
    pub(crate) formula: String,
}

/// What a line came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome<'a> {
    pub(crate) unrounded: &'a Exact,
    pub(crate) rounding: Option<Rounding>,
    pub(crate) amount: &'a str,
    pub(crate) currency: &'a str,
}

impl Explanation {
    /// The sentence for a person: the words, the arithmetic, what it comes to and what rounding did. A fraction that is too long to be
    /// typed stands in it as about what it is; in [`Self::formula`] it is whole.
    #[must_use]
    pub fn sentence(&self) -> String {
        let outcome = Outcome {
            unrounded: &self.unrounded,
            rounding: self.rounding,
            amount: &self.amount,
            currency: &self.currency,
        };
        outcome.sentence(&self.words, &self.formula)
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
    pub(crate) const fn new(words: String, formula: String) -> Self {
        Self { words, formula }
    }
}

impl Outcome<'_> {
    /// See [`Explanation::sentence`].
    pub(crate) fn sentence(&self, words: &str, formula: &str) -> String {
        let Self {
            unrounded,
            rounding,
            amount,
            currency,
        } = *self;
        let exact = unrounded.to_string();
        let mut text = String::with_capacity(words.len().saturating_add(formula.len()).saturating_add(64));
        text.push_str(words);
        text.push_str(": ");
        if formula != exact {
            text.push_str(&arithmetic::typed(formula));
            text.push_str(" = ");
        }
        if !is_same(amount, &exact) {
            text.push_str(&said(unrounded).to_string());
            match rounding {
                Some(rounding) => {
                    text.push_str(", rounded ");
                    text.push_str(mode(rounding.mode));
                    text.push_str(" to ");
                }
                None => text.push_str(", shown as "),
            }
        }
        text.push_str(amount);
        text.push(' ');
        text.push_str(currency);
        text
    }
}

/// Whether an amount with the places of its currency, `12.50`, is the number that is written `12.5`.
fn is_same(amount: &str, exact: &str) -> bool {
    let zeros = amount.strip_prefix(exact).map(str::as_bytes);
    match zeros {
        Some([]) => true,
        Some([b'.', zeros @ ..]) if !exact.contains('.') => zeros.iter().all(|digit| *digit == b'0'),
        Some(zeros) if exact.contains('.') => zeros.iter().all(|digit| *digit == b'0'),
        _ => false,
    }
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

#[cfg(test)]
mod tests;
