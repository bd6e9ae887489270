//! What may stand in a tariff and yet keeps every bill from being issued.

use crate::bill_charge::BillCharge;
use crate::tariff::Tariff;

impl Tariff {
    /// A sentence for each; they change nothing of what the tariff prices.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let untaxed = self
            .bill_charges
            .iter()
            .all(|charge| BillCharge::tax(charge).is_none());
        let no_tax = "bill_charges: none names a tax category, so every bill will be held (TAX); where no tax is due, a percent charge \
            with rate 0, a category and its exemption says so";
        untaxed.then(|| no_tax.to_owned()).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
