//! The bus between ingestion, billing and analytics: durable, in shards, at least once.
//!
//! A published message is durable when [`Bus::publish`] returns `Ok`. Each consumer group reads every message of a shard in order and
//! acknowledges up to a position once the effects are stored; what is not acknowledged is delivered again after a restart.
//! What a message means is not this crate's business.

mod bus;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod embedded;
mod error;
mod metrics;
pub mod rabbitmq;
mod trace;

pub use bus::{Bus, Delivery, Group, Health, Message, Position, Subscription, Topic};
pub use error::BusError;
pub use trace::{MAX_TRACED, Traced};
