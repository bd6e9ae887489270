//! Banks that pay for what never expires.

use super::limits::number;
use super::{Finding, Subject, walk};
use crate::json::Node;

pub(super) fn never_expiring(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(subject.node, "", &mut |path, node| {
        let rate = node.get("expired_rate").and_then(number);
        let is_paid = rate.is_some_and(|rate| !rate.is_zero());
        if is_paid
            && node
                .get("expiry_cycles")
                .is_none_or(|cycles| *cycles == Node::Null)
        {
            let text = "nothing expires without expiry_cycles: this rate is never paid";
            findings.push(Finding::warning(
                "EXPIRY_MISSING",
                format!("{path}.expired_rate"),
                text,
            ));
        }
    });
    findings
}
