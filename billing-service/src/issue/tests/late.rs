//! Reads that come after their period was issued: an exception that names the bill, and the bill stays as it is.

use model::Channel;

use super::*;

#[tokio::test]
async fn a_late_read_is_an_exception_and_a_repeated_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let rows = load();
    world.deliver(&batch("m", &rows)).await;
    world.run().await.unwrap();
    world.checkpoint().await;
    world.deliver(&batch("m", &rows[..500])).await;
    world.checkpoint().await;
    assert_eq!(world.exceptions(Kind::LateRead).await, []);
    assert_eq!(
        world.office.issuer.settled_before_ms(),
        ms("2024-04-14T22:00:00Z")
    );

    world.deliver(&batch("m", &[(rows[10].0, 999_999, 1)])).await;
    world.checkpoint().await;
    let late = world.exceptions(Kind::LateRead).await;
    assert_eq!(
        late.iter()
            .map(|exception| exception.subject.as_str())
            .collect::<Vec<_>>(),
        ["a.2024-03-15.0"]
    );
    let bill = world.office.bill("a.2024-03-15.0").await.unwrap();
    assert_eq!(amounts(&bill), GOLDEN);
    assert!(
        world.office.verify(&bill.id).await.unwrap(),
        "what was issued is computed from what it was issued from"
    );
}

/// Rows of one channel.
fn channel_rows(channel: Channel, rows: &[(i64, i64, u32)]) -> proto::meter::ReadingColumns {
    let mut columns = batch("m", rows);
    columns.channel = vec![channel.code()];
    columns
}

/// A value that loses against `value` at the same revision.
fn loser(value: i64) -> i64 {
    let hash = |value| {
        model::content_hash(&model::Content {
            value,
            interval_seconds: 0,
            quality: model::Quality::Actual,
            revision: 0,
        })
    };
    (1..)
        .find(|other| *other != value && hash(*other) > hash(value))
        .unwrap()
}

#[tokio::test]
async fn a_late_conflict_names_the_bill_also_when_the_same_value_counts() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let rows = load();
    world.deliver(&batch("m", &rows)).await;
    world.run().await.unwrap();
    let (start, value, _) = rows[10];
    world.deliver(&batch("m", &[(start, loser(value), 0)])).await;
    world.checkpoint().await;
    assert_eq!(world.exceptions(Kind::ReadingConflict).await.len(), 1);
    let late = world.exceptions(Kind::LateRead).await;
    let subjects: Vec<_> = late.iter().map(|exception| exception.subject.as_str()).collect();
    assert_eq!(subjects, ["a.2024-03-15.0"]);
    assert!(world.office.verify("a.2024-03-15.0").await.unwrap());
}

/// Export that the tariff does not price is stated in the totals of the bill and enters its hash; reactive energy does neither.
#[tokio::test]
async fn a_late_read_matters_when_the_bill_states_it() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let channels = ["IMPORT", "EXPORT", "REACTIVE"].map(str::to_owned).to_vec();
    world
        .put(Object::Meter(proto::billing::Meter {
            channels,
            ..meter("m")
        }))
        .await
        .unwrap();
    let rows = load();
    world.deliver(&batch("m", &rows)).await;
    world.deliver(&channel_rows(Channel::Export, &rows[..4])).await;
    assert_eq!(world.run().await.unwrap().issued, 1);
    let late = async |columns| {
        world.deliver(&columns).await;
        world.checkpoint().await;
        world.exceptions(Kind::LateRead).await.len()
    };
    assert_eq!(late(channel_rows(Channel::Reactive, &rows[..9])).await, 0);
    let (start, value, _) = rows[2];
    let conflict = channel_rows(Channel::Export, &[(start, loser(value), 0)]);
    assert_eq!(
        late(conflict).await,
        0,
        "nothing that the bill states is in doubt"
    );
    assert_eq!(world.exceptions(Kind::ReadingConflict).await.len(), 1);
    assert_eq!(late(channel_rows(Channel::Export, &rows[4..5])).await, 1);
}

/// A read that comes after planning and before the bill is stored: nobody who stored it could see a bill.
#[tokio::test]
async fn the_issuer_looks_again_after_storing() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let rows = load();
    world.deliver(&batch("m", &rows)).await;
    let (facts, span) = world.office.span("a.2024-03-15.0").await.unwrap();
    let loaded = world
        .office
        .loader
        .load(&facts, &span, world.office.clock.now_ms())
        .await
        .unwrap();
    world.deliver(&batch("m", &[(rows[10].0, 999_999, 1)])).await;
    let order = Order {
        actor: "tester".to_owned(),
        reason: "bill run",
    };
    let ready = Ready {
        bill: loaded.plan(),
        inputs: loaded.inputs,
    };
    world.office.issuer.issue(vec![ready], &order).await.unwrap();
    assert_eq!(world.exceptions(Kind::LateRead).await.len(), 1);
}
