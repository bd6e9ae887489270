//! Many objects in one call.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::task::Poll;

use super::*;
use crate::cache::MemoryCache;
use crate::store::{Collection, DocumentStore, Entry, Inserted, TariffEdition};

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const HANGS: u8 = 2;

/// A store that counts how often it is written to and synced, and whose disk may fail or hang.
struct Disk {
    inner: Arc<dyn DocumentStore>,
    puts: AtomicU32,
    syncs: AtomicU32,
    sync: AtomicU8,
}

#[async_trait::async_trait]
impl DocumentStore for Disk {
    async fn insert(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        self.inner.insert(entries).await
    }

    async fn put(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError> {
        self.puts.fetch_add(1, Ordering::SeqCst);
        self.inner.put(entries).await
    }

    async fn remove(&self, collection: Collection, id: &str) -> Result<(), StoreError> {
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
        self.syncs.fetch_add(1, Ordering::SeqCst);
        match self.sync.load(Ordering::SeqCst) {
            FAILS => Err(StoreError::Closing),
            HANGS => std::future::pending().await,
            _ => self.inner.sync().await,
        }
    }
}

async fn open(folder: &std::path::Path) -> (World, Arc<Disk>) {
    let mut disk = None;
    let wrap = |inner| {
        let wrapped = Arc::new(Disk {
            inner,
            puts: AtomicU32::new(0),
            syncs: AtomicU32::new(0),
            sync: AtomicU8::new(WORKS),
        });
        disk = Some(Arc::clone(&wrapped));
        wrapped as Arc<dyn DocumentStore>
    };
    let world = World::open_with(folder, wrap, Arc::new(MemoryCache::new(1 << 20))).await;
    (world, disk.unwrap())
}

fn place(id: &str, meter: &str, point: &str, from: &str, to: &str) -> Object {
    Object::Installation(installation(id, meter, point, from, to))
}

fn objects(objects: impl IntoIterator<Item = Object>) -> Vec<RegisterObject> {
    objects
        .into_iter()
        .map(|object| RegisterObject { object: Some(object) })
        .collect()
}

/// A word per object: what became of it, or why it was refused.
async fn put(world: &World, dry_run: bool, those: Vec<RegisterObject>) -> Vec<&'static str> {
    let many = world.office.register.put_many(those, dry_run).await.unwrap();
    many.results
        .into_iter()
        .map(|result| match result {
            Ok(Outcome::Created) => "created",
            Ok(Outcome::Replaced) => "replaced",
            Ok(Outcome::Unchanged) => "unchanged",
            Err(error) => error.reason(),
        })
        .collect()
}

/// A house with its agreement, objects that are refused between the others, and objects that need the ones before them.
fn mixed() -> (Vec<RegisterObject>, Vec<&'static str>) {
    const FROM: &str = "2024-03-01T00:00:00+01:00";
    let berlin = |id: &str| {
        Object::ServicePoint(proto::billing::ServicePoint {
            address: "1 Mill Lane".to_owned(),
            ..point(id)
        })
    };
    let seller = |id: &str| {
        Object::Seller(Seller {
            id: id.to_owned(),
            series: "NW".to_owned(),
            ..Seller::default()
        })
    };
    let paris = Object::ServicePoint(proto::billing::ServicePoint {
        zone: "Europe/Paris".to_owned(),
        ..point("p")
    });
    let day = Calendar {
        id: "day15".to_owned(),
        billing_day: 15,
        ..Calendar::default()
    };
    let cases = [
        (place("i", "m", "p", FROM, ""), "NOT_FOUND"),
        (Object::ServicePoint(point("p")), "created"),
        (Object::ServicePoint(point("q")), "created"),
        (Object::Meter(meter("bad id")), "BAD_ID"),
        (Object::Meter(meter("m")), "created"),
        (place("i", "m", "p", FROM, ""), "created"),
        (place("j", "m", "q", FROM, ""), "INSTALLATION_OVERLAP"),
        (place("i", "m", "p", FROM, "2024-06-01T00:00:00Z"), "replaced"),
        (place("j", "m", "q", "2024-06-01T00:00:00Z", ""), "created"),
        (berlin("q"), "replaced"),
        (berlin("q"), "unchanged"),
        (seller("s"), "created"),
        (seller("s2"), "SELLER_EXISTS"),
        (account("c", "EUR"), "created"),
        (Object::Calendar(day), "created"),
        (Object::Tariff(tariff("t", TARIFF)), "created"),
        (Object::Tariff(tariff("t", TARIFF)), "unchanged"),
        (Object::Agreement(agreement("a", "p", FROM, "")), "created"),
        (
            Object::Agreement(agreement("b", "p", "2024-05-01T00:00:00Z", "")),
            "AGREEMENT_OVERLAP",
        ),
        (
            Object::Agreement(agreement("a", "q", "2024-06-01T00:00:00Z", "")),
            "replaced",
        ),
        (Object::Agreement(agreement("b", "p", FROM, "")), "created"),
        (paris, "ZONE_IN_USE"),
    ];
    let (all, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let mut all = objects(all);
    all.push(RegisterObject { object: None });
    (all, expected.into_iter().chain(["NO_OBJECT"]).collect())
}

/// The objects of `all` that are not refused, one call each: what many in one call must come to.
async fn one_by_one(world: &World, all: &[RegisterObject]) -> Vec<&'static str> {
    let mut words = Vec::new();
    for object in all {
        words.extend(put(world, false, vec![object.clone()]).await);
    }
    words
}

fn agreements_of(world: &World, meter: &str) -> Vec<String> {
    let index = world.office.register.index();
    index
        .agreements_of(meter)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[tokio::test]
async fn each_is_judged_after_those_before_it_and_a_refusal_costs_no_other() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (all, expected) = mixed();
    let single = World::open(other.path()).await;
    assert_eq!(one_by_one(&single, &all).await, expected);
    let version = {
        let (world, disk) = open(folder.path()).await;
        assert_eq!(put(&world, false, all.clone()).await, expected);
        assert_eq!(disk.puts.load(Ordering::SeqCst), 1);
        assert_eq!(disk.syncs.load(Ordering::SeqCst), 1);
        assert_eq!(agreements_of(&world, "m"), ["a", "b"]);
        world.office.register.index().version
    };
    assert_eq!(version, single.office.register.index().version);
    let world = World::open(folder.path()).await;
    let register = &world.office.register;
    assert_eq!(register.index().version, version);
    assert_eq!(agreements_of(&world, "m"), ["a", "b"]);
    let at = |time| {
        register
            .index()
            .place_of("m", crate::world::ms(time))
            .unwrap()
            .point
            .to_string()
    };
    assert_eq!(
        (at("2024-04-01T00:00:00Z"), at("2024-07-01T00:00:00Z")),
        ("p".to_owned(), "q".to_owned())
    );
    let moved: Agreement = register.find("a").await.unwrap();
    assert_eq!(moved.service_point_id, "q");
    let text: Vec<proto::billing::Tariff> = register.list(None, 9).await.unwrap();
    let edition: TariffEdition = world.office.store.get(&text[0].edition).await.unwrap().unwrap();
    assert!(!edition.body.is_empty());
}

#[tokio::test]
async fn a_dry_run_judges_the_same_and_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (world, disk) = open(folder.path()).await;
    let (all, expected) = mixed();
    assert_eq!(put(&world, true, all.clone()).await, expected);
    assert_eq!(put(&world, true, all.clone()).await, expected);
    assert_eq!(disk.puts.load(Ordering::SeqCst), 0);
    let register = &world.office.register;
    assert_eq!(register.index().version, 0);
    assert!(register.index().meter("m").is_none());
    assert_eq!(register.lookup::<proto::billing::Meter>("m").await.unwrap(), None);
    // beside what is there already
    put(&world, false, all).await;
    let late = objects([
        place("k", "m", "p", "2025-01-01T00:00:00Z", ""),
        Object::Agreement(agreement("b", "p", "2024-07-01T00:00:00Z", "")),
    ]);
    assert_eq!(
        put(&world, true, late).await,
        ["INSTALLATION_OVERLAP", "replaced"]
    );
    assert_eq!(agreements_of(&world, "m"), ["a", "b"]);
}

#[tokio::test]
async fn a_call_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    let meters = |count: usize| objects((0..count).map(|number| Object::Meter(meter(&format!("m{number}")))));
    let too_many = meters(MAX_OBJECTS + 1);
    let error = world.office.register.put_many(too_many, false).await.unwrap_err();
    assert_eq!(error.reason(), "TOO_MANY");
    assert_eq!(put(&world, false, Vec::new()).await, Vec::<&str>::new());
    assert_eq!(
        put(&world, false, meters(MAX_OBJECTS)).await,
        vec!["created"; MAX_OBJECTS]
    );
    assert_eq!(
        put(&world, false, meters(MAX_OBJECTS)).await,
        vec!["unchanged"; MAX_OBJECTS]
    );
}

#[tokio::test]
async fn a_failed_call_is_simply_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (world, disk) = open(folder.path()).await;
    let register = &world.office.register;
    disk.sync.store(FAILS, Ordering::SeqCst);
    let meters = objects([Object::Meter(meter("m"))]);
    assert!(register.put_many(meters.clone(), false).await.is_err());
    // "the same was there" is no success before it is durable
    assert!(register.put_many(meters.clone(), false).await.is_err());
    disk.sync.store(WORKS, Ordering::SeqCst);
    assert_eq!(put(&world, false, meters).await, ["unchanged"]);
    assert!(register.index().meter("m").is_some());
}

#[tokio::test]
async fn a_caller_who_leaves_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let (world, disk) = open(folder.path()).await;
    let register = &world.office.register;
    disk.sync.store(HANGS, Ordering::SeqCst);
    {
        let mut call = Box::pin(register.put_many(objects([Object::Meter(meter("m"))]), false));
        poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        assert!(register.index().meter("m").is_none(), "seen before it is durable");
    }
    disk.sync.store(WORKS, Ordering::SeqCst);
    assert!(register.index().meter("m").is_some());
    let more = objects([place("i", "m", "p", "2024-03-01T00:00:00Z", "")]);
    assert_eq!(put(&world, false, more).await, ["NOT_FOUND"]);
}
