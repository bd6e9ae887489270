//! What staff can do, whichever door they take: the services behind the gateway and the two calls that need care.

use std::convert::Infallible;
use std::sync::Arc;

use proto::analytics::analytics_server::Analytics;
use proto::billing::billing_server::Billing;
use proto::billing::quarantine_server::Quarantine;
use proto::billing::register_server::Register;
use proto::billing::{RunBillsRequest, RunBillsResponse};
use service_kit::{OnFailure, Tasks, trace};
use tokio::sync::oneshot;
use tonic::{Request, Response, Status};

/// The services that answer staff. A clone is the same services.
#[derive(Clone)]
pub(crate) struct Staff {
    pub(crate) billing: Arc<dyn Billing>,
    pub(crate) register: Arc<dyn Register>,
    pub(crate) quarantine: Arc<dyn Quarantine>,
    pub(crate) analytics: Arc<dyn Analytics>,
    pub(crate) tasks: Tasks,
}

impl Staff {
    /// Runs bills to the end even if whoever asked goes away: half a run is only more work for the next one.
    pub(crate) async fn run_bills(
        &self,
        asked: RunBillsRequest,
    ) -> Result<Response<RunBillsResponse>, Status> {
        let (answer, answered) = oneshot::channel();
        let billing = Arc::clone(&self.billing);
        self.tasks.spawn(
            "bill run",
            OnFailure::Log,
            trace::carried(async move {
                let outcome = billing.run_bills(Request::new(asked)).await;
                if answer.send(outcome).is_err() {
                    tracing::info!("whoever asked for a bill run did not wait for its end");
                }
                Ok::<(), Infallible>(())
            }),
        );
        answered
            .await
            .unwrap_or_else(|_| Err(Status::unavailable("the bill run was cut off; run it again")))
    }
}
