//! The hash of a draft's inputs tells of conflicts, also of those that do not change which value counts.

use model::{Content, Quality};
use proto::billing::Bill;

use super::*;

/// Contents of import of `m` at one start: value, quality, revision.
type Sent = (i64, Quality, u32);

fn deliveries(start_ms: i64, sent: &[Sent]) -> Vec<proto::meter::ReadingColumns> {
    let column = |(value, quality, revision): &Sent| {
        let mut columns = batch("m", &[(start_ms, *value, *revision)]);
        columns.quality = vec![quality.code()];
        columns
    };
    sent.iter().map(column).collect()
}

/// The draft after the load and then these contents of its eleventh interval.
async fn draft_of(sent: &[Sent]) -> Bill {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let rows = load();
    let start_ms = rows[10].0;
    let others: Vec<_> = rows.iter().copied().filter(|row| row.0 != start_ms).collect();
    world.deliver(&batch("m", &others)).await;
    for columns in deliveries(start_ms, sent) {
        world.deliver(&columns).await;
    }
    world.office.bill(BILL).await.unwrap()
}

/// Two values, the first of which counts when both are of one rank.
fn rivals(quality: Quality) -> [i64; 2] {
    let mut values = [100_000, 200_000];
    values.sort_by_key(|value| {
        model::content_hash(&Content {
            value: *value,
            interval_seconds: 0,
            quality,
            revision: 0,
        })
    });
    values
}

#[tokio::test]
async fn a_conflict_changes_the_hash_also_when_the_same_value_counts() {
    let [counts, loses] = rivals(Quality::Actual);
    let actual = |value| (value, Quality::Actual, 0);
    let alone = draft_of(&[actual(counts)]).await;
    let contested = draft_of(&[actual(counts), actual(loses)]).await;
    assert_eq!(alone.totals, contested.totals, "the same value counts");
    assert_eq!(reasons(&contested)[0].0, "CONFLICT");
    assert_ne!(alone.inputs_hash, contested.inputs_hash);

    let edited = (counts, Quality::Edited, 0);
    let third = draft_of(&[actual(counts), actual(loses), edited]).await;
    assert_ne!(
        third.inputs_hash, contested.inputs_hash,
        "a third one is another conflict"
    );

    let decided = draft_of(&[actual(counts), actual(loses), (counts, Quality::Actual, 1)]).await;
    let never = draft_of(&[(counts, Quality::Actual, 1)]).await;
    assert_eq!(reasons(&decided), []);
    assert_eq!(
        decided.inputs_hash, never.inputs_hash,
        "what was decided is no conflict"
    );
    let outranked = draft_of(&[actual(counts), (loses, Quality::Estimated, 0)]).await;
    assert_eq!(
        outranked.inputs_hash, alone.inputs_hash,
        "an estimate contests no actual value"
    );
}

#[tokio::test]
async fn the_order_of_rivals_does_not_matter() {
    let sent = [
        (100_000, Quality::Actual, 0),
        (200_000, Quality::Actual, 0),
        (100_000, Quality::Edited, 0),
        (300_000, Quality::Estimated, 0),
    ];
    let expected = draft_of(&sent).await.inputs_hash;
    for order in [&[3, 2, 1, 0][..], &[1, 1, 3, 0, 2, 0], &[2, 0, 1, 3, 2]] {
        let mixed: Vec<Sent> = order.iter().map(|index| sent[*index]).collect();
        assert_eq!(draft_of(&mixed).await.inputs_hash, expected, "{order:?}");
    }
}

/// What is not priced holds nothing: the bill is issued with the conflict among its inputs, and computing it again gives the same bytes.
#[tokio::test]
async fn a_bill_that_was_issued_beside_a_conflict_is_recomputed_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let channels = ["IMPORT", "EXPORT"].map(str::to_owned).to_vec();
    let both = proto::billing::Meter {
        channels,
        ..meter("m")
    };
    world.put(Object::Meter(both)).await.unwrap();
    world.deliver(&batch("m", &load())).await;
    let export = |value| {
        let mut columns = batch("m", &[(load()[10].0, value, 0)]);
        columns.channel = vec![Channel::Export.code()];
        columns
    };
    let [counts, loses] = rivals(Quality::Actual);
    world.deliver(&export(counts)).await;
    let before = world.office.bill(BILL).await.unwrap().inputs_hash;
    world.deliver(&export(loses)).await;
    let bills = world.run().await.unwrap().bills;
    assert_eq!((bills.len(), bills[0].status.as_str()), (1, "issued"));
    assert_ne!(bills[0].inputs_hash, before);
    assert!(world.office.verify(BILL).await.unwrap());
    for repeated in [counts, loses] {
        world.deliver(&export(repeated)).await;
    }
    world.checkpoint().await;
    let late = world.exceptions(crate::exception::Kind::LateRead).await;
    assert_eq!(late, [], "nothing changed since");
}
