//! The service from outside: a bus and a billing that are played, everything else as it runs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod bus;
mod laws;
mod moved;
mod origin;
mod overview;
mod reads;
mod service;
mod world;
