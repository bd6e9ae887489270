use super::*;

fn tariff(currency: &str, charges: &str) -> String {
    format!(
        r#"{{"currency": "{currency}", "timezone": "UTC", "rounding": {{"scope": "line", "mode": "half_up", "places": 2}},
            "charges": [{charges}], "bill_charges": [{{"id": "vat", "type": "percent", "rate": "0.1", "tax": {{"category": "S"}}}}]}}"#
    )
}

/// 73 days, a fifth of a year, of 24 kWh.
fn load() -> String {
    let days = (1..=73).filter_map(|day| chrono::NaiveDate::from_yo_opt(2023, day));
    let rows: String = days.map(|day| format!("{day}T00:00Z,1440,24\n")).collect();
    format!("start_utc,minutes,import_kwh\n{rows}")
}

#[test]
fn the_cheapest_comes_first_and_the_others_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let energy = r#"{"id": "energy", "type": "energy", "rate": "0.5"}"#;
    let texts = [
        (
            "fee",
            tariff(
                "EUR",
                &format!(r#"{energy}, {{"id": "fee", "type": "daily", "amount": 1}}"#),
            ),
        ),
        (
            "cheap",
            tariff(
                "EUR",
                r#"{"id": "energy", "type": "energy", "rate": "0.25"}, {"id": "peak", "type": "demand", "window_minutes": 1440, "rate": 2}"#,
            ),
        ),
        ("abroad", tariff("USD", energy)),
    ];
    let costs: Vec<Cost> = texts
        .iter()
        .map(|(name, text)| {
            let file = folder.path().join(format!("{name}.json"));
            cost(&file, text, &load(), &Beside::default()).unwrap()
        })
        .collect();
    let rows = rows(&costs);
    let names: Vec<_> = rows.iter().map(|row| row["tariff"].as_str().unwrap()).collect();
    assert_eq!(names, ["cheap", "fee", "abroad"]);
    // 73 days x 24 kWh x 0.25 x 5, three months' peaks of 1 kW x 2 x 5, a tenth of tax.
    assert_eq!(
        rows[0]["components"],
        json!({"energy": "2190.00", "export": "0.00", "demand": "30.00", "fixed": "0.00", "tax": "222.00", "other": "0.00"})
    );
    assert_eq!(rows[0]["per_year"], "2442.00");
    assert_eq!(
        rows[1]["more"],
        json!({"per_year": "2777.50", "energy": "2190.00", "export": "0.00", "demand": "-30.00", "fixed": "365.00", "tax": "252.50", "other": "0.00"})
    );
    assert_eq!(rows[2]["more"]["per_year"], "0.00");
    assert_eq!(rows[2]["days"], 73);
}
