//! Unary calls: each task has one call under way.

use std::time::Duration;

use tokio::time::Instant;

use super::connection::Failure;
use super::receipts::Verdicts;
use super::{Mode, Share};
use crate::error::Error;

/// How long to wait when a reading stays without a verdict.
const PAUSE: Duration = Duration::from_millis(100);

/// Sends what the tickets say until there is none, the same again until it has a verdict.
pub(super) async fn send(share: Share) -> Result<(), Error> {
    let request = share.connection.request("SendReading")?;
    while let Some(ticket) = share.tickets.take() {
        if ticket.due > Instant::now() {
            share.tickets.wait(ticket.due).await;
            if share.tickets.stopped() {
                return Ok(());
            }
        }
        let frame = share.encoder.frame(ticket.number);
        let sent = Instant::now();
        loop {
            share.record(|recorder| recorder.sent(frame.len()));
            let pause = match share.connection.unary(&request, frame.clone()).await {
                Ok(message) => {
                    let verdicts = Verdicts::of(Mode::Unary, &message, 1)?;
                    if verdicts.retry == 0 {
                        share.record(|recorder| recorder.answered(ticket, sent, &verdicts, message.len()));
                        break;
                    }
                    PAUSE
                }
                Err(Failure::Later(pause)) => pause,
                Err(Failure::Fatal(error)) => return Err(error),
            };
            share.record(|recorder| recorder.again(1));
            tokio::time::sleep(pause).await;
        }
    }
    Ok(())
}
