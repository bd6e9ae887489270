//! An outcome that is not known is never a success.

use std::time::Duration;

use ingestion_service::Config;
use proptest::prelude::*;
use proto::meter::Verdict;
use service_kit::REASON_KEY;
use tonic::Code;

use crate::bus::{Fate, decoded};
use crate::{NOW_MS, batch, one, row, setup, verdicts};

fn impatient() -> Config {
    Config {
        confirm_within: Duration::from_secs(2),
        ..Config::default()
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_or_silence_of_the_bus_is_retry() {
    for fate in [Fate::Lost, Fate::KeptWithError, Fate::Silent] {
        let setup = setup(impatient()).await;
        setup.bus.then(&[fate]);
        let rows = [
            row(0, NOW_MS, 1),
            row(0, NOW_MS + 3_600_000, 1),
            row(0, NOW_MS - 900_000, 1),
        ];
        let answer = setup.submit(batch(&["m"], &rows)).await.unwrap();
        let found = verdicts(&answer, 3);
        assert_eq!(
            found,
            [Verdict::Retry, Verdict::Rejected, Verdict::Retry],
            "{fate:?}"
        );
        let reasons: Vec<&str> = answer.faults.iter().map(|fault| fault.reason.as_str()).collect();
        assert_eq!(reasons, ["OUTCOME_UNKNOWN", "IN_FUTURE", "OUTCOME_UNKNOWN"]);
        // What failed is not remembered: the repetition is no duplicate.
        assert_eq!(
            setup.verdict(one("m", row(0, NOW_MS, 1))).await,
            Verdict::Accepted
        );
        assert_eq!(setup.metric("gridtally_ingestion_publishes_total", "unknown"), 1);
    }
}

#[tokio::test]
async fn a_full_bus_turns_the_call_away() {
    let setup = setup(impatient()).await;
    setup.bus.then(&[Fate::Full]);
    let status = setup.submit(one("m", row(0, NOW_MS, 1))).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.metadata().get(REASON_KEY).unwrap(), "JOURNAL_FULL");
    assert_eq!(
        setup.verdict(one("m", row(0, NOW_MS, 1))).await,
        Verdict::Accepted
    );
}

#[tokio::test]
async fn a_batch_that_is_none_is_refused() {
    let setup = setup(impatient()).await;
    let mut columns = one("m", row(0, NOW_MS, 1));
    columns.meter = vec![7];
    let status = setup.submit(columns).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let rows: Vec<_> = (0..20_000).map(|at| row(0, NOW_MS - at, 1)).collect();
    let status = setup.submit(batch(&["m"], &rows)).await.unwrap_err();
    assert_eq!(status.metadata().get(REASON_KEY).unwrap(), "TOO_MANY_READINGS");
    assert_eq!(setup.bus.groups(), Vec::<usize>::new());
}

fn fate() -> impl Strategy<Value = Fate> {
    prop::sample::select(vec![
        Fate::Kept,
        Fate::Kept,
        Fate::Full,
        Fate::Silent,
        Fate::Lost,
        Fate::KeptWithError,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the bus does: what was accepted, or called a repeat, is on the bus; what is refused is not; one verdict per row.
    #[test]
    fn a_success_is_always_on_the_bus(
        fates in prop::collection::vec(fate(), 0..8),
        batches in prop::collection::vec(prop::collection::vec((0_i64..20, 0_i64..2, any::<bool>()), 1..12), 1..10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let setup = setup(impatient()).await;
            setup.bus.then(&fates);
            for rows in &batches {
                let rows: Vec<_> = rows
                    .iter()
                    .map(|(at, value, late)| row(0, if *late { NOW_MS - at * 900_000 } else { NOW_MS + 900_000 }, *value))
                    .collect();
                let Ok(answer) = setup.submit(batch(&["m"], &rows)).await else { continue };
                let kept: std::collections::BTreeSet<(i64, i64)> = setup.bus.messages().iter().flat_map(|message| {
                    let columns = decoded(message);
                    (0..columns.rows()).map(move |at| (columns.row(at).start_ms, columns.row(at).value)).collect::<Vec<_>>()
                }).collect();
                for (row, verdict) in rows.iter().zip(verdicts(&answer, rows.len())) {
                    let on_the_bus = kept.contains(&(row.start_ms, row.value));
                    match verdict {
                        Verdict::Accepted | Verdict::Duplicate | Verdict::Conflict => assert!(on_the_bus),
                        Verdict::Rejected => assert!(!on_the_bus && row.start_ms > NOW_MS),
                        Verdict::Retry => assert!(row.start_ms <= NOW_MS),
                        Verdict::Unspecified => panic!("no verdict"),
                    }
                }
            }
        });
    }
}
