//! Names of lines with a day in the `of` of a bill charge (`energy@2024-04-01`): whether any bill can have such a line.

use chrono::NaiveDate;

use super::Tariff;
use crate::charge::Charge;
use crate::reader::Problems;

/// Refuses names of lines that no bill has: what is worked out from them would always be nothing.
pub(super) fn check(tariff: &Tariff, problems: &mut Problems) {
    for (index, charge) in tariff.bill_charges.iter().enumerate() {
        for (place, line, day) in charge.dated() {
            if !can_begin(tariff, line, day) {
                let path = format!("bill_charges[{index}].of[{place}]");
                let reason =
                    format!("no bill has a line {line}@{day}: name {line}, which means it on all days");
                problems.add(&path, reason);
            }
        }
    }
}

/// Lines have their first day where versions or values cut a bill, and where energy is settled by an actual read.
fn can_begin(tariff: &Tariff, line: &str, day: NaiveDate) -> bool {
    let cuts = !tariff.names.is_empty();
    let has_day = |charge: &&Charge| {
        tariff.versioned || cuts || (tariff.trueup && charge.is_on_energy()) // fees are not settled
    };
    let covers = |version: &&super::Version| {
        version.from.is_none_or(|from| from <= day) && version.to.is_none_or(|to| day < to)
    };
    let mut charges = tariff
        .versions
        .iter()
        .filter(covers)
        .flat_map(|version| &version.charges);
    let mut shares = tariff.bill_charges.iter();
    charges.any(|charge| has_day(&charge) && charge.names().iter().any(|name| name == line))
        || shares.any(|charge| cuts && charge.is_percent() && charge.id() == line)
}
