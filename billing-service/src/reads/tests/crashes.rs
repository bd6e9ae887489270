//! Whatever order, repetition, checkpoints and crashes: the same reads, to the byte.

use std::collections::BTreeMap;

use model::{Channel, Content, MeasuredQuantity, Quality, Series};
use proptest::prelude::*;

use super::*;
use crate::block;
use crate::embedded::Embedded;
use crate::reads::store::{BlockKey, EmbeddedReads, MongoReads, ReadsStore};
use service_kit::mongo::Mongo;
use service_kit::testing::Database;

const METERS: [&str; 4] = ["a", "b", "c", "d"];
const DAY_MS: i64 = 86_400_000;

fn all_series() -> Vec<Series> {
    vec![
        Series::Interval(Channel::Import),
        Series::Interval(Channel::Export),
        Series::Register(Channel::Import, "day".into()),
        Series::Telemetry(MeasuredQuantity::Voltage),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let parts = (
        0_usize..4,
        0_usize..4,
        0_i64..200,
        0_i64..3,
        0_usize..2,
        0_u32..2,
        0_i64..3,
    );
    parts.prop_map(|(meter, series, slot, value, quality, revision, received)| Sent {
        meter: METERS[meter].to_owned(),
        series: all_series()[series].clone(),
        start_ms: 20_000 * DAY_MS + slot * 900_000,
        content: Content {
            value,
            interval_seconds: 900,
            quality: Quality::ALL[quality],
            revision,
        },
        received_ms: 1_700_000_000_000 + received * 1_000,
    })
}

/// What happens to a consumer.
#[derive(Debug, Clone)]
enum Step {
    /// The message at this place of the log comes (again).
    Deliver(prop::sample::Index),
    Checkpoint,
    /// The process ends, and a new one reads the log from the stored position.
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<prop::sample::Index>().prop_map(Step::Deliver),
        2 => Just(Step::Checkpoint),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 0..30)
}

/// Every stored block by the meter's name, so that two stores that number meters differently can be compared.
async fn blocks(store: &dyn ReadsStore) -> BTreeMap<(String, String, i32), Vec<u8>> {
    let opened = store.open(0, 1).await.unwrap();
    let mut blocks = BTreeMap::new();
    for (meter, name) in (0..).zip(&opened.meters) {
        for series in all_series() {
            for day in 19_999..20_004 {
                let key = BlockKey {
                    day,
                    meter,
                    series: series.clone(),
                };
                let entries = store::contract::read(store, 0, &key).await;
                if !entries.is_empty() {
                    blocks.insert(
                        (name.clone(), format!("{series:?}"), day),
                        block::encode(&entries).unwrap(),
                    );
                }
            }
        }
    }
    blocks
}

/// Plays `steps`, then reads the rest of the log as a consumer would, and stores everything.
async fn play(
    backend: &dyn Backend,
    log: &[Vec<Sent>],
    steps: &[Step],
) -> BTreeMap<(String, String, i32), Vec<u8>> {
    let told = Arc::new(Told::default());
    let mut reads = open(backend, &told, 1).await;
    let mut consumed = 0; // messages up to here were delivered in order
    for step in steps {
        match step {
            // positions are acknowledged in order, so a message may come early only if it comes again in its place
            Step::Deliver(index) => {
                let index = index.index(log.len());
                if index <= consumed {
                    reads
                        .apply(0, &columns(&log[index]), index as Position + 1)
                        .unwrap();
                    consumed = consumed.max(index + 1);
                }
            }
            Step::Checkpoint => reads.checkpoint(0).await.unwrap(),
            Step::Crash => {
                drop(reads);
                reads = open(backend, &told, 1).await;
                consumed = reads.position(0) as usize;
            }
        }
        if consumed == log.len() {
            break;
        }
    }
    for (index, message) in log.iter().enumerate().skip(consumed) {
        reads.apply(0, &columns(message), index as Position + 1).unwrap();
    }
    let mut expected = Fleet::default();
    for message in log {
        message
            .iter()
            .for_each(|sent| expected.keep(sent, message[0].received_ms));
    }
    assert_eq!(
        Fleet::ask(&reads, &METERS, &all_series()).await,
        expected,
        "before everything is stored"
    );
    reads.checkpoint(0).await.unwrap();
    assert_eq!(
        Fleet::ask(&reads, &METERS, &all_series()).await,
        expected,
        "after"
    );
    drop(reads);
    let reads = open(backend, &told, 1).await;
    assert_eq!(
        Fleet::ask(&reads, &METERS, &all_series()).await,
        expected,
        "after opening again"
    );
    drop(reads);
    blocks(&*backend.open().await).await
}

struct Folder(tempfile::TempDir);

#[async_trait::async_trait]
impl Backend for Folder {
    async fn open(&self) -> Arc<dyn ReadsStore> {
        Arc::new(EmbeddedReads::new(&Embedded::open(self.0.path()).unwrap()).unwrap())
    }
}

struct Server(Database);

#[async_trait::async_trait]
impl Backend for Server {
    async fn open(&self) -> Arc<dyn ReadsStore> {
        let mongo = Mongo::open(self.0.url(), &MongoReads::COLLECTIONS).await.unwrap();
        Arc::new(MongoReads::new(mongo).await.unwrap())
    }
}

fn log() -> impl Strategy<Value = Vec<Vec<Sent>>> {
    prop::collection::vec(prop::collection::vec(sent(), 1..12), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_history_leaves_the_same_bytes(log in log(), steps in steps(), order in any::<prop::sample::Index>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let straight = play(&InParts::default(), &log, &[]).await;
            assert_eq!(play(&InParts::default(), &log, &steps).await, straight);
            // as if the messages had been published in another order
            let mut turned = log.clone();
            turned.rotate_left(order.index(log.len()));
            turned.extend(log.iter().take(2).cloned());
            assert_eq!(play(&InParts::default(), &turned, &steps).await, straight);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_embedded_store_keeps_the_same(log in log(), steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let straight = play(&InParts::default(), &log, &[]).await;
            let folder = Folder(tempfile::tempdir().unwrap());
            assert_eq!(play(&folder, &log, &steps).await, straight);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn mongodb_keeps_the_same(log in log(), steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let straight = play(&InParts::default(), &log, &[]).await;
            let server = Server(Database::new("reads_crashes"));
            assert_eq!(play(&server, &log, &steps).await, straight);
            server.0.drop().await;
        });
    }
}
