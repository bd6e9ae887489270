//! Batches on a stream: each task has one stream, and a window of batches without an answer.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use tokio::time::Instant;

use super::connection::{Failure, Frames};
use super::receipts::Verdicts;
use super::tickets::Ticket;
use super::{Mode, Share};
use crate::error::Error;

/// How long to wait when a batch holds readings without a verdict.
const PAUSE: Duration = Duration::from_millis(100);

/// Sends what the tickets say until there is none, on a new stream when one ends.
pub(super) async fn send(share: Share, mode: Mode) -> Result<(), Error> {
    let mut lane = Lane {
        share,
        mode,
        unanswered: VecDeque::new(),
        again: VecDeque::new(),
        next: None,
    };
    loop {
        match lane.stream().await {
            Ok(()) => return Ok(()),
            Err(Failure::Later(pause)) => lane.postpone(pause),
            Err(Failure::Fatal(error)) => return Err(error),
        }
        let pause = lane.again.front().map(|(when, _)| *when);
        tokio::time::sleep_until(pause.unwrap_or_else(Instant::now)).await;
    }
}

/// One task's stream.
struct Lane {
    share: Share,
    mode: Mode,
    /// Sent and not answered, oldest first, with the time of sending.
    unanswered: VecDeque<(Ticket, Instant)>,
    /// To be sent again, not before a time.
    again: VecDeque<(Instant, Ticket)>,
    /// Taken, and not due yet.
    next: Option<Ticket>,
}

/// What a lane can do next.
enum Next {
    Send(Ticket),
    /// Nothing is due before.
    Wait(Instant),
    /// The window is full.
    Full,
    /// There is no more to send.
    Over,
}

impl Lane {
    /// Everything unanswered is to be sent again after `pause`.
    fn postpone(&mut self, pause: Duration) {
        let when = Instant::now() + pause;
        while let Some((ticket, _)) = self.unanswered.pop_back() {
            self.share
                .record(|recorder| recorder.again(u64::from(self.share.encoder.rows(ticket.number))));
            self.again.push_front((when, ticket));
        }
    }

    fn next(&mut self) -> Next {
        if self.unanswered.len() >= self.share.window {
            return Next::Full;
        }
        let now = Instant::now();
        if let Some((when, ticket)) = self.again.front().copied() {
            if when > now {
                return Next::Wait(when);
            }
            self.again.pop_front();
            return Next::Send(ticket);
        }
        let Some(ticket) = self.next.take().or_else(|| self.share.tickets.take()) else {
            return Next::Over;
        };
        if ticket.due <= now {
            return Next::Send(ticket);
        }
        if self.share.tickets.stopped() {
            return Next::Over;
        }
        self.next = Some(ticket);
        Next::Wait(ticket.due)
    }

    /// Sends what is due and fits the window. A stream that takes no more data has ended; reading from it says why.
    fn fill(&mut self, stream: &mut SendStream<Bytes>) -> Next {
        loop {
            let ticket = match self.next() {
                Next::Send(ticket) => ticket,
                other => return other,
            };
            let frame = self.share.encoder.frame(ticket.number);
            let length = frame.len();
            self.unanswered.push_back((ticket, Instant::now()));
            if stream.send_data(frame, false).is_err() {
                return Next::Full;
            }
            self.share.record(|recorder| recorder.sent(length));
        }
    }

    /// One stream, until there is no more to send and everything is answered.
    async fn stream(&mut self) -> Result<(), Failure> {
        let method = if self.mode == Mode::Columns {
            "StreamColumns"
        } else {
            "StreamReadings"
        };
        let connection = self.share.connection.clone();
        let (response, mut stream) = connection.start(&connection.request(method)?).await?;
        self.fill(&mut stream);
        let mut body = connection.head(response).await?;
        let mut frames = Frames::default();
        loop {
            let wait = match self.fill(&mut stream) {
                Next::Over if self.unanswered.is_empty() => break,
                Next::Wait(until) => Some(until),
                Next::Over | Next::Full | Next::Send(_) => None,
            };
            tokio::select! {
                chunk = connection.chunk(&mut body) => self.take(chunk?, &mut body, &mut frames).await?,
                () = self.share.tickets.wait(wait.unwrap_or_else(Instant::now)), if wait.is_some() => {}
            }
        }
        // the end of the stream is said and heard, so that the receiver sees no broken call
        if stream.send_data(Bytes::new(), true).is_ok() {
            while connection.chunk(&mut body).await?.is_some() {}
        }
        Ok(())
    }

    /// Counts what a piece of the answer completes; at the end of the answer, says why it ended.
    async fn take(
        &mut self,
        chunk: Option<Bytes>,
        body: &mut RecvStream,
        frames: &mut Frames,
    ) -> Result<(), Failure> {
        let Some(chunk) = chunk else {
            self.share.connection.end(body).await?;
            return Err(Failure::Later(PAUSE));
        };
        frames.push(&chunk);
        while let Some(message) = frames.next()? {
            self.answer(&message)?;
        }
        Ok(())
    }

    fn answer(&mut self, message: &[u8]) -> Result<(), Failure> {
        let Some((ticket, sent)) = self.unanswered.pop_front() else {
            return Err(Error::Protocol("an answer to nothing".to_owned()).into());
        };
        let verdicts =
            Verdicts::of(self.mode, message, self.share.encoder.rows(ticket.number)).map_err(Error::from)?;
        if verdicts.retry > 0 {
            // the whole batch goes again: cheaper than taking it apart, and what was kept is a duplicate then
            self.share.record(|recorder| recorder.again(verdicts.retry));
            self.again.push_back((Instant::now() + PAUSE, ticket));
        } else {
            self.share
                .record(|recorder| recorder.answered(ticket, sent, &verdicts, message.len()));
        }
        Ok(())
    }
}
