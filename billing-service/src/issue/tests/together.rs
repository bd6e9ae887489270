//! Several bill runs at the same time.

use super::*;

/// A store at which callers take turns, as they would at a server.
struct Slow(Arc<dyn DocumentStore>);

#[async_trait::async_trait]
impl DocumentStore for Slow {
    async fn insert(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        tokio::task::yield_now().await;
        self.0.insert(entries).await
    }

    async fn put(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        tokio::task::yield_now().await;
        self.0.put(entries).await
    }

    async fn remove(&self, collection: Collection, id: &str) -> Result<(), StoreError> {
        self.0.remove(collection, id).await
    }

    async fn get(&self, collection: Collection, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        tokio::task::yield_now().await;
        self.0.get(collection, id).await
    }

    async fn list(
        &self,
        collection: Collection,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        tokio::task::yield_now().await;
        self.0.list(collection, prefix, after, limit).await
    }

    async fn sync(&self) -> Result<(), StoreError> {
        self.0.sync().await
    }
}

#[tokio::test]
async fn runs_at_the_same_time_issue_each_bill_once() {
    let folder = tempfile::tempdir().unwrap();
    let wrap = |inner| Arc::new(Slow(inner)) as Arc<dyn DocumentStore>;
    let world = World::open_with(folder.path(), wrap, Arc::new(MemoryCache::new(0))).await;
    let seller = Seller {
        id: "s".to_owned(),
        series: "NW7".to_owned(),
        ..Seller::default()
    };
    world.put(Object::Seller(seller)).await.unwrap();
    street(&world).await;
    let (one, two, three) = tokio::join!(world.run(), world.run(), world.run());
    let answers = [one, two, three].map(Result::unwrap);
    let said: Vec<_> = answers
        .iter()
        .map(|answer| (answer.held, answer.ready, answer.issued + answer.already_issued))
        .collect();
    assert_eq!(said, [(0, 0, 3); 3]);
    let claimed: Vec<Bill> = answers.into_iter().flat_map(|answer| answer.bills).collect();
    assert_eq!(claimed.len(), 3, "a bill is issued by one of them");
    let issued = world.office.metrics.bills(crate::bill::ISSUED).get();
    assert_eq!(issued, 3);
    let expected = [
        "NW7-INV-2024-000001",
        "NW7-INV-2024-000002",
        "NW7-INV-2024-000003",
    ];
    assert_eq!(numbers(&bills(&world).await), expected);
}
