//! A collector of traces that keeps what it is sent: OTLP over gRPC, on a free port of loopback.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A span as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which program.
    pub service: String,
    /// Which start of it.
    pub instance: String,
    /// The trace, in hexadecimal digits, as all ids here.
    pub trace: String,
    /// The span.
    pub id: String,
    /// The span above it; empty for the first of a trace.
    pub parent: String,
    /// What was done.
    pub name: String,
    /// Spans that belong to it: (trace, span).
    pub links: Vec<(String, String)>,
    /// What it says beside: (key, value).
    pub attributes: Vec<(String, String)>,
    /// What happened meanwhile, by name.
    pub events: Vec<String>,
    /// Whether it failed.
    pub failed: bool,
}

type Kept = Arc<Mutex<Vec<Seen>>>;

/// The collector; it ends when this is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    kept: Kept,
    serving: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Collector {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no port.
    #[expect(clippy::disallowed_methods, reason = "it ends with the test that holds it")]
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let kept = Kept::default();
        let service = TraceServiceServer::new(Keeping(Arc::clone(&kept)));
        let serving = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener));
        let serving = tokio::spawn(async move {
            // Should it fail, the test misses its spans.
            drop(serving.await);
        });
        Ok(Self {
            address,
            kept,
            serving,
        })
    }

    /// The settings of a program that sends here, of `share` of the calls that do not ask for it.
    #[must_use]
    pub fn settings(&self, share: &str) -> [(String, String); 2] {
        [
            (
                "GRIDTALLY_TELEMETRY_OTLP".to_owned(),
                format!("http://{}", self.address),
            ),
            ("GRIDTALLY_TELEMETRY_SHARE".to_owned(), share.to_owned()),
        ]
    }

    /// What came so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The spans of one trace.
#[derive(Debug)]
pub struct Trace(Vec<Seen>);

impl Trace {
    /// Those of `seen` that belong to `trace`.
    #[must_use]
    pub fn of(seen: &[Seen], trace: &str) -> Self {
        Self(seen.iter().filter(|span| span.trace == trace).cloned().collect())
    }

    /// The one span called `name`.
    ///
    /// # Errors
    /// When there is none, or more.
    pub fn span(&self, name: &str) -> Result<&Seen> {
        let mut found = self.0.iter().filter(|span| span.name == name);
        let first = found
            .next()
            .with_context(|| format!("no {name} in {:#?}", self.0))?;
        anyhow::ensure!(found.next().is_none(), "several {name} in {:#?}", self.0);
        Ok(first)
    }

    /// Every span as `service: name < name of the span above`, in order; of one that comes from outside the id stands above.
    #[must_use]
    pub fn tree(&self) -> Vec<String> {
        let above = |span: &Seen| {
            let parent = self.0.iter().find(|other| other.id == span.parent);
            parent.map_or_else(|| span.parent.clone(), |parent| parent.name.clone())
        };
        let shown = |span: &Seen| format!("{}: {} < {}", span.service, span.name, above(span));
        let mut lines: Vec<String> = self.0.iter().map(shown).collect();
        lines.sort();
        lines
    }
}

/// The service.
struct Keeping(Kept);

#[tonic::async_trait]
impl TraceService for Keeping {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for of_program in request.into_inner().resource_spans {
            let resource = of_program.resource.unwrap_or_default();
            let about = said(&resource.attributes);
            let named = |key: &str| {
                about
                    .iter()
                    .find(|(known, _)| known == key)
                    .map(|(_, value)| value.clone())
            };
            let spans = of_program.scope_spans.iter().flat_map(|scope| &scope.spans);
            kept.extend(spans.map(|span| Seen {
                service: named("service.name").unwrap_or_default(),
                instance: named("service.instance.id").unwrap_or_default(),
                ..seen(span)
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn seen(span: &Span) -> Seen {
    let failed = span
        .status
        .as_ref()
        .is_some_and(|status| status.code() == StatusCode::Error);
    Seen {
        service: String::new(),
        instance: String::new(),
        trace: hexadecimal(&span.trace_id),
        id: hexadecimal(&span.span_id),
        parent: hexadecimal(&span.parent_span_id),
        name: span.name.clone(),
        links: (span.links.iter())
            .map(|link| (hexadecimal(&link.trace_id), hexadecimal(&link.span_id)))
            .collect(),
        attributes: said(&span.attributes),
        events: span.events.iter().map(|event| event.name.clone()).collect(),
        failed,
    }
}

fn said(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let shown = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    (attributes.iter())
        .map(|said| (said.key.clone(), shown(&said.value)))
        .collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
