//! What a process says about itself over HTTP, on a port of its own: `/metrics`, `/healthz`, `/readyz` (a line for the process, and one
//! for everything it needs). No token is needed.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use prometheus::{Registry, TextEncoder};
use tokio::net::TcpListener;

use crate::listen::{self, Bounded};
use crate::process::ProcessMetrics;
use crate::{KitError, OnFailure, Tasks};

/// Scrapers are few; more would only keep the process from its work.
const MAX_CONNECTIONS: usize = 32;

/// Tells how something the process needs is doing: nothing when it is well, otherwise a sentence.
pub type Look = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What is said of something that nobody has asked yet.
const NOT_ASKED: &str = "not asked yet";

/// How something the process needs is doing, as told by whoever uses it. A clone is the same.
#[derive(Debug, Clone)]
pub struct Told {
    name: &'static str,
    state: Arc<RwLock<Condition>>,
}

/// Why not, if not.
type Condition = Result<(), &'static str>;

impl Told {
    /// What it is about.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// It is well.
    pub fn up(&self) {
        if self.set(Ok(())).is_err_and(|why| why != NOT_ASKED) {
            tracing::info!(dependency = self.name, "a server answers again");
        }
    }

    /// It is not: a short sentence that is always the same, for readiness, and `detail` for the log, when it is news.
    pub fn down(&self, why: &'static str, detail: &str) {
        if self.set(Err(why)) != Err(why) {
            tracing::warn!(dependency = self.name, why, error = detail, "a server is missing");
        }
    }

    /// It is not there, as it may well be: for readiness alone, with no line in the log.
    pub fn idle(&self, why: &'static str) {
        let _before = self.set(Err(why));
    }

    /// Returns what was said before.
    fn set(&self, state: Condition) -> Condition {
        let mut known = self.state.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut known, state)
    }
}

/// Whether the process takes work, and how what it needs is doing. A clone is the same.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Known>);

#[derive(Default)]
struct Known {
    ready: AtomicBool,
    dependencies: RwLock<Vec<Dependency>>,
}

struct Dependency {
    name: &'static str,
    vital: bool,
    look: Look,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness")
            .field("ready", &self.get())
            .finish_non_exhaustive()
    }
}

impl Readiness {
    /// Says so.
    pub fn set(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Release);
    }

    /// Whether it was said.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    /// `look` is asked whenever somebody asks for readiness, in place of what was given for `name` before. Without something `vital` the
    /// process is not ready.
    pub fn depends_on(&self, name: &'static str, vital: bool, look: Look) {
        let mut dependencies = self
            .0
            .dependencies
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let dependency = Dependency { name, vital, look };
        match dependencies.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = dependency,
            None => dependencies.push(dependency),
        }
    }

    /// As [`Self::depends_on`], for something that says by itself how it is doing; it is down until it does.
    pub fn told_by(&self, name: &'static str, vital: bool) -> Told {
        let told = Told {
            name,
            state: Arc::new(RwLock::new(Err(NOT_ASKED))),
        };
        let state = Arc::clone(&told.state);
        let look = move || {
            let state = *state.read().unwrap_or_else(PoisonError::into_inner);
            state.map_err(str::to_owned)
        };
        self.depends_on(name, vital, Box::new(look));
        told
    }

    /// What keeps the process from taking work: the names of what is vital and away; nothing is named when it starts or ends. `None`
    /// when it takes work.
    #[must_use]
    pub fn lacks(&self) -> Option<Vec<&'static str>> {
        let dependencies = self.0.dependencies.read().unwrap_or_else(PoisonError::into_inner);
        let away = dependencies
            .iter()
            .filter(|known| known.vital && (known.look)().is_err());
        let away: Vec<&'static str> = away.map(|known| known.name).collect();
        (!self.get() || !away.is_empty()).then_some(away)
    }

    /// Whether the process takes work, and a line for itself and for everything it needs.
    #[must_use]
    pub fn report(&self) -> (bool, String) {
        let mut ready = self.get();
        let mut lines = String::new();
        let dependencies = self.0.dependencies.read().unwrap_or_else(PoisonError::into_inner);
        for Dependency { name, vital, look } in dependencies.iter() {
            let line = match look() {
                Ok(()) => format!("{name}: up\n"),
                Err(why) => {
                    ready &= !vital;
                    format!("{name}: down ({why})\n")
                }
            };
            lines.push_str(&line);
        }
        let own = if ready { "ready" } else { "not ready" };
        (ready, format!("{own}\n{lines}"))
    }
}

/// The bound port, not served yet.
#[derive(Debug)]
pub struct Monitor {
    listener: TcpListener,
    address: SocketAddr,
}

impl Monitor {
    /// Binds the port.
    ///
    /// # Errors
    /// [`KitError::PortInUse`] or [`KitError::Listen`].
    pub async fn bind(address: SocketAddr) -> Result<Self, KitError> {
        let (listener, address) = listen::bind("health and metrics", address).await?;
        Ok(Self { listener, address })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves what `registry` holds, the numbers of the process itself and `readiness`, until `tasks` are asked to stop.
    ///
    /// # Errors
    /// [`KitError::Setup`] when the metrics of the process cannot be registered.
    pub fn serve(self, registry: Registry, readiness: Readiness, tasks: &Tasks) -> Result<(), KitError> {
        let process = ProcessMetrics::register(&registry).map_err(|source| KitError::Setup {
            what: "process metrics",
            source: source.into(),
        })?;
        let state = Arc::new(Shown {
            registry,
            readiness,
            process,
        });
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .with_state(state);
        let stop = tasks.stop_token();
        let listener = Bounded::new(self.listener, MAX_CONNECTIONS);
        tasks.spawn("monitor", OnFailure::StopProcess, async move {
            tokio::select! {
                served = axum::serve(listener, router).into_future() => served,
                // A scrape that is under way is worth nothing to a process that ends.
                () = stop.cancelled() => Ok(()),
            }
        });
        Ok(())
    }
}

struct Shown {
    registry: Registry,
    readiness: Readiness,
    process: ProcessMetrics,
}

async fn metrics(State(shown): State<Arc<Shown>>) -> Response {
    shown.process.update();
    match TextEncoder::new().encode_to_string(&shown.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn ready(State(shown): State<Arc<Shown>>) -> Response {
    match shown.readiness.report() {
        (true, text) => text.into_response(),
        (false, text) => (StatusCode::SERVICE_UNAVAILABLE, text).into_response(),
    }
}

#[cfg(test)]
mod tests;
