//! Keeps reads, works out usage, makes bills.

mod backend;
mod bill;
mod block;
pub mod cache;
mod config;
mod consequence;
mod consumer;
mod cycle;
mod embedded;
mod error;
mod exception;
pub mod export;
mod follow;
mod issue;
mod metrics;
mod office;
mod program;
pub mod reads;
mod register;
mod run;
mod service;
mod share;
mod start;
mod store;
mod time;

pub use backend::problems as problems_of_backends;
pub use config::Config;
pub use embedded::Embedded;
pub use error::{Error, StoreError};
pub use metrics::Metrics;
pub use program::{BillingService, ProgramConfig};
pub use service::{Exported, Service};
pub use start::{Deps, Running, start};

#[cfg(test)]
mod world;
