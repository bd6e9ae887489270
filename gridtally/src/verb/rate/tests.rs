use std::fs;
use std::path::PathBuf;

use super::*;

const TARIFF: &str = r#"{"currency": "EUR", "timezone": "UTC", "rounding": {"scope": "line", "mode": "half_up", "places": 2},
    "charges": [{"id": "energy", "type": "energy", "rate": "0.5"}]}"#;
const LOAD: &str = "start_utc,import_kwh\n2024-01-31T00:00Z,3\n2024-02-01T00:00Z,4\n";

/// A data folder with a load, and below it a case beside its tariff.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases/one");
    fs::create_dir_all(&cases).unwrap();
    fs::create_dir_all(folder.path().join("loads")).unwrap();
    fs::write(folder.path().join("loads/l.csv"), LOAD).unwrap();
    fs::write(cases.join("tariff.json"), TARIFF).unwrap();
    let case =
        r#"{"id": "first", "load": "loads/l.csv", "cycles": [{"from": "2024-01-31", "to": "2024-02-02"}]}"#;
    fs::write(cases.join("case.json"), case).unwrap();
    (folder, cases)
}

#[test]
fn paths_are_found_from_where_the_case_is() {
    let (folder, cases) = folder();
    let bills = of_case(&cases.join("case.json"), None).unwrap();
    assert_eq!(bills.bills[0].total, "3.50");
    assert_eq!(
        of_case(&cases.join("case.json"), Some(folder.path())).unwrap(),
        bills
    );
    let error = of_case(&cases.join("case.json"), Some(&cases)).unwrap_err();
    assert!(matches!(error, CommandError::Input { .. }), "{error}");
}

#[test]
fn every_case_has_a_file_and_the_wrong_ones_are_named() {
    let (folder, cases) = folder();
    let out = folder.path().join("out");
    many(&folder.path().join("cases"), &out, None).unwrap();
    let written: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("first.json")).unwrap()).unwrap();
    assert_eq!(written["bills"][0]["lines"][0]["amount"], "3.50");
    fs::write(
        cases.join("broken.json"),
        r#"{"id": "broken", "cycles": [], "colour": "red"}"#,
    )
    .unwrap();
    fs::write(
        cases.join("twin.json"),
        fs::read_to_string(cases.join("case.json")).unwrap(),
    )
    .unwrap();
    fs::remove_file(out.join("first.json")).unwrap();
    let error = many(&folder.path().join("cases"), &out, None).unwrap_err();
    assert!(matches!(&error, CommandError::Partial(_)), "{error}");
    let error = error.to_string();
    assert!(
        error.contains("broken.json: cycles: must not be empty; colour: this key is not supported here"),
        "{error}"
    );
    assert!(
        error.contains("twin.json: another case has the id first"),
        "{error}"
    );
    assert!(out.join("first.json").exists());
}

/// A name that no file can have keeps no other case from its bills, and hides no refusal.
#[test]
fn bills_that_cannot_be_written_are_named_when_the_others_are_done() {
    let (folder, cases) = folder();
    let case = fs::read_to_string(cases.join("case.json")).unwrap();
    let long = case.replace("first", &"l".repeat(300));
    fs::write(cases.join("a-long.json"), &long).unwrap();
    fs::write(cases.join("b-wrong.json"), r#"{"id": "wrong", "cycles": []}"#).unwrap();
    let out = folder.path().join("out");
    let error = many(&folder.path().join("cases"), &out, None).unwrap_err();
    assert!(matches!(&error, CommandError::Unwritten(_)), "{error}");
    let error = error.to_string();
    let named = format!("a-long.json: cannot write {}", out.display());
    for part in ["b-wrong.json: cycles: must not be empty", &named] {
        assert!(error.contains(part), "{error}");
    }
    assert!(out.join("first.json").exists());
}

#[test]
fn a_load_alone_is_billed_by_calendar_months() {
    let (folder, cases) = folder();
    let load = folder.path().join("loads/l.csv");
    let of = |args: RateArgs| of_load(&cases.join("tariff.json"), &load, &args);
    let months: Vec<_> = of(RateArgs::default()).unwrap().bills;
    let shown: Vec<_> = months
        .iter()
        .map(|bill| (bill.from.as_str(), bill.to.as_str(), bill.total.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("2024-01-31", "2024-02-01", "1.50"),
            ("2024-02-01", "2024-02-02", "2.00")
        ]
    );
    let cycle = |text: &str| RateArgs {
        cycle: Some(text.to_owned()),
        ..RateArgs::default()
    };
    assert_eq!(
        of(cycle("2024-01-31..2024-02-02")).unwrap().bills[0].total,
        "3.50"
    );
    let error = |args| of(args).unwrap_err().to_string();
    assert!(
        error(cycle("2024-01-31..2024-02-03"))
            .contains("the interval that starts at 2024-02-02T00:00:00Z is missing")
    );
    assert!(error(cycle("2024-02-03")).contains("--cycle must be two dates"));
    let zone = RateArgs {
        beside: BesideArgs {
            tz: Some("Europe/Berlin".to_owned()),
            ..BesideArgs::default()
        },
        ..RateArgs::default()
    };
    assert!(error(zone).contains("the tariff's time zone is UTC"));
}

#[test]
fn an_error_names_the_file_to_look_into() {
    let (folder, _) = folder();
    let load = folder.path().join("loads/l.csv");
    let error = |tariff: &str, cycle: Option<&str>| {
        let path = folder.path().join("t.json");
        fs::write(&path, tariff).unwrap();
        let args = RateArgs {
            cycle: cycle.map(str::to_owned),
            ..RateArgs::default()
        };
        of_load(&path, &load, &args).unwrap_err().to_string()
    };
    let hole = error(TARIFF, Some("2024-01-31..2024-02-03"));
    assert!(hole.contains("l.csv: the bill from 2024-01-31"), "{hole}");
    let register = TARIFF.replace(r#""rate""#, r#""register": "night", "rate""#);
    let register = error(&register, None);
    assert!(register.contains("l.csv: the bill from"), "{register}");
    let call = TARIFF.replace(r#""0.5""#, r#"{"param": "fee"}"#);
    let call = error(&call, None);
    assert!(call.contains("t.json: the bill from"), "{call}");
    let record = error(r#"{"energyratestructure": [[{"rate": 0.1}]]}"#, None);
    assert!(
        record.contains("t.json: a rate record needs a time zone (--tz)"),
        "{record}"
    );
}

#[test]
fn without_anything_to_rate_all_forms_are_named() {
    let error = run(&RateArgs::default()).unwrap_err();
    assert!(
        matches!(&error, CommandError::Invalid(text) if text == FORMS),
        "{error}"
    );
    for form in ["--case FILE", "--case-dir DIR", "--tariff FILE", "--load FILE"] {
        assert!(FORMS.contains(form));
    }
    let (_folder, cases) = folder();
    let mut args = RateArgs {
        case: Some(cases.join("case.json")),
        ..RateArgs::default()
    };
    args.beside.values = vec!["a=1".to_owned()];
    let error = run(&args).unwrap_err().to_string();
    assert!(error.contains("belong to --tariff"), "{error}");
}

/// The same words as `tariff compare`.
#[test]
fn prices_values_and_events_come_beside_a_tariff() {
    let (folder, _) = folder();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let charges = r#"{"id": "market", "type": "indexed", "adder": {"param": "fee"}},
        {"id": "e", "type": "energy", "bands": [{"name": "hot", "rate": 10, "when": [{"event": "hot"}]}], "otherwise": {"name": "rest", "rate": 1}}"#;
    let text = TARIFF.replace(r#"{"id": "energy", "type": "energy", "rate": "0.5"}"#, charges);
    let (tariff, load) = (file("t.json", &text), folder.path().join("loads/l.csv"));
    let mut args = RateArgs::default();
    let error = |args: &RateArgs| of_load(&tariff, &load, args).unwrap_err().to_string();
    assert!(error(&args).contains("events: must be given"), "{}", error(&args));
    let event = r#"[{"name": "hot", "date": "2024-02-01", "from": "00:00", "to": "06:00"}]"#;
    args.beside.events = Some(file("events.json", event));
    assert!(
        error(&args).contains("the value fee has no number"),
        "{}",
        error(&args)
    );
    args.beside.values = vec!["fee=0.25".to_owned()];
    assert!(
        error(&args).contains("no price at 2024-01-31T00:00:00Z"),
        "{}",
        error(&args)
    );
    let prices = "start_utc,price_per_mwh\n2024-01-31T00:00Z,500\n2024-02-01T00:00Z,1000\n";
    args.beside.prices = Some(file("prices.csv", prices));
    let totals = of_load(&tariff, &load, &args).unwrap().bills;
    let totals: Vec<_> = totals.iter().map(|bill| bill.total.as_str()).collect();
    assert_eq!(totals, ["5.25", "45.00"]); // 3 x (0.5 + 0.25) + 3; 4 x (1 + 0.25) + 40
    args.beside.prices = Some(file("wrong.csv", "start_utc,price\n"));
    assert!(
        error(&args).contains("wrong.csv: the prices: there is no column price_per_mwh"),
        "{}",
        error(&args)
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_file() {
    let (folder, cases) = folder();
    let plain = of_case(&cases.join("case.json"), None).unwrap();
    for path in [
        cases.join("case.json"),
        cases.join("tariff.json"),
        folder.path().join("loads/l.csv"),
    ] {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("\u{feff}{text}")).unwrap();
    }
    assert_eq!(of_case(&cases.join("case.json"), None).unwrap(), plain);
}
