//! Messages that could not be processed: looking at them, and publishing them again once what was wrong is put right.

use std::sync::Arc;

use bytes::Bytes;
use message_bus::{Bus, Message, Topic};
use proto::billing::{
    ListQuarantinedRequest, ListQuarantinedResponse, QuarantinedMessage, ReplayQuarantinedRequest,
    ReplayQuarantinedResponse, quarantine_server,
};
use tonic::{Request, Response, Status};

use super::{answer, page};
use crate::error::Error;
use crate::exception::Kind;
use crate::office::Office;
use crate::store::Quarantined;
use crate::time;

/// What this service publishes again: kinds it would process.
const KINDS: [&str; 1] = ["gridtally.meter.v1.ReadingColumns"];

/// The list that a cursor belongs to.
const LIST: &str = "quarantine";

/// The service `Quarantine`.
pub(crate) struct Quarantine {
    office: Arc<Office>,
    bus: Arc<dyn Bus>,
}

impl Quarantine {
    pub(crate) fn new(office: Arc<Office>, bus: Arc<dyn Bus>) -> Self {
        Self { office, bus }
    }

    async fn list(&self, request: &ListQuarantinedRequest) -> Result<ListQuarantinedResponse, Error> {
        let limit = page::limit(request.limit, page::USUAL, page::MOST);
        let after = page::after(LIST, &request.cursor)?;
        let kept: Vec<Quarantined> = self.office.store.list("", after, limit.saturating_add(1)).await?;
        let mut items = kept.iter().map(shown).collect();
        let next_cursor = page::cut(LIST, &mut items, limit, |item: &QuarantinedMessage| {
            item.id.clone()
        });
        Ok(ListQuarantinedResponse { items, next_cursor })
    }

    async fn replay(&self, id: &str) -> Result<ReplayQuarantinedResponse, Error> {
        let mut ids = Vec::new();
        if id.is_empty() {
            // All that are there now: what comes back meanwhile has a new place, and asking for that too would perhaps never end.
            let mut remember = |kept: Quarantined| ids.push(kept.subject());
            self.office.store.for_each("", &mut remember).await?;
        } else {
            ids.push(id.to_owned());
        }
        let mut replayed: u32 = 0;
        for id in ids {
            let kept: Option<Quarantined> = self.office.store.get(&id).await?;
            let missing = || Error::NotFound {
                what: "quarantined message",
                id,
            };
            self.publish(&kept.ok_or_else(missing)?).await?;
            replayed = replayed.saturating_add(1);
        }
        self.office.store.sync().await?;
        Ok(ReplayQuarantinedResponse { replayed })
    }

    /// Publishes, then forgets: between the two it would be there twice, which reads do not mind.
    async fn publish(&self, kept: &Quarantined) -> Result<(), Error> {
        let kind = KINDS
            .into_iter()
            .find(|kind| *kind == kept.kind)
            .ok_or_else(|| Error::Invalid {
                reason: "BAD_KIND",
                message: format!(
                    "{} is of kind {:?}, which nothing processes",
                    kept.subject(),
                    kept.kind
                ),
            })?;
        let message = Message {
            topic: Topic::Readings {
                shard: u16::try_from(kept.shard).unwrap_or(u16::MAX),
            },
            id: kept
                .message_id
                .as_slice()
                .try_into()
                .map_or(0, u128::from_be_bytes),
            kind,
            time_ms: kept.time_ms,
            traced: Vec::new(), // what was traced ended when it was put aside
            body: Bytes::from(kept.body.clone()),
        };
        self.bus.publish(vec![message]).await?;
        self.office
            .exceptions
            .close(Kind::Quarantined, &kept.subject())
            .await?;
        self.office.store.remove::<Quarantined>(&kept.subject()).await?;
        Ok(())
    }
}

fn shown(kept: &Quarantined) -> QuarantinedMessage {
    QuarantinedMessage {
        id: kept.subject(),
        shard: kept.shard,
        position: kept.position,
        kind: kept.kind.clone(),
        published_at: time::utc(kept.time_ms),
        bytes: u64::try_from(kept.body.len()).unwrap_or(u64::MAX),
        reason: kept.reason.clone(),
    }
}

#[tonic::async_trait]
impl quarantine_server::Quarantine for Quarantine {
    async fn list_quarantined(
        &self,
        request: Request<ListQuarantinedRequest>,
    ) -> Result<Response<ListQuarantinedResponse>, Status> {
        answer(&self.office, self.list(&request.into_inner())).await
    }

    async fn replay_quarantined(
        &self,
        request: Request<ReplayQuarantinedRequest>,
    ) -> Result<Response<ReplayQuarantinedResponse>, Status> {
        answer(&self.office, self.replay(&request.into_inner().id)).await
    }
}

#[cfg(test)]
mod tests;
