//! The service from outside: a bus and a billing that are played, everything else as it runs.

mod bus;
mod laws;
mod reads;
mod service;
mod world;
