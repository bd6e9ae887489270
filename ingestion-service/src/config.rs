//! What can be set about ingestion.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service_kit::config::Problem;

/// The least that holds one batch of the largest size (1,000 readings with all telemetry) several times over.
const MIN_QUEUE_BYTES: u64 = 1 << 20;
/// Beyond it the memory of recent readings costs more than it is worth.
const MAX_MEMORY_BYTES: u64 = 4 << 30;

/// What is done with readings of meters that nobody registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownMeters {
    /// Kept, and an exception tells staff; billed once the meter is registered.
    #[default]
    Keep,
    /// Refused with `UNKNOWN_METER`.
    Reject,
}

/// Settings of ingestion; the default runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the gateway calls by gRPC; none: this process only.
    pub listen: Option<SocketAddr>,
    /// What is done with readings of meters that nobody registered: `keep`, and tell staff by an exception, or `reject`.
    pub unknown_meters: UnknownMeters,
    /// Older readings are refused: their identity would not be known any more.
    #[serde(with = "service_kit::units::duration")]
    pub retention: Duration,
    /// How far ahead of our clock a reading may be.
    #[serde(with = "service_kit::units::duration")]
    pub ahead: Duration,
    /// Memory of recent readings, which finds the word (accepted, duplicate, conflict) of an answer. Shared by all devices; 16 bytes per
    /// reading.
    #[serde(with = "service_kit::units::size")]
    pub memory: u64,
    /// How much may wait for the bus, published batches without their confirm included.
    #[serde(with = "service_kit::units::size")]
    pub queue: u64,
    /// How long a call waits for room in that queue before it is told to come back later.
    #[serde(with = "service_kit::units::duration")]
    pub room_wait: Duration,
    /// How long the bus may take to confirm; after it the outcome is unknown.
    #[serde(with = "service_kit::units::duration")]
    pub confirm_within: Duration,
    /// How many groups may be published and not confirmed at a time. With two, one is put together while the other is written.
    pub publishes: usize,
}

impl Default for Config {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            listen: None,
            unknown_meters: UnknownMeters::Keep,
            retention: Duration::from_secs(3_653 * DAY),
            ahead: Duration::from_secs(5 * 60),
            memory: 16 << 20,
            queue: 16 << 20,
            room_wait: Duration::from_secs(1),
            confirm_within: Duration::from_secs(5),
            publishes: 1,
        }
    }
}

impl Config {
    /// What is wrong with the settings; keys begin with `prefix`.
    #[must_use]
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut expect = |good: bool, key: &str, what: &str| {
            if !good {
                problems.push(Problem::new(format!("{prefix}{key}"), what));
            }
        };
        expect(
            (MIN_QUEUE_BYTES..=1 << 30).contains(&self.queue),
            "queue",
            "must be between 1MiB and 1GiB",
        );
        expect(self.memory <= MAX_MEMORY_BYTES, "memory", "must be at most 4GiB");
        expect(
            (1..=8).contains(&self.publishes),
            "publishes",
            "must be between 1 and 8",
        );
        expect(
            !self.confirm_within.is_zero(),
            "confirm_within",
            "must not be zero",
        );
        expect(!self.retention.is_zero(), "retention", "must not be zero");
        problems
    }
}
