//! Keeps reads, works out usage, makes bills.

mod block;
mod consumer;
mod embedded;
mod error;
mod reads;

pub use embedded::Embedded;
pub use error::{Error, StoreError};
