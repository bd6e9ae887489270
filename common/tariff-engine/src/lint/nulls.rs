//! Prices of a rate record that are null. That is read like a price that is missing, and so as 0 (`RATING` 2.1).

use super::{Finding, walk};
use crate::json::Node;

/// Keys of prices.
const PRICES: [&str; 3] = ["rate", "adj", "sell"];

pub(super) fn of_record(node: &Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(node, "", &mut |path, node| {
        let key = path.rsplit('.').next().unwrap_or_default();
        if *node == Node::Null && PRICES.iter().any(|price| key.eq_ignore_ascii_case(price)) {
            let text = "null is priced as 0: write the price, or leave the key out if there is none";
            findings.push(Finding::warning("PRICE_NULL", path, text));
        }
    });
    findings
}
