//! `gridtally reading import`: the rows of a CSV file become readings, and each gets its verdict.

mod row;

use std::collections::BTreeSet;
use std::path::Path;

use proto::meter::meter_gateway_client::MeterGatewayClient;
use proto::meter::{Reading, SendReadingsRequest, Verdict};
use serde::Serialize;

use super::with;
use crate::access::Access;
use crate::cli::{Query, ReadingCommand};
use crate::error::CommandError;
use crate::output::{self, Column};

/// As many as one call may carry.
const BATCH: usize = 1_000;
/// How often a batch is sent again while its outcome is unknown.
const ATTEMPTS: usize = 5;
const RESULTS: &[Column] = &[
    ("LINE", "line"),
    ("METER", "meter"),
    ("VERDICT", "verdict"),
    ("REASON", "reason"),
    ("MESSAGE", "message"),
];

/// What became of a row that was not simply accepted.
#[derive(Debug, Clone, Serialize)]
struct Outcome {
    line: u64,
    meter: String,
    verdict: String,
    reason: String,
    message: String,
}

/// Runs `reading ...`.
///
/// # Errors
/// [`CommandError::Invalid`] when the file cannot be read as such, [`CommandError::Partial`] when rows were refused.
pub(crate) async fn run(command: ReadingCommand) -> Result<(), CommandError> {
    let ReadingCommand::Import { file, meter, query } = command;
    let (rows, mut outcomes) = row::read(&file, meter.as_deref())?;
    let lines = rows.iter().map(|(line, _)| *line);
    let lines = lines.chain(outcomes.iter().map(|outcome| outcome.line));
    let total = Total {
        readings: rows.len(),
        rows: lines.collect::<BTreeSet<u64>>().len(),
    };
    let sent = with(&query.settings, async |access| send(access, &rows).await);
    outcomes.extend(sent.await?);
    report(&file, &total, outcomes, &query)
}

/// What a file holds.
struct Total {
    /// Values that were sent; a row may have several.
    readings: usize,
    /// Rows, whatever became of them.
    rows: usize,
}

fn report(file: &Path, total: &Total, mut outcomes: Vec<Outcome>, query: &Query) -> Result<(), CommandError> {
    outcomes.sort_by_key(|outcome| outcome.line);
    output::list(query.output, RESULTS, &outcomes)?;
    let of = |verdict: &str| {
        outcomes
            .iter()
            .filter(|outcome| outcome.verdict == verdict)
            .count()
    };
    let (duplicate, conflict, rejected, retry, empty) = (
        of("DUPLICATE"),
        of("CONFLICT"),
        of("REJECTED"),
        of("RETRY"),
        of(row::EMPTY),
    );
    let unread = outcomes
        .iter()
        .filter(|outcome| outcome.reason == row::BAD)
        .count();
    let accepted = total.readings + unread + empty - outcomes.len();
    output::note(&format!(
        "{}, {} rows: {accepted} accepted, {duplicate} duplicate, {conflict} conflict, {rejected} rejected, {retry} unknown, \
         {empty} without a value",
        file.display(),
        total.rows
    ));
    let bad = |outcome: &&Outcome| matches!(outcome.verdict.as_str(), "REJECTED" | "RETRY");
    let bad: BTreeSet<u64> = outcomes.iter().filter(bad).map(|outcome| outcome.line).collect();
    match bad.len() {
        0 => Ok(()),
        bad if accepted + duplicate + conflict == 0 => Err(CommandError::Invalid(format!(
            "none of {} rows was kept; {bad} of them were refused or are not known to be there",
            total.rows
        ))),
        bad => Err(CommandError::Partial(format!(
            "{bad} of {} rows were not kept, or not whole",
            total.rows
        ))),
    }
}

async fn send(access: &Access, rows: &[(u64, Reading)]) -> Result<Vec<Outcome>, CommandError> {
    let mut device = MeterGatewayClient::new(access.connection());
    let mut outcomes = Vec::new();
    for batch in rows.chunks(BATCH) {
        let mut open: Vec<&(u64, Reading)> = batch.iter().collect();
        let mut last = Vec::new();
        for _ in 0..ATTEMPTS {
            let readings = open.iter().map(|(_, reading)| reading.clone()).collect();
            let receipts = device
                .send_readings(SendReadingsRequest { readings })
                .await?
                .into_inner()
                .receipts;
            last.clear();
            let mut again = Vec::new();
            for (row, receipt) in open.into_iter().zip(receipts) {
                let verdict = receipt.verdict();
                let outcome = Outcome {
                    line: row.0,
                    meter: row.1.device_id.clone(),
                    verdict: verdict.as_str_name().trim_start_matches("VERDICT_").to_owned(),
                    reason: receipt.reason,
                    message: receipt.message,
                };
                match verdict {
                    Verdict::Accepted => {}
                    Verdict::Retry => {
                        again.push(row);
                        last.push(outcome);
                    }
                    Verdict::Unspecified | Verdict::Duplicate | Verdict::Conflict | Verdict::Rejected => {
                        outcomes.push(outcome);
                    }
                }
            }
            open = again;
            if open.is_empty() {
                break;
            }
        }
        outcomes.append(&mut last);
    }
    Ok(outcomes)
}
