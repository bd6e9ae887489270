//! Bands around a contracted power that stand on their head.

use super::limits::number;
use super::{Finding, Subject, walk};

pub(super) fn low_above_high(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(subject.node, "", &mut |path, node| {
        let percent = |key| node.get(key).and_then(number);
        if let (Some(low), Some(high)) = (percent("low_percent"), percent("high_percent"))
            && low > high
        {
            let text = format!(
                "low_percent {low} is above high_percent {high}: whatever is below the low one is billed as that, what is above it as excess"
            );
            findings.push(Finding::warning("LOW_ABOVE_HIGH", path, text));
        }
    });
    findings
}
