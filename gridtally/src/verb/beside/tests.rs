use std::fs;

use super::*;

fn read(values: &[&str], events: Option<&str>) -> Result<Beside, String> {
    let folder = tempfile::tempdir().unwrap();
    let events = events.map(|text| {
        let path = folder.path().join("events.json");
        fs::write(&path, text).unwrap();
        path
    });
    let args = BesideArgs {
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        events,
        ..BesideArgs::default()
    };
    Beside::read(&args).map_err(|error| error.to_string())
}

#[test]
fn values_are_names_and_numbers() {
    let beside = read(&["a=1.50", "b=-2"], None).unwrap();
    assert_eq!(beside.values.names().collect::<Vec<_>>(), ["a", "b"]);
    assert!(
        read(&["a"], None)
            .unwrap_err()
            .contains("--value a: must be NAME=NUMBER")
    );
    assert!(
        read(&["a=1,5"], None)
            .unwrap_err()
            .contains("not a decimal number")
    );
    assert!(read(&["a=1", "a=2"], None).unwrap_err().contains("comes twice"));
}

#[test]
fn a_value_that_no_tariff_calls_is_misspelt() {
    let tariff = r#"{"currency": "EUR", "timezone": "UTC", "rounding": {"scope": "none"},
        "charges": [{"id": "e", "type": "energy", "rate": {"param": "price"}}]}"#;
    let beside = read(&["price=1"], None).unwrap();
    beside.check([tariff].into_iter()).unwrap();
    let error = read(&["prize=1"], None).unwrap().check([tariff].into_iter());
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "--value prize: no tariff calls such a value");
}

#[test]
fn events_are_a_list() {
    let event = r#"[{"name": "hot", "date": "2024-06-03", "from": "12:00", "to": "14:00"}]"#;
    assert_eq!(read(&[], Some(event)).unwrap().events.unwrap()[0].name, "hot");
    assert_eq!(read(&[], Some("[]")).unwrap().events, Some(Vec::new()));
    assert_eq!(read(&[], None).unwrap().events, None);
    let error = read(&[], Some(r#"[{"name": "hot"}]"#)).unwrap_err();
    assert!(error.contains("[0].date: is missing"), "{error}");
}
