use proptest::prelude::*;
use prost::Message as _;
use proto::meter::{ColumnReceipts, Receipt, RowFault, SendReadingResponse, SendReadingsResponse};

use super::*;

fn receipt(verdict: i32, reason: &str) -> Receipt {
    Receipt {
        id: "0123456789abcdef".to_owned(),
        verdict,
        reason: reason.to_owned(),
        message: "a sentence".to_owned(),
    }
}

fn expected(verdicts: &[i32]) -> Verdicts {
    let count = |number: i32| verdicts.iter().filter(|verdict| **verdict == number).count() as u64;
    Verdicts {
        accepted: count(1),
        duplicate: count(2),
        conflict: count(3),
        rejected: count(4),
        retry: count(5) + count(0),
        reasons: BTreeMap::new(),
    }
}

proptest! {
    /// What the generated code writes is counted right, in both forms.
    #[test]
    fn verdicts_are_counted(verdicts in prop::collection::vec(0_i32..=5, 1..50)) {
        let rows = u32::try_from(verdicts.len()).unwrap();
        let answer = SendReadingsResponse {
            receipts: verdicts.iter().map(|verdict| receipt(*verdict, "")).collect(),
            server_time: Some(prost_types::Timestamp { seconds: 1_790_000_000, nanos: 5 }),
        };
        prop_assert_eq!(Verdicts::of(Mode::Stream, &answer.encode_to_vec(), rows), Ok(expected(&verdicts)));
        let answer = ColumnReceipts {
            rows,
            verdict: verdicts.iter().map(|verdict| u32::try_from(*verdict).unwrap()).collect(),
            faults: vec![],
            server_time_ms: 5,
        };
        prop_assert_eq!(Verdicts::of(Mode::Columns, &answer.encode_to_vec(), rows), Ok(expected(&verdicts)));
    }

    /// Whatever bytes arrive: they are counted or refused.
    #[test]
    fn any_bytes_are_counted_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100), rows in 0_u32..5) {
        for mode in [Mode::Unary, Mode::Stream, Mode::Columns] {
            drop(Verdicts::of(mode, &bytes, rows));
        }
    }
}

#[test]
fn reasons_are_counted_by_code() {
    let answer = SendReadingResponse {
        receipt: Some(receipt(4, "NOT_YOURS")),
        server_time: None,
    };
    let found = Verdicts::of(Mode::Unary, &answer.encode_to_vec(), 1).unwrap();
    assert_eq!((found.rejected, found.reasons["NOT_YOURS"]), (1, 1));
    let fault = |row| RowFault {
        row,
        reason: "TOO_OLD".to_owned(),
        message: String::new(),
    };
    let answer = ColumnReceipts {
        rows: 3,
        verdict: vec![1, 4, 4],
        faults: vec![fault(1), fault(2)],
        server_time_ms: 0,
    };
    let found = Verdicts::of(Mode::Columns, &answer.encode_to_vec(), 3).unwrap();
    assert_eq!(
        (found.accepted, found.rejected, found.reasons["TOO_OLD"]),
        (1, 2, 2)
    );
}

#[test]
fn one_entry_may_stand_for_all_and_a_missing_one_is_no_success() {
    let all = ColumnReceipts {
        rows: 1_000,
        verdict: vec![1],
        ..ColumnReceipts::default()
    };
    assert_eq!(
        Verdicts::of(Mode::Columns, &all.encode_to_vec(), 1_000)
            .unwrap()
            .accepted,
        1_000
    );
    assert_eq!(
        Verdicts::of(Mode::Columns, &all.encode_to_vec(), 999),
        Err(Garbled)
    );
    assert_eq!(Verdicts::of(Mode::Columns, &[], 1), Err(Garbled));
    assert_eq!(Verdicts::of(Mode::Unary, &[], 1), Err(Garbled));
}
