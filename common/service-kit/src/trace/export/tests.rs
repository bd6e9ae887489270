//! A collector that does not take anything costs spans, and nobody waits for it.

use std::sync::mpsc;
use std::time::Duration;

use opentelemetry::trace::{Span as _, Tracer as _};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::SpanExporter;

use super::*;

/// Takes nothing until it is let go, and then refuses.
#[derive(Debug)]
struct Stuck(std::sync::Mutex<mpsc::Receiver<()>>);

impl SpanExporter for Stuck {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        // Until whoever holds the other end is gone.
        assert!(self.0.lock().unwrap().recv().is_err());
        Err(OTelSdkError::InternalFailure("refused".to_owned()))
    }
}

#[test]
fn a_stuck_collector_costs_spans_beyond_the_bound_and_no_time() {
    let counters = Counters::new().unwrap();
    let (release, stuck) = mpsc::channel();
    let provider = provider(Stuck(std::sync::Mutex::new(stuck)), resource("test"), &counters);
    let tracer = provider.tracer("test");
    let spans = u64::try_from(3 * QUEUE).unwrap();
    for _ in 0..spans {
        tracer.start("span").end();
    }
    let dropped = counters.dropped.get();
    let kept = usize::try_from(spans - dropped).unwrap();
    // What is on its way is beside what waits.
    assert!((QUEUE..=QUEUE + BATCH).contains(&kept), "{kept} kept");
    assert_eq!(counters.exported.get() + counters.failed.get(), 0);
    assert!(matches!(
        provider.shutdown_with_timeout(Duration::from_millis(50)),
        Err(OTelSdkError::InternalFailure(_) | OTelSdkError::Timeout(_))
    ));
    drop(release);
}
