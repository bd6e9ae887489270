//! What assistants ask of the leader.

use std::sync::Arc;

use proto::assist::{
    EnsureRequest, EnsureResponse, LearnRequest, LearnResponse, QuarantineRequest, QuarantineResponse,
    ReportRequest, ReportResponse, assist_server,
};
use tonic::{Request, Response, Status};

use super::{Desk, wire};
use crate::consequence::Watcher;
use crate::error::Error;
use crate::office::Office;
use crate::reads::Consequences as _;
use crate::service::answer;

/// The service `Assist`.
pub(crate) struct Calls {
    office: Arc<Office>,
    watcher: Arc<Watcher>,
    desk: Arc<Desk>,
}

impl Calls {
    pub(crate) fn new(office: Arc<Office>, watcher: Arc<Watcher>, desk: Arc<Desk>) -> Self {
        Self {
            office,
            watcher,
            desk,
        }
    }

    async fn take_report(&self, request: &ReportRequest) -> Result<ReportResponse, Error> {
        let wishes = self.desk.report(wire::report_in(request)?).await?;
        Ok(wire::wishes_out(&wishes))
    }

    fn take_news(&self, request: LearnRequest) -> Result<LearnResponse, Error> {
        let shard = wire::shard(request.shard)?;
        self.desk.check(request.assistant, shard)?;
        self.office.reads.learn(shard, &wire::news_in(request))?;
        Ok(LearnResponse {})
    }

    async fn see_to(&self, request: EnsureRequest) -> Result<EnsureResponse, Error> {
        self.desk.check(request.assistant, wire::shard(request.shard)?)?;
        let touched = request.touched.iter().map(wire::touched_in);
        let touched = touched.collect::<Result<Vec<_>, Error>>()?;
        for message in &request.touched {
            if let Ok(context) = message.traceparent.parse() {
                self.office.issuer.followed.came_by(&message.meter_id, &context);
            }
        }
        self.office.reads.note(&touched);
        self.watcher.ensure(&touched).await?;
        Ok(EnsureResponse {})
    }

    async fn keep(&self, request: QuarantineRequest) -> Result<QuarantineResponse, Error> {
        self.desk.check(request.assistant, wire::shard(request.shard)?)?;
        self.watcher.quarantine(wire::unusable_in(request)?).await?;
        Ok(QuarantineResponse {})
    }
}

#[tonic::async_trait]
impl assist_server::Assist for Calls {
    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        answer(&self.office, self.take_report(&request.into_inner())).await
    }

    async fn learn(&self, request: Request<LearnRequest>) -> Result<Response<LearnResponse>, Status> {
        answer(&self.office, async { self.take_news(request.into_inner()) }).await
    }

    async fn ensure(&self, request: Request<EnsureRequest>) -> Result<Response<EnsureResponse>, Status> {
        answer(&self.office, self.see_to(request.into_inner())).await
    }

    async fn quarantine(
        &self,
        request: Request<QuarantineRequest>,
    ) -> Result<Response<QuarantineResponse>, Status> {
        answer(&self.office, self.keep(request.into_inner())).await
    }
}
