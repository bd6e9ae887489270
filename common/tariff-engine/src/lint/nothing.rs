//! What prices nothing: versions without charges, power at no times.

use super::{Finding, Subject, walk};
use crate::json::Node;

pub(super) fn empty(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(subject.node, "", &mut |path, node| {
        if !matches!(node, Node::List(items) if items.is_empty()) {
            return;
        }
        match path.rsplit('.').next().unwrap_or_default() {
            "charges" => {
                let text = "there are no charges: what is used on these days costs nothing";
                findings.push(Finding::warning("CHARGES_MISSING", path, text));
            }
            "intervals_utc" => {
                let text = "no time is named: the power is always 0";
                findings.push(Finding::warning("TIMES_MISSING", path, text));
            }
            _ => {}
        }
    });
    findings
}
