use std::fs;

use tariff_engine::Picture;

use super::*;
use crate::cli::{CompareArgs, Format};

const FLAT: &str = r#"{"currency": "EUR", "timezone": "UTC", "rounding": {"scope": "line", "mode": "half_up", "places": 2},
    "charges": [{"id": "energy", "type": "energy", "rate": "0.5"}, {"id": "fee", "type": "daily", "amount": 1}],
    "bill_charges": [{"id": "vat", "type": "percent", "rate": "0.1", "tax": {"category": "S"}}]}"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tariffs")).unwrap();
    fs::write(folder.path().join("tariffs/flat.json"), FLAT).unwrap();
    let power = FLAT.replace(
        r#"{"id": "fee", "type": "daily", "amount": 1}"#,
        r#"{"id": "peak", "type": "demand", "window_minutes": 1440, "rate": 2}"#,
    );
    fs::write(folder.path().join("tariffs/power.json"), power).unwrap();
    let mut load = "start_utc,minutes,import_kwh\n".to_owned();
    for day in 1..=73 {
        let date = chrono::NaiveDate::from_yo_opt(2023, day).unwrap();
        load += &format!("{date}T00:00Z,1440,24\n");
    }
    fs::write(folder.path().join("load.csv"), load).unwrap();
    folder
}

fn compare(folder: &tempfile::TempDir) -> Result<(), CommandError> {
    compare::run(&CompareArgs {
        load: folder.path().join("load.csv"),
        tariffs: folder.path().join("tariffs"),
        output: Format::Json,
        ..CompareArgs::default()
    })
}

#[test]
fn a_tariff_that_cannot_be_priced_does_not_hide_the_others() {
    let folder = folder();
    compare(&folder).unwrap();
    let market = FLAT.replace(r#""type": "energy", "rate": "0.5""#, r#""type": "indexed""#);
    fs::write(folder.path().join("tariffs/market.json"), market).unwrap();
    let error = compare(&folder).unwrap_err();
    assert!(
        matches!(&error, CommandError::Partial(text) if text.contains("market.json")),
        "{error}"
    );
    fs::remove_file(folder.path().join("tariffs/flat.json")).unwrap();
    fs::remove_file(folder.path().join("tariffs/power.json")).unwrap();
    assert!(matches!(compare(&folder).unwrap_err(), CommandError::Invalid(_)));
    fs::remove_file(folder.path().join("tariffs/market.json")).unwrap();
    let error = compare(&folder).unwrap_err().to_string();
    assert!(error.contains("there are no tariffs"), "{error}");
}

/// A tariff about events is not priced as if there were none.
#[test]
fn what_tariffs_need_beside_the_load_is_given_or_they_are_named() {
    let folder = folder();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let other = |charge: &str| FLAT.replace(r#""type": "energy", "rate": "0.5""#, charge);
    file(
        "tariffs/rebate.json",
        &other(r#""type": "event_rebate", "event": "hot", "rate": 1, "lookback_days": 2, "highest": 1"#),
    );
    file(
        "tariffs/value.json",
        &other(r#""type": "energy", "rate": {"param": "price"}"#),
    );
    file("tariffs/market.json", &other(r#""type": "indexed""#));
    let error = compare(&folder).unwrap_err();
    assert!(matches!(error, CommandError::Partial(_)), "{error}");
    let error = error.to_string();
    for reason in [
        "rebate.json: events: must be given",
        "the value price has no number",
        "no price at 2023-01-01",
    ] {
        assert!(error.contains(reason), "{error}");
    }
    file("events.json", "[]");
    let days = (1..=73).filter_map(|day| chrono::NaiveDate::from_yo_opt(2023, day));
    let prices: String = days.map(|day| format!("{day}T00:00Z,50\n")).collect();
    file("prices.csv", &format!("start_utc,price_per_mwh\n{prices}"));
    let mut args = CompareArgs {
        load: folder.path().join("load.csv"),
        tariffs: folder.path().join("tariffs"),
        ..CompareArgs::default()
    };
    args.beside.events = Some(folder.path().join("events.json"));
    args.beside.prices = Some(folder.path().join("prices.csv"));
    args.beside.values = vec!["price=0.1".to_owned()];
    compare::run(&args).unwrap();
    file("prices.csv", "start_utc\n");
    let error = compare::run(&args).unwrap_err().to_string();
    assert!(
        error.contains("prices.csv: the prices: there is no column price_per_mwh"),
        "{error}"
    );
}

/// What is wrong with the load is said of the load, once, and of whose tariffs unless it is all.
#[test]
fn an_interval_that_is_missing_is_one_of_the_load() {
    let folder = folder();
    let load = folder.path().join("load.csv");
    let rows = fs::read_to_string(&load).unwrap();
    fs::write(&load, rows.replace("2023-01-15T00:00Z,1440,24\n", "")).unwrap();
    let missing = format!(
        "{}: the bill from 2023-01-01 to 2023-02-01: the interval that starts at 2023-01-15T00:00:00Z is missing",
        load.display()
    );
    let error = compare(&folder).unwrap_err();
    assert!(
        matches!(&error, CommandError::Invalid(text) if *text == missing),
        "{error}"
    );
    let fee = FLAT.replace(r#"{"id": "energy", "type": "energy", "rate": "0.5"}, "#, "");
    fs::write(folder.path().join("tariffs/fee.json"), fee).unwrap();
    let error = compare(&folder).unwrap_err();
    let some = format!("{missing} (under flat.json, power.json)");
    assert!(
        matches!(&error, CommandError::Partial(text) if *text == some),
        "{error}"
    );
}

#[test]
fn lint_fails_for_errors_and_not_for_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.json");
    for (text, is_good) in [
        (FLAT.to_owned(), true),
        (FLAT.replace(r#""0.5""#, r#""-0.5""#), true),
        (FLAT.replace("UTC", "Mars/Olympus"), false),
    ] {
        fs::write(&file, text).unwrap();
        assert_eq!(lint::run(&file, Format::Csv).is_ok(), is_good);
    }
}

#[test]
fn a_calendar_is_a_picture_of_letters() {
    let tariff = FLAT.replace(
        r#""rate": "0.5""#,
        r#""bands": [{"name": "high", "rate": "0.5", "when": [{"days": ["mon"], "months": [1], "from": "16:30", "to": "19:00"}]}],
            "otherwise": {"name": "low", "rate": "0.25"}"#,
    );
    let picture = calendar::draw(&Picture::of(&tariff, None).unwrap());
    let lines: Vec<&str> = picture.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "mon",
            "     00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23",
            "Jan  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a* b  b  a  a  a  a  a",
            "Feb  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a  a",
        ]
    );
    assert_eq!(lines[15], "tue wed thu fri sat sun");
    assert_eq!(
        lines[30..],
        [
            "a  0.25  energy.low",
            "b  0.5  energy.high",
            "*  another price begins within the hour",
            "not in the picture: fee",
        ]
    );
}

/// A price that a value gives has its name, in every format, and what is not in the picture is said in all of them.
#[test]
fn a_calendar_invents_no_price() {
    let tariff = FLAT.replace(
        r#""rate": "0.5""#,
        r#""bands": [{"name": "day", "rate": {"param": "p"}, "when": [{"from": "06:00"}]}, {"name": "called", "rate": 9, "when": [{"event": "peak"}]}],
            "otherwise": {"name": "night", "rate": "0.25"}"#,
    );
    let picture = Picture::of(&tariff, None).unwrap();
    let drawn = calendar::draw(&picture);
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(
        lines[15..],
        [
            "a  0.25  energy.night",
            "b  {p}  energy.day",
            "not in the picture: energy.called (its hours depend on events peak), fee",
        ]
    );
    let rows = calendar::rows(&picture);
    assert_eq!(rows.len(), 12 * 24 + 2);
    assert_eq!(rows[6]["price"], "{p}");
    assert_eq!(rows[288]["name"], "energy.called");
    assert_eq!(rows[288]["not_in_picture"], "its hours depend on events peak");
    assert_eq!(
        rows[289]["not_in_picture"],
        "no price of imported energy by the clock"
    );
}
