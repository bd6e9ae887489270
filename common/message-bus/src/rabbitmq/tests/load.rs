//! Publishers and a reader at work, and what they have seen: whatever was confirmed must be read.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::task::JoinSet;

use super::*;

/// Publishers at the same time.
const PUBLISHERS: usize = 8;

/// What is known of a load.
#[derive(Default)]
struct Book {
    end: AtomicBool,
    sent: AtomicU64,
    confirmed: Mutex<Vec<u128>>,
    seen: Mutex<HashSet<u128>>,
}

/// Load on shard 0 until it is ended.
pub(super) struct Load {
    book: Arc<Book>,
    publishers: JoinSet<()>,
    _reader: JoinSet<()>,
}

impl Load {
    /// Publishers, and a reader that acknowledges every tenth message.
    pub(super) async fn start(bus: &Arc<Rabbit>) -> Self {
        let book = Arc::<Book>::default();
        let mut publishers = JoinSet::new();
        for _ in 0..PUBLISHERS {
            publishers.spawn(publish(Arc::clone(bus), Arc::clone(&book)));
        }
        let reader = bus.subscribe(Group::Billing, readings(0), Some(0)).await.unwrap();
        let mut readers = JoinSet::new();
        readers.spawn(read(reader, Arc::clone(&book)));
        Self {
            book,
            publishers,
            _reader: readers,
        }
    }

    pub(super) fn confirmed(&self) -> usize {
        self.book.confirmed.lock().unwrap().len()
    }

    /// Until `count` more messages are confirmed.
    pub(super) async fn confirm(&self, count: usize) {
        let wanted = self.confirmed() + count;
        let confirmed = async {
            while self.confirmed() < wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, confirmed)
            .await
            .expect("messages are confirmed");
    }

    /// Ends the publishers and waits until all that was confirmed is read. Says how many were confirmed, and how many read.
    pub(super) async fn end(mut self) -> (usize, usize) {
        self.book.end.store(true, Ordering::Relaxed);
        while self.publishers.join_next().await.is_some() {}
        let confirmed = std::mem::take(&mut *self.book.confirmed.lock().unwrap());
        let missing = || {
            let seen = self.book.seen.lock().unwrap();
            confirmed.iter().filter(|id| !seen.contains(id)).count()
        };
        let until = Instant::now() + PATIENCE;
        while missing() > 0 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(missing(), 0, "of {} confirmed messages are lost", confirmed.len());
        let seen = self.book.seen.lock().unwrap();
        let sent = u128::from(self.book.sent.load(Ordering::Relaxed));
        assert!(
            seen.iter().all(|id| *id < sent),
            "nothing is read that was not sent"
        );
        (confirmed.len(), seen.len())
    }
}

async fn publish(bus: Arc<Rabbit>, book: Arc<Book>) {
    while !book.end.load(Ordering::Relaxed) {
        let id = u128::from(book.sent.fetch_add(1, Ordering::Relaxed));
        match bus.publish(vec![message(readings(0), id)]).await {
            Ok(()) => book.confirmed.lock().unwrap().push(id),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn read(mut reader: Box<dyn Subscription>, book: Arc<Book>) {
    let mut last = 0;
    loop {
        let Ok(Delivery::Message {
            position, id, body, ..
        }) = reader.next().await
        else {
            return; // closed
        };
        assert!(position > last, "positions grow");
        assert_eq!(body, message(readings(0), id).body);
        last = position;
        let seen = {
            let mut seen = book.seen.lock().unwrap();
            seen.insert(id);
            seen.len()
        };
        if seen % 10 == 0 && reader.ack(position).await.is_err() {
            continue; // they come again
        }
    }
}
