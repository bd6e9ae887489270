//! End-to-end tests: the built programs as child processes, clients that see only the wire, and an independent oracle.
//!
//! Nothing here depends on a service: what is known about them is the contract with the outside.

pub mod client;
pub mod collector;
pub mod configuration;
pub mod household;
pub mod instance;
pub mod journal;
pub mod oracle;
pub mod platform;
pub mod process;
pub mod program;
pub mod readme;
pub mod servers;
pub mod services;
pub mod tools;
pub mod wait;
