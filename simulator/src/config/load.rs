//! The settings of `load`.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use super::{Output, Receiver, time};
use crate::error::Error;
use crate::load::{Load, Mode};
use crate::span::{Interval, Span};

/// How long ago the first interval is unless set: far enough that a minute at a million readings per second stays in the past.
const DAYS_AGO: i64 = 60;
/// Calls under way unless set, by mode: unary calls are small, batches are not.
const CALLS_IN_FLIGHT: u32 = 64;
const BATCHES_IN_FLIGHT: u32 = 16;

/// Measure how much a receiver takes, and how long it takes to answer.
///
/// With --rate the load is open: calls are sent when they are due, whether or not earlier ones were answered, and latency counts from
/// that moment. Without it there are always --in-flight calls under way, and latency is corrected for coordinated omission.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Who receives; plain text only.
    #[command(flatten)]
    pub(crate) receiver: Receiver,
    /// Measures an empty server inside this program instead: the limit of the part.
    #[arg(long, conflicts_with = "endpoint")]
    pub(crate) empty_server: bool,
    /// Which call carries the readings.
    #[arg(long, value_enum, default_value = "stream")]
    pub(crate) mode: Mode,
    /// Calls (unary) or batches (streams) without an answer, over all connections. Unset: 64 calls or 16 batches.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) in_flight: Option<u32>,
    /// Connections; a stream each in the streaming modes.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(crate) connections: u32,
    /// Readings per batch of a stream, at most: one of each meter; with --rate a batch is no more than a tenth of a second's
    /// readings.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) batch: u32,
    /// Readings per second. Unset: as fast as the answers come.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) rate: Option<u64>,
    /// How many meters report.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) meters: u32,
    /// Meters are called <PREFIX>0000000, <PREFIX>0000001 ...
    #[arg(long, default_value = "load-")]
    pub(crate) prefix: String,
    /// The length of an interval.
    #[arg(long, default_value = "15m")]
    pub(crate) interval: Interval,
    /// The first interval: a date or a time. Unset: 60 days ago.
    #[arg(long, value_parser = time)]
    pub(crate) from: Option<DateTime<Utc>>,
    /// How long it lasts at most.
    #[arg(long, default_value = "10s")]
    pub(crate) duration: Span,
    /// How many readings are sent at most.
    #[arg(long)]
    pub(crate) count: Option<u64>,
    /// A recorded load (CSV) whose import is what the meters report, each meter some days off the others. Unset: simulated households.
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// From which the simulated households follow.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) output: Output,
}

impl LoadArgs {
    /// The load that is meant, as of `now`.
    ///
    /// # Errors
    /// [`Error::Settings`] when there is nothing to send, or meters would have impossible ids.
    pub(crate) fn load(&self, now: DateTime<Utc>) -> Result<Load, Error> {
        let default_in_flight = if self.mode == Mode::Unary {
            CALLS_IN_FLIGHT
        } else {
            BATCHES_IN_FLIGHT
        };
        let from = self.from.unwrap_or_else(|| now - TimeDelta::days(DAYS_AGO));
        let first_ms = self.interval.first_start(match self.from {
            Some(from) => from.timestamp_millis(),
            None => from
                .date_naive()
                .and_time(chrono::NaiveTime::MIN)
                .and_utc()
                .timestamp_millis(),
        });
        // an interval that is not over has no value yet
        let rounds = (now.timestamp_millis() - first_ms).div_euclid(self.interval.as_millis());
        let load = Load {
            mode: self.mode,
            in_flight: self.in_flight.unwrap_or(default_in_flight),
            connections: self.connections,
            batch: self.batch(),
            rate: self.rate,
            meters: self.meters,
            prefix: self.prefix.clone(),
            interval: self.interval,
            first_ms,
            rounds: u64::try_from(rounds).unwrap_or_default(),
            duration: self.duration.as_duration(),
            count: self.count,
            profile: self.profile.clone(),
            seed: self.seed,
        };
        load.check()?;
        Ok(load)
    }

    /// Readings per message. An open load is even within a second too: large batches now and then would be another load.
    fn batch(&self) -> u32 {
        const MESSAGES_PER_SECOND: u64 = 10;
        if self.mode == Mode::Unary {
            return 1;
        }
        let even = self.rate.map_or(u64::MAX, |rate| rate / MESSAGES_PER_SECOND);
        self.batch.min(u32::try_from(even).unwrap_or(u32::MAX)).max(1)
    }
}
