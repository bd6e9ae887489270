//! A fleet of meters and a load generator that see only the wire.

mod anomaly;
mod delivery;
mod error;
mod fleet;
mod gateway;
mod random;
mod recording;
mod sample;
mod shape;
mod span;
mod tally;

pub use anomaly::{Anomaly, Kind as AnomalyKind, Parameters, Truth};
pub use delivery::{Delivery, Fault, FaultRates, Schedule, Tick};
pub use error::Error;
pub use fleet::{Fleet, FleetConfig, Kind as MeterKind, Meter, TariffClass};
pub use gateway::{Gateway, MAX_BATCH, Sender, Sending, Token, Transport};
pub use recording::{InvalidMonth, Month, Recording};
pub use sample::{Sample, Telemetry};
pub use span::{Interval, InvalidInterval, InvalidSpan, Span};
pub use tally::Tally;
