//! Two billing-services on one database.

use std::path::Path;
use std::sync::Arc;

use proto::billing::billing_server::Billing as _;
use proto::billing::register_object::Object;
use proto::billing::{Bill, GetBillRequest};
use service_kit::testing::Database;
use tonic::{Code, Request};

use super::*;
use crate::backend;
use crate::config::Config;
use crate::exception::Kind;
use crate::store::{Intent, Kept};
use crate::world::{Memory, SetClock, World, agreement, batch, installation, load, meter, point};

/// A billing-service that begins to lead.
async fn lead(database: &Database, folder: &Path) -> World {
    let deps = Deps {
        bus: Arc::new(Memory::default()),
        clock: Arc::new(SetClock::default()),
        registry: prometheus::Registry::new(),
        tasks: service_kit::Tasks::default(),
        readiness: service_kit::Readiness::default(),
        store: database.url().to_owned(),
        cache: "memory:".to_owned(),
        folder: folder.to_owned(),
    };
    let backends = backend::open(&Config::default(), &deps).await.unwrap();
    World::open_on(folder, backends).await
}

fn is_refused<T>(outcome: Result<T, Error>) -> bool {
    let error = outcome.err().unwrap();
    matches!(error, Error::Store(StoreError::NotLeading)) && error.reason() == "NOT_LEADING"
}

async fn store(world: &World) -> Vec<Result<(), StoreError>> {
    let mut outcomes = Vec::new();
    for shard in 0..world.office.reads.shards() {
        outcomes.push(world.office.reads.checkpoint(shard).await);
    }
    outcomes
}

#[tokio::test]
async fn who_was_replaced_changes_nothing_answers_nothing_and_harms_nothing() {
    let database = Database::new("lead_replaced");
    let folder = tempfile::tempdir().unwrap();
    let old = lead(&database, folder.path()).await;
    old.furnish().await;
    let rows = load();
    let (early, late) = rows.split_at(rows.len() / 2);
    old.deliver(&batch("m", early)).await;
    old.checkpoint().await;
    old.deliver(&batch("m", late)).await;

    let new = lead(&database, folder.path()).await;
    new.put(Object::Meter(meter("later"))).await.unwrap();
    assert!(is_refused(old.put(Object::Meter(meter("other"))).await));
    assert!(is_refused(old.run().await));
    let asked = GetBillRequest {
        id: "a.2024-03-15.0".to_owned(),
    };
    let status = old.service().get_bill(Request::new(asked)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        new.office
            .register
            .lookup::<proto::billing::Meter>("other")
            .await
            .unwrap()
            .is_none()
    );

    // What it had taken in it still appends, which reads do not mind, but it draws no conclusions.
    old.deliver(&batch("later", &rows[..10])).await;
    let stored = store(&old).await;
    assert!(
        stored
            .iter()
            .any(|outcome| matches!(outcome, Err(StoreError::NotLeading)))
    );
    assert!(new.exceptions(Kind::UnknownMeter).await.is_empty());

    // All of it is delivered to the new one, and counts once.
    new.deliver(&batch("m", late)).await;
    new.deliver(&batch("later", &rows[..10])).await;
    new.checkpoint().await;
    assert!(store(&old).await.iter().any(Result::is_err));
    let answer = new.run().await.unwrap();
    assert_eq!((answer.issued, answer.held), (1, 0));
    assert_eq!(answer.bills[0].total, "132.11");
    assert_eq!(answer.bills[0].number, "GT-INV-2024-000001");
    assert!(new.office.verify(&answer.bills[0].id).await.unwrap());
    database.drop().await;
}

/// Each next one begins while the one before is in the middle of a bill run, and goes on where that was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_run_that_is_taken_over_issues_each_bill_once_without_a_gap() {
    const HOUSES: u32 = 8;
    let database = Database::new("lead_run");
    let folder = tempfile::tempdir().unwrap();
    let mut world = lead(&database, folder.path()).await;
    world.furnish().await;
    let since = "2024-03-01T00:00:00+01:00";
    world.deliver(&batch("m", &load())).await;
    for house in 0..HOUSES {
        let [at, of, by, who] = ["p", "m", "i", "a"].map(|kind| format!("{kind}{house}"));
        for object in [
            Object::ServicePoint(point(&at)),
            Object::Meter(meter(&of)),
            Object::Installation(installation(&by, &of, &at, since, "")),
            Object::Agreement(agreement(&who, &at, "2024-03-15T00:00:00+01:00", "")),
        ] {
            world.put(object).await.unwrap();
        }
        world.deliver(&batch(&of, &load())).await;
    }
    world.checkpoint().await;
    let mut overtaken = 0;
    for pause in [0, 20, 60, 120, 250] {
        let taking_over = async {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let next = lead(&database, folder.path()).await;
            next.office.issuer.resume().await.unwrap();
            next
        };
        let (run, next) = tokio::join!(world.run(), taking_over);
        if let Err(error) = run {
            assert!(matches!(error, Error::Store(StoreError::NotLeading)), "{error:?}");
            overtaken += 1;
        }
        world = next;
    }
    eprintln!("{overtaken} of 5 runs were taken over before their end");
    let last = world.run().await.unwrap();
    assert_eq!((last.issued + last.already_issued, last.held), (HOUSES + 1, 0));
    let bills: Vec<Bill> = world.office.store.list("", None, 100).await.unwrap();
    let mut numbers: Vec<String> = bills.into_iter().map(|bill| bill.number).collect();
    numbers.sort_unstable();
    let expected = (1..=HOUSES + 1).map(|number| format!("GT-INV-2024-{number:06}"));
    assert_eq!(numbers, expected.collect::<Vec<_>>());
    let open: Vec<Intent> = world.office.store.list("", None, 100).await.unwrap();
    assert!(open.is_empty(), "{open:?}");
    database.drop().await;
}

/// What was dropped is not written to as though it were whole.
#[tokio::test]
async fn a_store_that_is_not_what_it_was_is_noticed() {
    let database = Database::new("lead_dropped");
    let folder = tempfile::tempdir().unwrap();
    let world = lead(&database, folder.path()).await;
    let store = &world.office.store;
    let id = backend::store_id(store).await.unwrap();
    look(store, &id).await.unwrap();
    let another = look(store, "00ff").await;
    assert!(matches!(another, Err(StoreError::Replaced)), "{another:?}");
    store.remove::<Kept>("store_id").await.unwrap();
    let dropped = look(store, &id).await;
    assert!(matches!(dropped, Err(StoreError::Replaced)), "{dropped:?}");
}
