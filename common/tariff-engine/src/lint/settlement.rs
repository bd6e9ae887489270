//! Charges that mean something else on a bill that settles estimates (`RATING` 3.14): its energy is that of several cycles.

use std::collections::BTreeSet;

use super::{Finding, Subject, bill_charges, charge_path, names_of};
use crate::bill_charge::BillCharge;
use crate::charge::Charge;
use crate::tariff::PREVIOUSLY_BILLED;

const CODE: &str = "SETTLEMENT";

pub(super) fn doubtful(subject: &Subject<'_>) -> Vec<Finding> {
    if !subject.tariff.trueup {
        return of_nothing(subject);
    }
    let versions = subject.tariff.versions.iter().enumerate();
    let charges = versions.flat_map(|(version, of)| {
        let numbered = of.charges.iter().enumerate();
        numbered.filter_map(move |(index, charge)| {
            let text = of_charge(charge)?;
            let path = charge_path(subject.tariff, version, index);
            Some(Finding::warning(CODE, path, text))
        })
    });
    let on_bill = subject.tariff.bill_charges.iter().enumerate();
    let on_bill = on_bill.filter_map(|(index, charge)| {
        let text = of_bill_charge(charge, subject)?;
        Some(Finding::warning(CODE, format!("bill_charges[{index}]"), text))
    });
    charges.chain(on_bill).collect()
}

/// Without settlement no bill has its line, but for a case that says itself how estimates are settled.
fn of_nothing(subject: &Subject<'_>) -> Vec<Finding> {
    let named = bill_charges(subject)
        .iter()
        .enumerate()
        .filter(|(_, charge)| names_of(charge).is_some_and(|names| names.contains(PREVIOUSLY_BILLED)));
    let finding = |(index, _)| {
        let text = "names previously_billed, a line that bills have under estimated_reads trueup alone";
        Finding::warning(CODE, format!("bill_charges[{index}].of"), text)
    };
    named.map(finding).collect()
}

fn of_charge(charge: &Charge) -> Option<&'static str> {
    let pricing = charge.pricing();
    if pricing.carries() {
        return Some("bills that settle estimates are refused: nothing says what becomes of the bank");
    }
    let text = "a bill that settles estimates measures the energy of several cycles by the limits of one: tiers may have an allowance per_day";
    pricing.limits_a_cycle().then_some(text)
}

fn of_bill_charge(charge: &BillCharge, subject: &Subject<'_>) -> Option<&'static str> {
    if charge.register().is_some() {
        return Some(
            "bills that settle estimates are refused: of whose kilowatt-hours the bound is, nothing says",
        );
    }
    let charges = subject
        .tariff
        .versions
        .iter()
        .flat_map(|version| &version.charges);
    let mut names = BTreeSet::from([PREVIOUSLY_BILLED.to_owned()]);
    names.extend(charges.filter(|charge| charge.is_on_energy()).flat_map(lines_of));
    let taken = names.iter().filter(|name| charge.is_of_name(name)).count();
    if taken == 0 || taken == names.len() {
        return None;
    }
    Some(if charge.is_percent() {
        "of a bill that settles estimates it takes the energy of several cycles, or what was billed for it, but not both: name all charges on \
            energy and previously_billed, or none"
    } else {
        "bills that settle estimates are refused: name all charges on energy and previously_billed, or none"
    })
}

/// The ids of its lines.
fn lines_of(charge: &Charge) -> Vec<String> {
    let suffixes = charge.pricing().suffixes();
    if suffixes.is_empty() {
        return vec![charge.id.clone()];
    }
    let line = |suffix: &String| format!("{}.{suffix}", charge.id);
    suffixes.iter().map(line).collect()
}
