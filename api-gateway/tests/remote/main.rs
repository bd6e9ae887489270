//! The suite of `it` once more: the same services answer, but behind ports of their own, as in programs of their own. What a device, a
//! person or a program sees of the gateway must not differ. Beside it: what can only happen between processes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

#[path = "../it"]
mod it {
    mod bodies;
    pub(crate) mod device;
    pub(crate) mod fakes;
    pub(crate) mod http;
    mod life;
    mod roles;
    pub(crate) mod routes;
    mod shapes;
    mod staff_grpc;
    pub(crate) mod world;
}

use it::{fakes, http, routes, world};

mod behind;
mod links;
