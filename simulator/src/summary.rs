//! What a run was, at its end.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use crate::config::Output;
use crate::error::Error;
use crate::tally::Tally;

/// What was sent and what became of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Meters that reported.
    pub meters: u64,
    /// Readings handed to the receiver, each delivery once.
    pub sent: u64,
    /// What became of them.
    #[serde(flatten)]
    pub tally: Tally,
    /// What was done to them on purpose.
    pub faults: FaultCounts,
    /// How long it took.
    pub seconds: f64,
    /// Readings with a final verdict per second.
    pub readings_per_second: f64,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

/// Deliveries by what was done to them on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FaultCounts {
    /// Sent a second time.
    pub duplicates: u64,
    /// Sent late.
    pub late: u64,
    /// Overtaken.
    pub reordered: u64,
    /// Stamped by a wrong clock.
    pub skewed: u64,
    /// Never sent.
    pub withheld: u64,
}

impl Summary {
    /// Takes over what the receiver said, and how long everything took.
    pub(crate) fn close(&mut self, tally: &Tally, elapsed: Duration) {
        self.tally = tally.clone();
        self.seconds = (elapsed.as_secs_f64() * 1e3).round() / 1e3;
        self.readings_per_second = (tally.answered() as f64 / elapsed.as_secs_f64().max(1e-9)).round();
    }

    /// 0, or 3 when the receiver refused some of the readings.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        if self.tally.rejected > 0 { 3 } else { 0 }
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
        let counts = [
            ("meters", self.meters),
            ("sent", self.sent),
            ("accepted", self.tally.accepted),
            ("duplicate", self.tally.duplicate),
            ("conflict", self.tally.conflict),
            ("rejected", self.tally.rejected),
            ("sent again", self.tally.retried),
        ];
        for (name, count) in counts {
            writeln!(out, "{name:<12} {count:>12}")?;
        }
        for (reason, count) in &self.tally.reasons {
            writeln!(out, "  {reason:<20} {count:>4}")?;
        }
        let faults = [
            ("duplicates", self.faults.duplicates),
            ("late", self.faults.late),
            ("reordered", self.faults.reordered),
            ("skewed", self.faults.skewed),
            ("withheld", self.faults.withheld),
        ];
        for (name, count) in faults.into_iter().filter(|(_, count)| *count > 0) {
            writeln!(out, "on purpose: {name:<12} {count}")?;
        }
        let ended = if self.stopped { "stopped after" } else { "done in" };
        writeln!(
            out,
            "{ended} {:.1} s, {:.0} readings/s",
            self.seconds, self.readings_per_second
        )
    }
}
