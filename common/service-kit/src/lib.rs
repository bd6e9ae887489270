//! The chassis of a process: tasks and shutdown, the error table, and whatever every service needs around its own work.

mod fault;
mod tasks;

pub use fault::{Fault, REASON_KEY, RETRY_AFTER_KEY, fault_of, http_status, status_of};
pub use tasks::{OnFailure, Tasks};
