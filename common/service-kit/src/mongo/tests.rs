use mongodb::bson::{Bson, RawDocumentBuf, doc};
use mongodb::options::{Acknowledgment, ReadPreference, SelectionCriteria};
use serde_json::json;

use super::record::{read, readable};
use super::*;
use crate::testing::{Database, OwnServer};

fn record(id: &str, data: &str) -> Record {
    Record::new(id, data.as_bytes().to_vec())
}

#[test]
fn the_end_of_a_prefix_is_the_first_text_that_does_not_begin_so() {
    assert_eq!(after_prefix("a|").as_deref(), Some("a}"));
    assert_eq!(after_prefix("az\u{7f}").as_deref(), Some("az\u{80}"));
    assert_eq!(
        after_prefix("\u{d7ff}").as_deref(),
        Some("\u{e000}"),
        "no character between"
    );
    assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
    assert_eq!(after_prefix("\u{10ffff}"), None);
    assert_eq!(after_prefix(""), None);
}

#[test]
fn views_are_what_every_server_takes() {
    let view = json!({
        "a.b": 1, "$set": -2, "": null, "large": u64::MAX, "half": 0.5, "nul": "x\u{0}y",
        "list": [[1, 2], {"c.d": true}],
    });
    let expected = doc! {
        "\u{2205}": Bson::Null, "\u{ff04}set": -2_i64, "a\u{ff0e}b": 1_i64, "half": 0.5, "large": "18446744073709551615",
        "list": ["[1,2]", { "c\u{ff0e}d": true }], "nul": "x\u{fffd}y",
    };
    assert_eq!(readable(&view), Bson::Document(expected));
}

#[test]
fn documents_of_another_layout_are_refused() {
    let raw = |document: Document| RawDocumentBuf::try_from(document).unwrap();
    let good = Record {
        view: Some(json!({"n": 1})),
        ..record("a", "bytes")
    };
    let (id, data) = read("c", &raw(good.document())).unwrap();
    assert_eq!((id.as_str(), data.as_slice()), ("a", &b"bytes"[..]));
    for (change, reason) in [
        (doc! { "schema": 2 }, "schema 2 is unknown"),
        (doc! { "schema": 2_i64 }, "schema 2 is unknown"),
        (doc! { "schema": "1" }, "it has no schema number"),
        (doc! { "data": "text" }, "it has no data"),
    ] {
        let mut bad = good.document();
        bad.extend(change);
        let refused = read("c", &raw(bad)).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!("document a of collection c cannot be read: {reason}")
        );
    }
    let large = Record {
        data: vec![0; 2 << 20],
        ..good
    };
    assert!(!large.document().contains_key("view"));
}

#[tokio::test]
async fn an_address_cannot_weaken_the_promises() {
    let url = "mongodb://u:p@host:1/db?w=1&journal=false&readPreference=secondary&maxPoolSize=7";
    let options = connect::options(url).await.unwrap();
    let durable = options.write_concern.unwrap();
    assert_eq!(
        (durable.w, durable.journal),
        (Some(Acknowledgment::Majority), Some(true))
    );
    assert!(matches!(
        options.selection_criteria,
        Some(SelectionCriteria::ReadPreference(ReadPreference::Primary))
    ));
    assert_eq!(
        (options.max_pool_size, options.server_selection_timeout),
        (Some(7), Some(SELECTION))
    );
    assert_eq!(
        connect::options("mongodb://host").await.unwrap().max_pool_size,
        Some(POOL)
    );
}

#[tokio::test]
async fn no_error_shows_the_password() {
    for url in [
        "mongodb://user:hunter2@",
        "mongodb://user:hunter2@host:port/db",
        "mongodb://user:hunter2@h@ost",
        "mongodb://user:hunter2/x@host/db",
        "mongodb+srv://user:hunter2@host/db",
        "http://user:hunter2@host",
    ] {
        let refused = Mongo::open(url, &[]).await.err().unwrap();
        assert!(
            !format!("{refused} {refused:?}").contains("hunter2"),
            "{refused:?}"
        );
    }
}

/// A port on which nobody listens: the error names the server, and comes in time.
#[tokio::test]
async fn nobody_there_is_said_within_seconds() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = Mongo::open(&format!("mongodb://u:hunter2@{address}"), &[])
        .await
        .err()
        .unwrap();
    assert_eq!(refused.kind(), model::ErrorKind::Unavailable);
    let text = format!("{refused} {refused:?}");
    assert!(
        text.contains(&address.to_string()) && !text.contains("hunter2"),
        "{text}"
    );
}

#[tokio::test]
async fn inserts_keep_the_first_and_puts_the_last() {
    let database = Database::new("kit");
    let mongo = Mongo::open(database.url(), &["c"]).await.unwrap();
    let three = [record("a", "1"), record("b", "2"), record("a", "3")];
    assert_eq!(mongo.insert("c", &three).await.unwrap(), [true, true, false]);
    assert_eq!(mongo.insert("c", &three).await.unwrap(), [false, false, false]);
    assert_eq!(mongo.get("c", "a").await.unwrap().as_deref(), Some(&b"1"[..]));
    let three = [record("a", "4"), record("c", "5"), record("c", "6")];
    assert_eq!(mongo.put("c", &three).await.unwrap(), [false, true, false]);
    assert_eq!(mongo.get("c", "c").await.unwrap().as_deref(), Some(&b"6"[..]));
    mongo.remove("c", "a").await.unwrap();
    mongo.remove("c", "a").await.unwrap();
    let all = mongo.range("c", Bound::Unbounded, None, 9).await.unwrap();
    assert_eq!(
        all,
        [("b".to_owned(), b"2".to_vec()), ("c".to_owned(), b"6".to_vec())]
    );
    assert_eq!(mongo.insert("c", &[]).await.unwrap(), Vec::<bool>::new());

    let mut bad = database.document("c", "b").await;
    bad.extend(doc! { "_id": "bad", "schema": 7 });
    database.collection("c").await.insert_one(bad).await.unwrap();
    assert!(matches!(
        mongo.get("c", "bad").await,
        Err(MongoError::Damaged { .. })
    ));
    database.drop().await;
}

#[tokio::test]
async fn many_at_once_are_inserted_and_reported_one_by_one() {
    let database = Database::new("kit_many");
    let mongo = Mongo::open(database.url(), &["c"]).await.unwrap();
    let some: Vec<Record> = (0..1500)
        .step_by(3)
        .map(|n| record(&n.to_string(), "x"))
        .collect();
    assert!(mongo.insert("c", &some).await.unwrap().iter().all(|kept| *kept));
    let all: Vec<Record> = (0..1500).map(|n| record(&n.to_string(), "y")).collect();
    let kept = mongo.insert("c", &all).await.unwrap();
    assert!(kept.iter().enumerate().all(|(n, kept)| *kept == (n % 3 != 0)));
    database.drop().await;
}

/// Two processes that start at once on an empty database.
#[tokio::test]
async fn collections_may_be_made_by_several_at_once() {
    let database = Database::new("kit_prepare");
    let names = ["a", "b", "c", "d"];
    let (one, two) = tokio::join!(
        Mongo::open(database.url(), &names),
        Mongo::open(database.url(), &names)
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.insert("a", &[record("x", "1")]).await.unwrap(), [true]);
    assert_eq!(two.insert("a", &[record("x", "1")]).await.unwrap(), [false]);
    Mongo::open(database.url(), &names).await.unwrap();
    database.drop().await;
}

/// The server dies in the middle, and comes back: calls fail in time, then they work again, and what was acknowledged is there.
#[tokio::test]
async fn a_server_that_dies_and_comes_back() {
    let mut server = OwnServer::new("mongodb");
    let mongo = Mongo::open(&server.tell("start").await, &["c"]).await.unwrap();
    assert_eq!(mongo.insert("c", &[record("a", "1")]).await.unwrap(), [true]);
    server.tell("kill").await;
    let began = tokio::time::Instant::now();
    let refused = mongo.insert("c", &[record("b", "1")]).await.unwrap_err();
    assert_eq!(refused.kind(), model::ErrorKind::Unavailable, "{refused:?}");
    assert!(mongo.get("c", "a").await.is_err());
    assert!(mongo.put("c", &[record("a", "2")]).await.is_err());
    assert!(began.elapsed() < 3 * DEADLINE);
    server.tell("start").await;
    // the driver looks for the server every ten seconds at least, and at once when it is asked
    assert_eq!(mongo.get("c", "a").await.unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(mongo.insert("c", &[record("a", "3")]).await.unwrap(), [false]);
}

/// A start and its server may come in any order, and who looks is told how it is.
#[tokio::test]
async fn a_server_is_waited_for_and_looked_after() {
    let mut server = OwnServer::new("mongodb");
    let url = server.tell("start").await;
    server.tell("kill").await;
    let (readiness, tasks) = (crate::Readiness::default(), Tasks::default());
    let told = readiness.told_by("store", true);
    let says = async |line: &str| {
        let end = tokio::time::Instant::now() + 3 * DEADLINE;
        while !readiness.report().1.contains(line) {
            let told = readiness.report().1;
            assert!(tokio::time::Instant::now() < end, "not `{line}`: {told}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let come_up = async {
        says("store: down (waiting for it: it cannot be reached)").await;
        server.tell("start").await;
    };
    let (opened, ()) = tokio::join!(Mongo::open_watched(&url, &["c"], told, &tasks), come_up);
    opened.unwrap();
    says("store: up").await;
    server.tell("kill").await;
    says("store: down (it does not answer)").await;
    server.tell("start").await;
    says("store: up").await;
    assert!(tasks.drain(Duration::from_secs(1)).await);
}
