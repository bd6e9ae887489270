//! What is asked is answered from memory, from what is being stored, and from the store, as one.

use model::{Channel, Content, MeasuredQuantity, Quality, Series, Stay};

use super::*;
use crate::error::Error;

const QUARTER: i64 = 900_000;
const DAY: i64 = 86_400_000;

fn channel(mut sent: Sent, channel: Channel) -> Sent {
    sent.series = Series::Interval(channel);
    sent
}

fn dial(start_ms: i64, name: &str, value: i64) -> Sent {
    let mut sent = Sent::new("a", start_ms, value);
    sent.series = Series::Register(Channel::Import, name.into());
    sent
}

fn voltage(start_ms: i64, value: i64) -> Sent {
    let mut sent = Sent::new("a", start_ms, value);
    sent.series = Series::Telemetry(MeasuredQuantity::Voltage);
    sent
}

fn corrected(mut sent: Sent, revision: u32, quality: Quality) -> Sent {
    sent.content.revision = revision;
    sent.content.quality = quality;
    sent
}

async fn intervals(reads: &Reads, range_ms: Range<i64>) -> Vec<(i64, i64, bool, u32)> {
    let found = reads
        .intervals(&id("a"), Channel::Import, range_ms)
        .await
        .unwrap();
    let flat = |read: &IntervalRead| (read.start_ms, read.content.value, read.conflict, read.versions);
    found.iter().map(flat).collect()
}

/// Stored, being stored (a checkpoint failed) and pending at once.
#[tokio::test]
async fn three_places_are_one() {
    let (backend, _, reads) = open_one().await;
    reads
        .apply(0, &columns(&[Sent::new("a", 0, 1), Sent::new("a", DAY, 2)]), 1)
        .unwrap();
    reads.checkpoint(0).await.unwrap();
    let estimated = corrected(Sent::new("a", QUARTER, 30), 0, Quality::Estimated);
    reads
        .apply(
            0,
            &columns(&[estimated, corrected(Sent::new("a", 0, 10), 1, Quality::Actual)]),
            2,
        )
        .unwrap();
    backend.fail_next(1);
    assert!(reads.checkpoint(0).await.is_err());
    reads
        .apply(
            0,
            &columns(&[
                Sent::new("a", QUARTER, 3),
                Sent::new("a", DAY, 2),
                Sent::new("a", -1, 7),
            ]),
            3,
        )
        .unwrap();
    let expected = [
        (-1, 7, false, 1),
        (0, 10, false, 2),
        (QUARTER, 3, false, 2),
        (DAY, 2, false, 1),
    ];
    assert_eq!(intervals(&reads, i64::MIN..i64::MAX).await, expected);
    assert_eq!(intervals(&reads, 0..DAY).await, expected[1..3]);
    assert_eq!(intervals(&reads, 1..QUARTER).await, []);
    #[expect(clippy::reversed_empty_ranges, reason = "as a careless caller would")]
    let turned = 5..1;
    assert_eq!(intervals(&reads, turned).await, []);
    reads.checkpoint(0).await.unwrap();
    assert_eq!(intervals(&reads, i64::MIN..i64::MAX).await, expected);
}

#[tokio::test]
async fn a_conflict_is_shown_with_all_its_versions() {
    let (_, _, reads) = open_one().await;
    let sent = [
        Sent::new("a", 0, 1),
        Sent::new("a", 0, 2),
        corrected(Sent::new("a", 0, 9), 0, Quality::Estimated),
    ];
    reads.apply(0, &columns(&sent), 1).unwrap();
    let contents: Vec<Content> = sent.iter().take(2).map(|sent| sent.content).collect();
    let shown = *contents
        .iter()
        .min_by_key(|content| model::content_hash(content))
        .unwrap();
    assert_eq!(intervals(&reads, 0..1).await, [(0, shown.value, true, 3)]);
    let series = Series::Interval(Channel::Import);
    let versions = reads.versions(&id("a"), &series, 0..1).await.unwrap();
    assert_eq!(
        (versions.len(), versions[0].conflict, versions[0].versions.len()),
        (1, true, 3)
    );
    assert_eq!(versions[0].versions[0].content, shown);
}

#[tokio::test]
async fn telemetry_and_dials_are_found_in_order() {
    let (_, _, reads) = open_one().await;
    let sent = [
        dial(DAY, "night", 5),
        dial(DAY, "day", 4),
        dial(0, "day", 3),
        voltage(7, 230_100),
        voltage(3, 229_900),
    ];
    for (position, half) in (1..).zip(sent.chunks(3)) {
        reads.apply(0, &columns(half), position).unwrap();
        reads.checkpoint(0).await.unwrap();
    }
    reads.apply(0, &columns(&[voltage(7, 230_100)]), 3).unwrap();
    let dials = reads.registers(&id("a"), 0..DAY + 1).await.unwrap();
    let dials: Vec<_> = dials
        .iter()
        .map(|dial| (dial.read.start_ms, &*dial.register, dial.read.content.value))
        .collect();
    assert_eq!(dials, [(0, "day", 3), (DAY, "day", 4), (DAY, "night", 5)]);
    let telemetry = reads.telemetry(&id("a"), 0..DAY).await.unwrap();
    let telemetry: Vec<_> = telemetry.iter().map(|read| (read.start_ms, read.value)).collect();
    assert_eq!(telemetry, [(3, 229_900), (7, 230_100)]);
    assert!(
        reads.registers(&id("b"), 0..DAY).await.unwrap().is_empty(),
        "an unknown meter"
    );
}

#[tokio::test]
async fn the_latest_read_is_found_after_a_restart_too() {
    let (backend, told, reads) = open_one().await;
    assert_eq!(reads.latest(&id("a")).await.unwrap(), None);
    let others = [
        Sent::new("b", 900 * DAY, 1),
        Sent::new("a", 5, 1),
        channel(Sent::new("a", 7, 2), Channel::Export),
    ];
    reads.apply(0, &columns(&others), 1).unwrap();
    assert_eq!(latest(&reads).await, (7, 2));
    reads.checkpoint(0).await.unwrap();
    let reads = open(&backend, &told, 1).await;
    reads.apply(0, &columns(&[Sent::new("a", 2, 9)]), 2).unwrap(); // late
    assert_eq!(latest(&reads).await, (7, 2));
    reads.apply(0, &columns(&[Sent::new("a", DAY, 4)]), 3).unwrap();
    assert_eq!(latest(&reads).await, (DAY, 4));
    reads
        .apply(
            0,
            &columns(&[channel(Sent::new("a", DAY, 5), Channel::Export)]),
            4,
        )
        .unwrap();
    assert_eq!(latest(&reads).await, (DAY, 4), "import first");
    let mut only_dial = dial(DAY, "day", 8);
    only_dial.meter = "c".to_owned();
    reads.apply(0, &columns(&[only_dial]), 5).unwrap();
    assert!(matches!(
        reads.latest(&id("c")).await.unwrap(),
        Some(LatestRead::Register(_))
    ));

    async fn latest(reads: &Reads) -> (i64, i64) {
        let Some(LatestRead::Interval(_, read)) = reads.latest(&id("a")).await.unwrap() else {
            panic!("no interval");
        };
        (read.start_ms, read.content.value)
    }
}

#[tokio::test]
async fn meters_are_listed_in_order_by_pages() {
    let (backend, told) = (InParts::default(), Arc::new(Told::default()));
    let reads = open(&backend, &told, 4).await;
    let mut names: Vec<String> = (0..50).map(|meter| format!("m-{meter}")).collect();
    for name in &names {
        let shard = shard_of(meter_hash(name), 4);
        reads.apply(shard, &columns(&[Sent::new(name, 0, 1)]), 1).unwrap();
    }
    names.sort();
    let mut listed: Vec<String> = Vec::new();
    loop {
        let page = reads.meters(listed.last().map(String::as_str), 7);
        if page.is_empty() {
            break;
        }
        listed.extend(page.iter().map(ToString::to_string));
    }
    assert_eq!(listed, names);
    assert_eq!(reads.meters_seen(), 50);
    assert!(reads.knows(&id("m-1")) && !reads.knows(&id("m-x")));
}

/// `b` came into group 1 at the first minute and left before the third; everybody else was nowhere.
fn stays_of(id: &str, stays: &mut Vec<Stay<usize>>) {
    stays.extend((id == "b").then_some(Stay {
        from_ms: 0,
        to_ms: 120_000,
        place: 1,
    }));
}

#[tokio::test]
async fn windows_are_of_what_counts() {
    let (backend, _, reads) = open_one().await;
    reads
        .apply(
            0,
            &columns(&[
                Sent::new("a", 0, 1),
                Sent::new("b", 0, 10),
                Sent::new("a", DAY, 77),
            ]),
            1,
        )
        .unwrap();
    reads.checkpoint(0).await.unwrap();
    let second = [
        Sent::new("a", 0, 1), // a repeat
        corrected(Sent::new("b", 0, 20), 1, Quality::Actual),
        channel(Sent::new("a", 59_999, 5), Channel::Export),
        channel(Sent::new("a", 59_999, 500), Channel::Reactive),
        Sent::new("stranger", 60_000, 1_000),
        Sent::new("b", 119_999, 7),
        Sent::new("b", 120_000, 9),
        dial(0, "day", 10_000),
    ];
    reads.apply(0, &columns(&second), 2).unwrap();
    backend.fail_next(1);
    assert!(reads.checkpoint(0).await.is_err());
    reads.apply(0, &columns(&[Sent::new("a", 60_000, 3)]), 3).unwrap();
    let windows = reads.day_windows(0, 0, (3, None), &stays_of).await.unwrap();
    let sum = |minute, import, export, readings| MinuteSum {
        minute,
        import,
        export,
        readings,
    };
    let expected = vec![
        (0, vec![sum(0, 1, 5, 2), sum(1, 1_003, 0, 2), sum(2, 9, 0, 1)]),
        (1, vec![sum(0, 20, 0, 1), sum(1, 7, 0, 1)]),
    ];
    assert_eq!((windows.position, &windows.groups), (3, &expected));
    reads.checkpoint(0).await.unwrap();
    assert_eq!(
        reads
            .day_windows(0, 0, (0, None), &stays_of)
            .await
            .unwrap()
            .groups,
        expected
    );
    assert!(
        reads
            .day_windows(0, 9, (0, None), &stays_of)
            .await
            .unwrap()
            .groups
            .is_empty()
    );
    let behind = reads.day_windows(0, 0, (4, None), &stays_of).await;
    assert!(matches!(
        behind,
        Err(Error::Behind {
            wanted: 4,
            found: 3,
            ..
        })
    ));
    assert!(matches!(
        reads.day_windows(1, 0, (0, None), &stays_of).await,
        Err(Error::NoShard(1))
    ));
}

#[tokio::test]
async fn changed_days_are_all_after_a_restart() {
    let (backend, told, reads) = open_one().await;
    reads
        .apply(0, &columns(&[Sent::new("a", 0, 1), Sent::new("a", DAY, 1)]), 1)
        .unwrap();
    reads
        .apply(0, &columns(&[Sent::new("a", 5 * DAY, 1), voltage(9 * DAY, 1)]), 2)
        .unwrap();
    assert_eq!(reads.changed_days(0, 0, 0).await.unwrap(), (2, vec![0, 1, 5]));
    assert_eq!(reads.changed_days(0, 1, 2).await.unwrap(), (2, vec![5]));
    assert!(matches!(
        reads.changed_days(0, 1, 3).await,
        Err(Error::Behind { .. })
    ));
    reads.checkpoint(0).await.unwrap();
    let reads = open(&backend, &told, 1).await;
    reads
        .apply(0, &columns(&[Sent::new("a", 7 * DAY, 1)]), 3)
        .unwrap();
    assert_eq!(reads.changed_days(0, 1, 0).await.unwrap(), (3, vec![0, 1, 5, 7]));
    assert_eq!(reads.changed_days(0, 2, 0).await.unwrap(), (3, vec![7]));
}
