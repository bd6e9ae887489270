//! The gateway over real sockets, with services behind it that say what the test wants.

mod fakes;
mod http;
mod life;
mod roles;
mod routes;
mod shapes;
mod staff_grpc;
mod world;
