//! A fleet of meters and a load generator that see only the wire.
//!
//! - [`Fleet`]: what simulated households and offices show, as a pure function of seed, meter and interval;
//! - [`Recording`]: a recorded load, moved by whole weeks;
//! - [`Sender`]: sends readings, and the same again until each has a verdict;
//! - [`Load`]: measures a receiver.

mod anomaly;
mod config;
mod delivery;
mod error;
mod fleet;
mod gateway;
mod listing;
mod load;
mod pace;
mod program;
mod progress;
mod random;
mod recording;
mod replay;
mod run;
mod sample;
mod shape;
mod span;
mod summary;
mod tally;

pub use anomaly::{Anomaly, Kind as AnomalyKind, Parameters, Truth};
pub use config::{Listing, Output};
pub use delivery::{Delivery, Fault, FaultRates, Schedule, Tick};
pub use error::Error;
pub use fleet::{Fleet, FleetConfig, Kind as MeterKind, Meter, TariffClass};
pub use gateway::{Gateway, MAX_BATCH, Sender, Sending, Token, Transport};
pub use load::{EmptyServer, Load, Mode, Percentiles, Report};
pub use pace::{InvalidSpeed, Speed};
pub use program::main;
pub use recording::{InvalidMonth, Month, Recording};
pub use replay::Replay;
pub use run::Run;
pub use sample::{Sample, Telemetry};
pub use span::{Interval, InvalidInterval, InvalidSpan, Span};
pub use summary::{FaultCounts, Summary};
pub use tally::Tally;
