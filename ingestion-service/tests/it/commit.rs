//! Group commit, bounds and the end of the service.

use std::sync::Arc;
use std::time::Duration;

use ingestion_service::{Config, UnknownMeters};
use message_bus::Topic;
use model::{meter_hash, shard_of};
use proto::meter::Verdict;
use service_kit::{REASON_KEY, RETRY_AFTER_KEY};
use tokio::task::JoinSet;
use tonic::Code;

use crate::bus::{Fate, decoded};
use crate::{NOW_MS, batch, one, patient, row, setup, verdicts};

#[tokio::test(start_paused = true)]
async fn calls_that_come_while_the_bus_is_busy_share_a_publish() {
    let setup = Arc::new(setup(patient()).await);
    setup.bus.then(&[Fate::Held, Fate::Held]);
    let mut calls = JoinSet::new();
    for at in 0..300_i64 {
        let caller = Arc::clone(&setup);
        calls.spawn(async move { caller.verdict(one(&format!("m-{at}"), row(0, NOW_MS, at))).await });
        if at == 0 {
            // The clock only moves when every task waits: the first call is with the bus then.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(setup.bus.groups(), [1], "one publish at a time");
    setup.bus.let_go();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(setup.bus.groups(), [1, 299]);
    setup.bus.let_go();
    let verdicts = calls.join_all().await;
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Accepted));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_answered_before_the_confirm() {
    let setup = setup(patient()).await;
    setup.bus.then(&[Fate::Held]);
    let mut call = std::pin::pin!(setup.verdict(one("m", row(0, NOW_MS, 1))));
    let early = tokio::time::timeout(Duration::from_secs(600), &mut call).await;
    assert!(early.is_err());
    setup.bus.let_go();
    assert_eq!(call.await, Verdict::Accepted);
}

#[tokio::test]
async fn a_message_carries_the_rows_of_its_shard_and_when_they_came() {
    let setup = setup(patient()).await;
    let ids: Vec<String> = (0..20).map(|at| format!("m-{at}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let rows: Vec<_> = (0..20).map(|at| row(at, NOW_MS, i64::from(at))).collect();
    let mut columns = batch(&ids, &rows);
    columns.received_ms = 5;
    columns.supposed_repeat = vec![1, 2];
    setup.submit(columns).await.unwrap();
    let messages = setup.bus.messages();
    assert_eq!(messages.len(), 4, "one per shard");
    for message in &messages {
        let columns = decoded(message);
        assert_eq!(message.kind, "gridtally.meter.v1.ReadingColumns");
        assert_eq!((message.time_ms, columns.received_ms), (NOW_MS, NOW_MS));
        assert!(columns.supposed_repeat.is_empty());
        for id in columns.meter_ids() {
            let shard = shard_of(meter_hash(id), 4);
            assert_eq!(message.topic, Topic::Readings { shard });
        }
    }
    let ids: std::collections::BTreeSet<u128> = messages.iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), 4, "ids differ");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_turns_away_and_recovers() {
    let config = Config {
        queue: 1 << 20,
        room_wait: Duration::from_millis(10),
        ..patient()
    };
    let setup = Arc::new(setup(config).await);
    setup.bus.then(&[Fate::Held]);
    let big = || {
        let rows: Vec<_> = (0..1_000).map(|at| row(0, NOW_MS - at, 1)).collect();
        batch(&["m"], &rows)
    };
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let setup = Arc::clone(&setup);
        calls.spawn(async move { setup.submit(big()).await });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    setup.bus.let_go();
    let (mut taken, mut turned_away) = (0, 0);
    for answer in calls.join_all().await {
        match answer {
            Ok(_) => taken += 1,
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted);
                assert_eq!(status.metadata().get(REASON_KEY).unwrap(), "QUEUE_FULL");
                assert!(status.metadata().get(RETRY_AFTER_KEY).is_some());
                turned_away += 1;
            }
        }
    }
    assert!(
        taken >= 10 && turned_away > 0,
        "{taken} taken, {turned_away} turned away"
    );
    assert_eq!(
        setup.metric("gridtally_ingestion_readings_total", "accepted"),
        1_000
    );
    // All room was given back.
    for _ in 0..50 {
        setup.submit(big()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_publishes_what_was_taken_and_takes_no_more() {
    let setup = setup(patient()).await;
    setup.bus.then(&[Fate::Held]);
    let ingestion = setup.running.ingestion();
    let mut calls = JoinSet::new();
    for at in 0..3 {
        let ingestion = Arc::clone(&ingestion);
        calls.spawn(async move {
            let columns = one("m", row(0, NOW_MS - at, 1));
            ingestion.submit(tonic::Request::new(columns)).await
        });
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    let bus = Arc::clone(&setup.bus);
    let mut stopping = JoinSet::new();
    stopping.spawn(setup.running.stop(Duration::from_secs(60)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let late = ingestion
        .submit(tonic::Request::new(one("m", row(0, NOW_MS, 1))))
        .await;
    assert_eq!(late.unwrap_err().code(), Code::Unavailable);
    bus.let_go();
    assert_eq!(stopping.join_all().await, [true]);
    for answer in calls.join_all().await {
        assert_eq!(verdicts(&answer.unwrap().into_inner(), 1), [Verdict::Accepted]);
    }
    assert_eq!(bus.groups().iter().sum::<usize>(), 3);
}

#[tokio::test]
async fn a_caller_that_left_costs_nobody_and_its_rows_are_published() {
    let setup = setup(patient()).await;
    setup.bus.then(&[Fate::Held]);
    let first = tokio::time::timeout(
        Duration::from_millis(5),
        setup.submit(one("m", row(0, NOW_MS, 1))),
    );
    assert!(first.await.is_err());
    setup.bus.let_go();
    assert_eq!(
        setup.verdict(one("m", row(0, NOW_MS, 1))).await,
        Verdict::Duplicate
    );
}

#[tokio::test]
async fn unknown_meters_are_refused_only_where_configured() {
    let kept = setup(patient()).await;
    assert_eq!(
        kept.verdict(one("stranger", row(0, NOW_MS, 1))).await,
        Verdict::Accepted
    );
    let refusing = setup(Config {
        unknown_meters: UnknownMeters::Reject,
        ..patient()
    })
    .await;
    let answer = refusing.submit(one("stranger", row(0, NOW_MS, 1))).await.unwrap();
    assert_eq!(answer.faults[0].reason, "UNKNOWN_METER");
    assert_eq!(
        refusing.verdict(one("m", row(0, NOW_MS, 1))).await,
        Verdict::Accepted
    );
    assert_eq!(refusing.bus.groups(), [1]);
}

#[tokio::test]
async fn bad_settings_are_all_named() {
    let config = Config {
        queue: 1,
        publishes: 0,
        confirm_within: Duration::ZERO,
        ..Config::default()
    };
    let keys: Vec<String> = config
        .problems("ingestion.")
        .into_iter()
        .map(|problem| problem.key)
        .collect();
    assert_eq!(
        keys,
        [
            "ingestion.queue",
            "ingestion.publishes",
            "ingestion.confirm_within"
        ]
    );
    assert!(Config::default().problems("").is_empty());
}
