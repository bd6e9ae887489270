//! What happens to every request before and after its handler: an id, the token, a bound on how many and how long, headers, a count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use http::{Method, StatusCode};
use service_kit::trace;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::App;
use super::problem::Problem;
use super::quarantine::QUARANTINE;
use super::readings::READINGS;
use crate::auth::Permission;
use crate::metrics::{Metrics, UNMATCHED};

/// Requests that are answered at the same time; staff and their scripts, not a fleet.
const MAX_IN_FLIGHT: usize = 256;
/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a bill run may be waited for; it goes on without its caller.
const RUN_DEADLINE: Duration = Duration::from_secs(600);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the door counts.
#[derive(Debug)]
pub(super) struct Door {
    metrics: Metrics,
    slots: Semaphore,
    /// Different in each process, so that an id in the log is one request.
    first_id: u64,
    next_id: AtomicU64,
}

impl Door {
    pub(super) fn new(metrics: Metrics, first_id: u64) -> Self {
        Self {
            metrics,
            slots: Semaphore::new(MAX_IN_FLIGHT),
            first_id,
            next_id: AtomicU64::new(0),
        }
    }

    fn request_id(&self) -> String {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", self.first_id)
    }
}

/// Around everything: the id, the bounds, the headers, and every refusal written as a problem.
pub(super) async fn around(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = door.request_id();
    let method = method_label(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let answer = bounded(&door, request, next).await;
    let mut answer = finish(answer, &id);
    let took = began.elapsed();
    door.metrics.http_answered((method, route), answer.status(), took);
    tracing::debug!(
        request.id = id,
        http.method = method,
        http.route = route,
        http.status = answer.status().as_u16(),
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}

async fn bounded(door: &Door, request: Request, next: Next) -> Response {
    let Ok(_slot) = door.slots.try_acquire() else {
        return Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_REQUESTS",
            "too many requests at the same time",
        )
        .into_response();
    };
    let run = request.uri().path() == super::bills::BILL_RUNS;
    let deadline = if run { RUN_DEADLINE } else { DEADLINE };
    match tokio::time::timeout(deadline, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TOOK_TOO_LONG",
            "the answer took too long; ask for less",
        )
        .into_response(),
    }
}

/// Around the routes of the API: who asks, and may they?
pub(super) async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let wanted = needed(request.method(), request.uri().path());
    let identity = match app.gate.admit(request.headers(), wanted) {
        Ok(identity) => identity,
        Err(error) => return Problem::from(error).into_response(),
    };
    let (mut request, key) = match app.keys.check(request, &identity, app.clock.now_ms()).await {
        Ok(checked) => checked,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(identity);
    let span = app.sampler.call(request.headers(), &span_name(&request));
    let answer = trace::around(span, answered(next, request)).await;
    if let Some(key) = key.filter(|_| answer.status().is_client_error()) {
        app.keys.forget(key);
    }
    answer
}

/// The answer; in its span, if it is traced, what became of it.
async fn answered(next: Next, request: Request) -> Response {
    let answer = next.run(request).await;
    if answer.status().is_server_error() {
        trace::fail_current("server error");
    }
    answer
}

/// Method and route, which name nobody.
fn span_name(request: &Request) -> String {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or(UNMATCHED, MatchedPath::as_str);
    format!("{} {route}", method_label(request.method()))
}

/// What a request must be allowed to do. A route nobody thought of needs the most.
fn needed(method: &Method, path: &str) -> Permission {
    match *method {
        Method::GET | Method::HEAD => Permission::Read,
        Method::POST if path == READINGS => Permission::SendReadings,
        Method::POST if path.starts_with(QUARANTINE) => Permission::Operate,
        _ => Permission::Bill,
    }
}

/// The problem written out where there is one, and the headers that every answer has.
fn finish(mut answer: Response, id: &str) -> Response {
    let status = answer.status();
    if let Some(problem) = answer.extensions_mut().remove::<Problem>() {
        answer = problem.answer(id);
    } else if status.is_client_error() || status.is_server_error() {
        let given = std::mem::take(answer.headers_mut());
        answer = Problem::of_status(status).answer(id);
        if let Some(allow) = given.get(http::header::ALLOW) {
            answer.headers_mut().insert(http::header::ALLOW, allow.clone());
        }
    }
    let headers = answer.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    );
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    answer
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        _ => "other",
    }
}
