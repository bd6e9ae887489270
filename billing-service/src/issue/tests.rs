mod late;
mod together;

use std::sync::atomic::{AtomicU32, Ordering};

use prost::Message as _;
use proto::billing::Seller;
use proto::billing::register_object::Object;

use super::*;
use crate::cache::MemoryCache;
use crate::store::{Collection, DocumentStore, Entry, NumberClaim};
use crate::world::{World, agreement, amounts, batch, installation, load, meter, ms, point, reasons};

const GOLDEN: [(&str, &str); 5] = [
    ("energy.high", "67.40"),
    ("energy.low", "32.54"),
    ("base", "10.15"),
    ("vat", "22.02"),
    ("total", "132.11"),
];

#[tokio::test]
async fn a_household_is_billed_to_the_cent() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    let answer = world.run().await.unwrap();
    assert_eq!((answer.issued, answer.held, answer.already_issued), (1, 0, 0));
    let bill = &answer.bills[0];
    assert_eq!(amounts(bill), GOLDEN);
    assert_eq!(
        (bill.id.as_str(), bill.number.as_str()),
        ("a.2024-03-15.0", "GT-INV-2024-000001")
    );
    assert_eq!(
        (bill.days, bill.intervals, bill.totals["import"].as_str()),
        (31, 2972, "316.4152")
    );
    assert_eq!(
        bill.zone_offsets,
        ["2024-03-14T23:00:00Z +01:00", "2024-03-31T01:00:00Z +02:00"]
    );
    assert_eq!(
        bill.history
            .iter()
            .map(|step| step.to.as_str())
            .collect::<Vec<_>>(),
        ["approved", "issued"]
    );
    assert!(world.office.verify(&bill.id).await.unwrap());
    let event = world.bus.published.lock().unwrap()[0].clone();
    assert_eq!((event.kind, Bill::decode(event.body).as_ref()), (EVENT, Ok(bill)));

    let again = world.run().await.unwrap();
    assert_eq!((again.issued, again.already_issued, again.bills.len()), (0, 1, 0));
    assert_eq!(world.bus.published.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_incomplete_is_held_with_its_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let mut rows = load();
    let second = rows[100].0;
    rows.remove(50);
    rows.drain(60..64);
    world.deliver(&batch("m", &rows)).await;
    world.deliver(&batch("m", &[(second, 123, 0)])).await;
    let answer = world.run().await.unwrap();
    assert_eq!((answer.issued, answer.held), (0, 1));
    let expected = [
        (
            "MISSING_INTERVALS",
            "m IMPORT: 5 intervals missing, the first at 2024-03-15T12:30:00+01:00",
        ),
        (
            "CONFLICT",
            "import: 1 intervals have several values, the first at 2024-03-16T01:00:00+01:00",
        ),
    ];
    assert_eq!(reasons(&answer.bills[0]), expected);
    assert_eq!(answer.bills[0].status, "draft");
    assert!(answer.bills[0].number.is_empty());
}

/// Fails the n-th write of documents, before or after it took effect: as a crash at that point would look.
struct Faulty {
    inner: Arc<dyn DocumentStore>,
    left: Arc<AtomicU32>,
    applies: bool,
}

impl Faulty {
    /// Whether this write is the one that fails, or comes after it: a dead process writes no more.
    fn fails(&self) -> bool {
        self.left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                Some(left.saturating_sub(1))
            })
            == Ok(1)
            || self.left.load(Ordering::SeqCst) == 0
    }
}

#[async_trait::async_trait]
impl DocumentStore for Faulty {
    async fn insert(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        let before = self.left.load(Ordering::SeqCst);
        let fails = self.fails();
        if fails && (before == 0 || !self.applies) {
            return Err(StoreError::Closing);
        }
        let outcome = self.inner.insert(entries).await;
        if fails { Err(StoreError::Closing) } else { outcome }
    }

    async fn put(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        let before = self.left.load(Ordering::SeqCst);
        let fails = self.fails();
        if fails && (before == 0 || !self.applies) {
            return Err(StoreError::Closing);
        }
        let outcome = self.inner.put(entries).await;
        if fails { Err(StoreError::Closing) } else { outcome }
    }

    async fn remove(&self, collection: Collection, id: &str) -> Result<(), StoreError> {
        if self.fails() {
            return Err(StoreError::Closing);
        }
        self.inner.remove(collection, id).await
    }

    async fn get(&self, collection: Collection, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(collection, id).await
    }

    async fn list(
        &self,
        collection: Collection,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.inner.list(collection, prefix, after, limit).await
    }

    async fn sync(&self) -> Result<(), StoreError> {
        if self.fails() {
            Err(StoreError::Closing)
        } else {
            self.inner.sync().await
        }
    }
}

/// Three households, complete for two days.
async fn street(world: &World) {
    world.furnish().await;
    let end = "2024-03-17T00:00:00+01:00";
    let days: Vec<_> = load().into_iter().filter(|row| row.0 < ms(end)).collect();
    for (number, name) in ["", "1", "2"].into_iter().enumerate() {
        let id = |prefix: &str| format!("{prefix}{name}");
        if number > 0 {
            let place = installation(&id("i"), &id("m"), &id("p"), "2024-03-01T00:00:00Z", "");
            for object in [
                Object::ServicePoint(point(&id("p"))),
                Object::Meter(meter(&id("m"))),
                Object::Installation(place),
            ] {
                world.put(object).await.unwrap();
            }
        }
        let agreement = agreement(&id("a"), &id("p"), "2024-03-15T00:00:00+01:00", end);
        world.put(Object::Agreement(agreement)).await.unwrap();
        world.deliver(&batch(&id("m"), &days)).await;
    }
    world.checkpoint().await;
}

async fn bills(world: &World) -> Vec<Bill> {
    world.office.store.list::<Bill>("", None, 100).await.unwrap()
}

fn numbers(bills: &[Bill]) -> Vec<String> {
    let mut numbers: Vec<String> = bills.iter().map(|bill| bill.number.clone()).collect();
    numbers.sort();
    numbers
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Cut after every step: the next start finishes, and there is one bill and one number for each, without a gap.
#[tokio::test]
async fn a_crash_at_any_step_loses_and_doubles_nothing() {
    let prepared = tempfile::tempdir().unwrap();
    street(&World::open(prepared.path()).await).await;
    for applies in [false, true] {
        let mut crashes = 0;
        for step in 1.. {
            let folder = tempfile::tempdir().unwrap();
            copy(prepared.path(), folder.path());
            let left = Arc::new(AtomicU32::new(u32::MAX));
            let wrap = |inner| {
                Arc::new(Faulty {
                    inner,
                    left: Arc::clone(&left),
                    applies,
                }) as Arc<dyn DocumentStore>
            };
            let outcome = {
                let world = World::open_with(folder.path(), wrap, Arc::new(MemoryCache::new(0))).await;
                left.store(step, Ordering::SeqCst);
                world.run().await
            };
            crashes += 1;
            let world = World::open(folder.path()).await;
            world.office.issuer.resume().await.unwrap();
            let answer = world.run().await.unwrap();
            assert_eq!(
                (answer.already_issued + answer.issued, answer.held),
                (3, 0),
                "step {step}"
            );
            let bills = bills(&world).await;
            let expected = ["GT-INV-2024-000001", "GT-INV-2024-000002", "GT-INV-2024-000003"];
            assert_eq!(numbers(&bills), expected, "step {step}");
            assert!(
                bills
                    .iter()
                    .all(|bill| bill.intervals == 192 && bill.total == bills[0].total),
                "step {step}"
            );
            assert!(
                world
                    .office
                    .store
                    .list::<Intent>("", None, 9)
                    .await
                    .unwrap()
                    .is_empty(),
                "step {step}"
            );
            assert_eq!(
                world
                    .office
                    .store
                    .list::<NumberClaim>("", None, 9)
                    .await
                    .unwrap()
                    .len(),
                3,
                "step {step}"
            );
            for bill in &bills {
                assert!(world.office.verify(&bill.id).await.unwrap());
            }
            if outcome.is_ok() {
                break;
            }
        }
        assert!(crashes > 15, "{crashes}");
    }
}

#[tokio::test]
async fn an_event_that_was_not_published_is_published_by_the_next_resume() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    street(&world).await;
    world.bus.broken.store(true, Ordering::SeqCst);
    assert!(world.run().await.is_err());
    assert!(world.office.issuer.resume().await.is_err());
    world.bus.broken.store(false, Ordering::SeqCst);
    assert_eq!(world.office.issuer.resume().await.unwrap(), 3);
    assert_eq!(world.office.issuer.resume().await.unwrap(), 0);
    let ids: std::collections::BTreeSet<u128> = world
        .bus
        .published
        .lock()
        .unwrap()
        .iter()
        .map(|message| message.id)
        .collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(bills(&world).await.len(), 3);
}
