//! Windows of usage by group, and the metrics they feed.
//!
//! The bus drives provisional values in memory; billing's fold of its stored reads replaces them whenever they might differ from it,
//! so that at rest every window is a pure function of stored reads. Nothing here is the only copy of anything.

mod config;
mod consumer;
pub mod day;
mod error;
pub mod group;
pub mod meters;
mod metrics;
mod origin;
mod overview;
mod program;
mod register;
mod service;
pub mod shard;
mod start;
pub mod store;
mod usage;
mod view;
mod window;

pub use config::Config;
pub use error::{Error, Refusal};
pub use program::{AnalyticsService, ProgramConfig, reads};
pub use service::Service;
pub use start::{Deps, Running, start};
