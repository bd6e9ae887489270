//! What prices nothing: versions without charges, power at no times, a rate record without prices of energy.

use super::{Finding, Subject, walk};
use crate::json::Node;
use crate::urdb::Record;

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

pub(super) fn of_record(record: &Record) -> Vec<Finding> {
    if record.prices_energy() {
        return Vec::new();
    }
    let text = "there are no prices of energy: it is refused unless a case gives options.price_file";
    vec![Finding::warning("ENERGY_MISSING", "energyratestructure", text)]
}
