//! Measures a receiver: how many readings a second it takes, and how long it takes to answer.
//!
//! The load shares its machine with the receiver, so it must be cheap: messages are written as bytes without building them first,
//! answers are counted without decoding them, and HTTP/2 is spoken directly, all on one thread.

mod batches;
mod calls;
mod connection;
mod encode;
mod limit;
mod receipts;
mod recorder;
mod report;
mod tickets;
mod values;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use limit::EmptyServer;
pub use report::{Percentiles, Report};

use crate::error::Error;
use crate::gateway::Token;
use crate::span::Interval;
use connection::Connection;
use encode::Encoder;
use recorder::Recorder;
use tickets::Tickets;
use values::Values;

/// How long answers are waited for after the last reading was sent.
const DRAIN: Duration = Duration::from_secs(30);

/// Which call carries the readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// `SendReading`: one reading per call.
    Unary,
    /// `StreamReadings`: batches on a stream per connection.
    Stream,
    /// `StreamColumns`: the dense form on a stream per connection.
    Columns,
}

/// What is sent, how, and for how long.
#[derive(Debug, Clone)]
pub struct Load {
    /// By which call.
    pub mode: Mode,
    /// Calls or batches without an answer, over all connections.
    pub in_flight: u32,
    /// Connections.
    pub connections: u32,
    /// Readings per message.
    pub batch: u32,
    /// Readings per second; none: as fast as the answers come.
    pub rate: Option<u64>,
    /// How many meters report.
    pub meters: u32,
    /// What their ids begin with; seven digits follow.
    pub prefix: String,
    /// The length of an interval.
    pub interval: Interval,
    /// Start of the first interval, milliseconds since 1970 UTC.
    pub first_ms: i64,
    /// How many intervals there are at most.
    pub rounds: u64,
    /// How long it lasts at most.
    pub duration: Duration,
    /// How many readings at most.
    pub count: Option<u64>,
    /// A recorded load instead of simulated households.
    pub profile: Option<PathBuf>,
    /// From which the simulated households follow.
    pub seed: u64,
}

impl Load {
    /// Whether this can be sent.
    ///
    /// # Errors
    /// [`Error::Settings`] names everything that is wrong.
    pub fn check(&self) -> Result<(), Error> {
        let mut problems = Vec::new();
        if self.rounds == 0 {
            problems.push("the first interval is not over yet: set an earlier --from".to_owned());
        }
        if !model::is_valid_id(&encode::meter_id(&self.prefix, 0)) {
            problems.push("the prefix makes no meter ids: at most 57 of A-Z a-z 0-9 . _ : -".to_owned());
        }
        if self.meters == 0 || self.batch == 0 || self.connections == 0 || self.in_flight == 0 {
            problems.push("meters, batch, connections and calls in flight must be at least 1".to_owned());
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Settings { problems })
        }
    }

    /// Sends the load to `endpoint` (`http://host:port`) until its end or until `stop`, waits for the last answers, and reports. When
    /// the receiver goes away after it answered something, what was measured until then is reported, with [`Report::failed`].
    ///
    /// # Errors
    /// [`Error::Connect`] when nobody answers, [`Error::Refused`] and [`Error::GaveUp`] when the receiver does not take the calls.
    pub async fn measure(
        &self,
        endpoint: &str,
        token: Option<Token>,
        stop: &CancellationToken,
    ) -> Result<Report, Error> {
        self.check()?;
        let encoder = Arc::new(Encoder::new(self, Values::of(self)?));
        let recorder = Arc::new(Mutex::new(Recorder::new()?));
        let mut drivers = JoinSet::new();
        let mut connections = Vec::new();
        for _ in 0..self.connections.min(self.in_flight) {
            connections.push(Connection::open(endpoint, token.as_ref(), &mut drivers).await?);
        }
        let began = Instant::now();
        let tickets = Arc::new(Tickets::new(self, began, stop.clone()));
        let mut senders = JoinSet::new();
        for lane in 0..self.in_flight.min(self.lanes()) {
            let Some(connection) = connections.get(lane as usize % connections.len().max(1)).cloned() else {
                continue;
            };
            let share = Share {
                connection,
                encoder: Arc::clone(&encoder),
                tickets: Arc::clone(&tickets),
                recorder: Arc::clone(&recorder),
                window: self.window(lane),
            };
            match self.mode {
                Mode::Unary => senders.spawn(calls::send(share)),
                Mode::Stream | Mode::Columns => senders.spawn(batches::send(share, self.mode)),
            };
        }
        let finished = tokio::time::timeout_at(began + self.duration + DRAIN, async {
            while let Some(done) = senders.join_next().await {
                done??;
            }
            Ok::<(), Error>(())
        });
        let late = || Error::Protocol("answers are missing half a minute after the end".to_owned());
        let outcome = finished.await.unwrap_or_else(|_| Err(late()));
        senders.abort_all(); // after a failure nobody waits for the others
        let recorder = recorder.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut report = Report::of(self, &recorder, &tickets, began);
        match outcome {
            Err(error) if report.messages == 0 => return Err(error),
            Err(error) => report.failed = Some(error.chain()),
            Ok(()) => {}
        }
        Ok(report)
    }

    /// Messages of one interval of every meter.
    const fn blocks(&self) -> u64 {
        self.meters.div_ceil(self.batch) as u64
    }

    /// How many readings the messages before `number` have: a batch each, but for the last of every round.
    fn readings_before(&self, number: u64) -> u64 {
        let (round, block) = (number / self.blocks(), number % self.blocks());
        round * u64::from(self.meters) + block * u64::from(self.batch)
    }

    /// The fewest messages that have so many readings.
    fn messages_for(&self, readings: u64) -> u64 {
        let (rounds, rest) = (
            readings / u64::from(self.meters),
            readings % u64::from(self.meters),
        );
        rounds
            .saturating_mul(self.blocks())
            .saturating_add(rest.div_ceil(u64::from(self.batch)))
    }

    /// Start of the interval that message `number` reports: first every meter's first interval, then every meter's second.
    fn start_ms(&self, number: u64) -> i64 {
        let round = number / self.blocks();
        self.first_ms + self.interval.as_millis() * i64::try_from(round).unwrap_or_default()
    }

    /// How many tasks send: one per call under way, or one per stream.
    const fn lanes(&self) -> u32 {
        match self.mode {
            Mode::Unary => self.in_flight,
            Mode::Stream | Mode::Columns => self.connections,
        }
    }

    /// How many messages task `lane` may have without an answer.
    const fn window(&self, lane: u32) -> usize {
        let lanes = self.lanes();
        let more = if lane < self.in_flight % lanes { 1 } else { 0 };
        (self.in_flight / lanes + more) as usize
    }
}

/// What one sending task works with.
struct Share {
    connection: Connection,
    encoder: Arc<Encoder>,
    tickets: Arc<Tickets>,
    recorder: Arc<Mutex<Recorder>>,
    window: usize,
}

impl Share {
    /// Notes something in the recorder; it is never held across an await.
    fn record(&self, note: impl FnOnce(&mut Recorder)) {
        note(
            &mut self
                .recorder
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
    }
}

#[cfg(test)]
mod tests;
