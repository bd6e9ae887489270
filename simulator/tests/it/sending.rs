//! Fleet and recording reach the receiver: everything, exactly, once per identity, whatever fails on the way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gridtally_simulator::{
    Error, FaultRates, Fleet, FleetConfig, Gateway, Recording, Replay, Run, Sender, Sending, Speed, Summary,
    Transport,
};
use model::SystemClock;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::fake::{Answer, Fake, Running, fingerprint};

fn small_run(faults: FaultRates) -> Run {
    let config = FleetConfig {
        meters: 40,
        regions: 4,
        telemetry: true,
        ..FleetConfig::default()
    };
    let from = "2026-03-01T00:00:00Z".parse().unwrap();
    let to = "2026-03-01T12:00:00Z".parse().unwrap();
    Run {
        fleet: Fleet::new(config).unwrap(),
        faults,
        period: from..to,
        speed: Speed::Max,
        truth: None,
    }
}

fn how(transport: Transport) -> Sending {
    Sending {
        transport,
        batch: 100,
        in_flight: 3,
        patience: Duration::from_secs(20),
        seed: 1,
    }
}

async fn send(run: &Run, running: &Running, how: Sending) -> Result<Summary, Error> {
    let token = Some("abc".parse().unwrap());
    let mut sender = Sender::new(Gateway::connect(&running.endpoint, token).await?, how);
    run.send(&mut sender, Arc::new(SystemClock), &CancellationToken::new())
        .await
}

/// What the fleet has for the run, by identity.
fn expected(run: &Run) -> BTreeMap<String, String> {
    let meters = run.fleet.meters().iter();
    let readings = meters.flat_map(|meter| {
        run.fleet
            .readings(meter, &run.period)
            .map(|sample| sample.to_wire(&meter.id))
    });
    readings.map(|reading| fingerprint(&reading)).collect()
}

#[tokio::test]
async fn every_call_carries_the_same_readings() {
    let run = small_run(FaultRates::default());
    for transport in [Transport::Unary, Transport::Batch, Transport::Stream] {
        let running = Fake::start(|_| Answer::Accept).await;
        let summary = send(&run, &running, how(transport)).await.unwrap();
        assert_eq!(running.fake.distinct(), expected(&run), "{transport:?}");
        assert_eq!(running.fake.kept().len() as u64, summary.sent);
        assert_eq!(
            (summary.tally.accepted, summary.tally.retried, summary.exit_code()),
            (summary.sent, 0, 0)
        );
        assert!(
            running
                .fake
                .tokens()
                .iter()
                .all(|token| token.as_deref() == Some("Bearer abc"))
        );
    }
}

#[tokio::test]
async fn nothing_is_lost_when_calls_fail() {
    let run = small_run(FaultRates::default());
    for transport in [Transport::Batch, Transport::Stream] {
        let running = Fake::start(|number| match number {
            1 => Answer::Fail(Code::Unavailable),
            3 => Answer::KeepAndFail,
            5 => Answer::Fail(Code::ResourceExhausted),
            7 | 8 => Answer::RetryHalf,
            _ => Answer::Accept,
        })
        .await;
        let summary = send(&run, &running, how(transport)).await.unwrap();
        assert_eq!(running.fake.distinct(), expected(&run), "{transport:?}");
        assert_eq!(
            summary.tally.answered(),
            summary.sent,
            "each reading has one verdict that counts"
        );
        assert!(summary.tally.retried > 0);
    }
}

#[tokio::test]
async fn what_the_receiver_refuses_is_not_repeated() {
    let run = small_run(FaultRates::default());
    for transport in [Transport::Unary, Transport::Batch, Transport::Stream] {
        let running = Fake::start(|_| Answer::Fail(Code::Unauthenticated)).await;
        let refused = send(&run, &running, how(transport)).await;
        assert!(
            matches!(
                refused,
                Err(Error::Refused {
                    code: Code::Unauthenticated,
                    ..
                })
            ),
            "{transport:?}"
        );
    }
    let running = Fake::start(|_| Answer::Reject).await;
    let summary = send(&run, &running, how(Transport::Batch)).await.unwrap();
    assert_eq!((summary.tally.rejected, summary.exit_code()), (summary.sent, 3));
    assert_eq!(summary.tally.reasons["TOO_OLD"], summary.sent);
}

#[tokio::test]
async fn faults_on_purpose_reach_the_receiver() {
    let rates = FaultRates {
        duplicates: 0.2,
        late: 0.1,
        reordered: 0.1,
        gaps: 0.1,
        ..FaultRates::default()
    };
    let run = small_run(rates);
    let running = Fake::start(|_| Answer::Accept).await;
    let summary = send(&run, &running, how(Transport::Batch)).await.unwrap();
    let (kept, distinct, all) = (running.fake.kept(), running.fake.distinct(), expected(&run));
    assert_eq!(all.len() as u64 - distinct.len() as u64, summary.faults.withheld);
    assert_eq!(
        kept.len() as u64 - distinct.len() as u64,
        summary.faults.duplicates
    );
    assert!(
        distinct
            .iter()
            .all(|(identity, content)| all.get(identity) == Some(content))
    );
    assert!(summary.faults.late > 0 && summary.faults.reordered > 0 && summary.faults.withheld > 0);
    let starts: Vec<i64> = kept
        .iter()
        .map(|reading| reading.timestamp.unwrap().seconds)
        .collect();
    assert!(!starts.is_sorted(), "late and out of order");
}

#[tokio::test]
async fn a_stop_ends_the_run_with_a_summary() {
    let run = Run {
        speed: Speed::Times(1.0),
        ..small_run(FaultRates::default())
    };
    let running = Fake::start(|_| Answer::Accept).await;
    let mut sender = Sender::new(
        Gateway::connect(&running.endpoint, None).await.unwrap(),
        how(Transport::Batch),
    );
    let stop = CancellationToken::new();
    let until_something_arrived = async {
        running.fake.arrival().await;
        stop.cancel();
    };
    let run = Run {
        period: chrono::Utc::now() - chrono::TimeDelta::minutes(40)..chrono::DateTime::<chrono::Utc>::MAX_UTC,
        speed: Speed::Real,
        ..run
    };
    let (summary, ()) = tokio::join!(
        run.send(&mut sender, Arc::new(SystemClock), &stop),
        until_something_arrived
    );
    let summary = summary.unwrap();
    assert!(summary.stopped);
    assert_eq!(summary.tally.accepted, running.fake.kept().len() as u64);
}

#[tokio::test]
async fn a_recording_is_replayed_to_the_milliwatt_hour() {
    let load =
        "start_utc,import_kwh,export_kwh\n2018-01-01T05:00:00Z,0.204301,0\n2018-01-01T05:15:00Z,,1.5\n";
    let replay = Replay {
        recording: Recording::from_csv(load.as_bytes()).unwrap().shifted(2),
        meters: vec!["a".parse().unwrap(), "b".parse().unwrap()],
        speed: Speed::Max,
    };
    let running = Fake::start(|_| Answer::Accept).await;
    let mut sender = Sender::new(
        Gateway::connect(&running.endpoint, None).await.unwrap(),
        how(Transport::Batch),
    );
    let summary = replay
        .send(&mut sender, Arc::new(SystemClock), &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!((summary.sent, summary.tally.accepted), (6, 6));
    let kept = running.fake.kept().into_iter().map(|reading| {
        let energy = model::Energy::from_kwh(reading.usage_kwh.unwrap())
            .unwrap()
            .to_string();
        (
            reading.device_id,
            reading.channel,
            reading.timestamp.unwrap().seconds - 1_514_782_800 - 2 * 604_800,
            energy,
        )
    });
    let expected = [
        ("a", 1, 0, "0.204301"),
        ("b", 1, 0, "0.204301"),
        ("a", 2, 0, "0"),
        ("b", 2, 0, "0"),
        ("a", 2, 900, "1.5"),
        ("b", 2, 900, "1.5"),
    ];
    let expected =
        expected.map(|(meter, channel, at, energy)| (meter.to_owned(), channel, at, energy.to_owned()));
    assert_eq!(kept.collect::<Vec<_>>(), expected);
}
