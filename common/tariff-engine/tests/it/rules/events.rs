//! `RATING` 3.13.

use super::*;

#[test]
fn r3_13_a_rule_holds_inside_events_of_its_name() {
    let charge = r#"{"id": "e", "type": "energy", "bands": [{"name": "peak", "rate": "10", "when": [{"event": "storm"}]}],
        "otherwise": {"name": "rest", "rate": "1"}}"#;
    let mut world = World::new(charge, "2024-06-03", "2024-06-05")
        .with_load("2024-06-02T22:00Z", 60, &["1"; 48])
        .and(
            r#""events": [{"name": "storm", "date": "2024-06-03", "from": "17:00", "to": "19:30"},
            {"name": "storm", "date": "2024-06-03", "from": "23:00", "to": "01:00"}, {"name": "other", "date": "2024-06-04", "from": "08:00", "to": "12:00"}]"#,
        );
    world.zone = "Europe/Berlin";
    world.check(&[("e.peak", "50"), ("e.rest", "43")]); // 17, 18, 19 o'clock; 23 and 0 o'clock
}

fn rebate(events: &str, holidays: &str) -> World {
    let charge = r#"{"id": "r", "type": "event_rebate", "event": "peak", "rate": "0.5", "lookback_days": 3, "highest": 2}"#;
    let noons = ["1", "2", "30", "100", "4", "50", "50", "5"]; // Monday 3 to Monday 10 June
    let values: Vec<&str> = noons.iter().flat_map(|noon| ["7", "7", noon, "7"]).collect();
    let mut world = World::new(charge, "2024-06-08", "2024-06-11")
        .with_load("2024-06-03T00:00Z", 360, &values)
        .and(&format!(r#""events": [{events}]"#));
    world.tariff += &format!(r#", "holidays": [{holidays}]"#);
    world
}

const EVENT: &str = r#"{"name": "peak", "date": "2024-06-10", "from": "12:00", "to": "18:00"}"#;

#[test]
fn r3_13_a_rebate_compares_with_the_highest_of_the_latest_like_days() {
    // Friday 4, Thursday 100, Wednesday 30: the mean of the two highest is 65.
    rebate(EVENT, "").check(&[("r", "-30")]);
    // The holiday drops out: 4, 30 and 2.
    rebate(EVENT, "\"2024-06-06\"").check(&[("r", "-6")]);
    // An event day of the same name drops out, also one before the cycle: 4, 2 and 1. Nothing was saved.
    let earlier = EVENT.replace("06-10", "06-05");
    rebate(&format!("{EVENT}, {earlier}"), "\"2024-06-06\"").check(&[("r", "0")]);
    // One of another name does not.
    rebate(
        &format!("{EVENT}, {}", earlier.replace("peak", "other")),
        "\"2024-06-06\"",
    )
    .check(&[("r", "-6")]);
    // No event in the cycle: a line of nothing.
    rebate(&earlier, "").check(&[("r", "0")]);
}

/// Who doubts the baseline sees every day that was looked at, and which working days were not, and why.
#[test]
fn a_rebate_tells_which_days_were_chosen() {
    let said = |world: World| {
        let line = world.bill()["lines"][0].clone();
        (
            line["explanation"].as_str().unwrap().to_owned(),
            line["how"]["events"].clone(),
        )
    };
    let (sentence, events) = said(rebate(EVENT, ""));
    let expected = "5 kWh in the event peak of 2024-06-10 12:00-18:00, against a baseline of 65 kWh (mean of the highest 2 of 3 working days before: \
        100 kWh on 2024-06-06, 30 kWh on 2024-06-05; not 4 kWh on 2024-06-07); 60 kWh saved, at -0.5 per kWh: \
        max(0, (100 + 30) / 2 - 5) x -0.5 = -30 EUR";
    assert_eq!(sentence, expected);
    let expected = serde_json::json!([{
        "event": "peak", "date": "2024-06-10", "clock": "12:00-18:00", "kwh": "5", "lookback_days": 3, "baseline": "65",
        "before": [{"date": "2024-06-06", "kwh": "100"}, {"date": "2024-06-05", "kwh": "30"}],
        "not_chosen": [{"date": "2024-06-07", "kwh": "4"}], "left_out": [],
    }]);
    assert_eq!(events, expected);
    let earlier = EVENT.replace("06-10", "06-05");
    let (sentence, events) = said(rebate(&format!("{EVENT}, {earlier}"), "\"2024-06-06\""));
    let days = "(mean of the highest 2 of 3 working days before: 4 kWh on 2024-06-07, 2 kWh on 2024-06-04; not 1 kWh on 2024-06-03; \
        without 2024-06-06 (holiday), 2024-06-05 (event))";
    assert!(sentence.contains(days), "{sentence}");
    let expected =
        serde_json::json!([{"date": "2024-06-06", "why": "holiday"}, {"date": "2024-06-05", "why": "event"}]);
    assert_eq!(events[0]["left_out"], expected);
}

#[test]
fn r3_13_a_tariff_about_events_needs_to_know_of_them() {
    let mut world = rebate(EVENT, "");
    world.case = world.case.split(", \"events\"").next().unwrap().to_owned();
    world
        .refused("events: must be given, because the tariff is about peak; an empty list if there were none");
    rebate("", "").check(&[("r", "0")]);
    rebate(&EVENT.replace("peak", "other"), "").check(&[("r", "0")]);
    let misspelt = EVENT.replace("peak", "Peak");
    rebate(&format!("{EVENT}, {misspelt}"), "")
        .refused("events[1].name: is Peak, and the tariff is about peak");
}

#[test]
fn r3_13_days_without_data_are_an_error() {
    let all = "\"2024-06-04\", \"2024-06-05\", \"2024-06-06\"";
    rebate(EVENT, all).refused("is missing"); // the third day would be Friday 31 May
}

#[test]
fn r3_13_the_same_event_twice_is_refused_and_two_that_overlap_are_two() {
    let longer = EVENT.replace("18:00", "17:00");
    rebate(&format!("{EVENT}, {longer}"), "").check(&[("r", "-60")]);
    rebate(&format!("{EVENT}, {longer}, {EVENT}"), "").refused("events[2]: is events[0] again");
    let error = tariff_engine::Event::parse_list(&format!("[{EVENT}, {EVENT}]")).unwrap_err();
    assert_eq!(error.to_string(), "[1]: is [0] again");
}
