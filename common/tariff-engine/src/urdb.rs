//! Rate records of the Utility Rate Database (`RATING` section 2): what a year of calendar months costs under one. They rate and
//! compare; what is issued uses a neutral tariff. Nothing is rounded.

mod demand;
mod energy;
mod explain;
mod how;
mod keys;
mod month;
mod options;
mod price;
mod record;
mod schedule;
mod tiers;
mod year;

pub(crate) use explain::RecordLine;
pub(crate) use how::MonthHow;
pub(crate) use month::Span;
pub(crate) use options::Options;
pub(crate) use record::Record;
pub(crate) use year::{bills, check_year};

/// The columns of a price file.
pub(crate) const PRICES: [&str; 2] = ["buy_usd_per_kwh", "sell_usd_per_kwh"];
