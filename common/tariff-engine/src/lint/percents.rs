//! Shares that were written as 19 where 0.19 is meant.

use super::limits::number;
use super::{Finding, Subject, bill_charges, text_of, walk};
use crate::exact::Exact;
use crate::json::Node;

pub(super) fn too_large(subject: &Subject<'_>) -> Vec<Finding> {
    let rate = |(index, charge): (usize, &Node)| {
        let is_percent = text_of(charge, "type") == Some("percent");
        let rate = charge.get("rate").filter(|_| is_percent).and_then(number)?;
        Some((format!("bill_charges[{index}].rate"), rate))
    };
    let rates = bill_charges(subject).iter().enumerate().filter_map(rate);
    let mut shares: Vec<(String, Exact)> = rates.collect();
    walk(subject.node, "", &mut |path, node| {
        if path.ends_with(".free_share")
            && let Some(share) = number(node)
        {
            shares.push((path.to_owned(), share));
        }
    });
    let large = shares
        .into_iter()
        .filter(|(_, share)| share.clone().max(share.negated()) > Exact::ONE);
    let finding = large.map(|(path, share)| {
        let percent = share.times(Exact::whole(100));
        let text = format!("{share} is {percent} %: 19 % is written 0.19");
        Finding::warning("PERCENT_LARGE", path, text)
    });
    finding.collect()
}
