//! What is recorded in the broker, what is refused at the start, and what a reader with stored positions is handed.

use super::*;

#[tokio::test]
async fn another_number_of_shards_is_refused() {
    let broker = Broker::at(url());
    let options = broker.options();
    let bus = open(&broker.url, options.clone()).await.unwrap();
    let other = open(
        &broker.url,
        Options {
            shards: 7,
            ..options.clone()
        },
    )
    .await;
    let Err(BusError::Shards {
        found: contract::SHARDS,
        wanted: 7,
    }) = other.map(drop)
    else {
        panic!("the broker was set up with {} shards", contract::SHARDS);
    };
    open(&broker.url, options).await.unwrap().close().await.unwrap();
    bus.close().await.unwrap();
    broker.clear().await;
}

/// Who has another store must not lead: what it acknowledged would be in no store of this instance.
#[tokio::test]
async fn the_first_store_stays_the_store() {
    let broker = Broker::at(url());
    let options = broker.options();
    let bus = open(&broker.url, options.clone()).await.unwrap();
    bus.settle_store("00ff").await.unwrap();
    bus.close().await.unwrap();
    let bus = open(&broker.url, options).await.unwrap();
    bus.settle_store("00ff").await.unwrap();
    let Err(BusError::Store { found, wanted, queue }) = bus.settle_store("0bad").await else {
        panic!("another store was taken");
    };
    assert_eq!((&*found, &*wanted), ("00ff", "0bad"));
    // What the message says to do when that store is gone.
    delete_queue(&broker.url, queue).await;
    bus.settle_store("0bad").await.unwrap();
    bus.close().await.unwrap();
    broker.clear().await;
}

#[tokio::test]
async fn other_settings_and_wrong_credentials_are_refused_at_once() {
    let broker = Broker::at(url());
    let options = broker.options();
    open(&broker.url, options.clone())
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    let began = Instant::now();
    let other = Options {
        limit_bytes: 12345,
        ..options.clone()
    };
    let refused = open(&broker.url, other).await.map(drop);
    assert!(matches!(refused, Err(BusError::Refused { .. })), "{refused:?}");
    let url = broker.url.trim_start_matches("amqp://");
    let place = url.rsplit_once('@').map_or(url, |(_, place)| place);
    let refused = open(&format!("amqp://guest:wrong@{place}"), options)
        .await
        .map(drop);
    assert!(matches!(refused, Err(BusError::Refused { .. })), "{refused:?}");
    assert!(began.elapsed() < PATIENCE);
    broker.clear().await;
}

#[tokio::test]
async fn an_absent_broker_is_waited_for_but_not_for_ever() {
    let options = Options {
        connect_within: Duration::from_millis(700),
        ..Options::new(1)
    };
    let began = Instant::now();
    let absent = open("amqp://127.0.0.1:1/%2f", options).await.map(drop);
    assert!(matches!(absent, Err(BusError::Unavailable(_))), "{absent:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let none = Options::new(0);
    let share = Options {
        share: Share { index: 2, of: 2 },
        ..Options::new(1)
    };
    for (url, options) in [
        ("amqp://x", none),
        ("amqp://x", share),
        ("amqp:///%2f", Options::new(1)),
        ("amqp://x?cacertfile=/x", Options::new(1)),
        ("amqps://x?verify=verify_none", Options::new(1)),
        ("amqps://x?certfile=/x", Options::new(1)),
        ("amqps://x?cacertfiel=/x", Options::new(1)),
        ("amqp://x?heartbeat=soon", Options::new(1)),
        ("amqp://x?frame_max=10", Options::new(1)),
        ("amqps://x?server_name_indication=a%20b", Options::new(1)),
        ("x", Options::new(1)),
    ] {
        let refused = open(url, options).await.map(drop);
        let is_refused = matches!(refused, Err(BusError::Invalid(_) | BusError::Address(_)));
        assert!(is_refused, "{url}: {refused:?}");
    }
}

/// A store that has stored a position is never handed that position again for another message.
#[tokio::test]
async fn positions_start_above_what_is_stored() {
    let broker = Broker::at(url());
    let bus = open(&broker.url, broker.options()).await.unwrap();
    bus.publish(vec![message(readings(0), 1), message(readings(0), 2)])
        .await
        .unwrap();
    let mut reader = bus.subscribe(Group::Billing, readings(0), Some(5)).await.unwrap();
    let (first, _) = next_message(&mut *reader).await;
    let now = u64::try_from(SystemClock.now_ms()).unwrap() * 1000;
    assert!(
        first.abs_diff(now) < 3_600_000_000,
        "the time it was published: {first}"
    );
    drop(reader);
    let stored = first + 1_000_000_000;
    let mut reader = bus
        .subscribe(Group::Billing, readings(0), Some(stored))
        .await
        .unwrap();
    assert_eq!(next_message(&mut *reader).await, (stored + 1, 1));
    assert_eq!(next_message(&mut *reader).await, (stored + 2, 2));
    bus.close().await.unwrap();
    broker.clear().await;
}

/// Analytics starts with a gap, and finds one where copies were dropped.
#[tokio::test]
async fn analytics_is_told_what_was_dropped() {
    let broker = Broker::at(url());
    let options = Options {
        copies_limit_bytes: 1 << 20,
        ..broker.options()
    };
    let bus = open(&broker.url, options.clone()).await.unwrap();
    for id in 0..40 {
        let body = Bytes::from(vec![1; 64 << 10]);
        let large = Message {
            body,
            ..message(readings(0), id)
        };
        bus.publish(vec![large]).await.unwrap();
    }
    bus.close().await.unwrap(); // with all copies sent
    let bus = open(&broker.url, options).await.unwrap();
    let mut reader = bus
        .subscribe(Group::Analytics, readings(0), Some(0))
        .await
        .unwrap();
    assert_eq!(next(&mut *reader).await, Delivery::Gap { after: 0, next: 1 });
    let Delivery::Gap {
        after: 0,
        next: before,
    } = next(&mut *reader).await
    else {
        panic!("the oldest were dropped");
    };
    let mut seen = Vec::new();
    while seen.last() != Some(&39) {
        let (position, id) = next_message(&mut *reader).await;
        assert!(position >= before);
        seen.push(id);
    }
    assert!(seen.len() < 20, "{seen:?}");
    bus.close().await.unwrap();
    broker.clear().await;
}

/// Others' shards are left to them for a while, and taken when they do not come.
#[tokio::test]
async fn a_replica_takes_its_own_share_first() {
    let broker = Broker::at(url());
    let options = Options {
        share: Share { index: 1, of: 2 },
        others_after: Duration::from_secs(3),
        ..broker.options()
    };
    let bus = open(&broker.url, options).await.unwrap();
    let both = vec![message(readings(0), 1), message(readings(1), 2)];
    bus.publish(both).await.unwrap();
    let mut theirs = bus.subscribe(Group::Billing, readings(0), None).await.unwrap();
    let mut own = bus.subscribe(Group::Billing, readings(1), None).await.unwrap();
    assert_eq!(next_message(&mut *own).await.1, 2);
    assert_eq!(theirs.try_next().await.unwrap(), None);
    assert_eq!(next_message(&mut *theirs).await.1, 1);
    bus.close().await.unwrap();
    broker.clear().await;
}
