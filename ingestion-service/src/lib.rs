//! Turns what devices claim into facts on the bus.
//!
//! A batch in columns comes in; every row is judged, the good ones are grouped by shard and published together, and each row is answered
//! when the bus has confirmed. Nothing is stored here, and nothing here decides what counts: see the billing service.

mod assess;
mod commit;
mod config;
mod error;
mod group;
mod judge;
mod memory;
mod metrics;
mod program;
mod queue;
mod service;
mod start;

pub use config::{Config, UnknownMeters};
pub use error::IngestionError;
pub use program::{IngestionService, ProgramConfig};
pub use service::IsKnown;
pub use start::{Deps, Running, start};
