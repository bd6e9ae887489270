//! Times of a coincident charge that are one.

use std::collections::BTreeSet;

use super::{Finding, Subject, text, walk};
use crate::instant;
use crate::json::Node;

pub(super) fn twice(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(subject.node, "", &mut |path, node| {
        let Node::List(items) = node else { return };
        if !path.ends_with(".intervals_utc") {
            return;
        }
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let at = text(item).and_then(instant::parse);
            if let Some(at) = at.filter(|at| !seen.insert(*at)) {
                let said = format!("{} is there already: it counts once", instant::show(at));
                findings.push(Finding::warning("TIMES_TWICE", format!("{path}[{index}]"), said));
            }
        }
    });
    findings
}
