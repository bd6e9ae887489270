//! The staff services as the outside sees them: what is behind, with the caller's metadata left behind and the actor filled in.

use proto::analytics::analytics_server::Analytics;
use proto::analytics::{GroupUsageRequest, GroupUsageResponse, OverviewRequest, OverviewResponse};
use proto::billing::billing_server::Billing;
use proto::billing::quarantine_server::Quarantine;
use proto::billing::register_server::Register;
use proto::billing::{
    Bill, ExplainBillRequest, ExplainBillResponse, GetBillRequest, GetMeterRequest, GetUsageRequest,
    GetUsageResponse, IssueBillRequest, ListBillsRequest, ListBillsResponse, ListExceptionsRequest,
    ListExceptionsResponse, ListMetersRequest, ListMetersResponse, ListQuarantinedRequest,
    ListQuarantinedResponse, ListReadingsRequest, ListReadingsResponse, ListRegisterRequest,
    ListRegisterResponse, MeterView, PutManyRequest, PutManyResponse, PutResponse, RegisterKey,
    RegisterObject, ReplayQuarantinedRequest, ReplayQuarantinedResponse, RunBillsRequest, RunBillsResponse,
};
use tonic::{Request, Response, Status};

use crate::auth::Identity;
use crate::staff::Staff;

/// Forwards to the services.
#[derive(Clone)]
pub(super) struct Forward(pub(super) Staff);

/// The message alone: a token is not for the services behind.
fn bare<T>(request: Request<T>) -> Request<T> {
    Request::new(request.into_inner())
}

/// Who acts, by the token that was checked.
fn actor<T>(request: &Request<T>) -> Result<String, Status> {
    match request.extensions().get::<Identity>() {
        Some(identity) => Ok(identity.subject.to_string()),
        None => Err(Status::internal("nobody was identified")),
    }
}

#[tonic::async_trait]
impl Billing for Forward {
    async fn list_bills(
        &self,
        request: Request<ListBillsRequest>,
    ) -> Result<Response<ListBillsResponse>, Status> {
        self.0.billing.list_bills(bare(request)).await
    }

    async fn get_bill(&self, request: Request<GetBillRequest>) -> Result<Response<Bill>, Status> {
        self.0.billing.get_bill(bare(request)).await
    }

    async fn explain_bill(
        &self,
        request: Request<ExplainBillRequest>,
    ) -> Result<Response<ExplainBillResponse>, Status> {
        self.0.billing.explain_bill(bare(request)).await
    }

    async fn list_readings(
        &self,
        request: Request<ListReadingsRequest>,
    ) -> Result<Response<ListReadingsResponse>, Status> {
        self.0.billing.list_readings(bare(request)).await
    }

    async fn get_usage(
        &self,
        request: Request<GetUsageRequest>,
    ) -> Result<Response<GetUsageResponse>, Status> {
        self.0.billing.get_usage(bare(request)).await
    }

    async fn list_meters(
        &self,
        request: Request<ListMetersRequest>,
    ) -> Result<Response<ListMetersResponse>, Status> {
        self.0.billing.list_meters(bare(request)).await
    }

    async fn get_meter(&self, request: Request<GetMeterRequest>) -> Result<Response<MeterView>, Status> {
        self.0.billing.get_meter(bare(request)).await
    }

    async fn list_exceptions(
        &self,
        request: Request<ListExceptionsRequest>,
    ) -> Result<Response<ListExceptionsResponse>, Status> {
        self.0.billing.list_exceptions(bare(request)).await
    }

    async fn run_bills(
        &self,
        request: Request<RunBillsRequest>,
    ) -> Result<Response<RunBillsResponse>, Status> {
        let actor = actor(&request)?;
        self.0
            .run_bills(RunBillsRequest {
                actor,
                ..request.into_inner()
            })
            .await
    }

    async fn issue_bill(&self, request: Request<IssueBillRequest>) -> Result<Response<Bill>, Status> {
        let actor = actor(&request)?;
        let asked = IssueBillRequest {
            actor,
            ..request.into_inner()
        };
        self.0.billing.issue_bill(Request::new(asked)).await
    }
}

#[tonic::async_trait]
impl Register for Forward {
    async fn put(&self, request: Request<RegisterObject>) -> Result<Response<PutResponse>, Status> {
        self.0.register.put(bare(request)).await
    }

    async fn put_many(&self, request: Request<PutManyRequest>) -> Result<Response<PutManyResponse>, Status> {
        self.0.register.put_many(bare(request)).await
    }

    async fn get(&self, request: Request<RegisterKey>) -> Result<Response<RegisterObject>, Status> {
        self.0.register.get(bare(request)).await
    }

    async fn list(
        &self,
        request: Request<ListRegisterRequest>,
    ) -> Result<Response<ListRegisterResponse>, Status> {
        self.0.register.list(bare(request)).await
    }
}

#[tonic::async_trait]
impl Quarantine for Forward {
    async fn list_quarantined(
        &self,
        request: Request<ListQuarantinedRequest>,
    ) -> Result<Response<ListQuarantinedResponse>, Status> {
        self.0.quarantine.list_quarantined(bare(request)).await
    }

    async fn replay_quarantined(
        &self,
        request: Request<ReplayQuarantinedRequest>,
    ) -> Result<Response<ReplayQuarantinedResponse>, Status> {
        self.0.quarantine.replay_quarantined(bare(request)).await
    }
}

#[tonic::async_trait]
impl Analytics for Forward {
    async fn group_usage(
        &self,
        request: Request<GroupUsageRequest>,
    ) -> Result<Response<GroupUsageResponse>, Status> {
        self.0.analytics.group_usage(bare(request)).await
    }

    async fn overview(
        &self,
        request: Request<OverviewRequest>,
    ) -> Result<Response<OverviewResponse>, Status> {
        self.0.analytics.overview(bare(request)).await
    }
}
