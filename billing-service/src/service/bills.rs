//! Calls about bills.

use std::collections::BTreeMap;

use proto::billing::{
    Bill, BillLine, ExplainBillRequest, ExplainBillResponse, IssueBillRequest, LineReads, ListBillsRequest,
    ListBillsResponse, RunBillsRequest, RunBillsResponse,
};
use tariff_engine::{Compiled, Period};

use super::page;
use super::readings::View;
use crate::bill::load::{bill_id, parse_bill_id, spans_of};
use crate::bill::{DRAFT, ISSUED, OPEN, Priced, channel, hold, usage};
use crate::cycle::Span;
use crate::error::Error;
use crate::issue::{Order, Ready};
use crate::office::Office;
use crate::reads::IntervalRead;
use crate::run;
use crate::store::{BillInputs, Term};
use crate::time;

/// Most bills looked at for one page: a filter that fits few gives short pages, not long waits.
const MAX_LOOKED_AT: usize = 5000;
/// Most readings of one line in an explanation, and of all its lines.
const MAX_READS: usize = 10_000;
const MAX_READS_IN_ALL: usize = 20_000;
/// The list that a cursor belongs to.
const LIST: &str = "bills";
/// Who acts when a request does not say.
const NOBODY: &str = "unknown";

pub(super) async fn list(office: &Office, request: &ListBillsRequest) -> Result<ListBillsResponse, Error> {
    if !["", DRAFT, ISSUED, OPEN].contains(&request.status.as_str()) {
        let message = "status must be draft, issued or open".to_owned();
        return Err(Error::Invalid {
            reason: "BAD_STATUS",
            message,
        });
    }
    let limit = page::limit(request.limit, page::USUAL, page::MOST);
    let after = page::after(LIST, &request.cursor)?.unwrap_or_default();
    let now_ms = office.clock.now_ms();
    let mut answer = ListBillsResponse::default();
    let mut looked_at = 0_usize;
    for agreement in agreements(office, request, after) {
        let facts = office.loader.facts(&agreement).await?;
        let issued = office.issued_of(&agreement).await?;
        // What was issued is listed also where a changed calendar has no such cycle any more.
        let mut bills: BTreeMap<String, Option<Span>> =
            issued.ids().map(|id| (id.to_owned(), None)).collect();
        for span in spans_of(&facts, now_ms.saturating_add(1)) {
            bills.entry(bill_id(&facts, &span)).or_insert(Some(span));
        }
        for (id, span) in bills {
            if agreement_and_day(&id) <= agreement_and_day(after) {
                continue;
            }
            if answer.items.len() == limit || looked_at == MAX_LOOKED_AT {
                return Ok(answer); // the next page begins after the bill looked at last
            }
            looked_at = looked_at.saturating_add(1);
            answer.next_cursor = Some(page::cursor(LIST, &id));
            let status = match &span {
                None => ISSUED,
                Some(span) if span.period.end_ms > now_ms => OPEN,
                Some(_) => DRAFT,
            };
            if request.status.is_empty() || request.status == status {
                answer.items.push(match &span {
                    None => office.bill(&id).await?,
                    Some(span) => office.draft(&facts, span).await?,
                });
            }
        }
    }
    answer.next_cursor = None;
    Ok(answer)
}

fn agreement_and_day(id: &str) -> (&str, &str) {
    parse_bill_id(id).unwrap_or_default()
}

/// The agreements that a list is about, in order of id, from that of the bill `after` on; as many as a page can look at.
fn agreements(office: &Office, request: &ListBillsRequest, after: &str) -> Vec<String> {
    let index = office.register.index();
    let (first, _) = agreement_and_day(after);
    let fits = |id: &str, account: &str| {
        (request.agreement_id.is_empty() || request.agreement_id == id)
            && (request.account_id.is_empty() || request.account_id == account)
    };
    if !request.meter_id.is_empty() {
        let of_meter = index.agreements_of(&request.meter_id);
        let account_of = |id: &str| {
            index
                .agreement(id)
                .map(|covers| covers.account.to_string())
                .unwrap_or_default()
        };
        let later = of_meter
            .iter()
            .filter(|id| &***id >= first && fits(id, &account_of(id)));
        return later.map(ToString::to_string).collect();
    }
    let start = if request.agreement_id.is_empty() {
        first
    } else {
        first.max(&request.agreement_id)
    };
    let from = index
        .agreements_from(start)
        .take_while(|(id, _)| request.agreement_id.is_empty() || **id <= *request.agreement_id);
    let fitting = from.filter(|(id, covers)| fits(id, &covers.account));
    fitting
        .take(MAX_LOOKED_AT.saturating_add(1))
        .map(|(id, _)| id.to_owned())
        .collect()
}

pub(super) async fn run(office: &Office, request: &RunBillsRequest) -> Result<RunBillsResponse, Error> {
    let as_of_ms = if request.as_of.is_empty() {
        office.clock.now_ms()
    } else {
        time::parse("as_of", &request.as_of)?
    };
    let order = Order {
        actor: actor(&request.actor),
        reason: "bill run",
    };
    run::run(
        office,
        &run::Request {
            as_of_ms,
            dry_run: request.dry_run,
            order,
        },
    )
    .await
}

fn actor(named: &str) -> String {
    if named.is_empty() {
        NOBODY.to_owned()
    } else {
        named.to_owned()
    }
}

pub(super) async fn issue(office: &Office, request: &IssueBillRequest) -> Result<Bill, Error> {
    if let Some(bill) = office.issued(&request.id).await? {
        return Ok(bill);
    }
    let (facts, span) = office.span(&request.id).await?;
    let loaded = office.load(&facts, &span).await?;
    let mut bill = loaded.plan();
    if loaded.open {
        bill.holds.insert(0, hold("OPEN", "the cycle has not ended"));
    }
    if !bill.holds.is_empty() {
        let reason = |hold: &proto::billing::Hold| format!("{} ({})", hold.reason, hold.detail);
        let reasons = bill.holds.iter().map(reason).collect::<Vec<_>>().join("; ");
        return Err(Error::Held {
            bill: bill.id,
            reasons,
        });
    }
    let order = Order {
        actor: actor(&request.actor),
        reason: "issued by hand",
    };
    let issued = office
        .issuer
        .issue(
            vec![Ready {
                bill,
                inputs: loaded.inputs,
            }],
            &order,
        )
        .await?;
    let issued = issued.into_iter().next().map(|issued| issued.bill);
    issued.ok_or_else(|| Error::NotFound {
        what: "bill",
        id: request.id.clone(),
    })
}

pub(super) async fn explain(
    office: &Office,
    request: &ExplainBillRequest,
) -> Result<ExplainBillResponse, Error> {
    let (bill, inputs) = match office.issued(&request.id).await? {
        Some(bill) => {
            let inputs: Option<BillInputs> = office.store.get(&BillInputs::id_of(&bill)).await?;
            (bill, inputs.unwrap_or_default())
        }
        None => {
            let (facts, span) = office.span(&request.id).await?;
            let loaded = office.load(&facts, &span).await?;
            (office.drafts.plan(&loaded).await, loaded.inputs)
        }
    };
    let wanted: Vec<BillLine> = bill
        .lines
        .iter()
        .filter(|line| request.line.is_empty() || line.id == request.line)
        .cloned()
        .collect();
    if wanted.is_empty() && !request.line.is_empty() {
        return Err(Error::NotFound {
            what: "line",
            id: request.line.clone(),
        });
    }
    let zone = bill.zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    let period = Period {
        zone,
        start_ms: inputs.start_ms,
        end_ms: inputs.end_ms,
    };
    let priced = office.loader.priced(&bill.tariff_edition, &period).await?;
    let mut how = how(&priced, &inputs);
    let mut lines = Vec::with_capacity(wanted.len());
    let mut left = MAX_READS_IN_ALL;
    for line in wanted {
        let mut shown = LineReads {
            line: line.id.clone(),
            explanation: line.explanation.clone(),
            how: how.remove(&line.id).unwrap_or_default(),
            ..LineReads::default()
        };
        if let Ok(compiled) = &priced.compiled {
            for term in &inputs.terms {
                add_reads(office, (compiled, left.min(MAX_READS)), (term, zone), &mut shown).await?;
            }
        }
        left = left.saturating_sub(shown.reads.len());
        lines.push(shown);
    }
    Ok(ExplainBillResponse {
        bill: Some(bill),
        lines,
    })
}

/// Of each line what it was computed from, as JSON; nothing where there is no statement.
fn how(priced: &Priced, inputs: &BillInputs) -> BTreeMap<String, String> {
    let Ok(compiled) = &priced.compiled else {
        return BTreeMap::new();
    };
    let statement = compiled.price(&usage::intervals(&inputs.terms));
    let lines = statement.into_iter().flat_map(|statement| statement.lines);
    lines
        .map(|line| (line.id.clone(), line.explained().to_json().to_string()))
        .collect()
}

/// Adds the reads of a term that went into a line.
async fn add_reads(
    office: &Office,
    (compiled, most): (&Compiled, usize),
    (term, zone): (&Term, chrono_tz::Tz),
    shown: &mut LineReads,
) -> Result<(), Error> {
    let (Some(register), Ok(meter)) = (usage::register(term), term.meter_id.parse()) else {
        return Ok(());
    };
    let view = View {
        meter: &term.meter_id,
        zone,
        configured_seconds: term.default_seconds,
    };
    // The reads as billed; when each was received is looked up beside it.
    let now = office
        .intervals(&meter, channel(term), term.from_ms..term.to_ms)
        .await?;
    let received: BTreeMap<i64, &IntervalRead> = now.iter().map(|read| (read.start_ms, read)).collect();
    for billed in usage::billed(term) {
        let inside = compiled
            .lines_at(billed.start_ms)
            .iter()
            .any(|(id, of)| *id == shown.line && *of == register);
        if !inside {
            continue;
        }
        shown.intervals = shown.intervals.saturating_add(1);
        *shown
            .quality
            .entry(billed.content.quality.word().to_owned())
            .or_default() += 1;
        if shown.reads.len() < most {
            let known = received
                .get(&billed.start_ms)
                .filter(|read| read.content == billed.content);
            let mut read = view.interval(channel(term), known.copied().unwrap_or(&billed));
            if known.is_none() {
                read.received_at = String::new();
            }
            shown.reads.push(read);
        }
    }
    Ok(())
}
