//! Buying and selling at a price of every interval, in place of the record's (`RATING` 2.6).

use crate::RatingError;
use crate::load::kwh;
use crate::price::Prices;

use super::PRICES;
use super::how::Priced;
use super::month::{Month, Slice};

/// What import costs and what export earns.
pub(super) fn traded(prices: &Prices, month: &Month) -> Result<(Priced, Priced), RatingError> {
    let [buy, sell] = PRICES;
    let side = |name, units: fn(&Slice) -> i64| {
        let intervals = month.slices.iter();
        let intervals = intervals.map(|slice| (slice.start_ms, slice.length_ms, units(slice)));
        Ok::<_, RatingError>(Priced::Market(prices.weigh(name, intervals)?.times(kwh(1))))
    };
    Ok((
        side(buy, |slice| slice.import)?,
        side(sell, |slice| slice.export)?,
    ))
}
