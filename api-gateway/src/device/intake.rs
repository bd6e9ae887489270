//! One batch from the door to its receipts.

use std::sync::Arc;

use model::Clock;
use prometheus::Registry;
use proto::ingestion::SubmitResponse;
use proto::ingestion::ingestion_server::Ingestion;
use proto::meter::{Reading, SendReadingsResponse};
use service_kit::trace::Sampler;
use tokio::time::Instant;
use tonic::{Request, Status};

use super::batch::{Batch, Builder};
use super::claim::Claim;
use super::codec::no_batch;
use super::metrics::Metrics;
use super::receipts::Receipts;
use crate::auth::Identity;

/// Hands batches to ingestion, whichever way they came in. A clone is the same intake.
#[derive(Clone)]
pub(crate) struct Intake {
    ingestion: Arc<dyn Ingestion>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Metrics,
    /// Chooses the calls, and the batches of streams, that are traced.
    pub(super) sampler: Sampler,
}

impl Intake {
    pub(crate) fn new(
        ingestion: Arc<dyn Ingestion>,
        clock: Arc<dyn Clock>,
        sampler: Sampler,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        Ok(Self {
            ingestion,
            clock,
            metrics: Metrics::new(registry)?,
            sampler,
        })
    }

    /// The readings that `identity` sends otherwise than by `MeterGateway`: judged and answered in the same way.
    pub(crate) async fn send(
        &self,
        identity: Identity,
        readings: &[Reading],
    ) -> Result<SendReadingsResponse, Status> {
        let mut builder = Builder::new(identity);
        for reading in readings {
            builder.add(&Claim::from(reading)).map_err(no_batch)?;
        }
        Ok(self.take(builder.finish()).await?.into_message())
    }

    /// A receipt per reading. Fails as a whole only when nothing is known of any.
    pub(super) async fn take(&self, mut batch: Batch) -> Result<Receipts, Status> {
        let since = Instant::now();
        let columns = std::mem::take(&mut batch.columns);
        let ingested = if columns.rows() == 0 {
            SubmitResponse::default()
        } else {
            self.ingestion.submit(Request::new(columns)).await?.into_inner()
        };
        let receipts = Receipts::new(batch, ingested, self.clock.now_ms());
        self.metrics.answered(&receipts, since.elapsed());
        Ok(receipts)
    }
}
