use proptest::prelude::*;
use prost::Message as _;
use proto::meter::{SendReadingResponse, SendReadingsResponse};

use super::*;

/// What ingestion may answer about `rows` rows, and what was refused before it.
fn answers() -> impl Strategy<Value = (Vec<Option<usize>>, Vec<u8>, i64)> {
    let refused = prop::option::weighted(0.3, 0..Reason::ALL.len());
    (
        prop::collection::vec(refused, 0..40),
        prop::collection::vec(1_u8..=5, 40),
        prop_oneof![0_i64..4_000_000_000_000, Just(0), Just(1_000)],
    )
}

fn code(verdict: u8) -> Verdict {
    Verdict::try_from(i32::from(verdict)).unwrap()
}

fn receipts(
    refused: &[Option<usize>],
    verdicts: &[u8],
    uniform: bool,
    time: i64,
) -> (Receipts, Vec<proto::meter::Receipt>) {
    let mut batch = Batch {
        readings: refused.len(),
        ..Batch::default()
    };
    let mut ingested = SubmitResponse::default();
    let mut expected = Vec::new();
    for (at, refused) in (0_u32..).zip(refused) {
        if let Some(reason) = refused {
            let reason = Reason::ALL[*reason];
            batch.refused.push((at, reason));
            expected.push(proto::meter::Receipt {
                id: String::new(),
                verdict: Verdict::Rejected.into(),
                reason: reason.code().to_owned(),
                message: reason.message().to_owned(),
            });
            continue;
        }
        let row = ingested.identity.len();
        let verdict = if uniform { 1 } else { verdicts[row] };
        let (identity, content) = (row as u64 + 1, u64::MAX - row as u64);
        ingested.identity.push(identity);
        ingested.content.push(content);
        ingested.verdict.push(verdict.into());
        let fault = RowFault {
            row: u32::try_from(row).unwrap(),
            reason: "WHY".to_owned(),
            message: "because of that".repeat(row),
        };
        let kept = verdict <= 3;
        expected.push(proto::meter::Receipt {
            id: if kept {
                format!("{identity:016x}{content:016x}")
            } else {
                String::new()
            },
            verdict: code(verdict).into(),
            reason: if verdict > 1 {
                fault.reason.clone()
            } else {
                String::new()
            },
            message: if verdict > 1 {
                fault.message.clone()
            } else {
                String::new()
            },
        });
        if verdict > 1 {
            ingested.faults.push(fault);
        }
    }
    if uniform {
        ingested.verdict.truncate(1);
    }
    (Receipts::new(batch, ingested, time), expected)
}

proptest! {
    /// One receipt per reading, in order, encoded as the generated types decode it.
    #[test]
    fn receipts_stand_in_the_order_of_the_readings((refused, verdicts, time) in answers(), uniform in any::<bool>()) {
        let (receipts, expected) = receipts(&refused, &verdicts, uniform, time);
        let mut bytes = Vec::new();
        receipts.encode(&mut bytes);
        let decoded = SendReadingsResponse::decode(bytes.as_slice()).unwrap();
        prop_assert_eq!(&decoded.receipts, &expected);
        let server_time = decoded.server_time.unwrap();
        prop_assert_eq!(server_time.seconds * 1_000 + i64::from(server_time.nanos / 1_000_000), time);
        let expected_bytes = SendReadingsResponse { receipts: expected.clone(), server_time: Some(server_time) }.encode_to_vec();
        prop_assert_eq!(&bytes, &expected_bytes);
        if expected.len() == 1 {
            let one = SendReadingResponse::decode(bytes.as_slice()).unwrap();
            prop_assert_eq!(one.receipt.unwrap(), expected[0].clone());
        }
        let columns = receipts.into_columns();
        prop_assert_eq!(columns.rows as usize, expected.len());
        for (at, receipt) in expected.iter().enumerate() {
            let verdict = if columns.verdict.len() == 1 { columns.verdict[0] } else { columns.verdict[at] };
            prop_assert_eq!(i32::try_from(verdict).unwrap(), receipt.verdict);
            let fault = columns.faults.iter().find(|fault| fault.row as usize == at);
            prop_assert_eq!(fault.map_or("", |fault| &fault.reason), &receipt.reason);
        }
    }
}

#[test]
fn an_answer_that_says_too_little_is_retry() {
    let batch = Batch {
        readings: 2,
        ..Batch::default()
    };
    for verdict in [vec![], vec![0], vec![77, 1]] {
        let ingested = SubmitResponse {
            verdict,
            ..SubmitResponse::default()
        };
        let receipts = Receipts::new(batch.clone(), ingested, 0);
        let first = receipts.iter().next().unwrap();
        assert_eq!(first.verdict, Verdict::Retry);
        assert_eq!(first.reason, "OUTCOME_UNKNOWN");
        assert_eq!(first.id, None);
    }
}
