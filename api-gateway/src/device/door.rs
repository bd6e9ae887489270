//! What stands behind the device port: calls of `MeterGateway`, answered on the thread that reads them, and all others, which are passed
//! on to the process's runtime so that no query ever delays a device.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt as _;
use http::{Request, Response};
use service_kit::trace::{self, Context as TraceContext};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Status, Streaming};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _, service_fn};

use super::batch::Batch;
use super::codec::{ColumnCodec, ReadingCodec};
use super::intake::Intake;
use super::metrics::Method;
use super::receipts::Receipts;
use super::stream::{Bounds, answers};
use super::unary::{self, Form, MAX_MESSAGE_BYTES};
use crate::auth::{Gate, Identity, Permission};

/// Where calls of `MeterGateway` begin.
const SERVICE: &str = "/gridtally.meter.v1.MeterGateway/";
/// How long a unary call may take, its reading included: longer than ingestion waits for room and for the bus together.
const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// Calls that are not for devices.
pub(crate) type Others = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// What every call needs. One per thread, shared by its connections.
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    pub(crate) intake: Intake,
    pub(crate) bounds: Bounds,
    /// Ends the streams.
    pub(crate) stop: CancellationToken,
    pub(crate) others: Others,
    /// Where other calls run.
    pub(crate) process: Handle,
}

/// The service of the port. A clone is the same door.
#[derive(Clone)]
pub(crate) struct Door(pub(crate) Arc<Shared>);

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Service<Request<Body>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        let shared = Arc::clone(&self.0);
        let Some(method) = request.uri().path().strip_prefix(SERVICE).map(method) else {
            return Box::pin(pass_on(shared, request));
        };
        let Some(method) = method else {
            return ready(Status::unimplemented("MeterGateway has no such method"));
        };
        let identity = match shared.gate.admit(request.headers(), Permission::SendReadings) {
            Ok(identity) => identity,
            Err(error) => return ready(service_kit::status_of(&error.fault())),
        };
        shared.intake.metrics.called(method);
        match method {
            Method::SendReading => unary(shared, request, identity, Form::One),
            Method::SendReadings => unary(shared, request, identity, Form::Many),
            Method::StreamReadings => Box::pin(readings(shared, request, identity)),
            Method::StreamColumns => Box::pin(columns(shared, request, identity)),
        }
    }
}

fn method(name: &str) -> Option<Method> {
    match name {
        "SendReading" => Some(Method::SendReading),
        "SendReadings" => Some(Method::SendReadings),
        "StreamReadings" => Some(Method::StreamReadings),
        "StreamColumns" => Some(Method::StreamColumns),
        _ => None,
    }
}

fn ready(status: Status) -> Answer {
    Box::pin(std::future::ready(Ok(status.into_http())))
}

/// A call that is traced is boxed with its span; the others, nearly all, know nothing of it.
fn unary(shared: Arc<Shared>, request: Request<Body>, identity: Identity, form: Form) -> Answer {
    let name = request.uri().path().trim_start_matches('/');
    match shared.intake.sampler.call(request.headers(), name) {
        None => Box::pin(call(shared, request, identity, form)),
        Some(span) => Box::pin(traced(span, call(shared, request, identity, form))),
    }
}

async fn traced(
    span: trace::Span,
    call: impl Future<Output = Result<Response<Body>, Infallible>>,
) -> Result<Response<Body>, Infallible> {
    let answer = span.around(call).await?;
    // Only a refusal has its status among the headers.
    if Status::from_header_map(answer.headers()).is_some() {
        span.fail("refused");
    }
    Ok(answer)
}

async fn call(
    shared: Arc<Shared>,
    request: Request<Body>,
    identity: Identity,
    form: Form,
) -> Result<Response<Body>, Infallible> {
    // Pinned where it is: moved into the timeout, it would be copied once more.
    let answer = pin!(unary::answer(&shared.intake, request, identity, form));
    Ok(tokio::time::timeout(CALL_DEADLINE, answer)
        .await
        .unwrap_or_else(|_| Status::unavailable("not answered in time; send the same again").into_http()))
}

async fn readings(
    shared: Arc<Shared>,
    request: Request<Body>,
    identity: Identity,
) -> Result<Response<Body>, Infallible> {
    let codec = ReadingCodec {
        identity: identity.clone(),
    };
    let mut grpc = Grpc::new(codec).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let caller = TraceContext::of(request.headers());
    let serve = service_fn(|request: tonic::Request<Streaming<Batch>>| {
        let answers = shared.answers(request.into_inner(), (&identity, caller.clone()));
        std::future::ready(Ok::<_, Status>(tonic::Response::new(answers)))
    });
    Ok(grpc.streaming(serve, request).await)
}

async fn columns(
    shared: Arc<Shared>,
    request: Request<Body>,
    identity: Identity,
) -> Result<Response<Body>, Infallible> {
    let codec = ColumnCodec {
        identity: identity.clone(),
    };
    let mut grpc = Grpc::new(codec).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let caller = TraceContext::of(request.headers());
    let serve = service_fn(|request: tonic::Request<Streaming<Batch>>| {
        let answers = shared
            .answers(request.into_inner(), (&identity, caller.clone()))
            .map(|receipts| receipts.map(Receipts::into_columns));
        std::future::ready(Ok::<_, Status>(tonic::Response::new(answers)))
    });
    Ok(grpc.streaming(serve, request).await)
}

impl Shared {
    fn answers(
        &self,
        incoming: Streaming<Batch>,
        caller: (&Identity, Option<TraceContext>),
    ) -> impl futures_util::Stream<Item = Result<Receipts, Status>> + Send + use<> {
        answers(
            incoming,
            self.intake.clone(),
            caller,
            self.bounds,
            self.stop.clone(),
        )
    }
}

/// A call that is not for devices.
async fn pass_on(shared: Arc<Shared>, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let others = shared.others.clone();
    let answered = shared.process.spawn(async move { others.oneshot(request).await });
    match answered.await {
        Ok(Ok(response)) => Ok(response),
        Err(_) => Ok(Status::unavailable("the service is stopping; try again later").into_http()),
    }
}
