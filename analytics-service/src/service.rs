//! The gRPC service; it is called directly within one process.

use proto::analytics::analytics_server::Analytics;
use proto::analytics::{GroupUsageRequest, GroupUsageResponse, OverviewRequest, OverviewResponse};
use tonic::{Request, Response, Status};

use crate::error::Error;
use crate::usage::Query;
use crate::view::View;
use crate::{overview, usage};

/// Answers from the windows.
pub struct Service {
    view: View,
}

impl Service {
    pub(crate) fn new(view: View) -> Self {
        Self { view }
    }
}

#[tonic::async_trait]
impl Analytics for Service {
    async fn group_usage(
        &self,
        request: Request<GroupUsageRequest>,
    ) -> Result<Response<GroupUsageResponse>, Status> {
        let query = Query::try_from(request.get_ref()).map_err(Error::from)?;
        Ok(Response::new(usage::answer(&self.view, &query).await?))
    }

    async fn overview(&self, _: Request<OverviewRequest>) -> Result<Response<OverviewResponse>, Status> {
        Ok(Response::new(overview::answer(&self.view).await?))
    }
}
