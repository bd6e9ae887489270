//! Values by a name that says nothing (`RATING` 3.17).

use super::{Finding, Severity, text_of, walk};
use crate::json::Node;

pub(super) fn nameless(node: &Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(node, "", &mut |path, node| {
        if text_of(node, "param").is_some_and(|name| name.trim().is_empty()) {
            findings.push(Finding {
                severity: Severity::Error,
                code: "VALUE_NAMELESS",
                path: format!("{path}.param"),
                text: "a value needs a name by which an agreement can give it".to_owned(),
            });
        }
    });
    findings
}
