use std::task::Poll;

use service_kit::testing::Database;

use super::*;
use crate::store::contract;

struct Server(Database);

async fn open(database: &Database) -> Result<MongoWindows, StoreError> {
    let told = service_kit::Readiness::default().told_by("store", true);
    MongoWindows::open(database.url(), told, &Tasks::default()).await
}

impl contract::Open for Server {
    type Store = MongoWindows;

    async fn open(&self) -> Result<MongoWindows, StoreError> {
        open(&self.0).await
    }
}

#[tokio::test]
async fn mongodb_keeps_the_contract() {
    let server = Server(Database::new("windows_contract"));
    contract::check(&server).await.unwrap();
    server.0.drop().await;
}

/// A process that ends between two writes of a batch leaves a day that is folded again, never one that is believed and wrong.
#[tokio::test]
async fn a_batch_that_was_cut_off_leaves_its_days_stale_and_the_progress_behind() {
    let server = Server(Database::new("windows_cut_off"));
    let store = open(&server.0).await.unwrap();
    let header = DayHeader {
        day: 5,
        position: 7,
        ..DayHeader::default()
    };
    let batch = |position| Batch {
        shard: 1,
        days: vec![DayDocument {
            header: DayHeader { position, ..header },
            groups: Vec::new(),
        }],
        progress: Some(Progress {
            position,
            ..Progress::default()
        }),
        ..Batch::default()
    };
    store.save(batch(7)).await.unwrap();
    {
        let other = open(&server.0).await.unwrap();
        let mut save = std::pin::pin!(store.save(batch(9)));
        loop {
            // a step at a time: a reply is only taken, and the next write only sent, when it is polled
            let step = std::future::poll_fn(|context| Poll::Ready(save.as_mut().poll(context)));
            assert!(step.await.is_pending(), "it is cut off before its end");
            let header = other.header(&day_id(1, 5)).await.unwrap().unwrap();
            if header.position == 9 {
                break;
            }
        }
    }
    let kept = store.kept(1).await.unwrap();
    assert_eq!(kept.progress.map(|progress| progress.position), Some(7));
    assert_eq!(
        kept.days
            .iter()
            .map(|day| (day.position, day.stale))
            .collect::<Vec<_>>(),
        [(9, true)]
    );
    server.0.drop().await;
}
