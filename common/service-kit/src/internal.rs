//! The port by which the services of one instance call each other: gRPC with named bounds, health and reflection.
//!
//! It asks nobody for a token, so it belongs on loopback or in a network of its own. A call that has begun is finished even when its
//! caller goes away: a handler that is dropped half-way could leave memory and store apart.

mod finish;
mod health;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;
use tonic::transport::Server;

use crate::listen::{self, Bounded, Prompt};
use crate::{KitError, OnFailure, Readiness, Tasks};
use health::Answering;

pub(crate) use health::LACKS_KEY;

/// The largest request: a batch of 1,000 readings with all their telemetry, or 1,000 objects of the register.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;
/// The largest answer: a page of bills with the reads behind each line, or a shard's day folded by group.
pub const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Other services hold few connections each; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 256;
/// Calls under way at a time, on all connections; more are told to come back later.
const MAX_CALLS: usize = 2_048;
/// Calls open at a time on one connection.
const STREAMS_PER_CONNECTION: u32 = 1_024;
/// Bytes that a caller may send ahead of our reading: a whole request, and several on one connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
const HEADER_LIST_BYTES: u32 = 8 << 10;
const FRAME_BYTES: u32 = 64 << 10;
const KEEPALIVE_EVERY: Duration = Duration::from_secs(30);
const KEEPALIVE_WITHIN: Duration = Duration::from_secs(10);
/// A caller that opens calls and resets them at once is cut off after this many.
const PENDING_RESETS: usize = 20;
/// How long a caller may take to begin to speak.
const PREFACE_WITHIN: Duration = Duration::from_secs(5);

/// What answers on a port.
pub struct Services {
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    descriptors: &'static [u8],
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl Services {
    /// None yet; `descriptors` tell reflection what they look like.
    #[must_use]
    pub fn new(descriptors: &'static [u8]) -> Self {
        Self {
            routes: RoutesBuilder::default(),
            names: Vec::new(),
            descriptors,
        }
    }

    /// With `service`, whose own limits of message sizes should be [`MAX_REQUEST_BYTES`] and [`MAX_ANSWER_BYTES`].
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.routes.add_service(service);
        self.names.push(S::NAME);
        self
    }

    /// Adds health and reflection.
    fn complete(&mut self, readiness: Readiness, tasks: &Tasks) -> Result<(), KitError> {
        let failed = |source: tonic_reflection::server::Error| KitError::Setup {
            what: "gRPC reflection",
            source: source.into(),
        };
        let described = || {
            let described = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(self.descriptors)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .with_service_name("grpc.health.v1.Health");
            (self.names.iter()).fold(described, |described, name| described.with_service_name(*name))
        };
        let current = described().build_v1().map_err(failed)?;
        let older = described().build_v1alpha().map_err(failed)?;
        let health = Answering::service(readiness, self.names.clone(), tasks.clone());
        self.routes
            .add_service(health)
            .add_service(current)
            .add_service(older);
        Ok(())
    }
}

/// A bound port, not served yet.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

/// Binds `address` for `what`, where there is one; port 0 picks a free one.
///
/// # Errors
/// [`KitError::PortInUse`] or [`KitError::Listen`].
pub async fn bind(what: &'static str, address: Option<SocketAddr>) -> Result<Option<Port>, KitError> {
    let Some(address) = address else { return Ok(None) };
    let (listener, address) = listen::bind(what, address).await?;
    Ok(Some(Port { listener, address }))
}

impl Port {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves `services`, as healthy as `readiness` says. When the port fails, `failed` is cancelled.
    ///
    /// # Errors
    /// [`KitError::Setup`] when the descriptors cannot be read.
    pub fn serve(
        self,
        mut services: Services,
        failed: CancellationToken,
        readiness: &Readiness,
    ) -> Result<Serving, KitError> {
        let tasks = Tasks::new(failed);
        services.complete(readiness.clone(), &tasks)?;
        let calls = finish::Calls::new(services.routes.routes().prepare(), tasks.clone(), MAX_CALLS);
        let stop = tasks.stop_token();
        let incoming = accept(Bounded::new(self.listener, MAX_CONNECTIONS), &tasks);
        let served = Server::builder()
            .max_concurrent_streams(STREAMS_PER_CONNECTION)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_header_list_size(HEADER_LIST_BYTES)
            .max_frame_size(FRAME_BYTES)
            .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
            .http2_keepalive_timeout(Some(KEEPALIVE_WITHIN))
            .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
            .serve_with_incoming_shutdown(calls, incoming, stop.cancelled_owned());
        tasks.spawn("internal gRPC", OnFailure::StopProcess, served);
        Ok(Serving {
            address: self.address,
            tasks,
        })
    }
}

type Incoming = ReceiverStream<Result<Prompt<listen::Connection>, Infallible>>;

/// Connections as they come, until `tasks` are asked to stop.
fn accept(listener: Bounded, tasks: &Tasks) -> Incoming {
    let (deal, incoming) = mpsc::channel(1);
    let stop = tasks.stop_token();
    tasks.spawn("internal port", OnFailure::StopProcess, async move {
        let accepting = async {
            loop {
                let connection = Prompt::new(listener.accept_one().await, PREFACE_WITHIN, ());
                if deal.send(Ok(connection)).await.is_err() {
                    return;
                }
            }
        };
        // Ending the task closes the listener: new callers are refused at once.
        stop.run_until_cancelled(accepting).await;
        Ok::<(), Infallible>(())
    });
    ReceiverStream::new(incoming)
}

/// A port that is served.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    tasks: Tasks,
}

impl Serving {
    /// Where.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new calls and lets those under way finish. Says whether they did within `grace`.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.tasks.drain(grace).await
    }
}

/// Serves what `services` makes on a port that may not be there.
///
/// # Errors
/// As [`Port::serve`].
pub fn serve(
    port: Option<Port>,
    failed: CancellationToken,
    readiness: &Readiness,
    services: impl FnOnce() -> Services,
) -> Result<Option<Serving>, KitError> {
    port.map(|port| port.serve(services(), failed, readiness))
        .transpose()
}

/// Stops a port that may not be there, with a word in the log when calls had to be left.
pub async fn stop(serving: Option<&Serving>, grace: Duration) {
    if let Some(serving) = serving
        && !serving.stop(grace).await
    {
        tracing::warn!(address = %serving.address, "internal calls that did not end were cut");
    }
}

#[cfg(test)]
mod tests;
