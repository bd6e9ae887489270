//! Services that remember what they were asked and answer something with every field that matters.

use std::sync::Mutex;

use proto::analytics::analytics_server::Analytics;
use proto::analytics::{
    GroupUsageRequest, GroupUsageResponse, GroupWindow, OverviewRequest, OverviewResponse,
};
use proto::billing::billing_server::Billing;
use proto::billing::quarantine_server::Quarantine;
use proto::billing::register_object::Object;
use proto::billing::register_server::Register;
use proto::billing::{
    Bill, Exception, ExplainBillRequest, ExplainBillResponse, GetBillRequest, GetMeterRequest,
    GetUsageRequest, GetUsageResponse, IssueBillRequest, ListBillsRequest, ListBillsResponse,
    ListExceptionsRequest, ListExceptionsResponse, ListMetersRequest, ListMetersResponse,
    ListQuarantinedRequest, ListQuarantinedResponse, ListReadingsRequest, ListReadingsResponse,
    ListRegisterRequest, ListRegisterResponse, MeterView, PutManyRequest, PutManyResponse, PutResponse,
    PutResult, ReadingView, RegisterKey, RegisterObject, ReplayQuarantinedRequest, ReplayQuarantinedResponse,
    RunBillsRequest, RunBillsResponse, UsageWindow,
};
use proto::ingestion::SubmitResponse;
use proto::ingestion::ingestion_server::Ingestion;
use proto::meter::ReadingColumns;
use tonic::{Request, Response, Status};

/// What is behind the gateway.
#[derive(Default)]
pub(crate) struct Fakes {
    /// Everything asked, as text, with the metadata that came along.
    pub(crate) asked: Mutex<Vec<String>>,
    /// The register.
    pub(crate) kept: Mutex<Vec<RegisterObject>>,
    /// Batches of readings.
    pub(crate) submitted: Mutex<Vec<ReadingColumns>>,
}

impl Fakes {
    fn note<T: std::fmt::Debug>(&self, request: &Request<T>) {
        assert!(
            request.metadata().get("authorization").is_none(),
            "a token went too far"
        );
        self.asked
            .lock()
            .unwrap()
            .push(format!("{:?}", request.get_ref()));
    }

    pub(crate) fn last(&self) -> String {
        self.asked.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

fn meter(id: &str) -> MeterView {
    MeterView {
        id: id.to_owned(),
        state: "registered".to_owned(),
        latest_reading: Some(reading()),
        ..MeterView::default()
    }
}

fn reading() -> ReadingView {
    ReadingView {
        timestamp: "2026-05-01T00:00:00Z".to_owned(),
        interval_seconds: 900,
        channel: "IMPORT".to_owned(),
        usage_kwh: "0.25".to_owned(),
        quality: "ACTUAL".to_owned(),
        received_at: "2026-05-01T00:15:03Z".to_owned(),
        ..ReadingView::default()
    }
}

fn bill(id: &str) -> Bill {
    Bill {
        id: id.to_owned(),
        total: "12.34".to_owned(),
        ..Bill::default()
    }
}

#[tonic::async_trait]
impl Billing for Fakes {
    async fn list_bills(
        &self,
        request: Request<ListBillsRequest>,
    ) -> Result<Response<ListBillsResponse>, Status> {
        self.note(&request);
        Ok(Response::new(ListBillsResponse {
            items: vec![bill("a1.2026-05-01.0")],
            next_cursor: Some("next".to_owned()),
        }))
    }

    async fn get_bill(&self, request: Request<GetBillRequest>) -> Result<Response<Bill>, Status> {
        self.note(&request);
        let id = &request.get_ref().id;
        match id.as_str() {
            "missing" => Err(Status::not_found("no such bill")),
            "broken" => Err(Status::internal("secret: the disk at /var/lib")),
            "away" => Err(Status::unavailable("billing starts")),
            "held" => Err(service_kit::status_of(&service_kit::Fault::new(
                model::ErrorKind::Conflict,
                "HELD",
                "the bill is held",
            ))),
            "full" => Err(Status::resource_exhausted("later")),
            "slow" => std::future::pending().await,
            id => Ok(Response::new(bill(id))),
        }
    }

    async fn explain_bill(
        &self,
        request: Request<ExplainBillRequest>,
    ) -> Result<Response<ExplainBillResponse>, Status> {
        self.note(&request);
        Ok(Response::new(ExplainBillResponse {
            bill: Some(bill(&request.get_ref().id)),
            lines: Vec::new(),
        }))
    }

    async fn list_readings(
        &self,
        request: Request<ListReadingsRequest>,
    ) -> Result<Response<ListReadingsResponse>, Status> {
        self.note(&request);
        Ok(Response::new(ListReadingsResponse {
            items: vec![reading()],
            next_cursor: None,
        }))
    }

    async fn get_usage(
        &self,
        request: Request<GetUsageRequest>,
    ) -> Result<Response<GetUsageResponse>, Status> {
        self.note(&request);
        Ok(Response::new(GetUsageResponse {
            meter_id: request.get_ref().meter_id.clone(),
            items: vec![UsageWindow::default()],
            ..GetUsageResponse::default()
        }))
    }

    async fn list_meters(
        &self,
        request: Request<ListMetersRequest>,
    ) -> Result<Response<ListMetersResponse>, Status> {
        self.note(&request);
        Ok(Response::new(ListMetersResponse {
            items: vec![meter("m1")],
            next_cursor: None,
        }))
    }

    async fn get_meter(&self, request: Request<GetMeterRequest>) -> Result<Response<MeterView>, Status> {
        self.note(&request);
        Ok(Response::new(meter(&request.get_ref().id)))
    }

    async fn list_exceptions(
        &self,
        request: Request<ListExceptionsRequest>,
    ) -> Result<Response<ListExceptionsResponse>, Status> {
        self.note(&request);
        Ok(Response::new(ListExceptionsResponse {
            items: vec![Exception::default()],
            next_cursor: None,
        }))
    }

    async fn run_bills(
        &self,
        request: Request<RunBillsRequest>,
    ) -> Result<Response<RunBillsResponse>, Status> {
        self.note(&request);
        Ok(Response::new(RunBillsResponse {
            issued: 1,
            ..RunBillsResponse::default()
        }))
    }

    async fn issue_bill(&self, request: Request<IssueBillRequest>) -> Result<Response<Bill>, Status> {
        self.note(&request);
        Ok(Response::new(bill(&request.get_ref().id)))
    }
}

fn key_of(object: &RegisterObject) -> (&'static str, &str) {
    match object.object.as_ref().unwrap() {
        Object::ServicePoint(thing) => ("service_point", &thing.id),
        Object::Meter(thing) => ("meter", &thing.id),
        Object::Installation(thing) => ("installation", &thing.id),
        Object::Account(thing) => ("account", &thing.id),
        Object::Agreement(thing) => ("agreement", &thing.id),
        Object::Calendar(thing) => ("calendar", &thing.id),
        Object::Tariff(thing) => ("tariff", &thing.id),
        Object::Seller(thing) => ("seller", &thing.id),
    }
}

#[tonic::async_trait]
impl Register for Fakes {
    async fn put(&self, request: Request<RegisterObject>) -> Result<Response<PutResponse>, Status> {
        self.note(&request);
        let object = request.into_inner();
        if matches!(&object.object, Some(Object::Agreement(agreement)) if agreement.account_id == "nobody") {
            return Err(Status::not_found("there is no account nobody"));
        }
        let mut kept = self.kept.lock().unwrap();
        let before = kept.len();
        kept.retain(|other| key_of(other) != key_of(&object));
        let created = kept.len() == before;
        kept.push(object);
        Ok(Response::new(PutResponse {
            created,
            register_version: 1,
        }))
    }

    async fn put_many(&self, request: Request<PutManyRequest>) -> Result<Response<PutManyResponse>, Status> {
        self.note(&request);
        let result = PutResult {
            result: "created".to_owned(),
            ..PutResult::default()
        };
        Ok(Response::new(PutManyResponse {
            results: vec![result; request.get_ref().objects.len()],
            register_version: 1,
        }))
    }

    async fn get(&self, request: Request<RegisterKey>) -> Result<Response<RegisterObject>, Status> {
        self.note(&request);
        let key = request.into_inner();
        let kept = self.kept.lock().unwrap();
        kept.iter()
            .find(|object| key_of(object) == (key.kind.as_str(), key.id.as_str()))
            .map(|object| Response::new(object.clone()))
            .ok_or_else(|| Status::not_found("nothing of that id"))
    }

    async fn list(
        &self,
        request: Request<ListRegisterRequest>,
    ) -> Result<Response<ListRegisterResponse>, Status> {
        self.note(&request);
        let kept = self.kept.lock().unwrap();
        let kind = &request.get_ref().kind;
        Ok(Response::new(ListRegisterResponse {
            items: kept
                .iter()
                .filter(|object| key_of(object).0 == kind)
                .cloned()
                .collect(),
            next_cursor: None,
        }))
    }
}

#[tonic::async_trait]
impl Analytics for Fakes {
    async fn group_usage(
        &self,
        request: Request<GroupUsageRequest>,
    ) -> Result<Response<GroupUsageResponse>, Status> {
        self.note(&request);
        Ok(Response::new(GroupUsageResponse {
            items: vec![GroupWindow::default()],
            ..GroupUsageResponse::default()
        }))
    }

    async fn overview(
        &self,
        request: Request<OverviewRequest>,
    ) -> Result<Response<OverviewResponse>, Status> {
        self.note(&request);
        Ok(Response::new(OverviewResponse {
            meters_seen: 3,
            ..OverviewResponse::default()
        }))
    }
}

#[tonic::async_trait]
impl Ingestion for Fakes {
    /// Accepts everything.
    async fn submit(&self, request: Request<ReadingColumns>) -> Result<Response<SubmitResponse>, Status> {
        self.note(&request);
        let columns = request.into_inner();
        let rows = columns.rows() as u64;
        self.submitted.lock().unwrap().push(columns);
        Ok(Response::new(SubmitResponse {
            verdict: vec![1],
            faults: Vec::new(),
            identity: (0..rows).collect(),
            content: (0..rows).collect(),
        }))
    }
}

#[tonic::async_trait]
impl Quarantine for Fakes {
    async fn list_quarantined(
        &self,
        request: Request<ListQuarantinedRequest>,
    ) -> Result<Response<ListQuarantinedResponse>, Status> {
        self.note(&request);
        Ok(Response::new(ListQuarantinedResponse::default()))
    }

    async fn replay_quarantined(
        &self,
        request: Request<ReplayQuarantinedRequest>,
    ) -> Result<Response<ReplayQuarantinedResponse>, Status> {
        self.note(&request);
        Ok(Response::new(ReplayQuarantinedResponse { replayed: 1 }))
    }
}
