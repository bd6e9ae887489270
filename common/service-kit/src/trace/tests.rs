//! Spans as a collector gets them.

use std::sync::{Arc, Mutex};

use http::HeaderValue;
use opentelemetry::trace::{SpanKind, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[derive(Debug, Clone, Default)]
struct Collected(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Collected {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// What `work` leaves at a collector, in the order in which it ended.
fn collected(work: impl FnOnce()) -> Vec<SpanData> {
    let collected = Collected::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(collected.clone())
        .build();
    let subscriber = tracing_subscriber::registry().with(layer(provider.tracer("test")));
    with_default(subscriber, work);
    let mut spans = collected.0.lock().unwrap();
    std::mem::take(&mut *spans)
}

fn request(traceparent: Option<&'static str>) -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = "/gridtally.ingestion.v1.Ingestion/Submit".parse().unwrap();
    let value = traceparent.map(HeaderValue::from_static);
    request
        .headers_mut()
        .extend(value.map(|value| (http::HeaderName::from_static(TRACEPARENT), value)));
    request
}

#[test]
fn what_a_call_brings_about_is_below_it() {
    let mut told = HeaderMap::new();
    let spans = collected(|| {
        let span = Span::of_call(&request(Some(CALLER))).unwrap();
        let work = async {
            tell(&mut told);
            tracing::warn!(meter.id = "m-1", "what is logged is not traced");
            drop(Span::inside(Kind::Internal, "inner").unwrap());
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(span.around(work));
        drop(span);
        assert_eq!(current(), None);
    });
    let [inner, call] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(
        (&*inner.name, &*call.name),
        ("inner", "gridtally.ingestion.v1.Ingestion/Submit")
    );
    assert_eq!(call.span_kind, SpanKind::Server);
    let trace = call.span_context.trace_id().to_string();
    assert_eq!(trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(call.parent_span_id.to_string(), "00f067aa0ba902b7");
    assert_eq!(inner.parent_span_id, call.span_context.span_id());
    assert!(call.events.is_empty() && call.attributes.is_empty(), "{call:?}");
    let told: Context = told[TRACEPARENT].to_str().unwrap().parse().unwrap();
    assert_eq!(told.span_context().span_id(), call.span_context.span_id());
    assert!(told.is_sampled());
}

#[test]
fn spans_say_what_became_of_them_and_what_belongs_to_them() {
    let other: Context = CALLER.parse().unwrap();
    let spans = collected(|| {
        let span = Span::begin(Kind::Producer, "readings publish", None);
        span.note("batch.size", 7);
        span.link(&other);
        span.fail("not confirmed");
    });
    let span = &spans[0];
    assert_eq!(
        span.links.links[0].span_context.span_id().to_string(),
        "00f067aa0ba902b7"
    );
    assert_eq!(span.status, Status::error("not confirmed"));
    assert!(
        span.attributes
            .iter()
            .any(|said| said.key.as_str() == "batch.size")
    );
    assert_ne!(
        span.span_context.trace_id(),
        other.span_context().trace_id(),
        "a trace of its own"
    );
}

#[test]
fn who_does_not_trace_is_not_traced() {
    let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let spans = collected(|| {
        assert!(Span::of_call(&request(None)).is_none());
        assert!(Span::of_call(&request(Some(unsampled))).is_none());
        assert!(Span::inside(Kind::Internal, "inner").is_none());
    });
    assert!(spans.is_empty(), "{spans:?}");
}

#[tokio::test]
async fn without_a_collector_nothing_is_passed_on() {
    let mut told = HeaderMap::new();
    let span = Span::of_call(&request(Some(CALLER))).unwrap();
    assert_eq!(span.context(), None);
    span.around(async { tell(&mut told) }).await;
    assert!(told.is_empty());
}
