//! Lines that a bill charge names with a day: only one bill has them.

use super::{Finding, Subject};

pub(super) fn of_one_cycle(subject: &Subject<'_>) -> Vec<Finding> {
    let charges = subject.tariff.bill_charges.iter().enumerate();
    let findings = charges.flat_map(|(index, charge)| {
        let code = if charge.tax().is_some() { "TAX" } else { "OF_ONE_CYCLE" };
        charge.dated().map(move |(place, line, day)| {
            let path = format!("bill_charges[{index}].of[{place}]");
            let text = format!(
                "only the bill of the cycle that contains {day} can have a line {line}@{day}: name {line}, which means it on all days"
            );
            Finding::warning(code, path, text)
        })
    });
    findings.collect()
}
