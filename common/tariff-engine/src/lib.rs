//! Pure pricing: tariffs as data become explained statements.
//!
//! A [`Tariff`] is parsed from its JSON text once, [compiled](Tariff::compile) for a period once, and then prices the intervals of
//! any number of customers. Everything is exact until a rule of the tariff rounds; there is no float, clock, or input and output.
//! The rules are those of `RATING`: [neutral tariffs](Tariff) (section 3), and rate records, which are priced by the year as a
//! [case]. What it does not know it refuses when the text is parsed; [`lint`] says what else an author should look at.
// Tests may compute freely; what they test may not.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::float_arithmetic,
        clippy::integer_division,
        clippy::wildcard_enum_match_arm
    )
)]

mod bill_charge;
mod carry;
pub mod case;
mod charge;
mod compiled;
mod error;
mod estimate;
mod event;
mod exact;
mod explanation;
mod how;
pub mod instant;
mod json;
pub mod lint;
mod load;
pub mod local;
mod outline;
mod period;
mod picture;
mod price;
mod reader;
mod reads;
mod rounding;
mod rule;
mod scene;
mod statement;
mod tally;
mod tariff;
mod urdb;
mod values;

pub use carry::{Carry, Lot, Peak};
pub use compiled::{Circumstances, Compiled, Inputs};
pub use error::RatingError;
pub use event::Event;
pub use exact::{Exact, ParseExactError};
pub use explanation::Explanation;
pub use how::{
    BandHow, BankHow, CoincidentHow, DemandHow, ExcessHow, How, IndexedHow, LinesHow, LinesRule, NetHow,
    NotLike, PowerFactor, PowerPrice, RatchetHow, ReactiveHow, ReadUse, Rebate, Slot, Source, StepHow,
    TierPart, TiersHow, Windows,
};
pub use load::{Fault, Interval, Load, Rows};
pub use outline::{Outline, Row, Version};
pub use period::Period;
pub use picture::{Beside, Hour, Page, Picture, Price};
pub use price::Prices;
pub use reader::{Problem, Problems};
pub use rounding::{Mode, Rounding, Scope};
pub use rule::{Hours, When};
pub use scene::Mix;
pub use statement::{Line, Register, Statement, Unit};
pub use tariff::{RATING_RULES, Tariff};
pub use values::Values;
