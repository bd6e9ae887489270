//! Events without a name.

use super::{Finding, Subject, text, walk};

pub(super) fn nameless(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(subject.node, "", &mut |path, node| {
        if path.ends_with(".event") && text(node).is_some_and(|name| name.trim().is_empty()) {
            let text = "an event without a name: only events that are called so, too, count";
            findings.push(Finding::warning("EVENT_NAMELESS", path, text));
        }
    });
    findings
}
