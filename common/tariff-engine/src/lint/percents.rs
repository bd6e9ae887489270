//! Percentages on the bill that were written as 19 where 0.19 is meant.

use super::limits::number;
use super::{Finding, Subject};
use crate::exact::Exact;
use crate::json::Node;

pub(super) fn too_large(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(Node::List(charges)) = subject.node.get("bill_charges") else {
        return Vec::new();
    };
    let rate = |(index, charge): (usize, &Node)| {
        let is_percent = matches!(charge.get("type"), Some(Node::Text(kind)) if kind == "percent");
        let rate = charge.get("rate").filter(|_| is_percent).and_then(number)?;
        Some((index, rate))
    };
    let rates = charges.iter().enumerate().filter_map(rate);
    let large = rates.filter(|(_, rate)| rate.clone().max(rate.negated()) > Exact::ONE);
    let finding = large.map(|(index, rate)| {
        let percent = rate.times(Exact::whole(100));
        let text = format!("{rate} is {percent} %: 19 % is written 0.19");
        Finding::warning("PERCENT_LARGE", format!("bill_charges[{index}].rate"), text)
    });
    finding.collect()
}
