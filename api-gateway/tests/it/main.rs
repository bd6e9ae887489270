//! The gateway over real sockets, with services behind it that say what the test wants.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod behind;
mod bodies;
mod device;
mod fakes;
mod http;
mod life;
mod roles;
mod routes;
mod shapes;
mod staff_grpc;
mod world;
