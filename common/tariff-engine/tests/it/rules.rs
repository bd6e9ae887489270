//! One small tariff and load for every sentence of `RATING` sections 1 and 3; amounts were worked out by hand.

mod banks;
mod bill_charges;
mod common;
mod contracted;
mod cycles;
mod demand;
mod energy;
mod events;
mod explained;
mod explained_records;
mod gaps;
mod history;
mod options;
mod prepayment;
mod record_tiers;
mod records;
mod registers;
mod settlement;
mod tiers;
mod together;
mod values;

use serde_json::Value;
use tariff_engine::case::{Case, Files};

use super::recomputed;

/// A case of one tariff, which is in UTC and rounds nothing unless it says so.
#[derive(Clone, Default)]
struct World {
    /// Keys of the tariff after `currency`, `timezone` and `rounding`.
    tariff: String,
    zone: &'static str,
    rounding: &'static str,
    load: Option<String>,
    prices: Option<String>,
    /// Keys of the case after `id`.
    case: String,
}

impl World {
    /// Charges over one cycle of two dates.
    fn new(charges: &str, from: &str, to: &str) -> Self {
        Self {
            tariff: format!(r#""charges": [{charges}]"#),
            zone: "UTC",
            rounding: r#"{"scope": "none"}"#,
            case: format!(r#""cycles": [{{"from": "{from}", "to": "{to}"}}]"#),
            ..Self::default()
        }
    }

    /// Rows of import of one length, from an instant on.
    fn with_load(mut self, start: &str, minutes: i64, import: &[&str]) -> Self {
        let values: Vec<String> = import.iter().map(|value| format!("{minutes},{value}")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        self.load = Some(rows("start_utc,minutes,import_kwh", start, minutes, &values));
        self
    }

    fn and(mut self, case: &str) -> Self {
        self.case = format!("{}, {case}", self.case);
        self
    }

    fn bills(&self) -> Result<Vec<Value>, String> {
        let bills = self.all()?;
        Ok(bills["bills"].as_array().unwrap().clone())
    }

    /// The bills with what is said beside them.
    fn all(&self) -> Result<Value, String> {
        let has = |key: &str, text: &Option<String>| {
            if text.is_some() {
                format!(r#""{key}": "x", "#)
            } else {
                String::new()
            }
        };
        let (load, prices) = (has("load", &self.load), has("prices", &self.prices));
        let case = format!(r#"{{"id": "world", {load}{prices}{}}}"#, self.case);
        let case = Case::parse(&case).map_err(|problems| problems.to_string())?;
        let tariff = format!(
            r#"{{"currency": "EUR", "timezone": "{}", "rounding": {}, {}}}"#,
            self.zone, self.rounding, self.tariff
        );
        let files = Files {
            tariff: &tariff,
            load: self.load.as_deref(),
            prices: self.prices.as_deref(),
        };
        let bills = case.bills(files).map_err(|error| error.to_string())?.to_json();
        recomputed::check(&bills)?;
        Ok(bills)
    }

    /// Ids and amounts of the lines of every bill.
    fn lines(&self) -> Vec<Vec<(String, String)>> {
        let bills = self.bills().unwrap();
        bills.iter().map(amounts).collect()
    }

    /// The only bill.
    fn bill(&self) -> Value {
        let bills = self.bills().unwrap();
        assert_eq!(bills.len(), 1);
        bills[0].clone()
    }

    #[track_caller]
    fn check(&self, expected: &[(&str, &str)]) {
        assert_eq!(amounts(&self.bill()), owned(expected));
    }

    #[track_caller]
    fn check_all(&self, expected: &[&[(&str, &str)]]) {
        let expected: Vec<_> = expected.iter().map(|bill| owned(bill)).collect();
        assert_eq!(self.lines(), expected);
    }

    #[track_caller]
    fn refused(&self, expected: &str) {
        let error = self.bills().expect_err("it is refused");
        assert!(error.contains(expected), "{error}");
    }
}

fn amounts(bill: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = bill["lines"].as_array().unwrap().iter();
    lines
        .map(|line| (text(&line["id"]), text(&line["amount"])))
        .collect()
}

fn owned(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines
        .iter()
        .map(|(id, amount)| ((*id).to_owned(), (*amount).to_owned()))
        .collect()
}

/// A CSV of values at one distance.
fn rows(header: &str, start: &str, minutes: i64, values: &[&str]) -> String {
    let start = tariff_engine::instant::parse(start).unwrap();
    let mut text = format!("{header}\n");
    for (index, value) in values.iter().enumerate() {
        let at = start + i64::try_from(index).unwrap() * minutes * 60_000;
        text += &format!("{},{value}\n", tariff_engine::instant::show(at));
    }
    text
}
