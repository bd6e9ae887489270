//! The simulator against a receiver of its own making, over real gRPC on a free port.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails fails its test, and says where"
)]

mod fake;
mod loading;
mod program;
mod sending;
