//! The chassis of a process: configuration, tasks and shutdown, telemetry, health, sockets, the data folder's lock, the error table.
//!
//! It knows nothing about readings or bills.

pub mod config;
mod error;
mod fault;
mod folder;
pub mod listen;
#[cfg(feature = "mongo")]
pub mod mongo;
mod monitor;
mod process;
pub mod signals;
mod tasks;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod units;

pub use error::KitError;
pub use fault::{Fault, REASON_KEY, RETRY_AFTER_KEY, fault_of, http_status, status_of};
pub use folder::FolderLock;
pub use monitor::{Monitor, Readiness};
pub use signals::Signals;
pub use tasks::{OnFailure, Tasks};
