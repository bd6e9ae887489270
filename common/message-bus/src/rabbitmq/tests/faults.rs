//! What a broker can do to us, done by a real one. Times are printed, not judged, but nothing may take longer than [`PATIENCE`].

use std::collections::HashSet;

use super::broker::lease;
use super::load::Load;
use super::*;

/// The most an answer may take that a dead or stuck broker cannot give: a deadline and some.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);
/// A question a second, two seconds for the answer, and some for a busy machine.
const NOTICED_WITHIN: Duration = Duration::from_secs(5);

fn quick(broker: &Broker) -> Options {
    Options {
        deadline: Duration::from_secs(2),
        ..broker.options()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_restart_loses_nothing_confirmed() {
    restart("restarted", |broker| broker.stop()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_loses_nothing_confirmed() {
    restart("killed", |broker| broker.kill()).await;
}

async fn restart(what: &str, end: fn(&mut broker::Private)) {
    let mut private = lease().await;
    let broker = Broker::at(private.url());
    let bus = open(&broker.url, quick(&broker)).await.unwrap();
    let load = Load::start(&bus).await;
    load.confirm(500).await;
    let died = Instant::now();
    end(&mut private);
    let gone = Instant::now();
    let refused = bus.publish(vec![message(readings(1), 1)]).await;
    assert!(matches!(refused, Err(BusError::Unavailable(_))), "{refused:?}");
    assert!(
        gone.elapsed() < ANSWERED_WITHIN,
        "answered after {:?}",
        gone.elapsed()
    );
    let health = bus.health();
    assert!(!health.accepting && health.trouble.is_some(), "{health:?}");
    private.start();
    let up = Instant::now();
    load.confirm(1).await;
    let (outage, recovery) = (died.elapsed(), up.elapsed());
    load.confirm(500).await;
    let (confirmed, read) = load.end().await;
    assert_eq!(bus.health().trouble, None);
    println!(
        "broker {what} under load: {confirmed} confirmed, {read} read, none lost; confirms again {recovery:.1?} after it was up, outage {outage:.1?}"
    );
    bus.close().await.unwrap();
    broker.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_broker_is_answered_for_within_the_deadline() {
    let mut private = lease().await;
    let broker = Broker::at(private.url());
    let bus = open(&broker.url, quick(&broker)).await.unwrap();
    bus.publish(vec![message(readings(0), 1), message(readings(0), 2)])
        .await
        .unwrap();
    let mut reader = bus.subscribe(Group::Billing, readings(0), None).await.unwrap();
    let (first, _) = next_message(&mut *reader).await;
    private.ctl("set_disk_free_limit 1000000GB");
    for id in 3..6 {
        let began = Instant::now();
        let outcome = bus.publish(vec![message(readings(0), id)]).await;
        assert!(matches!(outcome, Err(BusError::Unavailable(_))), "{outcome:?}");
        assert!(
            began.elapsed() < ANSWERED_WITHIN,
            "answered after {:?}",
            began.elapsed()
        );
    }
    let began = Instant::now();
    assert!(bus.publish(vec![message(readings(0), 6)]).await.is_err());
    assert!(
        began.elapsed() < Duration::from_millis(100),
        "it is known to be blocked"
    );
    let health = bus.health();
    let trouble = health.trouble.unwrap_or_default();
    assert!(
        !health.accepting && trouble.contains("takes nothing"),
        "{trouble}"
    );
    reader.ack(first).await.unwrap(); // what is consumed goes over another connection
    assert_eq!(next_message(&mut *reader).await.1, 2);
    private.ctl("set_disk_free_limit 500MB");
    let freed = Instant::now();
    publish_again(&bus, message(readings(0), 7)).await;
    println!(
        "broker unblocked: it takes messages again after {:.1?}",
        freed.elapsed()
    );
    while next_message(&mut *reader).await.1 != 7 {}
    assert_eq!(bus.health().trouble, None);
    bus.close().await.unwrap();
    broker.clear().await;
}

/// Nothing answers, and no connection breaks.
#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_broker_is_answered_for_within_the_deadline() {
    let mut private = lease().await;
    let broker = Broker::at(private.url());
    let bus = open(&broker.url, quick(&broker)).await.unwrap();
    let mut reader = bus.subscribe(Group::Billing, readings(0), None).await.unwrap();
    bus.publish(vec![message(readings(0), 1)]).await.unwrap();
    let (first, _) = next_message(&mut *reader).await;
    private.pause();
    let paused = Instant::now();
    while bus.health().trouble.is_none() {
        assert!(paused.elapsed() < NOTICED_WITHIN, "nobody asks the broker");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bus.health().trouble.as_deref(), Some("it does not answer"));
    let began = Instant::now();
    let outcome = bus.publish(vec![message(readings(0), 2)]).await;
    assert!(matches!(outcome, Err(BusError::Unavailable(_))), "{outcome:?}");
    assert!(
        began.elapsed() < ANSWERED_WITHIN,
        "answered after {:?}",
        began.elapsed()
    );
    let health = bus.health();
    assert!(!health.accepting && health.trouble.is_some(), "{health:?}");
    private.resume();
    let resumed = Instant::now();
    publish_again(&bus, message(readings(0), 3)).await;
    println!(
        "broker went on: it takes messages again after {:.1?}",
        resumed.elapsed()
    );
    reader.ack(first).await.unwrap(); // the pause was too short for this connection to be given up
    while next_message(&mut *reader).await.1 != 3 {}
    bus.close().await.unwrap();
    broker.clear().await;
}

/// All connections cut: billing gets what it did not acknowledge again, analytics does not, but is told to look.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_cut_billing_reads_again_and_analytics_counts_once() {
    let mut private = lease().await;
    let broker = Broker::at(private.url());
    let bus = open(&broker.url, quick(&broker)).await.unwrap();
    let topic = readings(0);
    let mut billing = bus.subscribe(Group::Billing, topic, Some(0)).await.unwrap();
    let mut analytics = bus.subscribe(Group::Analytics, topic, Some(0)).await.unwrap();
    assert_eq!(next(&mut *analytics).await, Delivery::Gap { after: 0, next: 1 });
    bus.publish((0..10).map(|id| message(topic, id)).collect())
        .await
        .unwrap();
    let (mut billed, mut counted) = (0, 0);
    for id in 0..10 {
        let (position, billing_id) = next_message(&mut *billing).await;
        billed = position;
        let (position, analytics_id) = next_message(&mut *analytics).await;
        counted = position;
        assert_eq!((billing_id, analytics_id), (id, id));
    }
    assert_eq!(
        billed, counted,
        "one publisher, nothing repeated: the same positions"
    );
    private.ctl("close_all_connections cut");
    publish_again(&bus, message(topic, 10)).await;
    for id in 0..=10 {
        let (position, again) = next_message(&mut *billing).await;
        assert_eq!(again, id);
        assert!(position > billed);
        billed = position;
    }
    let Delivery::Gap { after, next: before } = next(&mut *analytics).await else {
        panic!("analytics is told of the cut");
    };
    assert_eq!((after, before), (counted - cursor::MARGIN, counted + 1));
    let (position, id) = next_message(&mut *analytics).await;
    assert!(position > counted);
    assert_eq!(id, 10);
    bus.close().await.unwrap();
    broker.clear().await;
}

/// A queue deleted under our feet: what goes there is never confirmed, and the queue is made again.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_queue_confirms_nothing_and_comes_back() {
    let broker = Broker::at(url());
    let options = broker.options();
    let bus = open(&broker.url, options.clone()).await.unwrap();
    let mut reader = bus.subscribe(Group::Billing, readings(1), None).await.unwrap();
    bus.publish(vec![message(readings(1), 1)]).await.unwrap();
    assert_eq!(next_message(&mut *reader).await.1, 1);
    drop(reader);
    delete_queue(
        &broker.url,
        Names::new(&options.prefix).queue(Group::Billing, readings(1)),
    )
    .await;
    let outcome = bus.publish(vec![message(readings(1), 2)]).await;
    assert!(matches!(outcome, Err(BusError::Unavailable(_))), "{outcome:?}");
    let began = Instant::now();
    publish_again(&bus, message(readings(1), 3)).await;
    println!(
        "queue deleted: made again, and confirms after {:.1?}",
        began.elapsed()
    );
    let mut reader = bus.subscribe(Group::Billing, readings(1), None).await.unwrap();
    assert_eq!(next_message(&mut *reader).await.1, 3);
    // With a reader on it: the reader makes it again too.
    delete_queue(
        &broker.url,
        Names::new(&options.prefix).queue(Group::Billing, readings(1)),
    )
    .await;
    publish_again(&bus, message(readings(1), 4)).await;
    assert_eq!(next_message(&mut *reader).await.1, 4);
    bus.close().await.unwrap();
    broker.clear().await;
}

/// Thousands in flight, a quarter of them to a queue that is gone. lapin gives returns to the wrong messages then.
#[tokio::test(flavor = "multi_thread")]
async fn a_returned_message_is_never_taken_for_a_confirmed_one() {
    const IN_FLIGHT: u128 = 4000;
    let broker = Broker::at(url());
    let mut confirmed_in_all = 0;
    for round in 0..4 {
        let options = broker.options();
        let bus = open(&broker.url, options.clone()).await.unwrap();
        let gone = readings(1);
        delete_queue(
            &broker.url,
            Names::new(&options.prefix).queue(Group::Billing, gone),
        )
        .await;
        let publish = |id: u128| {
            let bus = &bus;
            // The first ones have their queue, so that some are confirmed before a return ends all that is in flight.
            let shard = if id < 200 * round {
                0
            } else {
                u16::try_from(id % 4).unwrap()
            };
            async move { (id, shard, bus.publish(vec![message(readings(shard), id)]).await) }
        };
        let outcomes = futures_util::future::join_all((0..IN_FLIGHT).map(publish)).await;
        let confirmed: Vec<(u128, u16)> = outcomes
            .iter()
            .filter(|(_, _, outcome)| outcome.is_ok())
            .map(|(id, shard, _)| (*id, *shard))
            .collect();
        confirmed_in_all += confirmed.len();
        for shard in 0..4 {
            let mut missing: HashSet<u128> = confirmed
                .iter()
                .filter(|(_, of)| *of == shard)
                .map(|(id, _)| *id)
                .collect();
            let mut reader = bus
                .subscribe(Group::Billing, readings(shard), None)
                .await
                .unwrap();
            while !missing.is_empty() {
                let (position, id) = next_message(&mut *reader).await;
                missing.remove(&id);
                reader.ack(position).await.unwrap();
            }
        }
        bus.close().await.unwrap();
    }
    println!(
        "{confirmed_in_all} of {} were confirmed, and all of these are there",
        4 * IN_FLIGHT
    );
    broker.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_reader_takes_over() {
    let broker = Broker::at(url());
    let options = broker.options();
    let (one, other) = (
        open(&broker.url, options.clone()).await.unwrap(),
        open(&broker.url, options).await.unwrap(),
    );
    let topic = readings(0);
    let mut first = one.subscribe(Group::Billing, topic, Some(0)).await.unwrap();
    one.publish(vec![message(topic, 0)]).await.unwrap();
    let (stored, _) = next_message(&mut *first).await;
    let mut second = other.subscribe(Group::Billing, topic, Some(0)).await.unwrap();
    one.publish(vec![message(topic, 1), message(topic, 2)])
        .await
        .unwrap();
    assert_eq!(next_message(&mut *first).await.1, 1);
    assert_eq!(second.try_next().await.unwrap(), None, "a shard has one reader");
    first.ack(stored).await.unwrap();
    let dropped = Instant::now();
    drop(first);
    assert_eq!(next_message(&mut *second).await.1, 1);
    println!(
        "reader dropped: the second has its messages after {:.1?}",
        dropped.elapsed()
    );
    assert_eq!(next_message(&mut *second).await.1, 2);
    // And when the whole process goes.
    let mut third = one.subscribe(Group::Billing, topic, Some(0)).await.unwrap();
    let closed = Instant::now();
    other.close().await.unwrap();
    assert_eq!(next_message(&mut *third).await.1, 1);
    println!(
        "bus closed: the next reader has its messages after {:.1?}",
        closed.elapsed()
    );
    one.close().await.unwrap();
    broker.clear().await;
}
