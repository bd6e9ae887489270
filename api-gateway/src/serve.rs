//! Serves HTTP/1.1 to staff with the deadlines that the framework's own server cannot set: a request's head must come within seconds, and
//! shutdown does not wait for a client that says nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use service_kit::listen::{Bounded, Connection};
use service_kit::{OnFailure, Tasks};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Connections of staff at the same time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1_024;
/// How long the head of a request may take, also the first of a connection, and how long a connection may be idle.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// The longest head of a request.
const MAX_HEAD_BYTES: usize = 16 * 1_024;
/// How long an answer may take to leave, once everything is stopping and nothing is under way.
const FLUSH: Duration = Duration::from_millis(200);
/// How often a connection looks whether its last answer is under way while everything is stopping.
const LOOK: Duration = Duration::from_millis(50);

/// Serves `router` on `socket` until `tasks` are asked to stop.
pub(crate) fn serve(socket: TcpListener, router: Router, tasks: &Tasks) {
    let listener = Bounded::new(socket, MAX_CONNECTIONS);
    let stop = tasks.stop_token();
    let of_connections = tasks.clone();
    tasks.spawn("staff HTTP", OnFailure::StopProcess, async move {
        while let Some(connection) = stop.run_until_cancelled(accept(&listener)).await {
            let (router, stop) = (router.clone(), stop.clone());
            of_connections.spawn("staff connection", OnFailure::Log, async move {
                talk(connection, router, stop).await;
                Ok::<(), Infallible>(())
            });
        }
        Ok::<(), Infallible>(())
    });
}

async fn accept(listener: &Bounded) -> Connection {
    loop {
        match listener.accept_bounded().await {
            Ok((connection, _)) => return connection,
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                // Out of file descriptors: trying again at once would only burn the processor.
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// One connection until it ends: by itself, or soon after everything is asked to stop.
async fn talk(connection: Connection, router: Router, stop: CancellationToken) {
    let busy = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&busy);
    let service = tower::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let under_way = UnderWay::new(&counted);
        let answer = router.clone().oneshot(request.map(axum::body::Body::new));
        async move {
            let answer = answer.await;
            drop(under_way);
            answer
        }
    });
    let mut serving = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .max_buf_size(MAX_HEAD_BYTES.max(8_192))
            .serve_connection(TokioIo::new(connection), TowerToHyperService::new(service))
    );
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        () = stop.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                ended = serving => ended,
                () = idle(&busy) => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a staff connection ended early");
    }
}

/// Ends when no request is under way and the last answer had time to leave.
async fn idle(busy: &AtomicUsize) {
    while busy.load(Ordering::Acquire) > 0 {
        tokio::time::sleep(LOOK).await;
    }
    tokio::time::sleep(FLUSH).await;
}

/// A request that is being answered; counted until dropped.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn new(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(counter))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
