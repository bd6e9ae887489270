//! Asks billing to fold days again, and which days missed messages may have changed.

use std::sync::Arc;
use std::time::Duration;

use proto::billing::{ChangedDaysRequest, DayWindowsRequest};
use tokio::time::Instant;
use tonic::{Code, Request, Status};

use super::Consumer;

/// First wait while billing is behind.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait while billing is behind or fails.
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// How soon billing is asked again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    not_before: Instant,
    backoff: Duration,
}

impl Pace {
    /// At once.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            not_before: now,
            backoff: MIN_BACKOFF,
        }
    }

    fn succeeded(&mut self) {
        self.backoff = MIN_BACKOFF;
    }

    fn failed(&mut self) {
        self.not_before = Instant::now() + self.backoff;
        self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
    }
}

impl Consumer {
    /// Folds the day that is due first, if any. Says whether it did.
    pub(super) async fn fold_next(&mut self) -> bool {
        if self.shard.lock().due(self.common.moment()).is_none() || Instant::now() < self.pace.not_before {
            return false;
        }
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => false,
            folded = self.fold() => folded,
        }
    }

    async fn fold(&mut self) -> bool {
        let common = Arc::clone(&self.common);
        let Ok(_one_at_a_time) = common.folding.acquire().await else {
            return false;
        };
        let now = self.common.moment();
        let (day, min_position) = {
            let shard = self.shard.lock();
            (shard.due(now), shard.consumed())
        };
        let Some(day) = day else {
            return false;
        };
        let request = DayWindowsRequest {
            shard: u32::from(self.number),
            day,
            min_position,
        };
        let fold = match self.common.reads.day_windows(Request::new(request)).await {
            Ok(fold) => fold.into_inner(),
            Err(status) => return self.refused(&status),
        };
        if self.is_foreign(fold.store_id.as_deref()).await {
            return false;
        }
        if self.shard.lock().folded(day, &fold, now).is_err() {
            return self.refused(&Status::out_of_range("a sum is beyond 64 bits"));
        }
        self.pace.succeeded();
        self.common.metrics.recomputed.inc();
        true
    }

    /// Learns which days the missed messages may have changed, if any were missed.
    pub(super) async fn recover_missed(&mut self) {
        let (after, consumed) = {
            let shard = self.shard.lock();
            (shard.missed_after(), shard.consumed())
        };
        let Some(after_position) = after.filter(|_| self.pace.not_before <= Instant::now()) else {
            return;
        };
        let request = ChangedDaysRequest {
            shard: u32::from(self.number),
            after_position,
            min_position: consumed,
        };
        match self.common.reads.changed_days(Request::new(request)).await {
            Ok(changed) => {
                let changed = changed.into_inner();
                if self.is_foreign(changed.store_id.as_deref()).await {
                    return;
                }
                self.shard.lock().found_missed(&changed.day, self.common.moment());
                self.pace.succeeded();
            }
            Err(status) => {
                self.refused(&status);
            }
        }
    }

    /// Whether an answer is of other readings than the windows. Whoever watches the register looks at once, and ends the service if it
    /// finds the same.
    async fn is_foreign(&mut self, billing_store: Option<&str>) -> bool {
        let Err(error) = self.common.origin.check(billing_store).await else {
            return false;
        };
        self.common.hurry.notify_one();
        self.refused(&Status::failed_precondition(error.to_string()));
        true
    }

    /// Waits before the next attempt.
    fn refused(&mut self, status: &Status) -> bool {
        if status.code() != Code::Unavailable {
            tracing::warn!(shard = self.number, error = %status, "billing cannot fold reads");
            self.common.metrics.recompute_failures.inc();
        }
        self.pace.failed();
        false
    }
}
