//! Who is traced, and how many of a flood.

use http::HeaderValue;

use super::*;

const ASKS: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const REFUSES: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn sampler(share: f64, per_second: u32) -> Sampler {
    Sampler::new(&TraceConfig {
        otlp: "http://127.0.0.1:4317".to_owned(),
        share,
        per_second,
    })
}

fn headers(traceparent: Option<&'static str>) -> HeaderMap {
    let value = traceparent.map(HeaderValue::from_static);
    value
        .map(|value| (http::HeaderName::from_static("traceparent"), value))
        .into_iter()
        .collect()
}

fn traced(sampler: &Sampler, traceparent: Option<&'static str>, calls: usize) -> usize {
    let headers = headers(traceparent);
    (0..calls)
        .filter(|_| sampler.call(&headers, "call").is_some())
        .count()
}

#[tokio::test(start_paused = true)]
async fn without_a_collector_nothing_is_traced() {
    let off = Sampler::new(&TraceConfig {
        share: 1.0,
        ..TraceConfig::default()
    });
    for sampler in [off.apart(), off, Sampler::default()] {
        assert_eq!(traced(&sampler, Some(ASKS), 100), 0);
        assert_eq!(traced(&sampler, None, 100), 0);
        assert!(sampler.message(None, "message").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_is_taken_evenly() {
    for (share, expected) in [
        (0.0, 0..=0),
        (0.01, 95..=105),
        (0.5, 4_990..=5_010),
        (1.0, 9_999..=10_000),
    ] {
        let taken = traced(&sampler(share, 10_000), None, 10_000);
        assert!(expected.contains(&taken), "{share}: {taken}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_are_heard_within_the_bound() {
    let sampler = sampler(0.0, 5);
    assert_eq!(traced(&sampler, Some(REFUSES), 100), 0);
    assert_eq!(traced(&sampler, Some(ASKS), 100), 5);
    assert_eq!(traced(&sampler, Some(ASKS), 100), 0, "in the same second");
    tokio::time::advance(SECOND).await;
    assert_eq!(traced(&sampler, Some(ASKS), 100), 5, "in the next");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_flags_leaves_the_share_and_other_doors_alone() {
    let devices = sampler(1.0, 5);
    let staff = devices.apart();
    assert_eq!(
        traced(&devices, Some(ASKS), 1_000),
        5 + 5,
        "asked for, and by share"
    );
    assert_eq!(traced(&staff, Some(ASKS), 5), 5);
    let quiet = sampler(0.5, 5);
    assert_eq!(
        traced(&quiet, Some(REFUSES), 1_000),
        0,
        "who refuses is not in the share either"
    );
    assert_eq!(traced(&quiet, None, 1_000), 5);
}
