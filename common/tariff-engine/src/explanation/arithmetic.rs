//! Numbers in formulas and in words. They are written where they are needed, without a text of their own: a bill run makes millions.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

use crate::exact::Exact;
use crate::rounding::Mode;

/// Decimal places of what stands beside a fraction for people.
const ABOUT_PLACES: u32 = 4;
/// The most characters of a fraction that a person can type.
const MAX_TYPED: usize = 24;
/// Decimal places of what stands in place of a longer one.
const LONG_PLACES: u32 = 8;

/// A number in a formula: a decimal, or a fraction in parentheses.
pub(crate) fn term(number: &Exact) -> Term<'_> {
    Term(number)
}

/// A number in words: a fraction with about what it is, or only that where the fraction is too long to be typed.
pub(crate) fn said(number: &Exact) -> Said<'_> {
    Said(number)
}

/// `a x b`.
pub(crate) fn product(left: &Exact, right: &Exact) -> String {
    format!("{} x {}", term(left), term(right))
}

/// See [`term`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term<'a>(&'a Exact);

/// See [`said`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a>(&'a Exact);

impl Display for Term<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_decimal() {
            return self.0.fmt(f);
        }
        write!(f, "({})", self.0)
    }
}

impl Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_decimal() {
            return self.0.fmt(f);
        }
        let fraction = self.0.to_string();
        if fraction.len() > MAX_TYPED {
            return about(self.0, LONG_PLACES).fmt(f);
        }
        write!(f, "{fraction} ({})", about(self.0, ABOUT_PLACES))
    }
}

fn about(number: &Exact, places: u32) -> String {
    format!("about {}", number.to_fixed(places, Mode::HalfUp))
}

/// A formula as a person computes with it: a fraction that is too long to be typed stands as about what it is.
pub(super) fn typed(formula: &str) -> Cow<'_, str> {
    if formula.len() <= MAX_TYPED || !formula.contains('/') {
        return Cow::Borrowed(formula);
    }
    let mut text = String::with_capacity(formula.len());
    let mut rest = formula;
    while let Some((before, after)) = rest.split_once('(') {
        text.push_str(before);
        let end = after.find(|letter: char| !letter.is_ascii_digit() && letter != '/' && letter != '-');
        let (fraction, next) = after.split_at(end.unwrap_or(after.len()));
        let number = Some(fraction)
            .filter(|fraction| fraction.len() > MAX_TYPED && fraction.contains('/'))
            .and_then(Exact::of_shown);
        match (number, next.strip_prefix(')')) {
            (Some(number), Some(next)) => {
                text.push_str(&about(&number, LONG_PLACES));
                rest = next;
            }
            _ => {
                text.push('(');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// A sum in a formula as one operand of something else.
pub(crate) fn group(parts: impl IntoIterator<Item = impl Display>) -> String {
    let mut count = 0_usize;
    let text = sum(parts.into_iter().inspect(|_| count = count.saturating_add(1)));
    if count > 1 { format!("({text})") } else { text }
}

/// A sum in a formula, also where nothing is added.
pub(crate) fn sum(parts: impl IntoIterator<Item = impl Display>) -> String {
    let mut text = String::new();
    for part in parts {
        let sign = text.len();
        if sign > 0 {
            text.push_str(" + ");
        }
        let start = text.len();
        append(&mut text, part);
        if sign > 0 && text.get(start..).is_some_and(|part| part.starts_with('-')) {
            text.replace_range(sign..start.saturating_add(1), " - ");
        }
    }
    if text.is_empty() {
        text.push('0');
    }
    text
}

/// Things one after the other.
pub(crate) fn listed(items: impl IntoIterator<Item = impl Display>) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push_str(", ");
        }
        append(&mut text, item);
    }
    text
}

fn append(text: &mut String, item: impl Display) {
    write!(text, "{item}").unwrap_or_default(); // a text takes everything
}
