//! The door for meters and loggers: gRPC `gridtally.meter.v1.MeterGateway`.
//!
//! Wire bytes become one batch in columns, once. What cannot be a row, or is another's meter, gets its verdict here; the rest is
//! ingestion's. A bad reading never costs another, and a receipt never says more than is known.

mod batch;
mod claim;
mod codec;
mod door;
mod intake;
mod metrics;
mod port;
mod receipts;
mod stream;
mod unary;
mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service_kit::Tasks;
use service_kit::config::Problem;
use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;

use crate::auth::Gate;
use door::{Door, Shared};
use stream::Bounds;

pub(crate) use intake::Intake;

/// Settings of the device port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Threads that serve connections. On two cores two of them took 30 % more calls than one, with the sender on the same machine.
    pub threads: usize,
    /// Open connections at a time; more wait.
    pub connections: usize,
    /// Open connections of one address at a time; more are closed. Many meters may share the address of their network operator.
    pub connections_per_address: usize,
    /// Batches of one stream that may wait for their confirm at a time.
    pub batches_in_flight: usize,
    /// A stream that sends nothing for so long is ended.
    #[serde(with = "service_kit::units::duration")]
    pub stream_idle: Duration,
    /// A stream is ended after so long; its sender opens another.
    #[serde(with = "service_kit::units::duration")]
    pub stream_life: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            threads: 2,
            connections: 10_000,
            connections_per_address: 1_024,
            batches_in_flight: 8,
            stream_idle: Duration::from_secs(30),
            stream_life: Duration::from_secs(3_600),
        }
    }
}

impl Config {
    /// What is wrong with the settings; keys begin with `prefix`.
    #[must_use]
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let numbers = [
            ("threads", self.threads, 64),
            ("connections", self.connections, 1_000_000),
            ("connections_per_address", self.connections_per_address, 1_000_000),
            ("batches_in_flight", self.batches_in_flight, 64),
        ];
        let times = [
            ("stream_idle", self.stream_idle),
            ("stream_life", self.stream_life),
        ];
        let numbers = numbers
            .into_iter()
            .filter(|(_, number, most)| !(1..=*most).contains(number))
            .map(|(key, _, most)| (key, format!("must be between 1 and {most}")));
        let times = times
            .into_iter()
            .filter(|(_, time)| time.is_zero())
            .map(|(key, _)| (key, "must not be zero".to_owned()));
        numbers
            .chain(times)
            .map(|(key, what)| Problem::new(format!("{prefix}{key}"), what))
            .collect()
    }
}

/// What the port needs.
pub(crate) struct Deps<'a> {
    pub(crate) intake: Intake,
    pub(crate) gate: Gate,
    /// The other services of the port; they run on the runtime that calls [`serve`].
    pub(crate) others: axum::Router,
    pub(crate) tasks: &'a Tasks,
}

/// Serves devices, and `others`, on `listener` until the tasks stop.
///
/// # Errors
/// When a thread cannot be started.
pub(crate) fn serve(listener: TcpListener, config: &Config, deps: Deps<'_>) -> io::Result<()> {
    let metrics = deps.intake.metrics.clone();
    let others = tonic::service::Routes::from(deps.others).prepare();
    let door = Door(Arc::new(Shared {
        gate: deps.gate,
        intake: deps.intake,
        bounds: Bounds {
            in_flight: config.batches_in_flight,
            idle: config.stream_idle,
            life: config.stream_life,
        },
        stop: deps.tasks.stop_token(),
        others: BoxCloneSyncService::new(others),
        process: tokio::runtime::Handle::current(),
    }));
    port::serve(listener, config, &door, &metrics, deps.tasks)
}
