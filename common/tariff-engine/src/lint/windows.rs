//! Windows of demand that do not lie as people expect.

use super::limits::number;
use super::{Finding, Subject, walk};
use crate::Exact;
use crate::rule::DAY_MINUTES;

pub(super) fn uneven(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(subject.node, "", &mut |path, node| {
        let minutes = |key| node.get(key).and_then(number)?.to_whole();
        let Some(window) = minutes("window_minutes") else {
            return;
        };
        let slide = minutes("slide_minutes").unwrap_or(window);
        if i128::from(DAY_MINUTES).checked_rem(slide) != Some(0) {
            let text = format!(
                "{slide} minutes are no whole part of a day: windows begin at another time every day"
            );
            findings.push(Finding::warning("WINDOW_UNEVEN", path, text));
        }
        if slide > window {
            let text = format!(
                "a window of {} minutes every {} minutes leaves time in between that sets no demand",
                Exact::whole(window),
                Exact::whole(slide)
            );
            findings.push(Finding::warning("WINDOW_GAP", path, text));
        }
    });
    findings
}
