//! gRPC health of a port: that of the process behind it, at the moment of the question.
//!
//! Beside the protocol, a process that is not ready names what it lacks in the answer's metadata, so that whoever depends on it can say so.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::{OnFailure, Readiness, Tasks};

/// Metadata of an answer that is not "serving": what the process lacks, separated by commas.
pub(crate) const LACKS_KEY: &str = "gridtally-lacks";
/// How often somebody who watches is told of a change.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Answering {
    readiness: Readiness,
    /// Of the services on this port.
    names: Vec<&'static str>,
    /// Those of the port: once they are asked to stop, nothing is served any more.
    tasks: Tasks,
}

impl Answering {
    pub(super) fn service(
        readiness: Readiness,
        names: Vec<&'static str>,
        tasks: Tasks,
    ) -> HealthServer<Self> {
        HealthServer::new(Self {
            readiness,
            names,
            tasks,
        })
    }

    /// # Errors
    /// `NOT_FOUND`, as the protocol wants it for a service that is not here.
    fn known(&self, request: &Request<HealthCheckRequest>) -> Result<(), Status> {
        let asked = request.get_ref().service.as_str();
        if asked.is_empty() || self.names.contains(&asked) {
            Ok(())
        } else {
            Err(Status::not_found("no such service on this port"))
        }
    }
}

fn status(readiness: &Readiness, tasks: &Tasks) -> HealthCheckResponse {
    let status = if readiness.lacks().is_none() && !tasks.stop_token().is_cancelled() {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    HealthCheckResponse {
        status: status.into(),
    }
}

#[tonic::async_trait]
impl Health for Answering {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.known(&request)?;
        let mut answer = Response::new(status(&self.readiness, &self.tasks));
        let lacks = self.readiness.lacks().unwrap_or_default().join(", ");
        if let Ok(lacks) = MetadataValue::try_from(lacks)
            && !lacks.is_empty()
        {
            answer.metadata_mut().insert(LACKS_KEY, lacks);
        }
        Ok(answer)
    }

    type WatchStream = ReceiverStream<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        self.known(&request)?;
        let (tell, told) = mpsc::channel(1);
        let (readiness, tasks) = (self.readiness.clone(), self.tasks.clone());
        let stop = self.tasks.stop_token();
        self.tasks.spawn("health watch", OnFailure::Log, async move {
            let mut last = None;
            loop {
                let now = status(&readiness, &tasks);
                let stopping = stop.is_cancelled();
                let changed = last.replace(now) != Some(now);
                if changed && tell.send(Ok(now)).await.is_err() || stopping {
                    return Ok::<(), Infallible>(());
                }
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tell.closed() => return Ok(()),
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }
}
