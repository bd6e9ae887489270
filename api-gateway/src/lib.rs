//! The only door: devices in, staff in.

mod about;
pub mod auth;
mod config;
pub mod device;
mod error;
mod metrics;
mod rest;
mod serve;
mod staff;
mod staff_grpc;
mod start;

pub use config::Config;
pub use error::GatewayError;
pub use start::{Deps, Running, start};
