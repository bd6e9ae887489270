//! The journeys: everything here starts the built programs and sees only the wire.
#![expect(
    clippy::indexing_slicing,
    reason = "a field that is not there fails the test, as it should"
)]

mod bad_input;
mod client_tools;
mod command_line;
mod configuration_doc;
mod crash;
mod demo;
mod deployments;
mod drain;
mod folders;
mod household;
mod journey;
mod metrics_doc;
mod order;
mod outages;
mod programs;
mod readme;
mod register;
mod sending;
mod services;
mod sharing;
mod smoke;
mod strangers;
mod takeover;
mod traces;
