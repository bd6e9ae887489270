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

fn costs(texts: &[(&str, String)], load: &str) -> Vec<Cost> {
    let cost = |(name, text): &(&str, String)| {
        let file = PathBuf::from(format!("{name}.json"));
        cost(&file, text, load, &Beside::default()).unwrap()
    };
    texts.iter().map(cost).collect()
}

/// Who adds up the columns, or takes one row from another, comes to what is printed.
#[test]
fn what_is_printed_adds_up() {
    let bare = |charges: &str, bill_charges: &str, scope: &str| {
        format!(
            r#"{{"currency": "EUR", "timezone": "UTC", "rounding": {{"scope": "{scope}", "mode": "half_up", "places": 2}},
                "charges": [{charges}], "bill_charges": [{bill_charges}]}}"#
        )
    };
    let charges = r#"{"id": "energy", "type": "energy", "rate": "0.1234567"}, {"id": "fee", "type": "monthly", "amount": "3.335"},
        {"id": "peak", "type": "demand", "window_minutes": 1440, "rate": "2.7183"}"#;
    let more = charges
        .replace("0.1234567", "0.1234568")
        .replace("3.335", "3.3416");
    let vat = r#"{"id": "vat", "type": "percent", "rate": "0.19"}, {"id": "bonus", "type": "percent", "rate": "-0.0333"}"#;
    let texts = [
        ("none", bare(charges, vat, "none")),
        ("more", bare(&more, vat, "none")),
        ("total", bare(&more, vat, "total")),
    ];
    let days = load()
        .lines()
        .take(1 + 71)
        .fold(String::new(), |text, line| text + line + "\n");
    let rows = rows(&costs(&texts, &days));
    let number = |value: &Value| value.as_str().unwrap().parse::<Exact>().unwrap();
    let sum = |columns: &Value| Exact::sum(columns.as_object().unwrap().values().map(number));
    for row in &rows {
        assert_eq!(sum(&row["components"]), number(&row["per_year"]), "{row}");
        let cheapest = &rows[0];
        let more = number(&row["per_year"]).minus(number(&cheapest["per_year"]));
        assert_eq!(number(&row["more"]["per_year"]), more, "{row}");
        for (name, amount) in row["components"].as_object().unwrap() {
            let more = number(amount).minus(number(&cheapest["components"][name]));
            assert_eq!(number(&row["more"][name]), more, "{name} of {row}");
        }
    }
}

/// A tax is a tax also where the tariff does not say its category; what is taken off never is.
#[test]
fn a_percentage_stands_where_it_is_looked_for() {
    let energy = r#"{"id": "energy", "type": "energy", "rate": "0.5"}"#;
    let levy = r#"{"id": "levy", "type": "percent", "rate": "0.2", "of": ["energy"]}, "#;
    let bonus = levy.replace("levy", "bonus").replace("0.2", "-0.3");
    let taxed = tariff("EUR", energy);
    let other = |before: &str, category: &str| {
        let text = taxed.replace(r#""bill_charges": ["#, &format!(r#""bill_charges": [{before}"#));
        text.replace(r#", "tax": {"category": "S"}"#, category)
    };
    let category = r#", "tax": {"category": "S"}"#;
    let texts = [
        ("1", taxed.clone()),
        ("2", other("", "")),
        ("3", other("", r#", "per_line": true"#)),
        ("4", other(levy, category)),
        ("5", other(levy, "")),
        ("6", other(&bonus, "")),
    ];
    let costs = costs(&texts, &load());
    let found: Vec<_> = costs
        .iter()
        .map(|cost| [Component::Tax, Component::Other].map(|part| cost.components[&part].to_string()))
        .collect();
    // 4380 of energy in a year.
    let expected = [
        ["438", "0"],
        ["438", "0"],
        ["438", "0"],
        ["525.6", "876"],
        ["1401.6", "0"],
        ["306.6", "-1314"],
    ];
    assert_eq!(found, expected);
}

/// A minimum of a year is due in December, on all months of it: without them nothing says what a year costs.
#[test]
fn a_minimum_of_a_year_needs_whole_calendar_years() {
    let year = |minimum: &str, from: (i32, u32), days: usize| {
        let record = format!(r#"{{"energyratestructure": [[{{"rate": 1}}]]{minimum}}}"#);
        let first = chrono::NaiveDate::from_ymd_opt(from.0, from.1, 1).unwrap();
        let days = first.iter_days().take(days);
        let rows: String = days.map(|day| format!("{day}T00:00Z,1440,1\n")).collect();
        let load = format!("start_utc,minutes,import_kwh\n{rows}");
        let beside = Beside {
            zone: Some(chrono_tz::UTC),
            ..Beside::default()
        };
        let cost = cost(Path::new("r.json"), &record, &load, &beside);
        cost.map(|cost| cost.per_year.to_string())
            .map_err(|error| (error.about(), error.to_string()))
    };
    let minimum = r#", "annualmincharge": 5000"#;
    let refused = |from: &str, to: &str| {
        let reason = "charge mincharge: a minimum of a year needs all its months";
        Err((Subject::Tariff, format!("the bill from {from} to {to}: {reason}")))
    };
    assert_eq!(year(minimum, (2023, 1), 365), Ok("5000".to_owned()));
    assert_eq!(year(minimum, (2022, 1), 730), Ok("5000".to_owned()));
    assert_eq!(year(minimum, (2023, 1), 334), refused("2023-01-01", "2023-12-01"));
    assert_eq!(year(minimum, (2023, 6), 30), refused("2023-06-01", "2023-07-01"));
    assert_eq!(year(minimum, (2022, 1), 396), refused("2022-01-01", "2023-02-01"));
    assert_eq!(year(minimum, (2022, 7), 365), refused("2022-07-01", "2023-07-01"));
    assert_eq!(
        year(r#", "annualmincharge": 0"#, (2023, 1), 334),
        Ok("365".to_owned())
    );
    assert_eq!(year("", (2023, 6), 30), Ok("365".to_owned()));
}

#[test]
fn the_cheapest_comes_first_and_the_others_say_why() {
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
    let rows = rows(&costs(&texts, &load()));
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
