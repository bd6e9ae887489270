//! The chassis of a process: configuration, tasks and shutdown, telemetry, health, sockets, calls between processes, the data folder's
//! lock, the error table.
//!
//! It knows nothing about readings or bills.

mod allocator;
mod backend_url;
#[cfg(feature = "bus")]
pub mod bus;
pub mod config;
mod error;
mod fault;
mod folder;
pub mod internal;
pub mod listen;
#[cfg(feature = "mongo")]
pub mod mongo;
mod monitor;
mod named;
mod patience;
mod process;
pub mod program;
pub mod remote;
pub mod signals;
mod tasks;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
pub mod units;

pub use backend_url::BackendUrl;
pub use error::{KitError, chain};
pub use fault::{Fault, REASON_KEY, RETRY_AFTER_KEY, exit_code, fault_of, http_status, status_of};
pub use folder::FolderLock;
pub use monitor::{Look, Monitor, Readiness, Told};
pub use named::Named;
pub use patience::until_up;
pub use signals::Signals;
pub use tasks::{OnFailure, Tasks};
