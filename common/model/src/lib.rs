//! Names and numbers every part of Gridtally shares: ids, quantities, readings, the clock, kinds of error.
//!
//! No I/O, no async, no generated code, nothing with a single user.
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

mod clock;
mod energy;
mod error_kind;
mod exact;
mod hash;
mod id;
mod reading;
mod reason;
mod stay;

pub use clock::{Clock, FixedClock, SystemClock};
pub use energy::{Energy, ParseEnergyError};
pub use error_kind::ErrorKind;
pub use exact::{Inexact, scaled_from_f64};
pub use hash::{content_hash, identity_hash, meter_hash, shard_of};
pub use id::{
    AccountId, AgreementId, BillId, CalendarId, InvalidId, MeterId, ServicePointId, TariffId, is_valid_id,
};
pub use reading::{Channel, Content, MAX_DEVICE_REVISION, MeasuredQuantity, Quality, Series};
pub use reason::Reason;
pub use stay::Stay;
