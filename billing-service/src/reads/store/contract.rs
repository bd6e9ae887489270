//! What every store of reads must pass.

mod in_parts;

use std::ops::Range;
use std::sync::Arc;

use model::{Channel, Content, MeasuredQuantity, Quality, Series};

use super::{Append, BlockKey, Contested, Part, ReadsStore};
use crate::block::winner::Dispute;
use crate::block::{self, Entry};
use crate::error::StoreError;
pub(crate) use in_parts::InParts;

/// Something that is there after the process ended, and can be opened again.
#[async_trait::async_trait]
pub(crate) trait Backend: Send + Sync {
    /// Opens it; what was opened before is dropped.
    async fn open(&self) -> Arc<dyn ReadsStore>;
}

/// The whole suite, on one empty backend per law.
pub(crate) async fn run<B: Backend>(make: impl Fn() -> B) {
    starts_empty(&make()).await;
    finds_what_was_appended(&make()).await;
    joins_in_any_order(&make()).await;
    says_what_is_contested(&make()).await;
    keeps_positions_and_meters(&make()).await;
    scans_a_day_in_order(&make()).await;
    refuses_another_number_of_shards(&make()).await;
}

/// An entry as the tests write it.
pub(crate) fn entry(offset_ms: u32, value: i64) -> Entry {
    Entry {
        offset_ms,
        received_s: 100,
        content: Content {
            value,
            interval_seconds: 900,
            quality: Quality::Actual,
            revision: 0,
        },
    }
}

/// A key of import.
pub(crate) fn import(day: i32, meter: u32) -> BlockKey {
    key(day, meter, Series::Interval(Channel::Import))
}

fn key(day: i32, meter: u32, series: Series) -> BlockKey {
    BlockKey { day, meter, series }
}

async fn append(store: &dyn ReadsStore, parts: Vec<(BlockKey, Vec<Entry>)>) -> Vec<Contested> {
    let mut parts: Vec<Part> = parts
        .into_iter()
        .map(|(key, entries)| Part { key, entries })
        .collect();
    parts.sort_by(|left, right| left.key.cmp(&right.key));
    let last = parts.iter().map(|part| part.key.meter).max().unwrap_or(1).max(1);
    let write = Append {
        meters: (0..=last).map(|meter| (meter, format!("m-{meter}"))).collect(),
        parts: Box::new(parts.into_iter()),
        position: None,
    };
    let mut contested = store.append(0, write).await.unwrap();
    contested.sort();
    contested
}

/// The union of what is found under a key.
pub(crate) async fn read(store: &dyn ReadsStore, shard: u16, key: &BlockKey) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut found = |_: usize, bytes: &[u8]| block::decode(bytes, &mut entries).unwrap();
    store
        .parts(shard, std::slice::from_ref(key), &mut found)
        .await
        .unwrap();
    block::canonical(&mut entries);
    entries
}

async fn day(store: &dyn ReadsStore, day: i32, meters: Range<u32>) -> Vec<BlockKey> {
    let mut keys = Vec::new();
    let mut found = |key: &BlockKey, _: &[u8]| keys.push(key.clone());
    store.day(0, day, meters, &mut found).await.unwrap();
    keys.dedup(); // a backend may keep several parts
    keys
}

async fn starts_empty(backend: &dyn Backend) {
    let store = backend.open().await;
    let opened = store.open(0, 4).await.unwrap();
    assert_eq!((opened.position, opened.meters, opened.days), (0, vec![], None));
    assert!(store.days(0).await.unwrap().is_empty());
    assert_eq!(read(&*store, 0, &import(0, 0)).await, []);
}

async fn finds_what_was_appended(backend: &dyn Backend) {
    let store = backend.open().await;
    store.open(0, 4).await.unwrap();
    let keys = [
        import(-3, 0),
        import(20_000, 0),
        import(20_000, 1),
        key(20_000, 0, Series::Interval(Channel::Reactive)),
        key(20_000, 0, Series::Register(Channel::Import, "day".into())),
        key(20_000, 0, Series::Register(Channel::Export, "day".into())),
        key(20_000, 0, Series::Telemetry(MeasuredQuantity::Voltage)),
    ];
    let parts = keys
        .iter()
        .zip(1..)
        .map(|(key, value)| (key.clone(), vec![entry(0, value)]));
    assert_eq!(append(&*store, parts.collect()).await, []);
    for (key, value) in keys.iter().zip(1..) {
        assert_eq!(read(&*store, 0, key).await, [entry(0, value)], "{key:?}");
        assert_eq!(read(&*store, 1, key).await, [], "another shard");
    }
    drop(store);
    let store = backend.open().await;
    assert_eq!(store.open(0, 4).await.unwrap().days, Some((-3, 20_000)));
    for (key, value) in keys.iter().zip(1..) {
        assert_eq!(
            read(&*store, 0, key).await,
            [entry(0, value)],
            "{key:?} after opening again"
        );
    }
}

async fn joins_in_any_order(backend: &dyn Backend) {
    let store = backend.open().await;
    store.open(0, 4).await.unwrap();
    let mut late = entry(900_000, 2);
    late.received_s = 50;
    let (first, second) = (
        vec![entry(0, 1), entry(900_000, 2)],
        vec![late, entry(1_800_000, 3)],
    );
    let both = vec![entry(0, 1), late, entry(1_800_000, 3)];
    for (meter, parts) in [(0, [&first, &second]), (1, [&second, &first])] {
        for part in parts {
            append(&*store, vec![(import(1, meter), part.clone())]).await;
        }
        append(&*store, vec![(import(1, meter), first.clone())]).await; // repeated
        assert_eq!(read(&*store, 0, &import(1, meter)).await, both);
    }
}

async fn says_what_is_contested(backend: &dyn Backend) {
    let store = backend.open().await;
    store.open(0, 4).await.unwrap();
    let contested = |meter, offset_ms| Contested {
        key: import(1, meter),
        offset_ms,
        dispute: Dispute::Open,
    };
    assert_eq!(
        append(
            &*store,
            vec![(import(1, 0), vec![entry(0, 1), entry(900_000, 5)])]
        )
        .await,
        []
    );
    let other = vec![(import(1, 0), vec![entry(0, 2)])];
    assert_eq!(append(&*store, other.clone()).await, [contested(0, 0)]);
    // seen before, and still to be said
    assert_eq!(append(&*store, other).await, [contested(0, 0)]);
    // not touched, not said
    assert_eq!(
        append(&*store, vec![(import(1, 0), vec![entry(900_000, 5)])]).await,
        []
    );
    // a higher revision settles it
    let mut corrected = entry(0, 3);
    corrected.content.revision = 1;
    let settled = Contested {
        dispute: Dispute::Settled,
        ..contested(0, 0)
    };
    assert_eq!(
        append(&*store, vec![(import(1, 0), vec![corrected])]).await,
        [settled]
    );
    // within one write
    assert_eq!(
        append(&*store, vec![(import(1, 1), vec![entry(7, 1), entry(7, 2)])]).await,
        [contested(1, 7)]
    );
    // telemetry never
    let voltage = key(1, 1, Series::Telemetry(MeasuredQuantity::Voltage));
    assert_eq!(
        append(&*store, vec![(voltage, vec![entry(7, 1), entry(7, 2)])]).await,
        []
    );
}

async fn keeps_positions_and_meters(backend: &dyn Backend) {
    let store = backend.open().await;
    for shard in [0, 1] {
        store.open(shard, 4).await.unwrap();
    }
    append(&*store, vec![(import(1, 1), vec![entry(0, 1)])]).await;
    let write = |meters, position| Append {
        meters,
        parts: Box::new(std::iter::empty()),
        position,
    };
    store.append(0, write(vec![], Some(70))).await.unwrap();
    store
        .append(1, write(vec![(0, "m-9".to_owned())], Some(8)))
        .await
        .unwrap();
    store
        .append(0, write(vec![(2, "m-2".to_owned())], None))
        .await
        .unwrap();
    store.append(0, write(vec![], Some(71))).await.unwrap();
    drop(store);
    let store = backend.open().await;
    let opened = store.open(0, 4).await.unwrap();
    assert_eq!(
        (opened.position, opened.meters),
        (71, vec!["m-0".into(), "m-1".into(), "m-2".into()])
    );
    let opened = store.open(1, 4).await.unwrap();
    assert_eq!((opened.position, opened.meters), (8, vec!["m-9".into()]));
}

async fn scans_a_day_in_order(backend: &dyn Backend) {
    let store = backend.open().await;
    store.open(0, 4).await.unwrap();
    let register = |name: &str| Series::Register(Channel::Import, name.into());
    let export = Series::Interval(Channel::Export);
    let keys = [
        import(5, 0),
        key(5, 0, export),
        key(5, 0, register("a")),
        key(5, 0, register("b")),
        import(5, 1),
        import(5, 300),
    ];
    let mut parts: Vec<_> = keys.iter().map(|key| (key.clone(), vec![entry(0, 1)])).collect();
    parts.push((import(4, 0), vec![entry(0, 1)]));
    parts.push((import(6, 0), vec![entry(0, 1)]));
    parts.push((
        key(5, 0, Series::Telemetry(MeasuredQuantity::Power)),
        vec![entry(0, 1)],
    ));
    append(&*store, parts).await;
    assert_eq!(day(&*store, 5, 0..u32::MAX).await, keys);
    assert_eq!(day(&*store, 5, 1..300).await, [import(5, 1)]);
    assert_eq!(day(&*store, 7, 0..u32::MAX).await, []);
    assert_eq!(store.days(0).await.unwrap(), [4, 5, 6]);
    assert!(store.days(1).await.unwrap().is_empty());
}

async fn refuses_another_number_of_shards(backend: &dyn Backend) {
    let store = backend.open().await;
    store.open(0, 4).await.unwrap();
    let refused = store.open(0, 8).await;
    assert!(
        matches!(refused, Err(StoreError::Shards { found: 4, wanted: 8 })),
        "{refused:?}"
    );
}

/// The suite holds of a store that keeps parts, as a document database would.
#[tokio::test]
async fn parts_kept_apart_pass() {
    run(InParts::default).await;
}
