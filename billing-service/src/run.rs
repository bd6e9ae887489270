//! A bill run: plans every cycle that is due, and issues what is ready. Run again, it finds everything done.

use proto::billing::{Bill, RunBillsResponse};

use crate::bill::load::{bill_id, spans_of};
use crate::error::Error;
use crate::issue::{Order, Ready};
use crate::office::Office;
use crate::store::BATCH;

/// Most bills that an answer lists; the counts are of all.
const MAX_LISTED: usize = 1000;

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Cycles that are due by then, milliseconds since 1970 UTC.
    pub(crate) as_of_ms: i64,
    /// Plan only.
    pub(crate) dry_run: bool,
    pub(crate) order: Order,
}

/// Runs.
///
/// # Errors
/// [`Error::Store`], [`Error::Bus`]: what was issued stays issued; run again.
pub(crate) async fn run(office: &Office, request: &Request) -> Result<RunBillsResponse, Error> {
    let mut answer = RunBillsResponse::default();
    let mut batch = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = agreements(office, after.as_deref());
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        for agreement in &page {
            plan_agreement(office, agreement, request, &mut answer, &mut batch).await?;
            if batch.len() >= BATCH {
                issue(office, request, std::mem::take(&mut batch), &mut answer).await?;
            }
        }
    }
    issue(office, request, batch, &mut answer).await?;
    Ok(answer)
}

/// The next agreements in order of id.
fn agreements(office: &Office, after: Option<&str>) -> Vec<String> {
    let index = office.register.index();
    let from = index.agreements_from(after.unwrap_or_default()).map(|(id, _)| id);
    from.filter(|id| Some(*id) != after)
        .take(BATCH)
        .map(str::to_owned)
        .collect()
}

async fn plan_agreement(
    office: &Office,
    agreement: &str,
    request: &Request,
    answer: &mut RunBillsResponse,
    batch: &mut Vec<Ready>,
) -> Result<(), Error> {
    let now_ms = office.clock.now_ms();
    let facts = office.loader.facts(agreement).await?;
    let issued = office.issued_around(&facts).await?;
    for span in spans_of(&facts, now_ms.min(request.as_of_ms)) {
        if span.due_ms > request.as_of_ms || span.period.end_ms > now_ms {
            continue;
        }
        if issued.has(&bill_id(&facts, &span)) {
            answer.already_issued = answer.already_issued.saturating_add(1);
            continue;
        }
        let timer = office.metrics.plan_seconds.start_timer();
        let mut loaded = office.loader.load(&facts, &span, now_ms).await?;
        loaded
            .holds
            .extend(issued.overlap(&loaded.subject.bill_id, &span.period));
        let bill = loaded.plan();
        timer.observe_duration();
        if bill.holds.is_empty() {
            answer.ready = answer.ready.saturating_add(1);
            batch.push(Ready {
                bill,
                inputs: loaded.inputs,
            });
        } else {
            office.metrics.bills("held").inc();
            answer.held = answer.held.saturating_add(1);
            if !request.dry_run {
                office.raise_overlaps(&loaded).await?;
            }
            list(answer, bill);
        }
    }
    Ok(())
}

async fn issue(
    office: &Office,
    request: &Request,
    batch: Vec<Ready>,
    answer: &mut RunBillsResponse,
) -> Result<(), Error> {
    if request.dry_run {
        for ready in batch {
            office.metrics.bills("ready").inc();
            list(answer, ready.bill);
        }
        return Ok(());
    }
    for issued in office.issuer.issue(batch, &request.order).await? {
        answer.ready = answer.ready.saturating_sub(1);
        if issued.is_new {
            answer.issued = answer.issued.saturating_add(1);
            list(answer, issued.bill);
        } else {
            answer.already_issued = answer.already_issued.saturating_add(1);
        }
    }
    Ok(())
}

fn list(answer: &mut RunBillsResponse, bill: Bill) {
    if answer.bills.len() < MAX_LISTED {
        answer.bills.push(bill);
    }
}
