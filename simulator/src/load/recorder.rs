//! Counts and times of a load.

use hdrhistogram::Histogram;
use tokio::time::Instant;

use super::receipts::Verdicts;
use super::tickets::Ticket;
use crate::error::Error;
use crate::tally::Tally;

/// The longest time that is told from longer ones, in microseconds: two minutes.
const LONGEST_US: u64 = 120_000_000;
/// Times are exact to one in a thousand.
const DIGITS: u8 = 3;

/// Counts and times, of all connections together.
#[derive(Debug)]
pub(super) struct Recorder {
    /// From when a message was due until its answer, microseconds.
    pub(super) latency: Histogram<u64>,
    /// From when a message was sent until its answer, microseconds.
    pub(super) service: Histogram<u64>,
    pub(super) tally: Tally,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
    /// The last message that was answered.
    pub(super) last: u64,
    /// When the last answer came.
    pub(super) ended: Option<Instant>,
}

impl Recorder {
    pub(super) fn new() -> Result<Self, Error> {
        let histogram = || {
            let made = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
            made.map_err(|error| Error::Protocol(format!("no histogram: {error}")))
        };
        Ok(Self {
            latency: histogram()?,
            service: histogram()?,
            tally: Tally::default(),
            bytes_sent: 0,
            bytes_received: 0,
            last: 0,
            ended: None,
        })
    }

    /// A message of so many bytes was sent.
    pub(super) const fn sent(&mut self, bytes: usize) {
        self.bytes_sent += bytes as u64;
    }

    /// So many readings are to be sent again.
    pub(super) const fn again(&mut self, readings: u64) {
        self.tally.retried += readings;
    }

    /// The message of `ticket`, sent at `sent`, has its answer now.
    pub(super) fn answered(&mut self, ticket: Ticket, sent: Instant, verdicts: &Verdicts, bytes: usize) {
        let now = Instant::now();
        let us = |since: Instant| {
            u64::try_from((now - since).as_micros())
                .unwrap_or(LONGEST_US)
                .max(1)
        };
        self.latency.saturating_record(us(ticket.due));
        self.service.saturating_record(us(sent));
        self.tally.accepted += verdicts.accepted;
        self.tally.duplicate += verdicts.duplicate;
        self.tally.conflict += verdicts.conflict;
        self.tally.rejected += verdicts.rejected;
        for (reason, times) in &verdicts.reasons {
            self.tally.reason(reason, *times);
        }
        self.bytes_received += bytes as u64;
        self.last = self.last.max(ticket.number);
        self.ended = Some(now);
    }
}
