//! What was published on one channel and is not confirmed yet, and when a confirm may be believed. No I/O.
//!
//! lapin hands a returned message to whichever confirm completes next, so that an unroutable message may look confirmed while another
//! one carries its return. The broker sends the return before the confirm, so by the time the unroutable message looks confirmed the
//! return is held by a confirm that completed earlier. Therefore a confirm is believed only after everything else in flight was looked
//! at once more and no return was found; if one was, nothing in flight is believed.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::Instant;

/// What the broker said of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Confirm {
    /// Durable, unless it was returned.
    Ack,
    /// Not taken: the queue is at its bound.
    Nack,
    /// Some message came back, this one or another; the text names it.
    Returned(String),
    /// Nobody knows.
    Lost(String),
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Durable in its queue.
    Kept,
    /// Refused by its queue.
    Full,
}

/// A message whose fate is known.
#[derive(Debug)]
pub(super) struct Settled<T> {
    pub(super) ticket: T,
    /// When it was published.
    pub(super) since: Instant,
    pub(super) fate: Fate,
}

/// Nothing in flight may be believed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// A message came back.
    Returned(String),
    /// The channel or connection is gone.
    Lost(String),
}

/// The future of a confirm. Polled for the first time it publishes.
pub(super) type Confirming = Pin<Box<dyn Future<Output = Confirm> + Send>>;

struct Pending<T> {
    ticket: T,
    since: Instant,
    confirming: Confirming,
}

/// Messages in flight; `T` tells them apart.
pub(super) struct Window<T> {
    pending: Vec<Pending<T>>,
    /// Confirmed, not believed yet.
    tentative: Vec<Settled<T>>,
}

impl<T> Window<T> {
    pub(super) fn new() -> Self {
        Self {
            pending: Vec::new(),
            tentative: Vec::new(),
        }
    }

    /// Adds a message; it is published by the next [`Self::poll`], in the order of adding.
    pub(super) fn add(&mut self, ticket: T, confirming: Confirming) {
        self.pending.push(Pending {
            ticket,
            since: Instant::now(),
            confirming,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages are in flight.
    pub(super) fn len(&self) -> usize {
        self.pending.len().saturating_add(self.tentative.len())
    }

    /// When the oldest message in flight was published.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.pending.first().map(|pending| pending.since)
    }

    /// What became of messages.
    ///
    /// # Errors
    /// [`Broken`]: nothing in flight is believed, not even what this would have reported.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<Settled<T>>, Broken>> {
        // Until a look at everything in flight finds nothing new: then all that is tentative had completed before that look began.
        loop {
            match self.look(context) {
                Ok(0) => break,
                Ok(_) => {}
                Err(broken) => return Poll::Ready(Err(broken)),
            }
        }
        if self.tentative.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(std::mem::take(&mut self.tentative)))
    }

    /// Polls everything in flight once, in order; says how many completed.
    fn look(&mut self, context: &mut Context<'_>) -> Result<usize, Broken> {
        let before = self.tentative.len();
        let mut still = Vec::with_capacity(self.pending.len());
        let mut broken = None;
        for mut pending in self.pending.drain(..) {
            let fate = match pending.confirming.as_mut().poll(context) {
                Poll::Pending => {
                    still.push(pending);
                    continue;
                }
                Poll::Ready(Confirm::Ack) => Fate::Kept,
                Poll::Ready(Confirm::Nack) => Fate::Full,
                // A return says more than the loss of the channel that may follow it.
                Poll::Ready(Confirm::Returned(id)) => {
                    broken = Some(Broken::Returned(id));
                    continue;
                }
                Poll::Ready(Confirm::Lost(why)) => {
                    broken = broken.or(Some(Broken::Lost(why)));
                    continue;
                }
            };
            self.tentative.push(Settled {
                ticket: pending.ticket,
                since: pending.since,
                fate,
            });
        }
        self.pending = still;
        broken.map_or_else(|| Ok(self.tentative.len().saturating_sub(before)), Err)
    }
}

#[cfg(test)]
mod tests;
