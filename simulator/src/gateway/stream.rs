//! One stream of batches: a bounded number of them without an answer, and a new stream with all of those when it breaks.

use std::collections::VecDeque;
use std::sync::Arc;

use proto::meter::{Reading, SendReadingsRequest, SendReadingsResponse};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::backoff::Backoff;
use super::{Gateway, Sending, Transport, settle};
use crate::error::Error;
use crate::tally::Tally;

/// A stream that survives its connection.
#[derive(Debug)]
pub(super) struct Pipe {
    gateway: Arc<Gateway>,
    how: Sending,
    open: Option<Open>,
    /// Sent and not answered, oldest first.
    unanswered: VecDeque<Vec<Reading>>,
    /// Since when nothing was answered, and how long was waited.
    trouble: Option<Backoff>,
}

#[derive(Debug)]
struct Open {
    batches: mpsc::Sender<SendReadingsRequest>,
    answers: Streaming<SendReadingsResponse>,
}

impl Pipe {
    pub(super) const fn new(gateway: Arc<Gateway>, how: Sending) -> Self {
        Self {
            gateway,
            how,
            open: None,
            unanswered: VecDeque::new(),
            trouble: None,
        }
    }

    /// Sends `batch`; first waits for answers while too many batches are without one.
    pub(super) async fn push(&mut self, batch: Vec<Reading>, tally: &mut Tally) -> Result<(), Error> {
        while self.unanswered.len() >= self.window() {
            self.answer(tally).await?;
        }
        self.unanswered.push_back(batch.clone());
        let Some(open) = &self.open else {
            return self.reopen(tally, 0).await;
        };
        let queued = open.batches.send(SendReadingsRequest { readings: batch }).await;
        if queued.is_ok() {
            return Ok(());
        }
        // the stream has ended: what was sent on it without an answer goes again, before this batch
        let before = self.unanswered.len().saturating_sub(1);
        let again: usize = self.unanswered.iter().take(before).map(Vec::len).sum();
        self.reopen(tally, again as u64).await
    }

    /// Waits until everything has a verdict.
    pub(super) async fn flush(&mut self, tally: &mut Tally) -> Result<(), Error> {
        while !self.unanswered.is_empty() {
            self.answer(tally).await?;
        }
        Ok(())
    }

    fn window(&self) -> usize {
        self.how.in_flight.max(1)
    }

    /// Takes the answer to the oldest batch, or opens a new stream.
    async fn answer(&mut self, tally: &mut Tally) -> Result<(), Error> {
        let Some(open) = &mut self.open else {
            return self.reopen(tally, 0).await;
        };
        let failure = match open.answers.message().await {
            Ok(Some(answer)) => return self.settle(&answer, tally).await,
            Ok(None) => Status::unavailable("the stream ended"),
            Err(status) => status,
        };
        self.trouble().after(&failure).await?;
        let again: usize = self.unanswered.iter().map(Vec::len).sum();
        self.reopen(tally, again as u64).await
    }

    async fn settle(&mut self, answer: &SendReadingsResponse, tally: &mut Tally) -> Result<(), Error> {
        let Some(batch) = self.unanswered.pop_front() else {
            return Err(Error::Protocol("an answer to nothing".to_owned()));
        };
        let again = settle(batch, &answer.receipts, tally)?;
        self.trouble = None;
        if !again.is_empty() {
            // by calls of their own: the stream goes on in order
            let alone = Sending {
                transport: Transport::Batch,
                ..self.how
            };
            Backoff::new(&alone, 0).after_retry_verdict().await?;
            tally.add(&self.gateway.send(again, &alone, 0).await?);
        }
        Ok(())
    }

    fn trouble(&mut self) -> &mut Backoff {
        self.trouble.get_or_insert_with(|| Backoff::new(&self.how, 0))
    }

    /// Opens a stream and sends everything unanswered; `again` of these readings were sent before.
    async fn reopen(&mut self, tally: &mut Tally, again: u64) -> Result<(), Error> {
        self.open = None;
        tally.retried += again;
        loop {
            let (batches, queue) = mpsc::channel(self.window());
            for readings in &self.unanswered {
                // the channel has room for the whole window, and its other end is still here
                let sent = batches.try_send(SendReadingsRequest {
                    readings: readings.clone(),
                });
                sent.map_err(|_| {
                    Error::Protocol("more batches without an answer than the window holds".to_owned())
                })?;
            }
            let request = self.gateway.request(ReceiverStream::new(queue));
            match self.gateway.client.clone().stream_readings(request).await {
                Ok(answers) => {
                    self.open = Some(Open {
                        batches,
                        answers: answers.into_inner(),
                    });
                    return Ok(());
                }
                Err(status) => self.trouble().after(&status).await?,
            }
        }
    }
}
