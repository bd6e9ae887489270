//! Reports a recording as one or many meters.

use std::io::Write;
use std::sync::Arc;

use model::{Clock, MeterId};
use proto::meter as wire;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Listing;
use crate::error::Error;
use crate::gateway::{MAX_BATCH, Sender};
use crate::listing::Lines;
use crate::pace::{Pace, Speed, wait};
use crate::progress::Progress;
use crate::recording::Recording;
use crate::summary::Summary;

/// What is to be reported.
#[derive(Debug)]
pub struct Replay {
    /// The load, moved where it belongs.
    pub recording: Recording,
    /// Who reports it.
    pub meters: Vec<MeterId>,
    /// How fast its time passes.
    pub speed: Speed,
}

impl Replay {
    /// Sends every row for every meter, row by row; what is under way when `stop` comes is finished.
    ///
    /// # Errors
    /// [`Error`] of the sender.
    pub async fn send(
        &self,
        sender: &mut Sender,
        clock: Arc<dyn Clock>,
        stop: &CancellationToken,
    ) -> Result<Summary, Error> {
        let began = Instant::now();
        let pace = Pace::new(self.speed, clock, self.recording.span_ms().0);
        let mut summary = Summary {
            meters: self.meters.len() as u64,
            ..Summary::default()
        };
        let mut batch: Vec<wire::Reading> = Vec::with_capacity(MAX_BATCH);
        let mut progress = Progress::new();
        for sample in self.recording.samples() {
            progress.show(summary.sent, sender.tally());
            let pause = pace.pause(sample.end_ms(), sample.end_ms());
            if !pause.is_zero() {
                // what was due before must not wait with this row
                sender.push(std::mem::take(&mut batch)).await?;
                sender.flush().await?;
            }
            if !wait(pause, stop).await {
                summary.stopped = true;
                break;
            }
            for meter in &self.meters {
                batch.push(sample.to_wire(meter));
                summary.sent += 1;
                if batch.len() == MAX_BATCH {
                    sender
                        .push(std::mem::replace(&mut batch, Vec::with_capacity(MAX_BATCH)))
                        .await?;
                }
            }
        }
        sender.push(batch).await?;
        sender.flush().await?;
        summary.close(sender.tally(), began.elapsed());
        Ok(summary)
    }

    /// Prints what would be sent.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn list(&self, listing: Listing, out: impl Write, stop: &CancellationToken) -> Result<(), Error> {
        let mut lines = Lines::new(listing, out);
        for sample in self.recording.samples().take_while(|_| !stop.is_cancelled()) {
            for meter in &self.meters {
                lines.write(sample.end_ms(), meter, &sample, None)?;
            }
        }
        lines.finish()
    }
}
