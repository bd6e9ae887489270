//! `gridtally bill ...`

use std::io::Write as _;
use std::path::Path;

use proto::billing::{
    Bill, ExplainBillRequest, GetBillRequest, IssueBillRequest, ListBillsRequest, RunBillsRequest,
};

use super::{all, with};
use crate::access::Access;
use crate::cli::{BillCommand, Format, Query, Settings};
use crate::error::CommandError;
use crate::output::{self, Column};

/// What a list of bills shows; the demo's table too.
pub(crate) const BILLS: &[Column] = &[
    ("BILL", "id"),
    ("NUMBER", "number"),
    ("STATUS", "status"),
    ("FROM", "from"),
    ("TO", "to"),
    ("TOTAL", "total"),
    ("CURRENCY", "currency"),
    ("HELD", "holds"),
];
const LINES: &[Column] = &[
    ("LINE", "id"),
    ("QUANTITY", "quantity"),
    ("UNIT", "unit"),
    ("PRICE", "price"),
    ("AMOUNT", "amount"),
    ("EXPLANATION", "explanation"),
];

/// Runs `bill ...`.
///
/// # Errors
/// What the platform answers; [`CommandError::Partial`] when a run held bills.
pub(crate) async fn run(command: BillCommand) -> Result<(), CommandError> {
    match command {
        BillCommand::List {
            agreement,
            account,
            meter,
            status,
            query,
        } => {
            let request = ListBillsRequest {
                agreement_id: agreement,
                account_id: account,
                meter_id: meter,
                status,
                ..ListBillsRequest::default()
            };
            let bills = with(&query.settings, async |access| list(access, &request).await).await?;
            output::list(query.output, BILLS, &bills)
        }
        BillCommand::Run {
            dry_run,
            as_of,
            query,
        } => run_bills(dry_run, as_of, &query).await,
        BillCommand::Show { id, query } => {
            let request = GetBillRequest { id };
            let bill = with(&query.settings, async |access| {
                Ok(access.billing().get_bill(request.clone()).await?.into_inner())
            });
            show(query.output, &bill.await?)
        }
        BillCommand::Explain { id, line, query } => {
            let request = ExplainBillRequest { id, line };
            let explained = with(&query.settings, async |access| {
                Ok(access.billing().explain_bill(request.clone()).await?.into_inner())
            });
            explain(query.output, &explained.await?)
        }
        BillCommand::Issue { id, query } => {
            let request = IssueBillRequest {
                id,
                ..IssueBillRequest::default()
            };
            let bill = with(&query.settings, async |access| {
                Ok(access.billing().issue_bill(request.clone()).await?.into_inner())
            });
            show(query.output, &bill.await?)
        }
        BillCommand::Export {
            out,
            statement,
            settings,
        } => export(out.as_deref(), statement, &settings).await,
    }
}

async fn list(access: &Access, request: &ListBillsRequest) -> Result<Vec<Bill>, CommandError> {
    let mut billing = access.billing();
    all(async |cursor| {
        let request = ListBillsRequest {
            cursor,
            ..request.clone()
        };
        let page = billing.list_bills(request).await?.into_inner();
        Ok((page.items, page.next_cursor))
    })
    .await
}

async fn run_bills(dry_run: bool, as_of: String, query: &Query) -> Result<(), CommandError> {
    let request = RunBillsRequest {
        as_of,
        dry_run,
        ..RunBillsRequest::default()
    };
    let done = with(&query.settings, async |access| {
        Ok(access.billing().run_bills(request.clone()).await?.into_inner())
    });
    let done = done.await?;
    match query.output {
        Format::Json => output::one(Format::Json, &done)?,
        format => output::list(format, BILLS, &done.bills)?,
    }
    let summary = format!(
        "{} issued, {} issued before, {} ready, {} held",
        done.issued, done.already_issued, done.ready, done.held
    );
    output::note(&summary);
    if done.held > 0 && !dry_run {
        Err(CommandError::Partial(format!("{} bills are held", done.held)))
    } else {
        Ok(())
    }
}

fn show(format: Format, bill: &Bill) -> Result<(), CommandError> {
    if format == Format::Json {
        return output::one(format, bill);
    }
    if format == Format::Table {
        let number = if bill.number.is_empty() {
            &bill.status
        } else {
            &bill.number
        };
        output::line(&format!(
            "{} ({number}), {} to {}: {} {}",
            bill.id, bill.from, bill.to, bill.total, bill.currency
        ))?;
        for hold in &bill.holds {
            output::line(&format!("held: {} {}", hold.reason, hold.detail))?;
        }
    }
    output::list(format, LINES, &bill.lines)
}

fn explain(format: Format, explained: &proto::billing::ExplainBillResponse) -> Result<(), CommandError> {
    if format != Format::Table {
        return output::one(Format::Json, explained);
    }
    if let Some(bill) = &explained.bill {
        show(format, bill)?;
    }
    // Fees and taxes are made of no intervals: what their explanation says is all there is.
    for line in explained.lines.iter().filter(|line| line.intervals > 0) {
        let quality: Vec<String> = line
            .quality
            .iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        output::line(&format!(
            "{}: {} intervals ({})",
            line.line,
            line.intervals,
            quality.join(", ")
        ))?;
    }
    Ok(())
}

async fn export(out: Option<&Path>, statement: bool, settings: &Settings) -> Result<(), CommandError> {
    let request = ListBillsRequest {
        status: "issued".to_owned(),
        ..ListBillsRequest::default()
    };
    let mut bills = with(settings, async |access| list(access, &request).await).await?;
    bills.sort_by(|a, b| a.id.cmp(&b.id));
    let mut text = Vec::new();
    for bill in &mut bills {
        if statement {
            bill.number.clear();
            bill.issued_at.clear();
            bill.history.clear();
        }
        let written = serde_json::to_writer(&mut text, bill);
        written.map_err(|error| CommandError::failed("cannot write a bill as JSON", error))?;
        text.push(b'\n');
    }
    let written = match out {
        Some(path) => std::fs::write(path, &text),
        None => std::io::stdout().lock().write_all(&text),
    };
    written.map_err(|error| CommandError::failed("cannot write the bills", error))
}
