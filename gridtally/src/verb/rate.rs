//! `gridtally rate`: a bill offline, from a case file (`RATING` 1.7). No platform, no folder, no clock.

mod load;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde::Deserialize;
use serde_json::{Value, json};
use tariff_engine::{Line, Period, Statement, Tariff};

use crate::cli::RateArgs;
use crate::error::CommandError;
use crate::output;
use load::Load;

/// A case of the kinds this version rates; anything else in the file is refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    #[serde(default, rename = "title")]
    _title: String,
    tariff: Option<String>,
    load: String,
    cycles: Vec<Cycle>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cycle {
    from: String,
    to: String,
}

/// Runs `rate`.
///
/// # Errors
/// [`CommandError::Invalid`] for what is wrong with or not supported of the case, its tariff or its load.
pub(crate) fn run(args: &RateArgs) -> Result<(), CommandError> {
    let case: Case = serde_json::from_str(&read(&args.case)?).map_err(|error| wrong(&args.case, &error))?;
    let folder = args.data.as_deref().unwrap_or_else(|| Path::new("."));
    let tariff_path = match &case.tariff {
        Some(path) => folder.join(path),
        None => args.case.with_file_name("tariff.json"),
    };
    let tariff = Tariff::parse(&read(&tariff_path)?).map_err(|problems| wrong(&tariff_path, &problems))?;
    let load_path = folder.join(&case.load);
    let load = Load::parse(&read(&load_path)?).map_err(|what| wrong(&load_path, &what))?;
    let tariff = Arc::new(tariff);
    let bills = case
        .cycles
        .iter()
        .map(|cycle| bill(&tariff, &load, cycle))
        .collect::<Result<Vec<_>, _>>()?;
    let answer = json!({"case": case.id, "currency": tariff.currency(), "bills": bills});
    let text = serde_json::to_string_pretty(&answer)
        .map_err(|error| CommandError::failed("cannot write the bills as JSON", error))?;
    match &args.out {
        None => output::line(&text),
        Some(path) => std::fs::write(path, text + "\n")
            .map_err(|error| CommandError::failed(format!("cannot write {}", path.display()), error)),
    }
}

fn read(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|error| wrong(path, &error))
}

fn wrong(path: &Path, what: &dyn std::fmt::Display) -> CommandError {
    CommandError::Invalid(format!("{}: {what}", path.display()))
}

fn bill(tariff: &Arc<Tariff>, load: &Load, cycle: &Cycle) -> Result<Value, CommandError> {
    let named = |what: &dyn std::fmt::Display| {
        CommandError::Invalid(format!("cycle {} to {}: {what}", cycle.from, cycle.to))
    };
    let date = |text: &str| text.parse::<NaiveDate>().map_err(|error| named(&error));
    let period = Period::of_dates(tariff.zone(), date(&cycle.from)?, date(&cycle.to)?)
        .map_err(|error| named(&error))?;
    if let Some(missing) = load.first_missing(period.start_ms..period.end_ms) {
        return Err(named(&format!(
            "the interval that starts at {} is missing",
            instant(missing)
        )));
    }
    let compiled = tariff.compile(&period).map_err(|error| named(&error))?;
    let statement = compiled.price(&load.intervals).map_err(|error| named(&error))?;
    Ok(shown(&period, &statement, load.has_export))
}

fn shown(period: &Period, statement: &Statement, has_export: bool) -> Value {
    let line = |line: &Line| {
        json!({
            "id": line.id,
            "quantity": line.quantity.to_string(),
            "unit": line.unit.word(),
            "exact": line.exact.to_string(),
            "amount": line.amount_text,
        })
    };
    let totals: serde_json::Map<String, Value> = statement
        .totals
        .iter()
        .filter(|(register, _)| has_export || **register == tariff_engine::Register::Import)
        .map(|(register, total)| (register.name().to_owned(), json!(total.to_string())))
        .collect();
    json!({
        "from": statement.from.to_string(),
        "to": statement.to.to_string(),
        "start_utc": instant(period.start_ms),
        "end_utc": instant(period.end_ms),
        "days": statement.days,
        "intervals": statement.intervals,
        "totals": totals,
        "lines": statement.lines.iter().map(line).collect::<Vec<_>>(),
        "total": statement.total_text,
    })
}

fn instant(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(String::new, |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}
