//! Bills on a terminal, or as JSON.

use std::io::IsTerminal as _;

use serde_json::{Value, json};
use tariff_engine::case::{Bill, Bills};

use crate::cli::Format;
use crate::error::CommandError;
use crate::output::{self, Column};

const LINES: &[Column] = &[
    ("FROM", "from"),
    ("TO", "to"),
    ("LINE", "line"),
    ("QUANTITY", "quantity"),
    ("UNIT", "unit"),
    ("PRICE", "price"),
    ("AMOUNT", "amount"),
];

/// Of `--explain --output csv`.
const EXPLAINED: Column = ("EXPLANATION", "explanation");

/// The bills as JSON, as `RATING` 1.7 wants them.
pub(super) fn json(bills: &Bills) -> Result<String, CommandError> {
    serde_json::to_string_pretty(&bills.to_json())
        .map_err(|error| CommandError::failed("cannot write the bills as JSON", error))
}

/// Prints the bills; without a wish as a table to a person and as JSON to a program.
pub(super) fn print(bills: &Bills, wish: Option<Format>, explain: bool) -> Result<(), CommandError> {
    let usual = if std::io::stdout().is_terminal() || explain {
        Format::Table
    } else {
        Format::Json
    };
    let format = wish.unwrap_or(usual);
    if format == Format::Json {
        return output::line(&json(bills)?);
    }
    for warning in &bills.warnings {
        output::note(&format!("warning: {warning}"));
    }
    let rows: Vec<Value> = bills
        .bills
        .iter()
        .flat_map(|bill| rows(bill, &bills.currency))
        .collect();
    let columns = LINES.iter().copied();
    let more = (explain && format == Format::Csv).then_some(EXPLAINED);
    output::list(format, &columns.chain(more).collect::<Vec<_>>(), &rows)?;
    if explain && format == Format::Table {
        output::line(&format!("\ntariff edition {}", bills.edition))?;
        for bill in &bills.bills {
            output::line(&format!("\n{} to {}", bill.from, bill.to))?;
            for line in &bill.lines {
                output::line(&format!("{}: {}", line.id, line.explained().sentence()))?;
            }
        }
    }
    Ok(())
}

/// Its lines and its total.
fn rows(bill: &Bill, currency: &str) -> Vec<Value> {
    let line = |line: &tariff_engine::case::BillLine| {
        json!({
            "from": bill.from, "to": bill.to, "line": line.id, "quantity": line.quantity, "unit": line.unit,
            "price": line.price, "amount": line.amount, "explanation": line.explained().sentence(),
        })
    };
    let total = json!({
        "from": bill.from, "to": bill.to, "line": format!("total {currency}"), "quantity": "", "unit": "",
        "price": "", "amount": bill.total, "explanation": "",
    });
    bill.lines.iter().map(line).chain([total]).collect()
}
