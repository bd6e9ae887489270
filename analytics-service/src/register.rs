//! Asks billing which meter was in which group when, again whenever the register has changed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::{Stay, meter_hash, shard_of};
use proto::billing::reads_server::Reads;
use proto::billing::{GroupStay, MeterGroupsRequest, MeterGroupsResponse};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

use crate::group::{GroupIndex, Groups, UNKNOWN};
use crate::meters::{Assigned, Assignment, Stays};
use crate::origin::Origin;
use crate::store::StoreError;

/// Meters per call: bounds one answer to about a megabyte.
const PAGE: u32 = 10_000;
/// Longest time between two attempts while billing does not answer.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// First time between two such attempts.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
/// Rest between two looks, however often somebody is in a hurry: each may read the groups of all meters.
const REST: Duration = Duration::from_millis(100);
/// How long a query waits for billing to say its version.
const VERSION_WITHIN: Duration = Duration::from_millis(500);

/// Settles whose readings the windows are made of, should billing say now. [`Watch`] asks again.
///
/// # Errors
/// [`StoreError::OtherReads`], or the store failed.
pub(crate) async fn settle(reads: &dyn Reads, origin: &Origin) -> Result<(), StoreError> {
    let request = MeterGroupsRequest {
        limit: 1,
        ..MeterGroupsRequest::default()
    };
    let asked = tokio::time::timeout(VERSION_WITHIN, reads.meter_groups(Request::new(request)));
    match asked.await {
        Ok(Ok(response)) => origin.check(response.get_ref().store_id.as_deref()).await,
        Ok(Err(_)) | Err(_) => Ok(()),
    }
}

/// What the register says, by shard; `None` until it was asked the first time.
pub(crate) type Assignments = Option<Arc<Vec<Assignment>>>;

/// Whether billing's register has another version than `known`, or does not say.
pub(crate) async fn differs(reads: &dyn Reads, known: u64) -> bool {
    let request = MeterGroupsRequest {
        known_version: known,
        cursor: String::new(),
        limit: 1,
    };
    let asked = tokio::time::timeout(VERSION_WITHIN, reads.meter_groups(Request::new(request)));
    match asked.await {
        Ok(Ok(response)) => response.get_ref().register_version != known,
        Ok(Err(_)) | Err(_) => true,
    }
}

/// Why the register is not known.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error("billing does not say the groups of meters: {0}")]
    Billing(#[from] Status),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Watches the register.
pub(crate) struct Watch {
    /// Whom to ask.
    pub(crate) reads: Arc<dyn Reads>,
    /// Whose readings these are.
    pub(crate) origin: Arc<Origin>,
    /// Where groups get their numbers.
    pub(crate) groups: Arc<Groups>,
    /// How many shards there are.
    pub(crate) shards: u16,
    /// How often to ask.
    pub(crate) every: Duration,
    /// Somebody learnt that the register has changed.
    pub(crate) hurry: Arc<Notify>,
    /// Who wants to know.
    pub(crate) tell: watch::Sender<Assignments>,
}

impl Watch {
    /// Asks until `stop`.
    ///
    /// # Errors
    /// [`StoreError::OtherReads`]: billing has another store than the one whose readings the windows are made of.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), StoreError> {
        let mut known = None;
        let mut backoff = MIN_BACKOFF;
        loop {
            let wait = match self.ask(known).await {
                Ok(Some(assignments)) => {
                    known = assignments.first().map(|assignment| assignment.version);
                    self.tell.send_replace(Some(Arc::new(assignments)));
                    backoff = MIN_BACKOFF;
                    self.every
                }
                Ok(None) => {
                    backoff = MIN_BACKOFF;
                    self.every
                }
                Err(Unknown::Store(other @ StoreError::OtherReads { .. })) => {
                    self.origin.give_up();
                    return Err(other);
                }
                Err(error) => {
                    tracing::debug!(%error, "the groups of meters are not known");
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                    backoff
                }
            };
            let rested = tokio::time::sleep(REST.min(wait));
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = async { tokio::join!(rested, self.hurry.notified()); } => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Every meter's group by shard; `None` when the register still has the `known` version, or changed while it was read.
    async fn ask(&self, known: Option<u64>) -> Result<Option<Vec<Assignment>>, Unknown> {
        let mut page = self.page(known.unwrap_or_default(), String::new()).await?;
        self.origin.check(page.store_id.as_deref()).await?;
        let version = page.register_version;
        if known == Some(version) {
            return Ok(None);
        }
        let mut shards = vec![Assignment::default(); usize::from(self.shards)];
        for assignment in &mut shards {
            assignment.version = version;
        }
        let mut distinct = HashSet::new();
        loop {
            self.sort(&page, &mut distinct, &mut shards);
            let Some(cursor) = page.next_cursor.take() else {
                return Ok(Some(shards));
            };
            page = self.page(0, cursor).await?;
            if page.register_version != version {
                return Ok(None);
            }
        }
    }

    async fn page(&self, known_version: u64, cursor: String) -> Result<MeterGroupsResponse, Status> {
        let request = MeterGroupsRequest {
            known_version,
            cursor,
            limit: PAGE,
        };
        let response = self.reads.meter_groups(Request::new(request)).await?;
        Ok(response.into_inner())
    }

    fn sort(&self, page: &MeterGroupsResponse, distinct: &mut HashSet<Stays>, shards: &mut [Assignment]) {
        for item in &page.items {
            let hash = meter_hash(&item.meter_id);
            let shard = usize::from(shard_of(hash, self.shards));
            let stays: Stays = item.stays.iter().map(|stay| self.stay(stay)).collect();
            let stays = distinct.get(&stays).cloned().unwrap_or_else(|| {
                distinct.insert(Arc::clone(&stays));
                stays
            });
            if let Some(assignment) = shards.get_mut(shard) {
                assignment.meters.push(Assigned {
                    hash,
                    stays,
                    heard: item.heard,
                });
            }
        }
    }

    fn stay(&self, stay: &GroupStay) -> Stay<GroupIndex> {
        Stay {
            from_ms: stay.from_ms.unwrap_or(i64::MIN),
            to_ms: stay.to_ms.unwrap_or(i64::MAX),
            place: stay
                .group
                .as_ref()
                .map_or(UNKNOWN, |group| self.groups.number(group)),
        }
    }
}
