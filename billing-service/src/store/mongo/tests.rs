use std::sync::Arc;

use proto::billing::Bill;
use service_kit::testing::Database;

use super::super::{Store, contract, decode};
use super::*;

async fn open(database: &Database) -> MongoDocuments {
    let collections: Vec<&str> = MongoDocuments::collections().collect();
    MongoDocuments::new(Mongo::open(database.url(), &collections).await.unwrap())
}

#[tokio::test]
async fn mongodb_keeps_the_contract() {
    let database = Database::new("documents_contract");
    contract::check(&open(&database).await).await;
    database.drop().await;
}

#[tokio::test]
async fn what_was_written_is_found_by_another_process_and_can_be_read_by_a_stranger() {
    let database = Database::new("documents_view");
    let bill = Bill {
        id: "a.2026-01-01.0".to_owned(),
        number: "GT-INV-2026-000001".to_owned(),
        total: "12.30".to_owned(),
        totals: [("GT.1$".to_owned(), "1".to_owned())].into(),
        ..Bill::default()
    };
    let store = Store::new(Arc::new(open(&database).await));
    assert_eq!(store.insert(&bill).await.unwrap(), Inserted::New);
    let other = Store::new(Arc::new(open(&database).await));
    assert_eq!(other.insert(&bill).await.unwrap(), Inserted::Already);
    assert_eq!(other.get::<Bill>(&bill.id).await.unwrap().as_ref(), Some(&bill));

    let seen = database.document("bills", &bill.id).await;
    let view = seen.get_document("view").unwrap();
    assert_eq!(view.get_str("number").unwrap(), "GT-INV-2026-000001");
    assert_eq!(view.get_str("total").unwrap(), "12.30");
    assert_eq!(seen.get_i32("schema").unwrap(), 1);
    let data = seen.get_binary_generic("data").unwrap();
    assert_eq!(decode::<Bill>(data).unwrap(), bill);
    database.drop().await;
}

/// The server of the tests hangs when too many replacements are in flight; a thousand at once from two processes must come through.
#[tokio::test]
async fn many_replacements_at_once_come_through() {
    let database = Database::new("documents_flood");
    let stores = [open(&database).await, open(&database).await];
    let entry = |id: usize, value: usize| Entry {
        collection: Collection::Meters,
        id: format!("m{id:03}"),
        document: vec![1, value.to_le_bytes()[0]],
    };
    let flood = async |store: &MongoDocuments, value: usize| {
        let puts = (0..4).map(|_| store.put((0..125).map(|id| entry(id, value)).collect()));
        futures_util::future::join_all(puts.collect::<Vec<_>>()).await
    };
    let [first, second] = &stores;
    let (first, second) = tokio::join!(flood(first, 1), flood(second, 2));
    let outcomes = first.into_iter().chain(second);
    let new: usize = outcomes
        .map(|outcome| {
            let new = outcome.unwrap();
            new.iter().filter(|new| **new == Inserted::New).count()
        })
        .sum();
    assert_eq!(new, 125, "each was new once");
    database.drop().await;
}
