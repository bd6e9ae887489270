//! Calls to a service in another process: few connections, a deadline of our own on each call, bounded in flight.
//!
//! A [`Link`] is what a generated client is made of. A status that the other service gives passes through as it is, with its reason.
//! Everything else that can happen to a call (no connection, one that breaks, no answer in time) is UNAVAILABLE: the outcome is not
//! known, and the caller may send the same again. Nothing is repeated here.
//!
//! Of several addresses one is in use: until it cannot be reached, or is asked whether it is well and does not say so; then the next one is.

mod outage;
mod settings;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use model::ErrorKind;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::{Service, ServiceExt as _};

use crate::internal::{LACKS_KEY, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES};
use crate::{Fault, OnFailure, Tasks, status_of, trace};
use outage::Outage;

pub use settings::LinkConfig;

/// How long opening a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A connection that does not answer to this is given up, so that a stuck peer is noticed without a call.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEPALIVE_WITHIN: Duration = Duration::from_secs(5);
/// Bytes that the other side may send ahead of our reading: large answers, and many small ones on one connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// The head of an answer: a refusal may list everything that is wrong with a tariff, each letter as up to three.
const HEADER_LIST_BYTES: u32 = 256 << 10;
/// How often a service is asked whether it is well, and how long its answer may take.
const PROBE_EVERY: Duration = Duration::from_secs(1);
const PROBE_WITHIN: Duration = Duration::from_secs(2);
const PROBE: &str = "/grpc.health.v1.Health/Check";
/// Head, message and trailer of an answer beside the message's own bytes.
const FRAMING_BYTES: usize = 1 << 10;

/// The way to one service. A clone is the same way.
#[derive(Debug, Clone)]
pub struct Link(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    name: &'static str,
    /// The connections to each address.
    places: Vec<Vec<Channel>>,
    /// How often another address was taken into use; the remainder says which one is.
    moves: AtomicUsize,
    next: AtomicUsize,
    slots: Semaphore,
    deadline: Duration,
    longer: Vec<(&'static str, Duration)>,
    outage: Outage,
}

impl Link {
    /// The way to the service `name`; nothing is connected yet. Calls of the paths in `longer` have their own deadlines.
    ///
    /// # Errors
    /// UNAVAILABLE when the address cannot be one, which [`LinkConfig::problems`] tells before.
    pub fn new(
        name: &'static str,
        config: &LinkConfig,
        longer: &[(&'static str, Duration)],
    ) -> Result<Self, Status> {
        let connections = |address: &str| {
            let endpoint = Endpoint::from_shared(address.to_owned())
                .map_err(|error| Status::unavailable(format!("{name} has no address: {error}")))?
                .connect_timeout(CONNECT_WITHIN)
                .tcp_nodelay(true)
                .http2_max_header_list_size(HEADER_LIST_BYTES)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .http2_keep_alive_interval(KEEPALIVE_EVERY)
                .keep_alive_timeout(KEEPALIVE_WITHIN)
                .keep_alive_while_idle(true);
            let channels = (0..config.connections.max(1)).map(|_| endpoint.connect_lazy());
            Ok::<Vec<Channel>, Status>(channels.collect())
        };
        Ok(Self(Arc::new(Shared {
            name,
            places: config.addresses().map(connections).collect::<Result<_, _>>()?,
            moves: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            slots: Semaphore::new(config.in_flight),
            deadline: config.deadline,
            longer: longer.to_vec(),
            outage: Outage::new(name),
        })))
    }

    /// Asks the service again and again whether it is well, so that [`Self::state`] is known without a call of anybody's.
    pub fn watch(&self, tasks: &Tasks) {
        let link = self.clone();
        let stop = tasks.stop_token();
        tasks.spawn("dependency", OnFailure::Log, async move {
            loop {
                link.look().await;
                tokio::select! {
                    () = stop.cancelled() => return Ok::<(), Status>(()),
                    () = tokio::time::sleep(PROBE_EVERY) => {}
                }
            }
        });
    }

    /// Asks the service now whether it is well: [`Self::state`] knows it then.
    pub async fn look(&self) {
        self.0.outage.set_state(self.probe().await);
    }

    /// Whether the service answered and was well when it was asked last; if not, why.
    ///
    /// # Errors
    /// A short sentence for people; the log has the details.
    pub fn state(&self) -> Result<(), String> {
        self.0.outage.state()
    }

    async fn probe(&self) -> Result<(), String> {
        let asked = HealthCheckRequest {
            service: String::new(),
        };
        let moves = self.0.moves.load(Ordering::Relaxed);
        let state = self.ask(asked).await;
        if state.is_err() {
            self.0.move_on(moves);
        }
        state
    }

    async fn ask(&self, asked: HealthCheckRequest) -> Result<(), String> {
        let asked_at = Instant::now();
        match HealthClient::new(self.clone()).check(asked).await {
            Ok(answer) if answer.get_ref().status() == ServingStatus::Serving => Ok(()),
            Ok(answer) => {
                let lacks = answer.metadata().get(LACKS_KEY);
                let lacks = lacks.and_then(|lacks| lacks.to_str().ok());
                Err(lacks.map_or_else(
                    || "it is not ready".to_owned(),
                    |lacks| format!("it is not ready: {lacks}"),
                ))
            }
            Err(_) if asked_at.elapsed() >= PROBE_WITHIN => Err("it does not answer".to_owned()),
            Err(_) => Err("it cannot be reached".to_owned()),
        }
    }

    async fn carry(self, request: http::Request<Body>) -> Result<http::Response<Body>, Status> {
        let shared = &self.0;
        let request = whole(request).await?;
        let path = request.uri().path();
        let probing = path == PROBE;
        let deadline = Instant::now() + shared.deadline_of(path);
        let _slot = if probing {
            None
        } else {
            Some(shared.slot(deadline).await?)
        };
        if !probing {
            shared.outage.pause_over()?;
        }
        let moves = shared.moves.load(Ordering::Relaxed);
        match timeout_at(deadline, shared.exchange(moves, request)).await {
            Ok(Ok(answer)) => {
                shared.outage.over();
                Ok(answer)
            }
            Ok(Err(why)) => {
                shared.outage.noticed(&why);
                shared.move_on(moves);
                Err(unavailable(format!(
                    "{} cannot be reached ({why}); the outcome is not known",
                    shared.name
                )))
            }
            Err(_) => Err(unavailable(format!(
                "{} did not answer in time; the outcome is not known",
                shared.name
            ))),
        }
    }
}

impl Shared {
    fn deadline_of(&self, path: &str) -> Duration {
        if path == PROBE {
            return PROBE_WITHIN;
        }
        let own = self.longer.iter().find(|(longer, _)| *longer == path);
        own.map_or(self.deadline, |(_, deadline)| *deadline)
    }

    async fn slot(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Status> {
        match timeout_at(deadline, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(status_of(&Fault::new(
                ErrorKind::Exhausted,
                "TOO_MANY_REQUESTS",
                format!("too many calls of {} are under way; come back later", self.name),
            ))),
        }
    }

    /// Takes the next address into use, unless somebody did since there were so many `moves`.
    fn move_on(&self, moves: usize) {
        let moved =
            self.moves
                .compare_exchange(moves, moves.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
        if moved.is_ok() && self.places.len() > 1 {
            tracing::debug!(dependency = self.name, "trying the next address");
        }
    }

    /// The whole answer: within the deadline there is nothing left that could break afterwards.
    async fn exchange(
        &self,
        moves: usize,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, String> {
        let channels = self.places.get(moves % self.places.len()).ok_or("no address")?;
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let channel = channels.get(turn % channels.len());
        let mut channel = channel.cloned().ok_or("no connection")?;
        let channel = channel.ready().await.map_err(|error| chain(&error))?;
        let answer = channel.call(request).await.map_err(|error| chain(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES + FRAMING_BYTES)
            .collect()
            .await;
        let body = body.map_err(|error| chain(&*error))?;
        Ok(http::Response::from_parts(head, Body::new(body)))
    }
}

impl Service<http::Request<Body>> for Link {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        trace::tell(request.headers_mut());
        Box::pin(self.clone().carry(request))
    }
}

/// A request with all its bytes at hand: what is wrong with them is wrong before anything is sent, and no fault of the other side's.
async fn whole(request: http::Request<Body>) -> Result<http::Request<Body>, Status> {
    let (head, body) = request.into_parts();
    match body.collect().await {
        Ok(body) => Ok(http::Request::from_parts(head, Body::new(body))),
        Err(status) if status.code() == Code::OutOfRange => {
            let what = format!("a request may have {MAX_REQUEST_BYTES} bytes");
            Err(status_of(&Fault::new(
                ErrorKind::Invalid,
                "MESSAGE_TOO_LARGE",
                what,
            )))
        }
        Err(status) => Err(status),
    }
}

fn unavailable(message: String) -> Status {
    status_of(&Fault::new(ErrorKind::Unavailable, "UNAVAILABLE", message))
}

/// An error of the transport with its causes, without saying the same twice.
fn chain(error: &dyn std::error::Error) -> String {
    let mut parts: Vec<String> = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !parts.contains(&text) {
            parts.push(text);
        }
        cause = next.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests;
