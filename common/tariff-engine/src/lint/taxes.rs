//! Tariffs without tax, by which no bill can be issued.

use super::{Finding, Subject};
use crate::bill_charge::BillCharge;

pub(super) fn none(subject: &Subject<'_>) -> Vec<Finding> {
    let charges = &subject.tariff.bill_charges;
    if charges.iter().any(|charge| BillCharge::tax(charge).is_some()) {
        return Vec::new();
    }
    let text = "no tax category is named: the platform holds every bill under this tariff (TAX); where no tax is due, a percent charge \
        with rate 0, a category and its exemption says so";
    vec![Finding::warning("TAX", "bill_charges", text)]
}
