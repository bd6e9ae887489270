//! The worked bills of `tests/data`: ids, amounts, totals, days, intervals and the exact value of every line.

use std::path::Path;
use std::sync::Arc;

use model::Energy;
use serde_json::{Value, json};
use tariff_engine::{Interval, Period, Register, Statement, Tariff};

fn data(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The load and whether it has a column of export.
fn load(path: &str) -> (Vec<Interval>, bool) {
    let text = data(path);
    let mut rows = text.lines();
    let header: Vec<&str> = rows.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|column| *column == name);
    let (start, import, export) = (
        column("start_utc").unwrap(),
        column("import_kwh").unwrap(),
        column("export_kwh"),
    );
    let parse = |row: &str| {
        let cells: Vec<&str> = row.split(',').collect();
        Interval {
            start_ms: chrono::DateTime::parse_from_rfc3339(cells[start])
                .unwrap()
                .timestamp_millis(),
            minutes: 15,
            import: cells[import].parse().unwrap(),
            export: export.map_or(Energy::ZERO, |export| cells[export].parse().unwrap()),
        }
    };
    (rows.map(parse).collect(), export.is_some())
}

fn shown(period: &Period, statement: &Statement, exports: bool) -> Value {
    let utc = |ms| {
        let time = chrono::DateTime::from_timestamp_millis(ms).unwrap();
        time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let line = |line: &tariff_engine::Line| {
        json!({
            "id": line.id, "quantity": line.quantity.to_string(), "unit": line.unit.word(),
            "exact": line.exact.to_string(), "amount": line.amount_text,
        })
    };
    let mut totals = json!({"import": statement.totals[&Register::Import].to_string()});
    if exports {
        totals["export"] = json!(statement.totals[&Register::Export].to_string());
    }
    json!({
        "from": statement.from.to_string(), "to": statement.to.to_string(),
        "start_utc": utc(period.start_ms), "end_utc": utc(period.end_ms),
        "days": statement.days, "intervals": statement.intervals, "totals": totals,
        "lines": statement.lines.iter().map(line).collect::<Vec<_>>(), "total": statement.total_text,
    })
}

fn check(case: &str) {
    let parse = |path: &str| serde_json::from_str::<Value>(&data(path)).unwrap();
    let expected = parse(&format!("expected/{case}.json"));
    let case = parse(&format!("cases/{case}.json"));
    let tariff = Tariff::parse(&data(case["tariff"].as_str().unwrap()))
        .unwrap_or_else(|problems| panic!("{problems}"));
    let tariff = Arc::new(tariff);
    let (intervals, exports) = load(case["load"].as_str().unwrap());
    let bill = |cycle: &Value| {
        let date = |key: &str| cycle[key].as_str().unwrap().parse().unwrap();
        let period = Period::of_dates(tariff.zone(), date("from"), date("to")).unwrap();
        let statement = tariff.compile(&period).unwrap().price(&intervals).unwrap();
        shown(&period, &statement, exports)
    };
    let bills: Vec<Value> = case["cycles"].as_array().unwrap().iter().map(bill).collect();
    assert_eq!(
        json!({"case": case["id"], "currency": tariff.currency(), "bills": bills}),
        expected
    );
}

#[test]
fn n01_both_clock_changes() {
    check("n01_dst_berlin");
}

#[test]
fn n02_a_change_of_prices_inside_the_cycle() {
    check("n02_mid_cycle_change");
}

#[test]
fn n03a_ties_half_up() {
    check("n03a_vat_rounding");
}

#[test]
fn n03b_ties_half_even() {
    check("n03b_vat_rounding");
}

#[test]
fn n03c_tax_per_line() {
    check("n03c_vat_rounding");
}

#[test]
fn n03d_only_the_total_is_rounded() {
    check("n03d_vat_rounding");
}

#[test]
fn n05_holidays() {
    check("n05_holidays");
}
