use chrono::{Offset as _, TimeZone as _};

use super::*;

const FLAT: &str = r#"{"currency": "EUR", "timezone": "Europe/Berlin",
    "rounding": {"scope": "line", "mode": "half_up", "places": 2},
    "charges": [{"id": "energy", "type": "energy", "rate": 0.30}]}"#;

#[test]
fn an_edition_is_the_content_not_the_spelling() {
    let edition = |text: &str| Tariff::parse(text).unwrap().edition().to_owned();
    let moved = r#"{"charges":[{"type":"energy","id":"energy","rate":0.30}],"rounding":{"places":2,"mode":"half_up","scope":"line"},
        "timezone":"Europe/Berlin","currency":"EUR"}"#;
    assert_eq!(edition(FLAT), edition(moved));
    assert_ne!(edition(FLAT), edition(&FLAT.replace("0.30", "0.31")));
    assert_eq!(edition(FLAT).len(), 64);
}

#[test]
fn every_problem_is_reported_at_once_with_its_path() {
    let text = r#"{"currency": "eur", "timezone": "Mars/Olympus", "estimation": 1, "rounding": {"scope": "line", "mode": "up"},
        "charges": [
            {"id": "a", "type": "tiered", "tiers": [{"up_to": 10, "rate": 1}, {"up_to": 10, "rate": 1}]},
            {"id": "b", "type": "energy", "rate": "price", "interval_kwh_rounding": {}},
            {"id": "b.c", "type": "energy", "bands": [{"name": "x", "rate": "1,5"}]},
            {"id": "b", "type": "daily", "amount": 1e99},
            {"id": "d", "type": "subscription"}
        ], "colour": "red",
        "bill_charges": [{"id": "vat", "type": "percent", "rate": "0.2", "of": ["nothing"]}, {"id": "m", "type": "max_per_kwh"}]}"#;
    let problems = Tariff::parse(text).unwrap_err();
    let found: Vec<_> = problems.all().iter().map(ToString::to_string).collect();
    assert_eq!(found, PROBLEMS);
}

const PROBLEMS: &[&str] = &[
    "currency: must be three capital letters (ISO 4217)",
    "timezone: must be an IANA time zone",
    "rounding.mode: must be half_up or half_even",
    "rounding.places: is missing",
    "estimation: must be an object",
    "charges[0].tiers: limits must ascend from 0",
    "charges[0].tiers: the last limit must be null: nothing may be left without a price",
    "charges[1].interval_kwh_rounding.mode: is missing",
    "charges[1].interval_kwh_rounding.places: is missing",
    "charges[1].rate: not a decimal number",
    "charges[2].id: must be 1 to 64 of A-Z a-z 0-9 _ : -",
    "charges[2].bands[0].rate: not a decimal number",
    "charges[2].bands[0].when: is missing",
    "charges[2]: must have either rate, or bands and otherwise",
    "charges[3].id: another charge has this id, or the engine itself (previously_billed)",
    "charges[3].amount: a number of more than 64 digits or beyond 10^±64",
    r#"charges[4].type: a charge of type "subscription" is not known"#,
    "bill_charges[0].of[0]: names no line before this one",
    "bill_charges[1].rate: is missing",
    "colour: this key is not supported here",
];

#[test]
fn a_value_without_a_name_is_refused_wherever_a_number_stands() {
    let text = FLAT
        .replace("0.30", r#"{"param": ""}"#)
        .replace(r#""places": 2"#, r#""places": {"param": "\u00a0"}"#);
    let problems = Tariff::parse(&text).unwrap_err();
    let found: Vec<_> = problems
        .all()
        .iter()
        .map(|problem| (problem.code, problem.path.as_str()))
        .collect();
    let expected = ["rounding.places.param", "charges[0].rate.param"].map(|path| ("VALUE_NAMELESS", path));
    assert_eq!(found, expected);
    assert!(
        problems
            .to_string()
            .ends_with("must be a name, by which an agreement gives the value")
    );
    assert!(Tariff::parse(&FLAT.replace("0.30", r#"{"param": "x"}"#)).is_ok());
}

#[test]
fn versions_that_overlap_or_end_early_are_refused() {
    let check = |versions: &str, expected: &str| {
        let text = format!(
            r#"{{"currency": "EUR", "timezone": "UTC", "rounding": {{"scope": "none"}}, "versions": [{versions}]}}"#
        );
        assert_eq!(
            Tariff::parse(&text)
                .map_err(|problems| problems.to_string())
                .err()
                .as_deref(),
            Some(expected)
        );
    };
    let version =
        |from: &str, to: &str| format!(r#"{{"valid_from": "{from}", "valid_to": "{to}", "charges": []}}"#);
    check("", "versions: must not be empty");
    check(
        &version("2024-02-01", "2024-02-01"),
        "versions[0]: ends before it begins",
    );
    check(
        &format!(
            "{},{}",
            version("2024-01-01", "2024-02-02"),
            version("2024-02-01", "2024-03-01")
        ),
        "versions[1]: begins before the version before it ends",
    );
    check(
        &format!(
            r#"{{"valid_from": "2024-01-01", "charges": []}},{}"#,
            version("2024-02-01", "2024-03-01")
        ),
        "versions[1]: begins before the version before it ends",
    );
}

#[test]
fn versions_may_be_told_in_any_order() {
    let tariff = |versions: &str| {
        let text = format!(
            r#"{{"currency": "EUR", "timezone": "UTC", "rounding": {{"scope": "none"}}, "versions": [{versions}]}}"#
        );
        let versions = Tariff::parse(&text).unwrap().versions;
        let days = versions.into_iter().map(|version| (version.from, version.to));
        days.collect::<Vec<_>>()
    };
    let early = r#"{"valid_from": "2024-01-01", "valid_to": "2024-02-01", "charges": []}"#;
    let late = r#"{"valid_from": "2024-02-01", "charges": []}"#;
    assert_eq!(
        tariff(&format!("{late},{early}")),
        tariff(&format!("{early},{late}"))
    );
}

#[test]
fn a_fixed_offset_may_have_broken_hours() {
    let zone = |hours: &str| {
        let text = format!(
            r#"{{"currency": "EUR", "utc_offset_hours": {hours}, "rounding": {{"scope": "none"}}, "charges": []}}"#
        );
        Tariff::parse(&text).map(|tariff| tariff.zone())
    };
    let at = |seconds: i64| chrono::DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
    for (hours, minutes) in [
        ("-9.5", -570),
        ("4.5", 270),
        ("5.50", 330),
        ("5.75", 345),
        ("6.5", 390),
        ("9.5", 570),
    ] {
        let zone = zone(hours).unwrap();
        // every month from 1987 to 2036
        for month in 0..600 {
            let offset = zone.offset_from_utc_datetime(&at(536_457_600 + month * 2_629_800));
            assert_eq!(offset.fix().local_minus_utc(), minutes * 60, "{zone}");
        }
    }
    assert!(zone("3.25").is_err());
}

#[test]
fn what_is_no_tariff_is_refused() {
    let check = |text: &str, expected: &str| {
        let problems = Tariff::parse(text).unwrap_err().to_string();
        assert!(problems.contains(expected), "{problems}");
    };
    check("", "is not JSON");
    check("[]", "must be an object");
    check(
        &FLAT.replacen('{', r#"{"currency": "EUR", "#, 1),
        "currency: comes twice",
    );
    check(
        &FLAT.replace("charges", "charge"),
        "must have either charges or versions",
    );
}

proptest::proptest! {
    /// Whatever the text: an answer, never a panic.
    #[test]
    fn any_text_has_an_answer(text in ".{0,200}") {
        let _unused: Result<Tariff, Problems> = Tariff::parse(&text);
    }
}
