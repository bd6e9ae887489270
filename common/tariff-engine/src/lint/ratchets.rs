//! Ratchets that never count, or count a hundredth of what is meant.

use super::limits::number;
use super::{Finding, Subject, walk};
use crate::exact::Exact;
use crate::urdb::Record;

const CODE: &str = "RATCHET";

pub(super) fn doubtful(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(subject.node, "", &mut |path, node| {
        if !path.ends_with(".ratchet") {
            return;
        }
        let mut doubt =
            |key: &str, text: String| findings.push(Finding::warning(CODE, format!("{path}.{key}"), text));
        match node.get("percent").and_then(number) {
            Some(percent) if percent.is_negative() => {
                doubt("percent", format!("{percent} % is below zero: it never counts"));
            }
            Some(percent) if percent <= Exact::ONE => {
                doubt("percent", format!("is {percent} %: 80 % is written 80"));
            }
            _ => {}
        }
        if let Some(cycles) = node.get("cycles_back").and_then(number)
            && cycles.is_zero()
        {
            doubt("cycles_back", "it looks at no cycle and never counts".to_owned());
        }
    });
    findings
}

/// One that the rules do not read (`RATING` 2.7).
pub(super) fn of_record(record: &Record) -> Vec<Finding> {
    let own = record.own_ratchet().map(|path| {
        let text =
            "a ratchet of the record itself is not priced: it is refused unless a case gives options.ratchet";
        Finding::warning(CODE, path, text)
    });
    own.into_iter().collect()
}
