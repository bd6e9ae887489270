//! Who sends what next, and when it is due.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Load;

/// The right and duty to send message `number` at `due`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    /// Counted from 0 over the whole load.
    pub(super) number: u64,
    /// When it is to be sent. Latency counts from here: a sender that could not keep up must not look fast.
    pub(super) due: Instant,
}

/// Hands out tickets in order.
#[derive(Debug)]
pub(super) struct Tickets {
    next: AtomicU64,
    messages: u64,
    load: Load,
    began: Instant,
    end: Instant,
    stop: CancellationToken,
}

impl Tickets {
    pub(super) fn new(load: &Load, began: Instant, stop: CancellationToken) -> Self {
        let by_count = load.count.map_or(u64::MAX, |count| load.messages_for(count));
        Self {
            next: AtomicU64::new(0),
            messages: by_count.min(load.blocks().saturating_mul(load.rounds)),
            load: load.clone(),
            began,
            end: began + load.duration,
            stop,
        }
    }

    /// The next ticket; none when the load is over.
    pub(super) fn take(&self) -> Option<Ticket> {
        let now = Instant::now();
        if now >= self.end || self.stop.is_cancelled() || self.next.load(Ordering::Relaxed) >= self.messages {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.messages {
            return None;
        }
        // By the readings before it, not by messages: the last block of meters may be smaller than a batch.
        let due = self.load.rate.map_or(now, |rate| {
            self.began + Duration::from_secs_f64(self.load.readings_before(number) as f64 / rate as f64)
        });
        (due < self.end).then_some(Ticket { number, due })
    }

    /// Whether the stop or the end came; for whoever waits for a ticket's time.
    pub(super) async fn wait(&self, until: Instant) {
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Whether the load was told to end.
    pub(super) fn stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether the load ended because every message of it was sent.
    pub(super) fn exhausted(&self) -> bool {
        self.next.load(Ordering::Relaxed) >= self.messages
    }
}
