//! The contract, and what only the embedded journal promises.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::*;
use crate::Delivery;
use crate::contract::{self, Backend, Place};

mod damage;
mod faults;
mod folder;
mod hostile;
mod kill;
mod model;
mod power;
mod retention;

const SHARDS: u16 = 2;

struct Folders;

struct Folder {
    folder: tempfile::TempDir,
    small: bool,
}

impl Backend for Folders {
    fn place(&self) -> Box<dyn Place> {
        Box::new(Folder {
            folder: tempfile::tempdir().unwrap(),
            small: false,
        })
    }

    fn small(&self) -> Box<dyn Place> {
        Box::new(Folder {
            folder: tempfile::tempdir().unwrap(),
            small: true,
        })
    }
}

#[async_trait::async_trait]
impl Place for Folder {
    async fn open(&self) -> Result<Arc<dyn Bus>, BusError> {
        let mut options = Options::new(self.folder.path().join("journal"), contract::SHARDS);
        if self.small {
            options.segment_bytes = contract::SMALL_BYTES / 4;
            options.spare_bytes = 0;
            options.limit_bytes = contract::SMALL_BYTES;
        }
        Ok(Journal::open(options, CancellationToken::new())?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_contract() {
    contract::check(&Folders).await.unwrap();
}

#[tokio::test]
async fn passes_the_contract_on_one_thread() {
    contract::check(&Folders).await.unwrap();
}

/// Small segments, so that little makes many.
fn small(folder: &Path) -> Options {
    Options {
        segment_bytes: 700,
        spare_bytes: 1 << 20,
        limit_bytes: 64 << 20,
        reserve_bytes: 0,
        ..Options::new(folder, SHARDS)
    }
}

fn open(options: Options) -> Result<Arc<Journal>, BusError> {
    Journal::open(options, CancellationToken::new())
}

fn readings(shard: u16) -> Topic {
    Topic::Readings { shard }
}

fn message(topic: Topic, id: u128) -> Message {
    Message {
        topic,
        id,
        kind: "test.Kind",
        time_ms: 1,
        traced: Vec::new(),
        body: Bytes::from(format!("body of {id}")),
    }
}

/// Publishes each id alone, to shard 0: one group each.
async fn publish_ids(journal: &Journal, ids: std::ops::Range<u128>) {
    for id in ids {
        journal.publish(vec![message(readings(0), id)]).await.unwrap();
    }
}

/// Position and id of everything that is delivered now; bodies are checked.
async fn drain(reader: &mut dyn Subscription) -> Vec<(Position, u128)> {
    let mut all = Vec::new();
    while let Some(delivery) = reader.try_next().await.unwrap() {
        match delivery {
            Delivery::Message {
                position, id, body, ..
            } => {
                assert_eq!(body, message(readings(0), id).body);
                all.push((position, id));
            }
            Delivery::Gap { after, next } => panic!("a gap from {after} to {next}"),
        }
    }
    all
}

async fn delivered_ids(journal: &Journal, group: Group, topic: Topic) -> Vec<u128> {
    let mut reader = journal.subscribe(group, topic, None).await.unwrap();
    drain(&mut *reader).await.into_iter().map(|(_, id)| id).collect()
}

/// The folder as another process would find it after a kill at this moment.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn segment_paths(folder: &Path) -> Vec<PathBuf> {
    let listed = segment::list(folder).unwrap();
    listed.segments.into_iter().map(|(_, path)| path).collect()
}

#[tokio::test]
async fn dump_hands_out_the_range_also_while_the_journal_is_open() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(small(temp.path())).unwrap();
    publish_ids(&journal, 0..30).await;
    let seen = |range| {
        let mut ids = Vec::new();
        dump(temp.path(), range, &mut |dumped| {
            match dumped {
                Dumped::Message { id, body, .. } => {
                    assert_eq!(body, message(readings(0), id).body);
                    ids.push(id);
                }
                Dumped::Damage(damage) => panic!("{damage:?}"),
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        ids
    };
    assert_eq!(seen(0..=u64::MAX), (0..30).collect::<Vec<_>>());
    assert_eq!(seen(5..=9), (4..9).collect::<Vec<_>>());
    assert_eq!(seen(31..=40), Vec::<u128>::new());
    let report = verify(temp.path()).unwrap();
    assert_eq!(
        (report.shards, report.damages, report.unfinished),
        (SHARDS, vec![], None)
    );
    assert!(report.segments.len() > 2);
    assert_eq!(
        report
            .segments
            .iter()
            .map(|segment| segment.messages)
            .sum::<u64>(),
        30
    );
    let mut first = 1;
    for segment in report.segments.iter().filter(|segment| segment.messages > 0) {
        let (from, to) = segment.positions.unwrap();
        assert_eq!(from, first);
        assert_eq!(segment.messages, to - from + 1);
        first = to + 1;
    }
    journal.close().await.unwrap();
}
