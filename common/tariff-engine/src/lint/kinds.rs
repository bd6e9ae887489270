//! A charge that is another kind of charge in another version: its lines have one name and mean two things.

use std::collections::BTreeMap;

use super::{Finding, Subject, text_of};
use crate::json::Node;

pub(super) fn changed(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(Node::List(versions)) = subject.node.get("versions") else {
        return Vec::new();
    };
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for (version, node) in versions.iter().enumerate() {
        let Some(Node::List(charges)) = node.get("charges") else {
            continue;
        };
        for (index, charge) in charges.iter().enumerate() {
            let Some((id, kind)) = text_of(charge, "id").zip(text_of(charge, "type")) else {
                continue;
            };
            let before = *kinds.entry(id).or_insert(kind);
            if before != kind {
                let path = format!("versions[{version}].charges[{index}]");
                let text = format!("{id} is {kind} here and {before} in another version: give it another id");
                findings.push(Finding::warning("KIND_CHANGED", path, text));
            }
        }
    }
    findings
}
