//! Calls that are finished once they have begun, and bounded in number.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use model::ErrorKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tonic::body::Body;
use tonic::service::Routes;
use tower::Service;

use crate::{Fault, OnFailure, Tasks, status_of, trace};

type Answer = http::Response<Body>;

/// `routes`, each call of them as a task of its own.
#[derive(Clone)]
pub(crate) struct Calls {
    routes: Routes,
    tasks: Tasks,
    slots: Arc<Semaphore>,
}

impl Calls {
    /// At most `calls` at a time.
    pub(crate) fn new(routes: Routes, tasks: Tasks, calls: usize) -> Self {
        Self {
            routes,
            tasks,
            slots: Arc::new(Semaphore::new(calls)),
        }
    }
}

impl Service<http::Request<Body>> for Calls {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<http::Request<Body>>::poll_ready(&mut self.routes, cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            return Box::pin(async { Ok(refusal(ErrorKind::Exhausted, "TOO_MANY_REQUESTS", BUSY)) });
        };
        let span = trace::Span::of_call(&request);
        let called = trace::around(span, self.routes.call(request));
        let (answer, answered) = oneshot::channel();
        self.tasks.spawn("internal call", OnFailure::Log, async move {
            let result = called.await;
            drop::<OwnedSemaphorePermit>(slot);
            // Nobody listens when the caller has gone.
            drop(answer.send(result));
            Ok::<(), Infallible>(())
        });
        Box::pin(async {
            let died = |_| Ok(refusal(ErrorKind::Unavailable, "UNAVAILABLE", DIED));
            answered.await.unwrap_or_else(died)
        })
    }
}

const BUSY: &str = "too many calls are under way; come back later";
const DIED: &str = "the call ended without an answer; its outcome is not known";

fn refusal(kind: ErrorKind, reason: &str, message: &str) -> Answer {
    status_of(&Fault::new(kind, reason, message)).into_http()
}
