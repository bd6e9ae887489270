//! Bands around a contracted power that stand on their head, or are a hundredth of what is meant.

use super::limits::number;
use super::{Finding, Subject, walk};
use crate::exact::Exact;

/// Below this, a percentage was written as a share.
const SMALL: i128 = 2;

pub(super) fn doubtful(subject: &Subject<'_>) -> Vec<Finding> {
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
        for key in ["low_percent", "high_percent"] {
            let is_share = |percent: &Exact| *percent > Exact::ZERO && *percent < Exact::whole(SMALL);
            if let Some(percent) = percent(key).filter(is_share) {
                let text = format!("is {percent} %: 85 % is written 85");
                findings.push(Finding::warning("PERCENT_SMALL", format!("{path}.{key}"), text));
            }
        }
    });
    findings
}
