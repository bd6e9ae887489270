//! Holidays that no rule asks for, rules that ask for holidays when there are none, and holidays on days without prices.

use super::{Finding, Subject, walk};
use crate::json::Node;

pub(super) fn without_effect(subject: &Subject<'_>) -> Vec<Finding> {
    let tariff = subject.tariff;
    let (mut asks_days, mut asks_holidays) = (false, None);
    walk(subject.node, "", &mut |path, node| {
        if path.ends_with(".days")
            && let Node::List(names) = node
        {
            asks_days = true;
            if names
                .iter()
                .any(|name| matches!(name, Node::Text(name) if name == "hol"))
            {
                asks_holidays.get_or_insert(path.to_owned());
            }
        }
        // A rebate leaves holidays out of its baseline, an estimate takes them for Sundays.
        asks_days |= matches!(node, Node::Text(kind) if kind == "event_rebate") || path == "estimation";
    });
    let mut findings = Vec::new();
    if let Some(path) = asks_holidays.filter(|_| tariff.holidays.is_empty()) {
        let text = "hol never holds: the tariff lists no holidays";
        findings.push(Finding::warning("HOLIDAYS_MISSING", path, text));
    }
    if !tariff.holidays.is_empty() && !asks_days {
        let text = "no rule names days: holidays change no price, at most what gaps are estimated from";
        findings.push(Finding::warning("HOLIDAYS_UNUSED", "holidays", text));
    }
    let covered = |day| {
        let mut versions = tariff.versions.iter();
        versions.any(|version| {
            version.from.is_none_or(|from| day >= from) && version.to.is_none_or(|to| day < to)
        })
    };
    for day in tariff.holidays.iter().filter(|day| !covered(**day)) {
        let text = format!("no version covers {day}");
        findings.push(Finding::warning("HOLIDAY_OUTSIDE", "holidays", text));
    }
    findings
}
