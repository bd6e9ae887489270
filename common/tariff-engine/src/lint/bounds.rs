//! Least and greatest amounts of a bill that cannot both hold, or that are below zero.

use super::limits::number;
use super::{Finding, Subject, bill_charges, names_of, text_of};
use crate::exact::Exact;
use crate::json::Node;

/// Kinds with a bound, and the key that has it.
const BOUNDS: [(&str, &str); 3] = [
    ("minimum", "amount"),
    ("maximum", "amount"),
    ("max_per_kwh", "rate"),
];

pub(super) fn doubtful(subject: &Subject<'_>) -> Vec<Finding> {
    let charges = bill_charges(subject);
    [below_zero(charges), crossed(charges)].concat()
}

fn below_zero(charges: &[Node]) -> Vec<Finding> {
    let finding = |(index, charge): (usize, &Node)| {
        let kind = text_of(charge, "type")?;
        let (_, key) = BOUNDS.iter().find(|(name, _)| *name == kind)?;
        let bound = charge.get(key).and_then(number).filter(Exact::is_negative)?;
        let text = format!("a {kind} of {bound} is below zero: the bill owes the customer something");
        let path = format!("bill_charges[{index}].{key}");
        Some(Finding::warning("PRICE_NEGATIVE", path, text))
    };
    charges.iter().enumerate().filter_map(finding).collect()
}

/// A minimum above a maximum of the same lines.
fn crossed(charges: &[Node]) -> Vec<Finding> {
    let of_kind = |kind: &'static str| {
        let numbered = charges.iter().enumerate();
        let mine = numbered.filter(move |(_, charge)| text_of(charge, "type") == Some(kind));
        mine.filter_map(|(index, charge)| Some((index, charge, charge.get("amount").and_then(number)?)))
    };
    let mut findings = Vec::new();
    for (at, minimum, least) in of_kind("minimum") {
        for (other, maximum, greatest) in of_kind("maximum") {
            if least > greatest && are_of_the_same(minimum, maximum) {
                let text = format!("no sum is at least {least} and at most {greatest}");
                let path = format!("bill_charges[{}]", at.max(other));
                findings.push(Finding::warning("MINIMUM_ABOVE_MAXIMUM", path, text));
            }
        }
    }
    findings
}

/// Whether two charges are about the same lines, each other left out.
fn are_of_the_same(a: &Node, b: &Node) -> bool {
    let ids = [text_of(a, "id"), text_of(b, "id")];
    let lines = |charge| {
        let mut names = names_of(charge)?;
        names.retain(|name| !ids.contains(&Some(*name)));
        Some(names)
    };
    lines(a) == lines(b)
}
