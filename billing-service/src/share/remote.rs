//! An assistant's word to the leader about what it stored.

use std::sync::Arc;
use std::time::Duration;

use model::{meter_hash, shard_of};
use proto::assist::EnsureRequest;
use proto::assist::assist_server::Assist;
use tonic::{Request, Status};

use super::wire;
use crate::error::StoreError;
use crate::follow::Followed;
use crate::metrics::Metrics;
use crate::reads::{Consequences, News, Touched, Unusable};

/// Ids of one message: some hundred kilobytes at most.
const METERS_AT_ONCE: usize = 4_096;
/// Meters of one message, so that the leader is done with it in time.
const TOUCHED_AT_ONCE: usize = 256;
/// Of each kind of identity of one meter in one message.
const IDENTITIES_AT_ONCE: usize = 1_024;
/// Identities of one message.
const MAX_IDENTITIES: usize = 4_096;

/// See the module.
pub(super) struct Remote {
    pub(super) leader: Arc<dyn Assist>,
    pub(super) assistant: u64,
    pub(super) shards: u16,
    pub(super) metrics: Metrics,
    /// By which traces the readings came in.
    pub(super) followed: Arc<Followed>,
}

#[async_trait::async_trait]
impl Consequences for Remote {
    async fn learn(&self, shard: u16, news: &News) -> Result<(), StoreError> {
        let mut rest = news.meters.as_slice();
        loop {
            let (meters, later) = rest.split_at(rest.len().min(METERS_AT_ONCE));
            rest = later;
            let some = News {
                meters: meters.to_vec(),
                position: if later.is_empty() { news.position } else { 0 }, // not before every meter is known
                ..news.clone()
            };
            let request = wire::news_out(self.assistant, shard, &some);
            self.leader.learn(Request::new(request)).await.map_err(untold)?;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    async fn ensure(&self, touched: &[Touched]) -> Result<(), StoreError> {
        let Some(first) = touched.first() else {
            return Ok(());
        };
        // one call is about one shard
        let shard = shard_of(meter_hash(first.meter.as_str()), self.shards);
        for some in portions(touched) {
            let touched = some
                .iter()
                .map(|touched| wire::touched_out(touched, self.followed.of(touched.meter.as_str()).as_ref()));
            let request = EnsureRequest {
                assistant: self.assistant,
                shard: u32::from(shard),
                touched: touched.collect(),
            };
            self.leader.ensure(Request::new(request)).await.map_err(untold)?;
        }
        Ok(())
    }

    fn stored(&self, readings: u32, took: Duration) {
        self.metrics.stored(readings, took);
    }

    async fn quarantine(&self, message: Unusable) -> Result<(), StoreError> {
        let request = wire::unusable_out(self.assistant, message);
        let kept = self.leader.quarantine(Request::new(request)).await;
        kept.map(drop).map_err(untold)
    }

    /// What is stored every other second needs no hurry.
    fn settled_before_ms(&self) -> i64 {
        i64::MIN
    }
}

/// The same in messages that are small enough. What is said of a meter may be said in several.
pub(super) fn portions(touched: &[Touched]) -> Vec<Vec<Touched>> {
    let mut portions: Vec<Vec<Touched>> = Vec::new();
    let mut identities = 0;
    for piece in touched.iter().flat_map(pieces) {
        identities += piece.conflicts.len() + piece.settled.len() + piece.crowded.len();
        match portions.last_mut() {
            Some(portion) if portion.len() < TOUCHED_AT_ONCE && identities <= MAX_IDENTITIES => {
                portion.push(piece);
            }
            _ => {
                identities = piece.conflicts.len() + piece.settled.len() + piece.crowded.len();
                portions.push(vec![piece]);
            }
        }
    }
    portions
}

fn pieces(touched: &Touched) -> impl Iterator<Item = Touched> {
    let longest = touched.conflicts.len().max(touched.settled.len());
    let pieces = longest
        .max(touched.crowded.len())
        .div_ceil(IDENTITIES_AT_ONCE)
        .max(1);
    (0..pieces).map(|piece| Touched {
        meter: touched.meter.clone(),
        range_ms: touched.range_ms.clone(),
        conflicts: part(&touched.conflicts, piece),
        settled: part(&touched.settled, piece),
        crowded: part(&touched.crowded, piece),
    })
}

fn part<T: Clone>(all: &[T], piece: usize) -> Vec<T> {
    let rest = all.iter().skip(piece * IDENTITIES_AT_ONCE);
    rest.take(IDENTITIES_AT_ONCE).cloned().collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that `map_err` wants")]
fn untold(status: Status) -> StoreError {
    StoreError::Untold(status.message().to_owned())
}
