//! The leader's hands: gives shards to assistants, and takes them back.

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus::IntGauge;
use service_kit::Tasks;
use tokio_util::sync::CancellationToken;

use super::table::Step;
use super::{ANSWER_AFTER, Desk};
use crate::consumer::{Consumer, Consuming};
use crate::error::Error;
use crate::reads::error_chain;
use crate::store::Store;

/// See the module.
pub(crate) struct Leader {
    pub(crate) desk: Arc<Desk>,
    pub(crate) consumer: Consumer,
    /// All shards, at first.
    pub(crate) consuming: BTreeMap<u16, Consuming>,
    pub(crate) tasks: Tasks,
    pub(crate) store: Store,
    /// Shows how many there are.
    pub(crate) shards: IntGauge,
}

impl Leader {
    /// Shares the shards until `stop`.
    ///
    /// # Errors
    /// [`Error::Overtaken`]; others are tried again.
    pub(crate) async fn share(mut self, stop: CancellationToken) -> Result<(), Error> {
        let mut changes = self.desk.changes();
        while !stop.is_cancelled() {
            changes.mark_unchanged();
            let (lost, mut next) = self.desk.look();
            if lost > 0 {
                tracing::warn!(
                    lost,
                    "assistants were not heard of; their shards are taken in by others"
                );
            }
            changes.mark_unchanged(); // the look itself
            // Who was replaced while it stood still has nothing to give or to take.
            while let Some(step) = next.filter(|_| !stop.is_cancelled() && self.store.leading().is_ok()) {
                match self.carry_out(step).await {
                    Ok(()) => next = self.desk.look().1,
                    Err(error @ Error::Overtaken { .. }) => return Err(error),
                    Err(error) => {
                        tracing::warn!(
                            error = error_chain(&error),
                            "a shard cannot change hands; trying again"
                        );
                        next = None;
                    }
                }
            }
            self.show();
            tokio::select! {
                () = stop.cancelled() => {}
                _ = changes.changed() => {}
                () = tokio::time::sleep(ANSWER_AFTER) => {}
            }
        }
        Ok(())
    }

    fn show(&self) {
        let own = i64::try_from(self.consuming.len()).unwrap_or(i64::MAX);
        self.shards.set(own);
    }

    async fn carry_out(&mut self, step: Step) -> Result<(), Error> {
        match step {
            Step::Give { shard, to } => {
                if let Some(consuming) = self.consuming.remove(&shard) {
                    consuming.end().await;
                }
                self.show();
                self.consumer.reads.give(shard).await;
                self.desk.given(shard, to);
                tracing::info!(shard, "an assistant takes in the shard");
            }
            Step::Take { shard } => {
                self.consumer.reads.take_back(shard);
                let consuming = self.consumer.start(shard, &self.tasks).await?;
                self.consuming.insert(shard, consuming);
                self.desk.taken(shard);
                tracing::info!(shard, "the leader takes in the shard");
            }
        }
        Ok(())
    }
}
