use std::sync::Arc;

use model::{Channel, MeasuredQuantity};
use service_kit::testing::Database;

use super::super::contract::{self, Backend, entry, import};
use super::*;

/// The database of one test.
struct Server(Database);

#[async_trait::async_trait]
impl Backend for Server {
    async fn open(&self) -> Arc<dyn ReadsStore> {
        Arc::new(self.reads().await)
    }
}

impl Server {
    fn new(name: &str) -> Self {
        Self(Database::new(name))
    }

    async fn reads(&self) -> MongoReads {
        let mongo = Mongo::open(self.0.url(), &MongoReads::COLLECTIONS).await.unwrap();
        MongoReads::new(mongo).await.unwrap()
    }
}

#[tokio::test]
async fn passes_the_contract() {
    contract::run(|| Server::new("reads_contract")).await;
}

fn meters(ids: &[&str]) -> Vec<(u32, String)> {
    (0..).zip(ids.iter().map(|id| (*id).to_owned())).collect()
}

async fn append(store: &MongoReads, ids: &[&str], key: BlockKey, value: i64) -> Vec<Contested> {
    let part = Part {
        key,
        entries: vec![entry(u32::try_from(value).unwrap() * 1000, value)],
    };
    let write = Append {
        meters: meters(ids),
        parts: Box::new(std::iter::once(part)),
        position: None,
    };
    store.append(0, write).await.unwrap()
}

/// Two owners number the same meters differently, write to the same chain at once, and often enough that it is made short.
#[tokio::test]
async fn two_owners_at_once_lose_nothing() {
    let server = Server::new("reads_owners");
    let owners = [server.reads().await, server.reads().await];
    for owner in &owners {
        owner.open(0, 1).await.unwrap();
    }
    let numbering = [["a", "b"], ["b", "a"]];
    let write = async |owner: usize| {
        let key = |meter: &str| {
            let number = numbering[owner].iter().position(|id| *id == meter).unwrap();
            import(1, u32::try_from(number).unwrap())
        };
        for round in 0..20 {
            let value = round * 2 + i64::try_from(owner).unwrap();
            append(&owners[owner], &numbering[owner], key("a"), value).await;
            append(&owners[owner], &numbering[owner], key("b"), value + 100).await;
        }
    };
    tokio::join!(write(0), write(1));
    let values = async |store: &MongoReads, meter: u32| {
        let read = contract::read(store, 0, &import(1, meter)).await;
        read.iter().map(|entry| entry.content.value).collect::<Vec<_>>()
    };
    let third = server.reads().await;
    let ids = third.open(0, 1).await.unwrap().meters;
    let number = |meter: &str| u32::try_from(ids.iter().position(|id| id == meter).unwrap()).unwrap();
    assert_eq!(values(&third, number("a")).await, (0..40).collect::<Vec<_>>());
    assert_eq!(values(&third, number("b")).await, (100..140).collect::<Vec<_>>());
    assert_eq!(values(&owners[0], 0).await, values(&owners[1], 1).await);
    let place = third.place(0, &import(1, number("a"))).unwrap().0;
    assert!(third.read(place).await.unwrap().contents().count() <= 2 * MAX_PARTS + 2);
    server.0.drop().await;
}

#[tokio::test]
async fn pages_of_a_day_are_one_look_until_something_is_appended() {
    let server = Server::new("reads_pages");
    let store = server.reads().await;
    store.open(0, 1).await.unwrap();
    let ids: Vec<String> = (0..200).map(|meter| format!("m{meter}")).collect();
    let parts: Vec<Part> = (0..200)
        .map(|meter| Part {
            key: import(1, meter),
            entries: vec![entry(0, i64::from(meter))],
        })
        .collect();
    let write = Append {
        meters: (0..).zip(ids.iter().cloned()).collect(),
        parts: Box::new(parts.into_iter()),
        position: None,
    };
    assert_eq!(store.append(0, write).await.unwrap(), []);
    let page = async |range: Range<u32>| {
        let mut found = Vec::new();
        let mut each = |key: &BlockKey, _: &[u8]| found.push(key.meter);
        store.day(0, 1, range, &mut each).await.unwrap();
        found
    };
    assert_eq!(page(0..90).await, (0..90).collect::<Vec<_>>());
    assert!(store.scans().contains_key(&0));
    assert_eq!(page(5..6).await, [5]); // another question in between
    assert_eq!(page(90..180).await, (90..180).collect::<Vec<_>>());
    // an append between two pages: the next one looks again
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    append(&store, &ids, import(1, 190), 7).await;
    assert_eq!(page(180..u32::MAX).await[10..12], [190, 190], "both parts");
    assert!(store.scans().is_empty(), "read to the end");
    server.0.drop().await;
}

#[tokio::test]
async fn telemetry_is_kept_apart() {
    let server = Server::new("reads_telemetry");
    let store = server.reads().await;
    store.open(0, 1).await.unwrap();
    let voltage = BlockKey {
        series: Series::Telemetry(MeasuredQuantity::Voltage),
        ..import(3, 0)
    };
    append(&store, &["a"], voltage.clone(), 1).await;
    assert_eq!(store.days(0).await.unwrap(), Vec::<i32>::new());
    assert_eq!(store.open(0, 1).await.unwrap().days, Some((3, 3)));
    assert_eq!(contract::read(&store, 0, &voltage).await.len(), 1);
    let export = BlockKey {
        series: Series::Interval(Channel::Export),
        ..voltage
    };
    assert_eq!(contract::read(&store, 0, &export).await.len(), 0);
    server.0.drop().await;
}
