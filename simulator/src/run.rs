//! Lets the fleet report: tick by tick, at its pace, with its faults, until the end of the period or until stopped.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use model::Clock;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Listing;
use crate::delivery::{Fault, FaultRates, Schedule, Tick};
use crate::error::Error;
use crate::fleet::{Fleet, Meter};
use crate::gateway::Sender;
use crate::listing::Lines;
use crate::pace::{Pace, Speed, wait};
use crate::progress::Progress;
use crate::summary::Summary;

/// What is to be reported.
#[derive(Debug)]
pub struct Run {
    /// Who reports.
    pub fleet: Fleet,
    /// What happens on the way.
    pub faults: FaultRates,
    /// The intervals that start in it.
    pub period: Range<DateTime<Utc>>,
    /// How fast.
    pub speed: Speed,
    /// Where the labels of anomalies go.
    pub truth: Option<PathBuf>,
}

impl Run {
    /// Sends everything; what is under way when `stop` comes is finished.
    ///
    /// # Errors
    /// [`Error`] of the sender, or when the truth file cannot be written.
    pub async fn send(
        &self,
        sender: &mut Sender,
        clock: Arc<dyn Clock>,
        stop: &CancellationToken,
    ) -> Result<Summary, Error> {
        let began = Instant::now();
        let pace = Pace::new(self.speed, clock, self.period.start.timestamp_millis());
        let mut truth = TruthFile::create(self.truth.clone())?;
        let mut summary = Summary {
            meters: self.fleet.meters().len() as u64,
            ..Summary::default()
        };
        let mut progress = Progress::new();
        for tick in self.schedule() {
            let pause = pace.pause(tick.due_ms, tick.last_end_ms());
            if !pause.is_zero() {
                // nothing stays without a verdict while the fleet waits
                sender.flush().await?;
                progress.show(summary.sent, sender.tally());
            }
            if !wait(pause, stop).await {
                summary.stopped = true;
                break;
            }
            truth.write_until(self, tick.due_ms)?;
            count(&mut summary, &tick);
            let readings = tick.deliveries.iter().filter_map(|delivery| {
                let meter = self.meter(delivery.meter)?;
                Some(delivery.sample.to_wire(&meter.id))
            });
            sender.push(readings.collect()).await?;
            progress.show(summary.sent, sender.tally());
        }
        sender.flush().await?;
        truth.flush()?;
        summary.close(sender.tally(), began.elapsed());
        Ok(summary)
    }

    /// Prints what would be sent, and writes the truth file.
    ///
    /// # Errors
    /// [`Error::Output`], or when the truth file cannot be written.
    pub fn list(&self, listing: Listing, out: impl Write, stop: &CancellationToken) -> Result<(), Error> {
        let mut truth = TruthFile::create(self.truth.clone())?;
        let mut lines = Lines::new(listing, out);
        for tick in self.schedule().take_while(|_| !stop.is_cancelled()) {
            truth.write_until(self, tick.due_ms)?;
            for delivery in &tick.deliveries {
                if let Some(meter) = self.meter(delivery.meter) {
                    lines.write(tick.due_ms, &meter.id, &delivery.sample, delivery.fault)?;
                }
            }
        }
        truth.flush()?;
        lines.finish()
    }

    fn schedule(&self) -> Schedule<'_> {
        Schedule::new(&self.fleet, self.faults, &self.period)
    }

    fn meter(&self, index: usize) -> Option<&Meter> {
        self.fleet.meters().get(index)
    }
}

fn count(summary: &mut Summary, tick: &Tick) {
    summary.sent += tick.deliveries.len() as u64;
    summary.faults.withheld += tick.withheld;
    for delivery in &tick.deliveries {
        match delivery.fault {
            Some(Fault::Duplicate) => summary.faults.duplicates += 1,
            Some(Fault::Late) => summary.faults.late += 1,
            Some(Fault::Reordered) => summary.faults.reordered += 1,
            Some(Fault::Skewed) => summary.faults.skewed += 1,
            None => {}
        }
    }
}

/// The labels of anomalies, written as the run reaches them: a run without an end has a truth file, too.
struct TruthFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    written_ms: Option<i64>,
}

impl TruthFile {
    fn create(path: Option<PathBuf>) -> Result<Self, Error> {
        let Some(path) = path else {
            return Ok(Self {
                path: PathBuf::new(),
                file: None,
                written_ms: None,
            });
        };
        match File::create(&path) {
            Ok(file) => Ok(Self {
                path,
                file: Some(BufWriter::new(file)),
                written_ms: None,
            }),
            Err(source) => Err(Error::File { path, source }),
        }
    }

    /// Writes every episode that touches the run up to `until_ms` and is not written yet.
    fn write_until(&mut self, run: &Run, until_ms: i64) -> Result<(), Error> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let until = DateTime::from_timestamp_millis(until_ms)
            .unwrap_or_default()
            .min(run.period.end);
        let from = self
            .written_ms
            .and_then(DateTime::from_timestamp_millis)
            .unwrap_or(run.period.start);
        for truth in run.fleet.truth(&(from..until)) {
            // an episode that began before `from` was written when it began
            if self.written_ms.is_none_or(|written| truth.from_ms() >= written) {
                let text = serde_json::to_string(&truth).map_err(|error| Error::Output(error.into()))?;
                let written = writeln!(file, "{text}");
                written.map_err(|source| Error::File {
                    path: self.path.clone(),
                    source,
                })?;
            }
        }
        self.written_ms = Some(until.timestamp_millis());
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Error> {
        let flushed = self.file.as_mut().map_or(Ok(()), Write::flush);
        flushed.map_err(|source| Error::File {
            path: self.path.clone(),
            source,
        })
    }
}
