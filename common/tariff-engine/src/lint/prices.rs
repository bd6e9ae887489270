//! Prices below zero. They are possible; mostly a credit was meant, which `sign` says.

use super::limits::number;
use super::{Finding, Subject, walk};
use crate::json::Node;

/// Keys of prices in a neutral tariff. The rate of a `percent` is a discount where it is negative.
const PRICES: [&str; 10] = [
    "rate",
    "price",
    "fee",
    "amount",
    "rate_per_kw_day",
    "excess_rate",
    "excess_factor",
    "expired_rate",
    "multiplier",
    "minimum_kw",
];
/// Keys of prices in a rate record.
const OF_RECORD: [&str; 7] = [
    "rate",
    "sell",
    "fixedchargefirstmeter",
    "fixedmonthlycharge",
    "mincharge",
    "minmonthlycharge",
    "annualmincharge",
];

pub(super) fn negative(subject: &Subject<'_>) -> Vec<Finding> {
    below_zero(subject.node, &PRICES)
}

pub(super) fn of_record(node: &Node) -> Vec<Finding> {
    below_zero(node, &OF_RECORD)
}

fn below_zero(node: &Node, keys: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(node, "", &mut |path, node| {
        let key = path.rsplit('.').next().unwrap_or_default();
        let key = key.to_ascii_lowercase(); // records are written in several ways
        let is_price = keys.contains(&key.as_str()) && !path.starts_with("bill_charges");
        if is_price && let Some(price) = number(node).filter(crate::Exact::is_negative) {
            let text = format!("{price} is below zero: {}", effect(&key));
            findings.push(Finding::warning("PRICE_NEGATIVE", path, text));
        }
    });
    findings
}

/// What becomes of it.
fn effect(key: &str) -> &'static str {
    match key {
        "amount" | "fee" | "fixedchargefirstmeter" | "fixedmonthlycharge" => "the customer is paid it",
        "minimum_kw" | "mincharge" | "minmonthlycharge" | "annualmincharge" => "a minimum that never counts",
        _ => "the more is used, the less is paid",
    }
}
