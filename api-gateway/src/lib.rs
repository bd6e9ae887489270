//! The only door: devices in, staff in.

mod about;
pub mod auth;
mod config;
pub mod device;
mod error;
mod metrics;
mod program;
mod remote;
mod rest;
pub mod run_file;
mod serve;
mod staff;
mod staff_grpc;
mod start;

pub use config::Config;
pub use error::GatewayError;
pub use program::{ApiGateway, ProgramConfig};
pub use remote::Remote;
pub use start::{Deps, Running, start};
