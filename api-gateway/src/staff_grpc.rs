//! Staff queries by gRPC, on the port of the devices: bills, the register and usage, forwarded after the token was checked; beside them
//! health and reflection, which need no token.
//!
//! The token is checked before a message is decoded. Who acts is taken from the token, never from the message.

mod forward;

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use proto::analytics::analytics_server::AnalyticsServer;
use proto::billing::billing_server::BillingServer;
use proto::billing::quarantine_server::QuarantineServer;
use proto::billing::register_server::RegisterServer;
use service_kit::trace::Sampler;
use service_kit::{status_of, trace};
use tonic::service::Routes;
use tonic::{Code, Status};

use crate::auth::{Gate, Permission};
use crate::metrics::Metrics;
use crate::staff::Staff;
use forward::Forward;

/// A tariff with its prices fits, and so do 1,000 meters or installations; a batch of readings has no business here.
const MAX_REQUEST_BYTES: usize = 1 << 20;
/// A bill with 10,000 reads behind each of its lines fits.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a bill run may be waited for; it goes on without its caller.
const RUN_DEADLINE: Duration = Duration::from_secs(600);
/// The calls that change something about bills or the register, by path.
const WRITES: [&str; 4] = [
    "/gridtally.billing.v1.Billing/RunBills",
    "/gridtally.billing.v1.Billing/IssueBill",
    "/gridtally.billing.v1.Register/Put",
    "/gridtally.billing.v1.Register/PutMany",
];
const REPLAY: &str = "/gridtally.billing.v1.Quarantine/ReplayQuarantined";
const RUN_BILLS: &str = WRITES[0];

/// What every call passes.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) gate: Gate,
    pub(crate) metrics: Metrics,
    pub(crate) sampler: Sampler,
}

/// The staff services behind `door`.
pub(crate) fn routes(staff: Staff, door: Door) -> axum::Router {
    let forward = Forward(staff);
    Routes::default()
        .add_service(
            BillingServer::new(forward.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .add_service(
            RegisterServer::new(forward.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .add_service(
            QuarantineServer::new(forward.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .add_service(
            AnalyticsServer::new(forward)
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .into_axum_router()
        .reset_fallback() // that of the router this one is merged into
        .route_layer(from_fn_with_state(door, admit))
}

async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let wanted = if WRITES.contains(&path) {
        Permission::Bill
    } else if path == REPLAY {
        Permission::Operate
    } else {
        Permission::Read
    };
    let deadline = if path == RUN_BILLS { RUN_DEADLINE } else { DEADLINE };
    let answer = match door.gate.admit(request.headers(), wanted) {
        Err(error) => refusal(status_of(&error.fault())),
        Ok(identity) => {
            let span = door.sampler.call(request.headers(), path.trim_start_matches('/'));
            request.extensions_mut().insert(identity);
            let answered = trace::around(span, answered(next, request));
            match tokio::time::timeout(deadline, answered).await {
                Ok(answer) => answer,
                Err(_) => refusal(Status::deadline_exceeded("the answer took too long")),
            }
        }
    };
    door.metrics.staff_call_answered(code(&answer));
    answer
}

/// The answer; in its span, if it is traced, what became of it.
async fn answered(next: Next, request: Request) -> Response {
    let answer = next.run(request).await;
    if code(&answer) != Code::Ok {
        trace::fail_current("refused");
    }
    answer
}

/// A refusal has its status in the head of the answer; an answer with a message is a success until its end.
fn code(answer: &Response) -> Code {
    Status::from_header_map(answer.headers()).map_or(Code::Ok, |status| status.code())
}

fn refusal(status: Status) -> Response {
    status.into_http::<axum::body::Body>().into_response()
}
