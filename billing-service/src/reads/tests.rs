//! The reads as a whole, over a store that joins and one that keeps parts.

mod crashes;
mod elsewhere;
mod fleet;
mod queries;

use std::sync::Arc;
use std::sync::Mutex;

use super::store::contract::{Backend, InParts};
use super::*;
use crate::error::StoreError;
use fleet::{Fleet, Sent, columns};

/// Remembers what it was told.
#[derive(Default)]
pub(crate) struct Told {
    touched: Mutex<Vec<Touched>>,
    quarantined: Mutex<Vec<Unusable>>,
    settled_before_ms: Mutex<Option<i64>>,
    failures: Mutex<usize>,
}

impl Told {
    fn touched(&self) -> Vec<Touched> {
        std::mem::take(&mut *self.touched.lock().unwrap())
    }

    pub(crate) fn quarantined(&self) -> Vec<Unusable> {
        self.quarantined.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Consequences for Told {
    async fn ensure(&self, touched: &[Touched]) -> Result<(), StoreError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(StoreError::Closing);
        }
        self.touched.lock().unwrap().extend_from_slice(touched);
        Ok(())
    }

    async fn quarantine(&self, message: Unusable) -> Result<(), StoreError> {
        self.quarantined.lock().unwrap().push(message);
        Ok(())
    }

    fn settled_before_ms(&self) -> i64 {
        self.settled_before_ms.lock().unwrap().unwrap_or(i64::MIN)
    }
}

pub(crate) async fn open(backend: &dyn Backend, told: &Arc<Told>, shards: u16) -> Arc<Reads> {
    let told: Arc<dyn Consequences> = Arc::clone(told) as _;
    Reads::open(backend.open().await, told, shards, Limits::default())
        .await
        .unwrap()
}

async fn open_one() -> (InParts, Arc<Told>, Arc<Reads>) {
    let (backend, told) = (InParts::default(), Arc::new(Told::default()));
    let reads = open(&backend, &told, 1).await;
    (backend, told, reads)
}

fn id(text: &str) -> MeterId {
    text.parse().unwrap()
}

#[tokio::test]
async fn hostile_batches_are_refused_whole() {
    let (_, told, reads) = open_one().await;
    let good = || columns(&[Sent::new("m", 0, 1), Sent::new("m", 900_000, 2)]);
    let mut future = good();
    future.schema = 9;
    check(&reads, &future, "columns have schema 9");
    let mut long = good();
    long.value.push(7);
    check(&reads, &long, "column value");
    let mut outside = good();
    outside.meter[1] = 7;
    check(&reads, &outside, "column meter");
    let mut no_id = good();
    no_id.meters = "m and more".to_owned();
    check(&reads, &no_id, "meters");
    let mut no_name = good();
    no_name.registers = "a b".to_owned();
    check(&reads, &no_name, "registers");
    assert!(reads.meters(None, 10).is_empty());
    assert_eq!(reads.apply(0, &good(), 5), Ok(2));
    let elsewhere = Reads::open(InParts::default().open().await, told, 64, Limits::default())
        .await
        .unwrap();
    check(
        &elsewhere,
        &columns(&[Sent::new("m", 0, 1)]),
        "belongs to another shard",
    );

    fn check(reads: &Reads, columns: &ReadingColumns, expected: &str) {
        let refused = reads.apply(0, columns, 1).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}

#[tokio::test]
async fn a_checkpoint_brings_about_what_follows_before_the_position_moves() {
    let (backend, told, reads) = open_one().await;
    let first = [
        Sent::new("a", 0, 1),
        Sent::new("b", 900_000, 2),
        Sent::new("a", 1_800_000, 3),
    ];
    reads.apply(0, &columns(&first), 1).unwrap();
    *told.failures.lock().unwrap() = 1;
    assert!(reads.checkpoint(0).await.is_err());
    assert_eq!(stored_position(&backend).await, 0);
    reads.apply(0, &columns(&[Sent::new("a", 0, 9)]), 2).unwrap();
    reads.checkpoint(0).await.unwrap(); // what failed, and what came since
    let touched = |meter: &str, range_ms, conflicts| Touched {
        meter: id(meter),
        range_ms,
        conflicts,
        settled: vec![],
        crowded: vec![],
    };
    let conflict = (Series::Interval(model::Channel::Import), 0);
    assert_eq!(
        told.touched(),
        [
            touched("a", 0..1_800_001, vec![]),
            touched("b", 900_000..900_001, vec![]),
            touched("a", 0..1, vec![conflict.clone()]),
        ]
    );
    assert_eq!(stored_position(&backend).await, 2);
    // a repeat brings about the same again
    reads.apply(0, &columns(&[Sent::new("a", 0, 1)]), 3).unwrap();
    reads.checkpoint(0).await.unwrap();
    assert_eq!(told.touched(), [touched("a", 0..1, vec![conflict.clone()])]);
    let mut decided = Sent::new("a", 0, 5);
    decided.content.revision = 1;
    reads.apply(0, &columns(&[decided]), 4).unwrap();
    reads.checkpoint(0).await.unwrap();
    assert_eq!(told.touched()[0].settled, [conflict]);
    assert_eq!(reads.bytes(), 0);
}

#[tokio::test]
async fn days_on_which_intervals_may_overlap_are_named_whenever_they_are_touched() {
    let (_, told, reads) = open_one().await;
    let import = model::Channel::Import;
    let mut long = Sent::new("a", 86_400_000, 1);
    long.content.interval_seconds = 3600;
    reads.apply(0, &columns(&[long]), 1).unwrap();
    reads.checkpoint(0).await.unwrap();
    assert_eq!(told.touched()[0].crowded, []);
    for position in 2..4 {
        let mut inside = columns(&[Sent::new("a", 86_400_000 + 900_000, 1)]);
        inside.supposed_repeat = vec![0];
        reads.apply(0, &inside, position).unwrap();
        reads.tick().await.unwrap(); // nothing is stored yet
        assert_eq!(told.touched()[0].crowded, [(import, 1)]);
        reads.checkpoint(0).await.unwrap();
        assert_eq!(told.touched()[0].crowded, [(import, 1)]);
    }
    reads.apply(0, &columns(&[Sent::new("a", 0, 1)]), 4).unwrap();
    reads.checkpoint(0).await.unwrap();
    assert_eq!(told.touched()[0].crowded, [], "another day");
}

#[tokio::test]
async fn a_store_that_fails_loses_nothing() {
    let (backend, told, reads) = open_one().await;
    let sent: Vec<Sent> = (0..40)
        .map(|slot| Sent::new("a", slot * 40_000_000, slot))
        .collect();
    reads.apply(0, &columns(&sent), 1).unwrap();
    backend.fail_next(2);
    for _ in 0..2 {
        assert!(reads.checkpoint(0).await.is_err());
        assert_eq!(fleet::values(&reads, "a").await.len(), 40);
    }
    assert_eq!(stored_position(&backend).await, 0);
    reads.checkpoint(0).await.unwrap();
    assert_eq!((stored_position(&backend).await, reads.position(0)), (1, 1));
    let again = open(&backend, &told, 1).await;
    assert_eq!(fleet::values(&again, "a").await, (0..40).collect::<Vec<i64>>());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_wait_comes_within_seconds_and_the_rest_within_a_minute() {
    let (backend, told, reads) = open_one().await;
    reads
        .apply(0, &columns(&[Sent::new("a", 0, 1), Sent::new("b", 0, 1)]), 1)
        .unwrap();
    reads.checkpoint(0).await.unwrap();
    told.touched();
    let stop = tokio_util::sync::CancellationToken::new();
    let checkpoints = tokio::task::JoinSet::from_iter([Arc::clone(&reads).run_checkpoints(stop.clone())]);
    let seconds = |seconds| tokio::time::sleep(std::time::Duration::from_secs(seconds));
    let names = |touched: Vec<Touched>| {
        touched
            .iter()
            .map(|touched| touched.meter.to_string())
            .collect::<String>()
    };

    let mut repeat = columns(&[Sent::new("a", 0, 2), Sent::new("b", 900_000, 2)]);
    repeat.supposed_repeat = vec![0];
    reads.apply(0, &repeat, 2).unwrap();
    seconds(3).await;
    let touched = told.touched();
    assert_eq!(touched.len(), 1);
    assert_eq!(
        (touched[0].meter.as_str(), touched[0].conflicts.len()),
        ("a", 1),
        "with what is stored"
    );
    reads.apply(0, &columns(&[Sent::new("new", 0, 2)]), 3).unwrap();
    seconds(3).await;
    assert_eq!(names(told.touched()), "new");
    *told.settled_before_ms.lock().unwrap() = Some(1_000);
    reads
        .apply(
            0,
            &columns(&[Sent::new("b", 1_000, 2), Sent::new("a", 999, 2)]),
            4,
        )
        .unwrap();
    seconds(3).await;
    assert_eq!(names(told.touched()), "a");
    seconds(60).await;
    assert_eq!(names(told.touched()), "abnew");
    seconds(120).await;
    assert_eq!(names(told.touched()), "", "once");
    assert_eq!(
        stored_position(&backend).await,
        1,
        "and nothing was stored for it"
    );
    seconds(3600).await;
    assert_eq!(stored_position(&backend).await, 4);
    stop.cancel();
    checkpoints.join_all().await;
}

/// A bus that delivers only so much before it is acknowledged does not wait for the blocks of a quiet fleet; nor does it when a
/// checkpoint fails and nothing more comes.
#[tokio::test(start_paused = true)]
async fn the_bus_says_how_long_readings_may_be_unstored() {
    let (backend, told) = (InParts::default(), Arc::new(Told::default()));
    let limits = Limits {
        unstored: Duration::from_secs(2),
        ..Limits::default()
    };
    let reads = Reads::open(backend.open().await, told, 1, limits).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let checkpoints = tokio::task::JoinSet::from_iter([Arc::clone(&reads).run_checkpoints(stop.clone())]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    reads.apply(0, &columns(&[Sent::new("a", 0, 1)]), 1).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stored_position(&backend).await, 1);

    backend.fail_next(1);
    reads
        .apply(0, &columns(&[Sent::new("a", 900_000, 1)]), 2)
        .unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stored_position(&backend).await, 1, "it failed");
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(stored_position(&backend).await, 2, "and was tried again");
    stop.cancel();
    checkpoints.join_all().await;
}

/// A shard whose checkpoints fail does not keep the others from theirs.
#[tokio::test(start_paused = true)]
async fn shards_fail_alone() {
    let (backend, told) = (InParts::default(), Arc::new(Told::default()));
    let reads = open(&backend, &told, 4).await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        let shard = shard_of(meter_hash(name), 4);
        reads.apply(shard, &columns(&[Sent::new(name, 0, 1)]), 1).unwrap();
    }
    let used = (0..4).filter(|shard| reads.position(*shard) == 1).count();
    assert!(used > 1);
    backend.fail_next(1);
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    assert!(reads.tick().await.is_err());
    let stored = (0..4)
        .filter(|shard| *reads.stored(*shard).unwrap().borrow() == 1)
        .count();
    assert_eq!(stored, used - 1);
}

#[tokio::test]
async fn at_the_bound_of_memory_consumers_wait() {
    let (backend, told) = (InParts::default(), Arc::new(Told::default()));
    let limits = Limits {
        pending_bytes: 300_000,
        ..Limits::default()
    };
    let reads = Reads::open(backend.open().await, told, 1, limits).await.unwrap();
    reads.wait_for_room().await;
    let sent: Vec<Sent> = (0..20_000)
        .map(|slot| Sent::new("a", slot * 1_000, slot))
        .collect();
    reads.apply(0, &columns(&sent), 1).unwrap();
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(20), reads.wait_for_room());
    assert!(waiting.await.is_err());
    let (_, ()) = tokio::join!(reads.checkpoint(0), reads.wait_for_room());
    assert_eq!(reads.bytes(), 0);
}

async fn stored_position(backend: &InParts) -> Position {
    backend.open().await.open(0, 1).await.unwrap().position
}
