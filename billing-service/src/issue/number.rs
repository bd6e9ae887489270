//! Numbers of bills: a series without a gap, each number claimed for one bill for ever.

use std::collections::HashMap;

use proto::billing::Seller;

use super::Issuer;
use crate::error::Error;
use crate::store::{Inserted, NumberClaim};

impl Issuer {
    /// The number of a bill: the first from `from` on that is free or its own already.
    pub(super) async fn claim(&self, series: &str, from: u64, bill_id: &str) -> Result<u64, Error> {
        let mut number = from;
        loop {
            let claim = NumberClaim {
                series: series.to_owned(),
                number,
                bill_id: bill_id.to_owned(),
            };
            if self.store.insert(&claim).await? == Inserted::New {
                return Ok(number);
            }
            let taken: Option<NumberClaim> = self.store.get(&NumberClaim::id_of(series, number)).await?;
            if taken.is_some_and(|taken| taken.bill_id == bill_id) {
                return Ok(number);
            }
            number = number.saturating_add(1);
        }
    }

    /// Seller, kind and year, e.g. `GT-INV-2026`.
    pub(super) async fn series(&self, kind: &str, issued_at: &str) -> Result<String, Error> {
        let sellers = self.store.list::<Seller>("", None, 1).await?;
        let prefix = sellers
            .first()
            .map_or(&self.default_series, |seller| &seller.series);
        let word = if kind == "credit_note" { "CRN" } else { "INV" };
        let year = issued_at.get(..4).unwrap_or_default();
        Ok(format!("{prefix}-{word}-{year}"))
    }

    /// The first free number, if nobody else claims it: numbers are gap-free, so it is found by halving.
    pub(super) async fn next_number(
        &self,
        series: &str,
        next: &mut HashMap<String, u64>,
    ) -> Result<u64, Error> {
        if let Some(free) = next.get(series) {
            return Ok(*free);
        }
        let taken = async |number| -> Result<bool, Error> {
            let claim: Option<NumberClaim> = self.store.get(&NumberClaim::id_of(series, number)).await?;
            Ok(claim.is_some())
        };
        let (mut used, mut free) = (0_u64, 1_u64);
        while taken(free).await? {
            (used, free) = (free, free.saturating_mul(2));
        }
        while free.saturating_sub(used) > 1 {
            let middle = used.midpoint(free);
            if taken(middle).await? {
                used = middle
            } else {
                free = middle
            }
        }
        next.insert(series.to_owned(), free);
        Ok(free)
    }
}
