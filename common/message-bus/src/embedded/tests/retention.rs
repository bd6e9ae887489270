//! What is removed, and who notices.

use super::*;

/// Nothing acknowledged is spared.
fn sparing_nothing(folder: &Path) -> Options {
    Options {
        spare_bytes: 0,
        ..small(folder)
    }
}

async fn ack_all(journal: &Journal, group: Group, topic: Topic) {
    let mut reader = journal.subscribe(group, topic, None).await.unwrap();
    if let Some((position, _)) = drain(&mut *reader).await.pop() {
        reader.ack(position).await.unwrap();
    }
}

/// Waits until the journal has removed all but `most` segments.
async fn removed_down_to(folder: &Path, most: usize) {
    let mut pause = tokio::time::interval(Duration::from_millis(10));
    let wait = async {
        while segment_paths(folder).len() > most {
            pause.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap();
}

#[tokio::test]
async fn only_what_billing_acknowledged_goes() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(sparing_nothing(temp.path())).unwrap();
    publish_ids(&journal, 0..30).await;
    journal.publish(vec![message(readings(1), 30)]).await.unwrap();
    publish_ids(&journal, 31..60).await;
    let segments = segment_paths(temp.path()).len();
    assert!(segments > 8);
    ack_all(&journal, Group::Analytics, readings(0)).await;
    ack_all(&journal, Group::Analytics, readings(1)).await;
    // Shard 0 alone frees what lies before the one message of shard 1.
    ack_all(&journal, Group::Billing, readings(0)).await;
    removed_down_to(temp.path(), segments / 2 + 1).await;
    let (kept, _) = segment::list(temp.path()).unwrap().segments.swap_remove(0);
    assert!(kept <= 31, "the segment with the message of shard 1 is kept");
    assert_eq!(
        delivered_ids(&journal, Group::Billing, readings(1)).await,
        vec![30]
    );
    ack_all(&journal, Group::Billing, readings(1)).await;
    removed_down_to(temp.path(), 1).await;
    journal.close().await.unwrap();
    // The next start knows that nothing is missing.
    let journal = open(sparing_nothing(temp.path())).unwrap();
    assert_eq!(
        delivered_ids(&journal, Group::Billing, readings(0)).await,
        Vec::<u128>::new()
    );
    publish_ids(&journal, 60..61).await;
    assert_eq!(
        delivered_ids(&journal, Group::Billing, readings(0)).await,
        vec![60]
    );
    journal.close().await.unwrap();
    assert_eq!(verify(temp.path()).unwrap().damages, vec![]);
}

#[tokio::test]
async fn events_hold_nothing_up() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(sparing_nothing(temp.path())).unwrap();
    for id in 0..60 {
        journal.publish(vec![message(Topic::Events, id)]).await.unwrap();
    }
    removed_down_to(temp.path(), 1).await;
    let mut reader = journal
        .subscribe(Group::Billing, Topic::Events, None)
        .await
        .unwrap();
    assert!(matches!(
        reader.next().await.unwrap(),
        Delivery::Gap { after: 0, .. }
    ));
    journal.close().await.unwrap();
}

#[tokio::test]
async fn analytics_is_told_what_it_missed() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(sparing_nothing(temp.path())).unwrap();
    publish_ids(&journal, 0..2).await;
    let mut behind = journal
        .subscribe(Group::Analytics, readings(0), None)
        .await
        .unwrap();
    let Delivery::Message { position, .. } = behind.next().await.unwrap() else {
        panic!("nothing is missing yet")
    };
    // Nothing of shard 1 is ever removed: its reader sees no gap.
    let mut other = journal
        .subscribe(Group::Analytics, readings(1), None)
        .await
        .unwrap();
    publish_ids(&journal, 2..40).await;
    ack_all(&journal, Group::Billing, readings(0)).await;
    removed_down_to(temp.path(), 1).await;
    let kept = segment::list(temp.path()).unwrap().segments[0].0;
    // One more was fetched with the first.
    let Delivery::Message { position: second, .. } = behind.next().await.unwrap() else {
        panic!("fetched before")
    };
    assert!(second > position);
    let gap = behind.next().await.unwrap();
    assert_eq!(
        gap,
        Delivery::Gap {
            after: second,
            next: kept
        }
    );
    let rest = drain(&mut *behind).await;
    assert!(rest.iter().all(|(position, _)| *position >= kept));
    publish_ids(&journal, 40..41).await;
    journal.publish(vec![message(readings(1), 41)]).await.unwrap();
    assert_eq!(drain(&mut *behind).await.pop().map(|(_, id)| id), Some(40));
    assert_eq!(drain(&mut *other).await.pop().map(|(_, id)| id), Some(41));
    journal.close().await.unwrap();
}

#[tokio::test]
async fn an_earlier_position_of_the_reader_counts() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(small(temp.path())).unwrap();
    publish_ids(&journal, 0..10).await;
    ack_all(&journal, Group::Billing, readings(0)).await;
    let mut reader = journal
        .subscribe(Group::Billing, readings(0), Some(4))
        .await
        .unwrap();
    let ids: Vec<u128> = drain(&mut *reader).await.into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, (4..10).collect::<Vec<_>>());
    // A later one does not: what is not acknowledged comes again.
    journal.publish(vec![message(readings(0), 10)]).await.unwrap();
    let mut reader = journal
        .subscribe(Group::Billing, readings(0), Some(11))
        .await
        .unwrap();
    assert_eq!(drain(&mut *reader).await.len(), 1);
    let beyond = journal.subscribe(Group::Billing, readings(0), Some(12)).await;
    assert!(matches!(
        beyond.err(),
        Some(BusError::Ahead { wanted: 12, last: 11 })
    ));
    journal.close().await.unwrap();
}

#[tokio::test]
async fn billing_that_lost_more_than_is_kept_is_told() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(sparing_nothing(temp.path())).unwrap();
    publish_ids(&journal, 0..40).await;
    ack_all(&journal, Group::Billing, readings(0)).await;
    removed_down_to(temp.path(), 1).await;
    let lost = journal
        .subscribe(Group::Billing, readings(0), Some(3))
        .await
        .err();
    assert!(matches!(lost, Some(BusError::Lost { wanted: 3, .. })));
    journal.close().await.unwrap();
}

#[tokio::test]
async fn spare_segments_stay() {
    let temp = tempfile::tempdir().unwrap();
    let options = Options {
        spare_bytes: 3_000,
        ..small(temp.path())
    };
    let journal = open(options).unwrap();
    publish_ids(&journal, 0..100).await;
    ack_all(&journal, Group::Billing, readings(0)).await;
    removed_down_to(temp.path(), 6).await;
    let bytes = journal.health().bytes;
    assert!((3_000..5_000).contains(&bytes), "{bytes}");
    journal.close().await.unwrap();
}

/// What is spare is for analytics: what it has read goes at once.
#[tokio::test]
async fn what_everybody_has_read_is_not_spared() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(small(temp.path())).unwrap();
    publish_ids(&journal, 0..40).await;
    journal.publish(vec![message(Topic::Events, 40)]).await.unwrap();
    publish_ids(&journal, 41..80).await;
    let segments = segment_paths(temp.path()).len();
    ack_all(&journal, Group::Billing, readings(0)).await;
    ack_all(&journal, Group::Analytics, readings(0)).await;
    removed_down_to(temp.path(), segments / 2 + 1).await;
    let (kept, _) = segment::list(temp.path()).unwrap().segments.swap_remove(0);
    assert!(kept <= 41, "nobody has read the event");
    ack_all(&journal, Group::Analytics, Topic::Events).await;
    removed_down_to(temp.path(), 1).await;
    journal.close().await.unwrap();
}

#[tokio::test]
async fn a_journal_at_rest_is_empty() {
    let temp = tempfile::tempdir().unwrap();
    let options = || Options {
        rest_bytes: 200,
        segment_bytes: 1 << 20,
        ..small(temp.path())
    };
    let journal = open(options()).unwrap();
    publish_ids(&journal, 0..10).await;
    ack_all(&journal, Group::Billing, readings(0)).await;
    let last_ack = journal.health().acked;
    let position = last_ack.first().unwrap().2;
    // Analytics acknowledges just before the close.
    let mut analytics = journal
        .subscribe(Group::Analytics, readings(0), None)
        .await
        .unwrap();
    analytics.ack(position).await.unwrap();
    journal.close().await.unwrap();
    let left: Vec<Position> = segment::list(temp.path())
        .unwrap()
        .segments
        .into_iter()
        .map(|(first, _)| first)
        .collect();
    assert_eq!(left, vec![position + 1]);
    assert_eq!(verify(temp.path()).unwrap().damages, vec![]);
    // Numbers go on where they were, also through a segment that never had a message.
    for id in 10..12 {
        let journal = open(options()).unwrap();
        publish_ids(&journal, id..id + 1).await;
        let got = delivered_ids(&journal, Group::Billing, readings(0)).await;
        assert_eq!(got, (10..=id).collect::<Vec<_>>());
        assert_eq!(journal.health().last, position + u64::try_from(id).unwrap() - 9);
        journal.close().await.unwrap();
    }
}

/// Retention records what it removes before it removes it; a kill between the two leaves files that nobody misses.
#[tokio::test]
async fn segments_that_were_to_be_removed_are_no_obstacle() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let journal = open(sparing_nothing(&folder)).unwrap();
    publish_ids(&journal, 0..40).await;
    let aside = temp.path().join("aside");
    copy(&folder, &aside);
    ack_all(&journal, Group::Billing, readings(0)).await;
    removed_down_to(&folder, 1).await;
    journal.close().await.unwrap();
    for path in segment_paths(&aside) {
        let back = folder.join(path.file_name().unwrap());
        if !back.exists() {
            std::fs::copy(&path, back).unwrap();
        }
    }
    assert_eq!(verify(&folder).unwrap().damages, vec![]);
    let journal = open(sparing_nothing(&folder)).unwrap();
    assert_eq!(segment_paths(&folder).len(), 1);
    assert_eq!(
        delivered_ids(&journal, Group::Billing, readings(0)).await,
        Vec::<u128>::new()
    );
    journal.close().await.unwrap();
}

#[tokio::test]
async fn metrics_are_there_from_the_start_and_count() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(small(temp.path())).unwrap();
    let registry = prometheus::Registry::new();
    journal.register(&registry).unwrap();
    assert!(matches!(journal.register(&registry), Err(BusError::Metrics(_))));
    let text = || {
        prometheus::TextEncoder::new()
            .encode_to_string(&registry.gather())
            .unwrap()
    };
    let before = text();
    for line in [
        "gridtally_bus_sync_seconds_count 0",
        "gridtally_bus_failed 0",
        "gridtally_bus_lag_positions{group=\"analytics\"} 0",
        "gridtally_bus_lag_positions{group=\"billing\"} 0",
        "gridtally_bus_refused_publishes_total{reason=\"disk_full\"} 0",
        "gridtally_bus_refused_publishes_total{reason=\"full\"} 0",
        "gridtally_bus_segments 1",
    ] {
        assert!(
            before.lines().any(|found| found == line),
            "{line} is not in {before}"
        );
    }
    publish_ids(&journal, 0..5).await;
    assert!(text().contains("gridtally_bus_sync_seconds_count 5\n"));
    assert!(text().contains("gridtally_bus_group_messages_sum 5\n"));
    journal.close().await.unwrap();
}

#[tokio::test]
async fn health_tells_positions_and_bytes() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(small(temp.path())).unwrap();
    publish_ids(&journal, 0..5).await;
    ack_all(&journal, Group::Billing, readings(0)).await;
    let health = journal.health();
    assert!(health.accepting);
    assert_eq!((health.last, health.trouble), (5, None));
    assert_eq!(health.acked, vec![(Group::Billing, readings(0), 5)]);
    let files: u64 = segment_paths(temp.path())
        .iter()
        .map(|path| std::fs::metadata(path).unwrap().len())
        .sum();
    assert_eq!((health.bytes, health.limit_bytes), (files, 64 << 20));
    journal.close().await.unwrap();
}
