//! Which word a sender gets for a reading that is kept.

use proto::columns::{KIND_TELEMETRY, Row};
use proto::meter::Verdict;

use crate::bus::decoded;
use crate::{NOW_MS, batch, one, patient, row, setup, verdicts};

#[tokio::test]
async fn the_words_follow_identity_content_and_rank() {
    let check = async |known: &[Row], new: Row, expected: Verdict| {
        let setup = setup(patient()).await;
        for row in known {
            setup.verdict(one("m", *row)).await;
        }
        assert_eq!(setup.verdict(one("m", new)).await, expected, "{known:?}, {new:?}");
        // Every one of them was published, and what is supposed to be a repeat is marked.
        let messages = setup.bus.messages();
        assert_eq!(messages.len(), known.len() + 1);
        let marked = !decoded(messages.last().unwrap()).supposed_repeat.is_empty();
        assert_eq!(marked, expected != Verdict::Accepted);
    };
    let first = row(0, NOW_MS, 1);
    let other = row(0, NOW_MS, 2);
    let corrected = Row { revision: 1, ..other };
    let estimated = Row { quality: 2, ..other };
    check(&[first], first, Verdict::Duplicate).await;
    check(&[first], other, Verdict::Conflict).await;
    check(&[first, other], other, Verdict::Duplicate).await;
    check(&[first], corrected, Verdict::Accepted).await;
    check(&[corrected], first, Verdict::Accepted).await;
    check(&[first], estimated, Verdict::Accepted).await;
    check(&[estimated], first, Verdict::Accepted).await;
    check(&[first], Row { channel: 2, ..other }, Verdict::Accepted).await;
    check(&[first], row(0, NOW_MS - 900_000, 2), Verdict::Accepted).await;
    check(&[first], Row { sequence: 9, ..first }, Verdict::Duplicate).await;
    check(
        &[first],
        Row {
            interval_seconds: 900,
            ..first
        },
        Verdict::Conflict,
    )
    .await;
}

#[tokio::test]
async fn repeats_within_one_batch_are_seen() {
    let setup = setup(patient()).await;
    let rows = [
        row(0, NOW_MS, 1),
        row(1, NOW_MS, 1),
        row(0, NOW_MS, 1),
        row(0, NOW_MS, 2),
        row(1, NOW_MS, 1),
    ];
    let answer = setup.submit(batch(&["a", "b"], &rows)).await.unwrap();
    let expected = [
        Verdict::Accepted,
        Verdict::Accepted,
        Verdict::Duplicate,
        Verdict::Conflict,
        Verdict::Duplicate,
    ];
    assert_eq!(verdicts(&answer, 5), expected);
    let reasons: Vec<(u32, &str)> = answer
        .faults
        .iter()
        .map(|fault| (fault.row, fault.reason.as_str()))
        .collect();
    assert_eq!(reasons, [(2, "DUPLICATE"), (3, "CONFLICT"), (4, "DUPLICATE")]);
    // Equal readings have equal receipts, others have not.
    assert_eq!(answer.identity[0], answer.identity[2]);
    assert_eq!(answer.content[0], answer.content[2]);
    assert_eq!(answer.identity[0], answer.identity[3]);
    assert_ne!(answer.content[0], answer.content[3]);
    assert_ne!(answer.identity[0], answer.identity[1]);
}

#[tokio::test]
async fn telemetry_never_conflicts() {
    let setup = setup(patient()).await;
    let measured = |value: i64| {
        let mut columns = one(
            "m",
            Row {
                kind: KIND_TELEMETRY,
                ..row(0, NOW_MS, 0)
            },
        );
        columns.push_telemetry(2, value);
        columns
    };
    assert_eq!(setup.verdict(measured(230_000)).await, Verdict::Accepted);
    assert_eq!(setup.verdict(measured(231_000)).await, Verdict::Accepted);
    assert_eq!(setup.verdict(measured(230_000)).await, Verdict::Duplicate);
    assert_eq!(decoded(&setup.bus.messages()[1]).telemetry_value, [231_000]);
}
