//! `gridtally bill ...`

use std::path::Path;

use proto::billing::{
    Bill, ExplainBillRequest, ExplainBillResponse, GetBillRequest, IssueBillRequest, LineReads,
    ListBillsRequest, RunBillsRequest,
};
use serde_json::json;

use super::{all, with};
use crate::access::Access;
use crate::cli::{BillCommand, Format, Query};
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
/// A line of an export as CSV.
const EXPORTED: &[Column] = &[
    ("BILL", "id"),
    ("NUMBER", "number"),
    ("KIND", "kind"),
    ("ACCOUNT", "account_id"),
    ("AGREEMENT", "agreement_id"),
    ("POINT", "service_point_id"),
    ("FROM", "from"),
    ("TO", "to"),
    ("TARIFF", "tariff_id"),
    ("KWH", "totals.import"),
    ("TOTAL", "total"),
    ("CURRENCY", "currency"),
    ("ISSUED", "issued_at"),
    ("INPUTS", "inputs_hash"),
];
const LINES: &[Column] = &[
    ("LINE", "id"),
    ("QUANTITY", "quantity"),
    ("UNIT", "unit"),
    ("PRICE", "price"),
    ("AMOUNT", "amount"),
    ("EXPLANATION", "explanation"),
];
/// A line of an explained bill as CSV: with what its readings are.
const EXPLAINED: &[Column] = &[
    ("BILL", "bill"),
    ("LINE", "id"),
    ("QUANTITY", "quantity"),
    ("UNIT", "unit"),
    ("PRICE", "price"),
    ("AMOUNT", "amount"),
    ("CURRENCY", "currency"),
    ("EXPLANATION", "explanation"),
    ("INTERVALS", "intervals"),
    ("QUALITY", "quality"),
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
            output,
            out,
            statement,
            settings,
        } => {
            let form = Form::of(output)?;
            let request = ListBillsRequest {
                status: "issued".to_owned(),
                ..ListBillsRequest::default()
            };
            let bills = with(&settings, async |access| list(access, &request).await).await?;
            let text = exported(bills, form, statement)?;
            write(out.as_deref(), &text)
        }
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

fn explain(format: Format, explained: &ExplainBillResponse) -> Result<(), CommandError> {
    match format {
        Format::Json => return output::one(Format::Json, explained),
        Format::Csv => return output::list(Format::Csv, EXPLAINED, &explained_lines(explained)),
        Format::Table => {}
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

/// The lines that were asked for, each with the count and quality of the readings behind it.
fn explained_lines(explained: &ExplainBillResponse) -> Vec<serde_json::Value> {
    let bill = explained.bill.clone().unwrap_or_default();
    let with_reads = |reads: &LineReads| {
        let line = bill.lines.iter().find(|line| line.id == reads.line);
        let line = line.cloned().unwrap_or_default();
        json!({
            "bill": bill.id,
            "id": reads.line,
            "quantity": line.quantity,
            "unit": line.unit,
            "price": line.price,
            "amount": line.amount,
            "currency": bill.currency,
            "explanation": reads.explanation,
            "intervals": reads.intervals,
            "quality": reads.quality,
        })
    };
    explained.lines.iter().map(with_reads).collect()
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
}

impl Form {
    /// # Errors
    /// [`CommandError::Invalid`] for a table: an export is read by programs.
    fn of(format: Format) -> Result<Self, CommandError> {
        match format {
            Format::Json => Ok(Self::Json),
            Format::Csv => Ok(Self::Csv),
            Format::Table => {
                let said = "bills are exported as json or csv; `gridtally bill list` shows a table";
                Err(CommandError::Invalid(said.to_owned()))
            }
        }
    }
}

/// The text of an export: a line per bill (CSV: after a header), in order of their ids. Of a statement only what recomputing must give again.
fn exported(mut bills: Vec<Bill>, form: Form, statement: bool) -> Result<Vec<u8>, CommandError> {
    bills.sort_by(|a, b| a.id.cmp(&b.id));
    if statement {
        for bill in &mut bills {
            bill.number.clear();
            bill.issued_at.clear();
            bill.history.clear();
        }
    }
    let mut text = Vec::new();
    match form {
        Form::Csv => output::write_list(&mut text, Format::Csv, EXPORTED, &bills)?,
        Form::Json => {
            for bill in &bills {
                let written = serde_json::to_writer(&mut text, bill);
                written.map_err(|error| CommandError::failed("cannot write a bill as JSON", error))?;
                text.push(b'\n');
            }
        }
    }
    Ok(text)
}

fn write(out: Option<&Path>, text: &[u8]) -> Result<(), CommandError> {
    match out {
        Some(path) => std::fs::write(path, text)
            .map_err(|error| CommandError::failed(format!("cannot write {}", path.display()), error)),
        None => output::bytes(text),
    }
}

#[cfg(test)]
mod tests;
