//! What the demo shows at the end: a table of bills, and lines to open and type next.

use std::collections::BTreeMap;
use std::time::Duration;

use gridtally_simulator::Tally;
use proto::billing::billing_client::BillingClient;
use proto::billing::{Bill, ListBillsRequest, RunBillsResponse};
use serde_json::json;

use super::Demo;
use crate::access::Authorized;
use crate::cli::Format;
use crate::error::CommandError;
use crate::output::{self, Column};

/// Bills shown one by one; the others are in the sums.
const SHOWN: usize = 8;
const ONE_BY_ONE: &[Column] = &[
    ("BILL", "id"),
    ("NUMBER", "number"),
    ("TARIFF", "tariff_id"),
    ("FROM", "from"),
    ("TO", "to"),
    ("KWH", "totals.import"),
    ("TOTAL", "total"),
    ("CURRENCY", "currency"),
];
const SUMS: &[Column] = &[
    ("TARIFF", "tariff"),
    ("BILLS", "bills"),
    ("HELD", "held"),
    ("TOTAL", "total"),
    ("CURRENCY", "currency"),
];

/// Prints the table and the lines.
///
/// # Errors
/// What the platform answers.
pub(super) async fn print(
    demo: &Demo<'_>,
    billing: &mut BillingClient<Authorized>,
    tally: &Tally,
    run: &RunBillsResponse,
    elapsed: Duration,
) -> Result<(), CommandError> {
    let bills = issued(billing).await?;
    output::line(&format!(
        "{} meters; {} readings accepted, {} seen before, {} rejected; {} bills issued now, {} before, {} held; {:.1} s",
        demo.feed.sites.len(),
        tally.accepted,
        tally.duplicate,
        tally.rejected,
        run.issued,
        run.already_issued,
        run.held,
        elapsed.as_secs_f64()
    ))?;
    output::line("")?;
    output::list(Format::Table, ONE_BY_ONE, &examples(&bills))?;
    output::line("")?;
    output::list(Format::Table, SUMS, &sums(&bills, &run.bills))?;
    for bill in run.bills.iter().filter(|bill| !bill.holds.is_empty()).take(SHOWN) {
        let holds: Vec<&str> = bill.holds.iter().map(|hold| hold.reason.as_str()).collect();
        output::line(&format!("held: {} ({})", bill.id, holds.join(", ")))?;
    }
    if let Some(bill) = bills.first() {
        output::line("")?;
        output::line(&next(demo, bill))?;
    }
    Ok(())
}

async fn issued(billing: &mut BillingClient<Authorized>) -> Result<Vec<Bill>, CommandError> {
    let mut bills = Vec::new();
    let mut cursor = String::new();
    loop {
        let request = ListBillsRequest {
            status: "issued".to_owned(),
            cursor,
            limit: 1_000,
            ..Default::default()
        };
        let page = billing.list_bills(request).await?.into_inner();
        bills.extend(page.items);
        match page.next_cursor {
            Some(next) if !next.is_empty() => cursor = next,
            _ => return Ok(bills),
        }
    }
}

/// One or two of every tariff.
fn examples(bills: &[Bill]) -> Vec<&Bill> {
    let mut by_tariff: BTreeMap<&str, Vec<&Bill>> = BTreeMap::new();
    for bill in bills {
        by_tariff.entry(&bill.tariff_id).or_default().push(bill);
    }
    let mut shown: Vec<&Bill> = by_tariff
        .values()
        .flat_map(|bills| bills.iter().take(2).copied())
        .collect();
    shown.truncate(SHOWN);
    shown
}

/// Sums by tariff, in the minor unit while they are added.
fn sums(bills: &[Bill], of_run: &[Bill]) -> Vec<serde_json::Value> {
    let mut by_tariff: BTreeMap<(&str, &str), (u64, u64, i128)> = BTreeMap::new();
    for bill in bills {
        let sum = by_tariff.entry((&bill.tariff_id, &bill.currency)).or_default();
        sum.0 += 1;
        sum.2 += hundredths(&bill.total);
    }
    for bill in of_run.iter().filter(|bill| !bill.holds.is_empty()) {
        by_tariff.entry((&bill.tariff_id, &bill.currency)).or_default().1 += 1;
    }
    let rows = by_tariff
        .into_iter()
        .map(|((tariff, currency), (count, held, total))| {
            let sign = if total < 0 { "-" } else { "" };
            let total = format!("{sign}{}.{:02}", total.abs() / 100, total.abs() % 100);
            json!({"tariff": tariff, "bills": count, "held": held, "total": total, "currency": currency})
        });
    rows.collect()
}

/// The hundredths that a decimal with two places writes; the demo's currencies have two.
fn hundredths(decimal: &str) -> i128 {
    decimal.replace('.', "").parse().unwrap_or_default()
}

/// Lines that work as they are printed.
fn next(demo: &Demo<'_>, bill: &Bill) -> String {
    let ready = demo.platform.ready();
    let meter = demo.feed.sites.first().map_or("", |site| site.meter.as_str());
    let program =
        std::env::current_exe().map_or_else(|_| "gridtally".to_owned(), |path| path.display().to_string());
    let data = demo.config.data.display();
    let (token, header) = if demo.keys.is_some() {
        let line = format!("TOKEN=$({program} token issue --role viewer --subject me --data {data})\n");
        (line, " -H \"Authorization: Bearer $TOKEN\"")
    } else {
        (String::new(), "")
    };
    let (device, staff, metrics) = (ready.device_grpc, ready.staff_http, ready.metrics);
    let (from, to, id) = (&bill.start_utc, &bill.end_utc, &bill.id);
    format!(
        "Look further:\n\
         {token}\
         curl -s{header} 'http://{staff}/api/v1/bills?limit=3'\n\
         curl -s{header} 'http://{staff}/api/v1/bills/{id}/explain'\n\
         curl -s{header} 'http://{staff}/api/v1/meters/{meter}/usage?resolution=1d&from={from}&to={to}'\n\
         curl -s{header} 'http://{staff}/api/v1/usage?by=region&resolution=1d&from={from}&to={to}'\n\
         grpcurl -plaintext{header} -d '{{\"id\": \"{id}\"}}' {device} gridtally.billing.v1.Billing/GetBill\n\
         curl -s 'http://{metrics}/metrics'\n\
         {program} bill explain {id} --data {data}"
    )
}

#[cfg(test)]
mod tests;
