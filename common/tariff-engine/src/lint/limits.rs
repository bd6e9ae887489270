//! Tiers and steps that nothing reaches, or beyond which nothing has a price.

use super::{Finding, Subject, entry, text, walk};
use crate::exact::Exact;
use crate::json::Node;
use crate::urdb::Record;

/// Lists of limits in a neutral tariff.
const LISTS: [&str; 2] = [".tiers", ".steps"];

/// Limits ascend from 0, or the tariff is refused; so a limit of 0 is the first.
pub(super) fn unreachable(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(subject.node, "", &mut |path, node| {
        let Node::List(items) = node else { return };
        if !LISTS.iter().any(|list| path.ends_with(list)) {
            return;
        }
        let limit = |item: Option<&Node>| item.and_then(|item| item.get("up_to")).and_then(number);
        if limit(items.first()).is_some_and(|limit| limit.is_zero()) {
            let text = "only a quantity of nothing is up to 0: this price is never paid";
            findings.push(Finding::warning("TIER_UNREACHABLE", format!("{path}[0]"), text));
        }
        if limit(items.last()).is_some() {
            let text = "the last step has a limit: a bill with a larger quantity is refused";
            findings.push(Finding::warning("STEP_GAP", path, text));
        }
        findings.extend(not_ascending(items, path));
    });
    findings
}

/// Limits that are numbers in a tariff of which another number is a value by name: what the engine refuses with the values.
fn not_ascending(items: &[Node], path: &str) -> Option<Finding> {
    let limits = items.iter().enumerate();
    let known = limits.filter_map(|(index, item)| Some((index, item.get("up_to").and_then(number)?)));
    let known: Vec<(usize, Exact)> = known.collect();
    let falls = |pair: &&[(usize, Exact)]| matches!(pair, [(_, earlier), (_, later)] if earlier >= later);
    let [(_, earlier), (index, later)] = known.windows(2).find(falls)? else {
        return None;
    };
    let text =
        format!("{later} does not come after {earlier}: whatever the values are, every bill is refused");
    let path = format!("{path}[{index}].up_to");
    Some(Finding::warning("TIERS_NOT_ASCENDING", path, text))
}

/// A tier that ends where the one before it did, or a first one that ends at 0.
pub(super) fn of_record(node: &Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(node, "", &mut |path, node| {
        let Node::List(items) = node else { return };
        let limit = |item: &Node| {
            let (_, max) = entry(item, "max")?;
            let unit = entry(item, "unit").and_then(|(_, unit)| text(unit));
            let unit = unit.filter(|unit| !unit.is_empty()).unwrap_or("kWh");
            Some((number(max)?, unit.to_ascii_lowercase()))
        };
        if items
            .first()
            .and_then(limit)
            .is_some_and(|(max, _)| max.is_zero())
        {
            let text = "only a quantity of nothing is up to 0: this price is never paid";
            findings.push(Finding::warning("TIER_UNREACHABLE", format!("{path}[0]"), text));
        }
        for (index, pair) in items.windows(2).enumerate() {
            if let [earlier, later] = pair
                && let (Some(earlier), Some(later)) = (limit(earlier), limit(later))
                && earlier == later
            {
                let path = format!("{path}[{}]", index.saturating_add(1));
                let text = format!(
                    "the tier before it ends at {}, too: this price is never paid",
                    later.0
                );
                findings.push(Finding::warning("TIER_UNREACHABLE", path, text));
            }
        }
    });
    findings
}

/// A last tier that ends: nothing says what more costs.
pub(super) fn last_of_record(record: &Record) -> Vec<Finding> {
    let limited = record.limited_periods().into_iter().map(|(structure, period)| {
        let text =
            "the last tier has a max: a month with more is refused; leave the max out if there is none";
        Finding::warning("STEP_GAP", format!("{structure}[{period}]"), text)
    });
    limited.collect()
}

/// Limits in different units: only a month says which is higher.
pub(super) fn mixed_of_record(record: &Record) -> Vec<Finding> {
    let mixed = record.mixed_periods().into_iter().map(|period| {
        let text =
            "its limits are in different units: in a month in which a tier's limit is below the one before it, nobody pays that tier's price; a tier without a unit is in kWh of the month";
        Finding::warning("TIER_UNREACHABLE", format!("energyratestructure[{period}]"), text)
    });
    mixed.collect()
}

/// A decimal, however it is written.
pub(super) fn number(node: &Node) -> Option<Exact> {
    match node {
        Node::Number(digits) | Node::Text(digits) => digits.parse().ok(),
        Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => None,
    }
}
