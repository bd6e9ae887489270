//! What every backend of the document store promises. A backend's test hands an empty store to [`check`].

use super::{Collection, DocumentStore, Entry, Inserted};

/// Runs the whole contract; panics where it is broken.
pub(crate) async fn check(store: &dyn DocumentStore) {
    inserting_again_changes_nothing(store).await;
    putting_replaces(store).await;
    lists_are_in_order_of_bytes(store).await;
    collections_are_apart(store).await;
    one_of_many_inserts_wins(store).await;
    store.sync().await.unwrap();
}

fn entry(collection: Collection, id: &str, document: &str) -> Entry {
    Entry {
        collection,
        id: id.to_owned(),
        document: document.as_bytes().to_vec(),
    }
}

async fn text(store: &dyn DocumentStore, collection: Collection, id: &str) -> Option<String> {
    let document = store.get(collection, id).await.unwrap();
    document.map(|bytes| String::from_utf8(bytes).unwrap())
}

async fn inserting_again_changes_nothing(store: &dyn DocumentStore) {
    let bills = Collection::Bills;
    assert_eq!(text(store, bills, "a").await, None);
    let both = vec![
        entry(bills, "a", "1"),
        entry(bills, "a", "2"),
        entry(bills, "b", "3"),
    ];
    assert_eq!(
        store.insert(both).await.unwrap(),
        [Inserted::New, Inserted::Already, Inserted::New]
    );
    assert_eq!(
        store.insert(vec![entry(bills, "a", "4")]).await.unwrap(),
        [Inserted::Already]
    );
    assert_eq!(text(store, bills, "a").await.as_deref(), Some("1"));
    store.remove(bills, "a").await.unwrap();
    store.remove(bills, "a").await.unwrap();
    assert_eq!(text(store, bills, "a").await, None);
    assert_eq!(
        store.insert(vec![entry(bills, "a", "5")]).await.unwrap(),
        [Inserted::New]
    );
}

async fn putting_replaces(store: &dyn DocumentStore) {
    let meters = Collection::Meters;
    assert_eq!(
        store.put(vec![entry(meters, "a", "1")]).await.unwrap(),
        [Inserted::New]
    );
    assert_eq!(
        store.put(vec![entry(meters, "a", "2")]).await.unwrap(),
        [Inserted::Already]
    );
    assert_eq!(text(store, meters, "a").await.as_deref(), Some("2"));
}

async fn lists_are_in_order_of_bytes(store: &dyn DocumentStore) {
    let numbers = Collection::Numbers;
    let ids = ["n|b", "n|", "n|B", "n|a|2", "n|a", "m|z", "o", "n|é"];
    store
        .insert(ids.iter().map(|id| entry(numbers, id, id)).collect())
        .await
        .unwrap();
    let list = async |prefix: &str, after: Option<&str>, limit| {
        let found = store.list(numbers, prefix, after, limit).await.unwrap();
        found
            .into_iter()
            .map(|(id, document)| {
                assert_eq!(id.as_bytes(), document);
                id
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list("n|", None, 10).await,
        ["n|", "n|B", "n|a", "n|a|2", "n|b", "n|é"]
    );
    assert_eq!(list("n|", Some("n|a"), 2).await, ["n|a|2", "n|b"]);
    assert_eq!(list("n|", Some("n|am"), 1).await, ["n|a|2"]);
    assert_eq!(list("n|", Some("a"), 1).await, ["n|"]);
    assert_eq!(list("n|", Some("z"), 9).await, Vec::<String>::new());
    assert_eq!(list("", None, 2).await, ["m|z", "n|"]);
    assert_eq!(list("x", None, 2).await, Vec::<String>::new());
}

async fn collections_are_apart(store: &dyn DocumentStore) {
    for collection in Collection::ALL {
        store
            .put(vec![entry(*collection, "same", collection.name())])
            .await
            .unwrap();
    }
    for collection in Collection::ALL {
        assert_eq!(
            text(store, *collection, "same").await.as_deref(),
            Some(collection.name())
        );
    }
}

async fn one_of_many_inserts_wins(store: &dyn DocumentStore) {
    let claim = |who: u32| store.insert(vec![entry(Collection::Intents, "one", &who.to_string())]);
    let (a, b, c, d) = tokio::join!(claim(0), claim(1), claim(2), claim(3));
    let outcomes = [a, b, c, d].map(|outcome| outcome.unwrap()[0]);
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == Inserted::New)
            .count(),
        1
    );
}
