//! Traces: what one call brings about, in every program it passes through, sent to a collector by OTLP where one is configured.
//!
//! Whether a call is traced is decided where it enters ([`Sampler`]); from there on it is passed along with the work: as `traceparent` in
//! gRPC metadata, as headers of messages. Work that is not traced makes no span, and without a collector nothing is traced: then none of
//! this costs more than a look. Spans tell what was done, how long it took and whether it failed. They hold no meter, no account, no token,
//! no value.

mod context;
mod export;
mod sampler;
mod settings;

use http::{HeaderMap, HeaderValue, Request};
use opentelemetry::Value;
use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Instrument as _, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

pub use context::Context;
pub(crate) use context::TRACEPARENT;
pub use export::Exporting;
pub(crate) use export::{Counters, begin as begin_export};
pub use sampler::Sampler;
pub use settings::TraceConfig;

/// Where spans are among everything that `tracing` carries: the log leaves them out, and the exporter everything else.
pub(crate) const TARGET: &str = "gridtally_trace";

/// What a span is to others, in OpenTelemetry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers a call.
    Server,
    /// Publishes a message.
    Producer,
    /// Takes a message in.
    Consumer,
    /// Neither.
    Internal,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Internal => "internal",
        }
    }
}

/// A piece of work that is traced; it ends when this is dropped.
#[derive(Debug)]
pub struct Span(tracing::Span);

impl Span {
    /// Begins below `parent`, or a trace of its own. Without a collector it is nothing.
    #[must_use]
    pub fn begin(kind: Kind, name: &str, parent: Option<&Context>) -> Self {
        let span = tracing::info_span!(target: TARGET, parent: None, "work", otel.name = name, otel.kind = kind.word());
        if let Some(parent) = parent {
            // Only a span that is nothing has no place for a parent.
            drop(span.set_parent(parent.remote()));
        }
        Self(span)
    }

    /// Begins below what this code runs in, if that is traced.
    #[must_use]
    pub fn inside(kind: Kind, name: &str) -> Option<Self> {
        current().map(|parent| Self::begin(kind, name, Some(&parent)))
    }

    /// The answer to a call of another service of ours, if its caller traces it.
    pub(crate) fn of_call<B>(request: &Request<B>) -> Option<Self> {
        let parent = Context::of(request.headers())?;
        let name = request.uri().path().trim_start_matches('/');
        parent
            .is_sampled()
            .then(|| Self::begin(Kind::Server, name, Some(&parent)))
    }

    /// What happens below this is to know of it; `None` if this is nothing.
    #[must_use]
    pub fn context(&self) -> Option<Context> {
        context_of(&self.0)
    }

    /// Says something about the work. Never an id of a meter or a customer, never what a reading says.
    pub fn note(&self, key: &'static str, value: impl Into<Value>) {
        self.0.set_attribute(key, value);
    }

    /// Something in another trace belongs to this.
    pub fn link(&self, other: &Context) {
        self.0.add_link(other.span_context());
    }

    /// It did not succeed, and why: words that stay the same.
    pub fn fail(&self, why: &'static str) {
        self.0.set_status(Status::error(why));
    }

    /// `work` as part of this: what it calls can tell by [`current`].
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        work.instrument(self.0.clone()).await
    }
}

/// `work` as part of `span`, where there is one.
pub fn around<F: Future>(span: Option<Span>, work: F) -> impl Future<Output = F::Output> {
    work.instrument(span.map_or_else(tracing::Span::none, |span| span.0))
}

/// `work` as part of what this code runs in, for work that goes on elsewhere.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    work.in_current_span()
}

/// The span that this code runs in, if that is traced.
#[must_use]
pub fn current() -> Option<Context> {
    context_of(&tracing::Span::current())
}

/// What this code runs in did not succeed, if that is traced, and why: words that stay the same.
pub fn fail_current(why: &'static str) {
    tracing::Span::current().set_status(Status::error(why));
}

/// Something in another trace belongs to what this code runs in, if that is traced.
pub fn link_current(other: &Context) {
    tracing::Span::current().add_link(other.span_context());
}

fn context_of(span: &tracing::Span) -> Option<Context> {
    if span.is_none() {
        return None; // the usual case, and the cheapest
    }
    Context::new(span.context().span().span_context())
}

/// Hands spans to `tracer`, and nothing else: what is logged meanwhile may name meters.
pub(crate) fn layer<S>(tracer: SdkTracer) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_context_activation(false)
        .with_tracked_inactivity(false)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_filter(
            filter_fn(|about| about.is_span() && about.target() == TARGET)
                // Without this, whatever the libraries trace would be asked for one by one.
                .with_max_level_hint(LevelFilter::INFO),
        )
}

/// Tells whoever answers `headers` where the trace stands, if there is one.
pub(crate) fn tell(headers: &mut HeaderMap) {
    let Some(context) = current() else { return };
    if let Ok(value) = HeaderValue::from_str(&context.to_string()) {
        headers.insert(TRACEPARENT, value);
    }
}

#[cfg(test)]
mod tests;
