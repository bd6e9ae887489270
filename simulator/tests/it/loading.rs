//! The load against a receiver that fails, and one that stalls.

use std::collections::BTreeSet;
use std::time::Duration;

use gridtally_simulator::{Error, Interval, Load, Mode};
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::fake::{Answer, Fake};

fn load(mode: Mode) -> Load {
    Load {
        mode,
        in_flight: 4,
        connections: 2,
        batch: if mode == Mode::Unary { 1 } else { 50 },
        rate: None,
        meters: 200,
        prefix: "load-".to_owned(),
        interval: Interval::QUARTER_HOUR,
        first_ms: 1_790_000_100_000,
        rounds: 3,
        duration: Duration::from_secs(60),
        count: None,
        profile: None,
        seed: 1,
    }
}

#[tokio::test]
async fn everything_arrives_although_calls_fail() {
    for mode in [Mode::Unary, Mode::Stream] {
        let running = Fake::start(|number| match number {
            1 => Answer::Fail(Code::Unavailable),
            4 => Answer::KeepAndFail,
            6 => Answer::Fail(Code::ResourceExhausted),
            8 => Answer::RetryHalf,
            _ => Answer::Accept,
        })
        .await;
        let report = load(mode)
            .measure(&running.endpoint, None, &CancellationToken::new())
            .await
            .unwrap();
        assert_eq!((report.readings, report.tally.accepted), (600, 600), "{mode:?}");
        assert!(report.tally.retried > 0);
        let meters: BTreeSet<String> = running
            .fake
            .kept()
            .into_iter()
            .map(|reading| reading.device_id)
            .collect();
        assert_eq!((running.fake.distinct().len(), meters.len()), (600, 200));
    }
}

#[tokio::test]
async fn a_refusal_ends_the_load() {
    for mode in [Mode::Unary, Mode::Stream] {
        let running = Fake::start(|_| Answer::Fail(Code::Unauthenticated)).await;
        let ended = load(mode)
            .measure(&running.endpoint, None, &CancellationToken::new())
            .await;
        assert!(
            matches!(
                ended,
                Err(Error::Refused {
                    code: Code::Unauthenticated,
                    ..
                })
            ),
            "{mode:?} {ended:?}"
        );
    }
}

/// What was measured is not lost when the receiver goes away in the middle.
#[test]
fn a_receiver_that_goes_away_leaves_a_report() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    for mode in [Mode::Unary, Mode::Stream] {
        let server = runtime(); // of its own, so that its connections die with it
        let running = server.block_on(Fake::start(|number| match number {
            0..20 => Answer::Accept,
            _ => Answer::Stall(Duration::from_secs(60)),
        }));
        let load = Load {
            rounds: 100,
            ..load(mode)
        };
        let stop = CancellationToken::new();
        let report = runtime().block_on(async {
            let gone = async {
                while running.fake.distinct().len() < 15 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
                server.shutdown_background();
            };
            tokio::join!(load.measure(&running.endpoint, None, &stop), gone).0
        });
        let report = report.unwrap();
        assert!(report.messages >= 1 && report.tally.accepted >= 1, "{report:?}");
        let why = report.failed.as_deref().unwrap_or_default();
        assert!(why.contains(&running.endpoint), "{report:?}");
        assert_eq!((report.exit_code(), report.exhausted), (1, false));
    }
}

/// A message holds one reading of each meter at most.
#[tokio::test]
async fn batches_are_no_larger_than_the_fleet() {
    for mode in [Mode::Stream, Mode::Unary] {
        let running = Fake::start(|_| Answer::Accept).await;
        let few = Load {
            batch: if mode == Mode::Unary { 1 } else { 1_000 },
            meters: 7,
            ..load(mode)
        };
        let report = few
            .measure(&running.endpoint, None, &CancellationToken::new())
            .await
            .unwrap();
        let batch = if mode == Mode::Unary { 1 } else { 7 };
        assert_eq!((report.readings, report.batch, report.failed), (21, batch, None));
        assert_eq!(running.fake.distinct().len(), 21);
    }
}

#[tokio::test]
async fn the_token_is_shown() {
    let running = Fake::start(|_| Answer::Accept).await;
    let token = Some("abc".parse().unwrap());
    load(Mode::Stream)
        .measure(&running.endpoint, token, &CancellationToken::new())
        .await
        .unwrap();
    assert!(
        running
            .fake
            .tokens()
            .iter()
            .all(|token| token.as_deref() == Some("Bearer abc"))
    );
}

/// A receiver that stalls once hides it from a sender that waits for it: one slow call among a thousand. Counted from when the calls
/// were due, nearly half of them were late.
#[tokio::test]
async fn one_stall_shows_in_the_percentiles() {
    let stall = Duration::from_millis(400);
    let running = Fake::start(move |number| {
        if number == 100 {
            Answer::Stall(stall)
        } else {
            Answer::Accept
        }
    })
    .await;
    let open = Load {
        in_flight: 1,
        connections: 1,
        rate: Some(500),
        count: Some(500),
        meters: 500,
        rounds: 1,
        ..load(Mode::Unary)
    };
    let report = open
        .measure(&running.endpoint, None, &CancellationToken::new())
        .await
        .unwrap();
    let (latency, service) = (report.latency_us, report.service_us);
    assert_eq!(report.messages, 500);
    assert!(service.max >= 400_000, "{service:?}");
    assert!(
        latency.p90 >= 150_000,
        "about two hundred calls were due in the stall: {latency:?}"
    );
    assert!(service.p90 < latency.p90 / 2, "{service:?} {latency:?}");
}

/// Without a rate the same correction is made from the median time of a call.
#[tokio::test]
async fn a_closed_load_is_corrected_too() {
    let stall = Duration::from_millis(400);
    let running = Fake::start(move |number| {
        if number == 100 {
            Answer::Stall(stall)
        } else {
            Answer::Accept
        }
    })
    .await;
    let closed = Load {
        in_flight: 1,
        connections: 1,
        count: Some(300),
        meters: 300,
        rounds: 1,
        ..load(Mode::Unary)
    };
    let report = closed
        .measure(&running.endpoint, None, &CancellationToken::new())
        .await
        .unwrap();
    assert!(
        report.latency_us.p90 > 2 * report.service_us.p90,
        "{:?} {:?}",
        report.latency_us,
        report.service_us
    );
}

/// What is wanted is what is sent, for rates below a batch and for such that are no multiple of one.
#[tokio::test]
async fn an_open_load_keeps_its_rate() {
    for (mode, rate, batch) in [
        (Mode::Unary, 1, 1),
        (Mode::Stream, 1, 1),
        (Mode::Unary, 37, 1),
        (Mode::Stream, 37, 3),
        (Mode::Stream, 1_234, 50),
    ] {
        let running = Fake::start(|_| Answer::Accept).await;
        let open = Load {
            rate: Some(rate),
            batch,
            rounds: 1_000,
            duration: Duration::from_secs(2),
            ..load(mode)
        };
        let report = open
            .measure(&running.endpoint, None, &CancellationToken::new())
            .await
            .unwrap();
        let wanted = 2 * rate;
        assert!(
            report.readings.abs_diff(wanted) <= u64::from(batch),
            "{mode:?} {rate}/s: {} readings instead of {wanted}",
            report.readings
        );
        let achieved = report.readings_per_second / rate as f64;
        assert!((0.95..=1.01).contains(&achieved), "{mode:?} {rate}/s: {report:?}");
    }
}
