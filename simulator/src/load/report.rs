//! What a load measured, for people and for programs.

use std::io::Write;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use super::recorder::Recorder;
use super::tickets::Tickets;
use super::{Load, Mode, encode};
use crate::anomaly::rfc3339;
use crate::config::Output;
use crate::error::Error;
use crate::tally::Tally;

/// Times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Half of the messages took no longer.
    pub p50: u64,
    /// 90 of 100.
    pub p90: u64,
    /// 99 of 100.
    pub p99: u64,
    /// 999 of 1,000.
    pub p999: u64,
    /// All.
    pub max: u64,
}

impl Percentiles {
    fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
        }
    }
}

/// What a load measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// By which call.
    pub mode: Mode,
    /// Whether the receiver was the empty server of this program.
    pub empty_server: bool,
    /// Connections.
    pub connections: u32,
    /// Calls or batches without an answer, at most.
    pub in_flight: u32,
    /// Readings per message; never more than there are meters.
    pub batch: u32,
    /// Readings per second that were wanted.
    pub rate: Option<u64>,
    /// How many meters report; the first id, of all equally long ids.
    pub meters: u32,
    /// The first meter's id; the number at its end counts up.
    pub first_meter: String,
    /// Start of the first interval sent.
    pub first_start: String,
    /// Start of the last interval sent.
    pub last_start: String,
    /// Whether everything that could be sent was sent before the time was over.
    pub exhausted: bool,
    /// Why it ended early, if it did: the receiver went away, or answered what is no answer.
    pub failed: Option<String>,
    /// From the start until the last answer; with a rate no less than the readings answered last at that rate.
    pub seconds: f64,
    /// Messages answered.
    pub messages: u64,
    /// Readings answered.
    pub readings: u64,
    /// Messages answered per second.
    pub messages_per_second: f64,
    /// Readings answered per second.
    pub readings_per_second: f64,
    /// From when a message was due until its answer. Without a rate nothing is due at a time: then the times of sending are corrected as if
    /// a message had been due every median time.
    pub latency_us: Percentiles,
    /// From when a message was sent until its answer, uncorrected.
    pub service_us: Percentiles,
    /// What became of the readings.
    #[serde(flatten)]
    pub tally: Tally,
    /// Bytes of messages sent, with their gRPC frames.
    pub bytes_sent: u64,
    /// Bytes of answers.
    pub bytes_received: u64,
}

impl Report {
    pub(super) fn of(load: &Load, recorder: &Recorder, tickets: &Tickets, began: Instant) -> Self {
        let ended = recorder.ended.unwrap_or(began);
        let readings = recorder.tally.answered();
        // the last reading of an open load stands for the time until the next would have been due
        let lasts = load.rate.map_or(1e-6, |rate| readings as f64 / rate as f64);
        let seconds = (ended - began).as_secs_f64().max(lasts);
        let service = Percentiles::of(&recorder.service);
        let latency = match load.rate {
            Some(_) => Percentiles::of(&recorder.latency),
            None => Percentiles::of(&recorder.service.clone_correct(service.p50)),
        };
        let messages = recorder.service.len();
        Self {
            mode: load.mode,
            empty_server: false,
            connections: load.connections.min(load.in_flight),
            in_flight: load.in_flight,
            batch: load.batch.min(load.meters),
            rate: load.rate,
            meters: load.meters,
            first_meter: encode::meter_id(&load.prefix, 0),
            first_start: rfc3339(load.first_ms),
            last_start: rfc3339(load.start_ms(recorder.last)),
            exhausted: tickets.exhausted(),
            failed: None,
            seconds: (seconds * 1e3).round() / 1e3,
            messages,
            readings,
            messages_per_second: tenths(messages as f64 / seconds),
            readings_per_second: tenths(readings as f64 / seconds),
            latency_us: latency,
            service_us: service,
            tally: recorder.tally.clone(),
            bytes_sent: recorder.bytes_sent,
            bytes_received: recorder.bytes_received,
        }
    }

    /// 0, or 1 when it ended early, or 3 when the receiver refused some of the readings.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match (&self.failed, self.tally.rejected) {
            (Some(_), _) => 1,
            (None, 0) => 0,
            (None, _) => 3,
        }
    }

    /// Prints it.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn print(&self, output: Output, out: &mut dyn Write) -> Result<(), Error> {
        match output {
            Output::Json => {
                let text = serde_json::to_string(self).map_err(|error| Error::Output(error.into()))?;
                writeln!(out, "{text}").map_err(Error::Output)
            }
            Output::Table => self.table(out).map_err(Error::Output),
        }
    }

    fn table(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mode = match self.mode {
            Mode::Unary => "unary calls",
            Mode::Stream => "streams of readings",
            Mode::Columns => "streams of columns",
        };
        let receiver = if self.empty_server { ", empty server" } else { "" };
        let rate = self
            .rate
            .map_or_else(String::new, |rate| format!(" of {rate} wanted"));
        let (batch, in_flight, connections) = (self.batch, self.in_flight, self.connections);
        writeln!(
            out,
            "{mode}{receiver}: {batch} per message, {in_flight} in flight, {connections} connections"
        )?;
        writeln!(
            out,
            "{} meters, intervals {} to {}",
            self.meters, self.first_start, self.last_start
        )?;
        writeln!(
            out,
            "{} readings/s{rate}, {} messages/s: {} readings in {:.1} s",
            self.readings_per_second, self.messages_per_second, self.readings, self.seconds
        )?;
        writeln!(
            out,
            "{:<22}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "ms", "p50", "p90", "p99", "p99.9", "max"
        )?;
        for (name, times) in [
            ("latency, corrected", &self.latency_us),
            ("service time", &self.service_us),
        ] {
            let ms = |us: u64| us as f64 / 1e3;
            let [p50, p90, p99, p999, max] = [times.p50, times.p90, times.p99, times.p999, times.max].map(ms);
            writeln!(
                out,
                "{name:<22}{p50:>10.2}{p90:>10.2}{p99:>10.2}{p999:>10.2}{max:>10.2}"
            )?;
        }
        let tally = &self.tally;
        writeln!(
            out,
            "accepted {}, duplicate {}, conflict {}, rejected {}, sent again {}",
            tally.accepted, tally.duplicate, tally.conflict, tally.rejected, tally.retried
        )?;
        if let Some(why) = &self.failed {
            writeln!(out, "ended early: {why}")?;
        }
        for (reason, count) in &tally.reasons {
            writeln!(out, "  {reason} {count}")?;
        }
        let each = |bytes: u64| bytes as f64 / self.readings.max(1) as f64;
        writeln!(
            out,
            "{:.1} bytes sent and {:.1} bytes received per reading",
            each(self.bytes_sent),
            each(self.bytes_received)
        )
    }
}

/// Rounded to a tenth: a slow load is a few readings per second.
fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
