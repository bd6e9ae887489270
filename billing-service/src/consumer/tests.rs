use std::sync::Arc;
use std::time::Duration;

use message_bus::embedded::{Journal, Options};
use message_bus::{Health, Message};
use proto::columns::Row;

use super::*;
use crate::reads::store::contract::{Backend, InParts};
use crate::reads::tests::{Told, open};

const GRACE: Duration = Duration::from_secs(20);

fn journal(folder: &tempfile::TempDir) -> Arc<Journal> {
    Journal::open(Options::new(folder.path(), 1), CancellationToken::new()).unwrap()
}

fn message(id: u128, body: Vec<u8>) -> Message {
    Message {
        topic: Topic::Readings { shard: 0 },
        id,
        kind: "gridtally.meter.v1.ReadingColumns",
        time_ms: 7,
        traced: Vec::new(),
        body: body.into(),
    }
}

fn batch(start_ms: i64) -> Vec<u8> {
    let mut columns = ReadingColumns::default();
    columns.push_meter_id("m-1");
    columns.push(&Row {
        meter: 0,
        start_ms,
        kind: 1,
        channel: 1,
        register: 0,
        value: 5,
        interval_seconds: 0,
        quality: 1,
        revision: 0,
        sequence: 0,
    });
    columns.encode_to_vec()
}

struct Process {
    tasks: Tasks,
    reads: Arc<Reads>,
    told: Arc<Told>,
}

impl Process {
    async fn start(bus: Arc<dyn Bus>, store: &InParts) -> Result<Self, Error> {
        let told = Arc::new(Told::default());
        let reads = open(store, &told, bus.shards()).await;
        let tasks = Tasks::new(CancellationToken::new());
        let consumer = Consumer {
            bus,
            reads: Arc::clone(&reads),
            consequences: Arc::clone(&told) as _,
            followed: Arc::default(),
            over: CancellationToken::new(),
        };
        consumer.start_all(&tasks).await?;
        Ok(Self { tasks, reads, told })
    }

    async fn reach(&self, position: Position) {
        let reached = async {
            while self.reads.position(0) < position {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(GRACE, reached).await.unwrap();
    }

    async fn stop(self) -> Arc<Told> {
        assert!(self.tasks.drain(GRACE).await);
        self.told
    }
}

/// What is consumed is stored and acknowledged at the stop, what cannot be read is quarantined, and nothing comes twice.
#[tokio::test]
async fn messages_become_reads_and_garbage_is_set_aside() {
    let (folder, store) = (tempfile::tempdir().unwrap(), InParts::default());
    let bus = journal(&folder);
    let mut contradictory = ReadingColumns::decode(batch(0).as_slice()).unwrap();
    contradictory.meter.push(9);
    let messages = vec![
        message(1, batch(0)),
        message(2, b"\xff\xff garbage".to_vec()),
        message(3, contradictory.encode_to_vec()),
        message(4, batch(900_000)),
    ];
    bus.publish(messages).await.unwrap();
    let last = bus.health().last;
    let process = Process::start(Arc::clone(&bus) as _, &store).await.unwrap();
    process.reach(last).await;
    let reads = Arc::clone(&process.reads);
    let meter = "m-1".parse().unwrap();
    let found = reads
        .intervals(&meter, model::Channel::Import, 0..i64::MAX)
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    let quarantined = process.stop().await.quarantined();
    let reasons: Vec<(u128, &str)> = quarantined
        .iter()
        .map(|message| (message.id, message.reason.as_str()))
        .collect();
    assert_eq!(reasons.len(), 2);
    assert_eq!(
        (reasons[0].0, reasons[1]),
        (2, (3, "column meter has an entry out of range"))
    );
    assert!(
        reasons[0].1.starts_with("it is not a batch of readings"),
        "{reasons:?}"
    );
    assert_eq!(acked(&*bus), last);
    assert_eq!(store.open().await.open(0, 1).await.unwrap().position, last);

    let process = Process::start(Arc::clone(&bus) as _, &store).await.unwrap();
    bus.publish(vec![message(5, batch(1_800_000))]).await.unwrap();
    process.reach(bus.health().last).await;
    assert!(
        process.stop().await.quarantined().is_empty(),
        "what was acknowledged does not come again"
    );
    bus.close().await.unwrap();
}

/// A process that ends without a checkpoint reads the same messages again.
#[tokio::test]
async fn what_was_not_stored_comes_again() {
    let (folder, store) = (tempfile::tempdir().unwrap(), InParts::default());
    let bus = journal(&folder);
    bus.publish(vec![message(1, batch(0))]).await.unwrap();
    let killed = Process::start(Arc::clone(&bus) as _, &store).await.unwrap();
    killed.reach(bus.health().last).await;
    store.fail_next(usize::MAX); // as if it had been killed: the stop stores nothing
    assert!(!killed.tasks.drain(GRACE).await, "it did not do what it should");
    store.fail_next(0);
    assert_eq!(acked(&*bus), 0);
    let process = Process::start(Arc::clone(&bus) as _, &store).await.unwrap();
    process.reach(bus.health().last).await;
    process.stop().await;
    assert_eq!(acked(&*bus), bus.health().last);
    bus.close().await.unwrap();
}

fn acked(bus: &dyn Bus) -> Position {
    let health = bus.health();
    let own = health.acked.iter().find(|(group, ..)| *group == Group::Billing);
    own.map_or(0, |(_, _, position)| *position)
}

/// A bus that has forgotten what the store needs.
struct Forgetful;

#[async_trait::async_trait]
impl Bus for Forgetful {
    fn shards(&self) -> u16 {
        1
    }

    async fn publish(&self, _: Vec<Message>) -> Result<(), BusError> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _: Group,
        _: Topic,
        from: Option<Position>,
    ) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Lost {
            wanted: from.unwrap_or(0),
            first: 90,
        })
    }

    fn health(&self) -> Health {
        Health::default()
    }

    async fn close(&self) -> Result<(), BusError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_store_older_than_the_bus_refuses_to_start() {
    let refused = Process::start(Arc::new(Forgetful), &InParts::default()).await;
    let error = refused.err().unwrap();
    assert!(
        matches!(
            error,
            Error::Overtaken {
                shard: 0,
                stored: 0,
                first: 90
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("readings between are in neither"));
}
