//! Spans on their way to the collector: a bounded queue, sent in batches by a thread of the SDK, counted.
//!
//! A collector that is away, slow or refuses costs traces and nothing else: whoever ends a span never waits, what does not fit the queue
//! is dropped and counted, and the log says once that traces are lost and once that they are not any more.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span, SpanData,
    SpanExporter, SpanProcessor,
};
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use super::TraceConfig;
use crate::KitError;

/// Spans that may wait or be on their way: some megabytes.
const QUEUE: usize = 4_096;
/// Spans sent at once.
const BATCH: usize = 512;
/// How long a span waits for others at most.
const EVERY: Duration = Duration::from_secs(1);
/// How long the collector may take to take a batch.
const EXPORT_WITHIN: Duration = Duration::from_secs(5);
/// How long the end of the process may wait for the last spans.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// What became of spans.
#[derive(Debug, Clone)]
pub(crate) struct Counters {
    family: IntCounterVec,
    exported: IntCounter,
    failed: IntCounter,
    dropped: IntCounter,
}

impl Counters {
    pub(crate) fn new() -> Result<Self, KitError> {
        let failed = |source: prometheus::Error| KitError::Setup {
            what: "the metrics of traces",
            source: source.into(),
        };
        let opts = Opts::new(
            "gridtally_trace_spans_total",
            "Spans by what became of them: exported, failed (the collector did not take them), dropped (the queue was full).",
        );
        let family = IntCounterVec::new(opts, &["outcome"]).map_err(failed)?;
        let of = |outcome| family.with_label_values(&[outcome]);
        Ok(Self {
            exported: of("exported"),
            failed: of("failed"),
            dropped: of("dropped"),
            family,
        })
    }

    pub(crate) fn register(&self, registry: &Registry) -> Result<(), KitError> {
        let registered = registry.register(Box::new(self.family.clone()));
        registered.map_err(|source| KitError::Setup {
            what: "the metrics of traces",
            source: source.into(),
        })
    }
}

/// What takes spans. A clone is the same.
#[derive(Debug, Clone)]
pub struct Exporting(SdkTracerProvider);

/// Begins to export for the program `service`; call it on the process's runtime. `None` where no collector is configured.
///
/// # Errors
/// [`KitError::Setup`] when the exporter cannot be made.
pub(crate) fn begin(
    config: &TraceConfig,
    service: &'static str,
    counters: &Counters,
) -> Result<Option<Exporting>, KitError> {
    if config.otlp.is_empty() {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&config.otlp)
        .with_timeout(EXPORT_WITHIN)
        .build();
    let exporter = exporter.map_err(|source| KitError::Setup {
        what: "the export of traces",
        source: source.into(),
    })?;
    Ok(Some(Exporting(provider(exporter, resource(service), counters))))
}

fn provider<E: SpanExporter + 'static>(
    exporter: E,
    resource: Resource,
    counters: &Counters,
) -> SdkTracerProvider {
    let waiting = Arc::new(AtomicUsize::new(0));
    let watched = Watched {
        inner: exporter,
        waiting: Arc::clone(&waiting),
        counters: counters.clone(),
        lost: AtomicBool::new(false),
    };
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(EVERY)
        .build();
    let bounded = Bounded {
        inner: BatchSpanProcessor::new(watched, batches),
        waiting,
        dropped: counters.dropped.clone(),
    };
    SdkTracerProvider::builder()
        .with_span_processor(bounded)
        // Who has a span was chosen before.
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(resource)
        .build()
}

fn resource(service: &'static str) -> Resource {
    // Drawn by each start: tells replicas, and the starts of one, apart.
    let instance = RandomState::new().hash_one(service);
    Resource::builder_empty()
        .with_service_name(service)
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", format!("{instance:016x}")),
        ])
        .build()
}

impl Exporting {
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer("gridtally")
    }

    /// Sends what waits, within [`FLUSH_WITHIN`]; nothing is exported afterwards.
    pub(crate) async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FLUSH_WITHIN)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::debug!("the last traces were not sent in time");
        }
    }
}

/// The SDK's queue, with a bound that tells what it refuses.
#[derive(Debug)]
struct Bounded {
    inner: BatchSpanProcessor,
    /// Spans handed to the queue whose export has not begun.
    waiting: Arc<AtomicUsize>,
    dropped: IntCounter,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let room = |waiting: usize| (waiting < QUEUE).then_some(waiting.saturating_add(1));
        let taken = self
            .waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, room);
        if taken.is_ok() {
            self.inner.on_end(span);
        } else {
            self.dropped.inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// The exporter, counted.
#[derive(Debug)]
struct Watched<E> {
    inner: E,
    waiting: Arc<AtomicUsize>,
    counters: Counters,
    /// Whether the last batch was lost.
    lost: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.waiting.fetch_sub(spans, Ordering::AcqRel);
        let outcome = self.inner.export(batch).await;
        let counter = match &outcome {
            Ok(()) => &self.counters.exported,
            Err(_) => &self.counters.failed,
        };
        counter.inc_by(u64::try_from(spans).unwrap_or(u64::MAX));
        let before = self.lost.swap(outcome.is_err(), Ordering::AcqRel);
        match (&outcome, before) {
            (Err(error), false) => {
                tracing::warn!(%error, "traces are lost: the collector does not take them")
            }
            (Ok(()), true) => tracing::info!("the collector takes traces again"),
            (Err(_), true) | (Ok(()), false) => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests;
