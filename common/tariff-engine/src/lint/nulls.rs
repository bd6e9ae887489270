//! Prices of a rate record that are null, and rates that are missing. Both are read as 0 (`RATING` 2.1).

use super::{Finding, entry, walk};
use crate::json::Node;

/// Keys of prices.
const PRICES: [&str; 3] = ["rate", "adj", "sell"];
/// Keys of lists of periods, which are lists of tiers.
const STRUCTURES: [&str; 3] = [
    "energyratestructure",
    "demandratestructure",
    "flatdemandstructure",
];

pub(super) fn of_record(node: &Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(node, "", &mut |path, node| {
        let key = path.rsplit('.').next().unwrap_or_default();
        if *node == Node::Null && PRICES.iter().any(|price| key.eq_ignore_ascii_case(price)) {
            let text = "null is priced as 0: write the price, or leave the key out if there is none";
            findings.push(Finding::warning("PRICE_NULL", path, text));
        }
    });
    for (name, structure) in STRUCTURES.iter().filter_map(|key| entry(node, key)) {
        walk(structure, name, &mut |path, node| {
            let Node::Object(keys) = node else { return };
            if !keys.iter().any(|(key, _)| key.eq_ignore_ascii_case("rate")) {
                let text = "the tier has no rate, which is priced as 0: write 0 if that is meant";
                findings.push(Finding::warning("PRICE_NULL", path, text));
            }
        });
    }
    findings
}
