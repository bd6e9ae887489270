//! What holds of any tariff and any load, seen from outside. Laws of single parts are beside them.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tariff_engine::case::{Case, Files};
use tariff_engine::{Carry, Exact, Inputs, Period, Rows, Tariff, instant};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Everything that one bill hands to the next: a bank whose lots expire, and a ratchet.
const CARRIED: &str = r#"
    {"id": "net", "type": "net_energy", "rate": "0.31", "expiry_cycles": 5, "expired_rate": "0.04"},
    {"id": "peak", "type": "demand", "window_minutes": 60, "rate": "4.2", "ratchet": {"percent": 80, "cycles_back": 4}}"#;
/// What depends on nothing but its own hours and days.
const ADDITIVE: &str = r#"
    {"id": "energy", "type": "energy", "bands": [{"name": "peak", "rate": "0.371", "when": [{"days": ["mon", "fri"], "from": "16:00", "to": "21:00"}]}],
        "otherwise": {"name": "rest", "rate": "0.219"}},
    {"id": "back", "type": "energy", "register": "export", "rate": "0.07", "sign": "-1"},
    {"id": "grid", "type": "monthly", "amount": "9.95"}, {"id": "meter", "type": "annual", "amount": 20}, {"id": "day", "type": "daily", "amount": "0.1"}"#;

fn tariff(charges: &str, scope: &str) -> String {
    format!(
        r#"{{"currency": "EUR", "timezone": "Europe/Berlin", "rounding": {{"scope": "{scope}", "mode": "half_up", "places": 2}}, "charges": [{charges}]}}"#
    )
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Hours of import and export from an instant on; a number gives them.
fn load(start: &str, days: i64, seed: i64) -> String {
    let start = instant::parse(start).unwrap();
    let mut text = "start_utc,minutes,import_kwh,export_kwh\n".to_owned();
    for at in (start..start + days * DAY_MS).step_by(usize::try_from(HOUR_MS).unwrap()) {
        let hour = at / HOUR_MS;
        let (import, export) = (
            hour * (seed + 7919) % 3001,
            (hour * (seed + 31) % 2003 - 900).max(0) * 2,
        );
        writeln!(
            text,
            "{},60,{}.{:03},{}.{:03}",
            instant::show(at),
            import / 1000,
            import % 1000,
            export / 1000,
            export % 1000
        )
        .unwrap();
    }
    text
}

fn bills(tariff: &str, load: &str, edges: &[NaiveDate]) -> Value {
    let cycles = edges
        .windows(2)
        .map(|pair| json!({"from": pair[0].to_string(), "to": pair[1].to_string()}));
    let cycles: Vec<Value> = cycles.collect();
    let case = json!({"id": "law", "load": "x", "cycles": cycles}).to_string();
    let files = Files {
        tariff,
        load: Some(load),
        prices: None,
    };
    Case::parse(&case).unwrap().bills(files).unwrap().to_json()["bills"].clone()
}

fn months_of_2024() -> Vec<NaiveDate> {
    let first = |number: u32| NaiveDate::from_ymd_opt(2024, number, 1).unwrap();
    (1..=12).map(first).chain([date("2025-01-01")]).collect()
}

/// What the lines of an engine's own bill come to before rounding, by id.
fn exact_sums(
    tariff: &Arc<Tariff>,
    rows: &tariff_engine::Load,
    edges: &[NaiveDate],
) -> std::collections::BTreeMap<String, Exact> {
    let mut sums = std::collections::BTreeMap::new();
    let inputs = Inputs {
        load: Some(rows),
        prices: None,
    };
    for pair in edges.windows(2) {
        let period = Period::of_dates(tariff.zone(), pair[0], pair[1]).unwrap();
        let statement = tariff
            .compile(&period)
            .unwrap()
            .bill(inputs, &Carry::default())
            .unwrap();
        for line in statement.lines {
            let sum: &mut Exact = sums.entry(line.id.clone()).or_insert(Exact::ZERO);
            *sum = sum.plus(&line.exact);
        }
    }
    sums
}

/// `amount` of the lines by id, added over bills.
fn sums(bills: &Value) -> std::collections::BTreeMap<String, Exact> {
    let mut sums = std::collections::BTreeMap::new();
    let lines = bills
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|bill| bill["lines"].as_array().unwrap());
    for line in lines {
        let sum: &mut Exact = sums
            .entry(line["id"].as_str().unwrap().to_owned())
            .or_insert(Exact::ZERO);
        *sum = sum.plus(line["amount"].as_str().unwrap().parse::<Exact>().unwrap());
    }
    sums
}

/// A JSON text of the same content, its objects in another order and with other spaces.
fn rewritten(value: &Value, turn: usize) -> String {
    match value {
        Value::Object(pairs) => {
            let mut shown: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{} :\n {}", Value::from(key.as_str()), rewritten(value, turn)))
                .collect();
            let turn = turn % shown.len().max(1);
            shown.rotate_left(turn);
            format!("{{ {} }}", shown.join("\t,"))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| rewritten(item, turn)).collect();
            format!("[{}]", items.join(" , "))
        }
        other => other.to_string(),
    }
}

fn neutral_texts() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tariffs/neutral");
    let files = std::fs::read_dir(folder).unwrap();
    let mut texts: Vec<String> = files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    texts.extend([tariff(CARRIED, "line"), tariff(ADDITIVE, "none")]);
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The canonical text is the same tariff and its own canonical text, however the text was ordered and spaced.
    #[test]
    fn a_tariff_round_trips_through_its_json(text in select(neutral_texts()), turn in 0_usize..12) {
        let tariff = Tariff::parse(&text).unwrap();
        let again = Tariff::parse(tariff.canonical()).unwrap();
        prop_assert_eq!(again.canonical(), tariff.canonical());
        prop_assert_eq!(again.edition(), tariff.edition());
        prop_assert_eq!(&Tariff::parse(again.canonical()).unwrap(), &again);
        let content: Value = serde_json::from_str(tariff.canonical()).unwrap();
        let turned = Tariff::parse(&rewritten(&content, turn)).unwrap();
        prop_assert_eq!(turned.canonical(), tariff.canonical());
        prop_assert_eq!(turned.edition(), tariff.edition());
    }

    /// Twelve calls, each with what the one before handed on, make the bills of one call for the year.
    #[test]
    fn twelve_calls_with_carried_state_are_one_of_a_year(seed in 0_i64..100_000) {
        let text = tariff(CARRIED, "line");
        let load = load("2023-12-31T00:00:00Z", 368, seed);
        let months = months_of_2024();
        let whole = bills(&text, &load, &months);
        let rows = Rows::parse(&load).unwrap().as_of(None);
        let inputs = Inputs { load: Some(&rows), prices: None };
        let tariff = Arc::new(Tariff::parse(&text).unwrap());
        let mut carry = Carry::default();
        for (pair, bill) in months.windows(2).zip(whole.as_array().unwrap()) {
            let period = Period::of_dates(tariff.zone(), pair[0], pair[1]).unwrap();
            let statement = tariff.compile(&period).unwrap().bill(inputs, &carry).unwrap();
            prop_assert_eq!(json!(statement.total_text), bill["total"].clone());
            let amounts: Vec<Value> = statement.lines.iter().map(|line| json!(line.amount_text())).collect();
            let expected: Vec<Value> = bill["lines"].as_array().unwrap().iter().map(|line| line["amount"].clone()).collect();
            prop_assert_eq!(amounts, expected);
            carry = statement.carry;
        }
    }

    /// What is by the hour and by the day comes to the same in twelve bills as in one, before rounding.
    #[test]
    fn twelve_months_are_a_year(seed in 0_i64..100_000) {
        let tariff = Arc::new(Tariff::parse(&tariff(ADDITIVE, "none")).unwrap());
        let rows = Rows::parse(&load("2023-12-31T00:00:00Z", 368, seed)).unwrap().as_of(None);
        let months = months_of_2024();
        prop_assert_eq!(exact_sums(&tariff, &rows, &months), exact_sums(&tariff, &rows, &[months[0], months[12]]));
    }

    /// Deliveries in any order and any number make the same bill.
    #[test]
    fn the_order_and_number_of_deliveries_do_not_matter(
        order in Just((0..72_usize).chain(0..72).collect::<Vec<_>>()).prop_shuffle(),
        extra in prop::collection::vec(0_usize..72, 0..40),
        seed in 0_i64..100_000,
    ) {
        let text = tariff(&format!("{CARRIED},{ADDITIVE}"), "line");
        let rows: Vec<String> = load("2024-03-29T23:00:00Z", 3, seed).lines().map(str::to_owned).collect();
        let edges = [date("2024-03-30"), date("2024-04-01")];
        let delivered = |order: &[usize]| {
            let mut text = format!("{},received_utc\n", rows[0]);
            for index in order {
                writeln!(text, "{},2024-05-01T00:00:{:02}Z", rows[index + 1], index % 60).unwrap();
            }
            text
        };
        let once: Vec<usize> = (0..72).collect();
        let many: Vec<usize> = order.into_iter().chain(extra).collect();
        prop_assert_eq!(bills(&text, &delivered(&many), &edges), bills(&text, &delivered(&once), &edges));
    }

    /// Rounded by the line, the lines make the total.
    #[test]
    fn lines_sum_to_the_total(seed in 0_i64..100_000, days in 1_u64..30, charges in select(vec![ADDITIVE, CARRIED])) {
        let mut text: Value = serde_json::from_str(&tariff(charges, "line")).unwrap();
        text["bill_charges"] = json!([
            {"id": "vat", "type": "percent", "rate": "0.19", "per_line": true}, {"id": "least", "type": "minimum", "amount": 500}
        ]);
        let to = date("2024-10-10").checked_add_days(Days::new(days)).unwrap();
        let bills = bills(&text.to_string(), &load("2024-10-08T00:00:00Z", 40, seed), &[date("2024-10-10"), to]);
        let total: Exact = bills[0]["total"].as_str().unwrap().parse().unwrap();
        prop_assert_eq!(Exact::sum(sums(&bills).into_values()), total);
    }
}
