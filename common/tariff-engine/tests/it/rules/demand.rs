//! `RATING` 3.7 and 3.8.

use super::*;

const FROM: &str = "2024-06-03";
const START: &str = "2024-06-03T00:00Z";

/// A day of quarter-hours, of which some have more than nothing.
fn quarters(some: &[(usize, &'static str)]) -> Vec<&'static str> {
    let mut values = vec!["0"; 96];
    for (index, kwh) in some {
        values[*index] = kwh;
    }
    values
}

fn demand(keys: &str, values: &[&str]) -> World {
    let charge = format!(r#"{{"id": "p", "type": "demand", {keys}}}"#);
    World::new(&charge, FROM, "2024-06-04").with_load(START, 15, values)
}

#[track_caller]
fn check(world: &World, amount: &str, measured: &str, at: &str) {
    let line = &world.bill()["lines"][0];
    assert_eq!(
        (
            line["amount"].as_str().unwrap(),
            line["measured_kw"].as_str().unwrap()
        ),
        (amount, measured)
    );
    assert_eq!(line["at"].as_str().unwrap_or_default(), at);
}

#[test]
fn r3_7_the_highest_window_wins_and_ties_go_to_the_earliest() {
    let values = quarters(&[(9, "1"), (10, "2"), (20, "2")]);
    check(
        &demand(r#""window_minutes": 15, "rate": 3"#, &values),
        "24",
        "8",
        "2024-06-03T02:30:00Z",
    );
    // Half-hours begin at :00 and :30, so 9 and 10 are in different ones; sliding they are one window.
    check(
        &demand(r#""window_minutes": 30, "rate": 3"#, &values),
        "12",
        "4",
        "2024-06-03T02:30:00Z",
    );
    let sliding = r#""window_minutes": 30, "slide_minutes": 15, "rate": 3"#;
    check(&demand(sliding, &values), "18", "6", "2024-06-03T02:15:00Z");
}

#[test]
fn r3_7_windows_begin_at_multiples_in_utc_and_lie_inside_the_cycle() {
    // Kathmandu is 5:45 ahead: its midnight is 18:15 UTC, and hours begin at :00 UTC, :45 of the local clock.
    let mut world = demand(r#""window_minutes": 60, "rate": 1"#, &[]);
    world.zone = "Asia/Kathmandu";
    let mut values = vec!["0"; 96];
    (values[0], values[95], values[4]) = ("100", "100", "3"); // 18:15 UTC and the last quarter lie in no whole hour
    let world = world.with_load("2024-06-02T18:15Z", 15, &values);
    check(&world, "3", "3", "2024-06-02T19:00:00Z");
}

#[test]
fn r3_7_an_interval_longer_than_the_window_is_spread_evenly() {
    let mut hours = ["0"; 24];
    hours[5] = "6";
    let world = demand(r#""window_minutes": 15, "rate": 1"#, &[]).with_load(START, 60, &hours);
    check(&world, "6", "6", "2024-06-03T05:00:00Z");
    // Windows of 90 minutes over hours: 05:00 lies in 04:30 to 06:00 whole.
    let world = demand(r#""window_minutes": 90, "rate": 1"#, &[]).with_load(START, 60, &hours);
    check(&world, "4", "4", "2024-06-03T04:30:00Z");
}

/// Also one that began before the cycle, whatever the length of those inside.
#[test]
fn r3_7_an_interval_that_reaches_into_the_cycle_counts_in_its_windows() {
    let charge = r#"{"id": "p", "type": "demand", "window_minutes": 15, "rate": 1}"#;
    let check_with = |next: &str| {
        let rest = rows("", "2024-06-03T01:00Z", 15, &["15,0.25"; 92]);
        let header = "start_utc,minutes,import_kwh\n2024-06-02T23:30Z,60,8";
        let mut world = World::new(charge, FROM, "2024-06-04");
        world.load = Some(format!("{header}\n{next}{rest}"));
        check(&world, "8", "8", "2024-06-03T00:00:00Z"); // 2 kWh in every quarter of an hour
    };
    check_with("2024-06-03T00:30Z,30,1");
    check_with("2024-06-03T00:30Z,15,1\n2024-06-03T00:45Z,15,0");
}

#[test]
fn r3_7_a_rule_tests_the_start_of_the_window() {
    let keys = r#""window_minutes": 60, "rate": 1, "when": [{"from": "17:30", "to": "20:00"}]"#;
    let values = quarters(&[(70, "10"), (76, "1"), (80, "5")]); // 17:30 in the window of 17:00, 19:00, 20:00
    check(&demand(keys, &values), "1", "1", "2024-06-03T19:00:00Z");
}

#[test]
fn r3_7_the_mean_of_the_highest_days() {
    let keys = r#"{"id": "p", "type": "demand", "window_minutes": 360, "aggregation": "top_days_mean", "top_n": 2, "rate": 6}"#;
    let days = ["1", "9", "8", "7", "5", "2", "2", "2", "3", "1", "6", "6"]; // maxima 9, 5, 6 in 6 h
    let world = World::new(keys, FROM, "2024-06-06").with_load(START, 360, &days);
    let line = &world.bill()["lines"][0];
    assert_eq!(
        (&line["amount"], &line["quantity"]),
        (&"7.5".into(), &"1.25".into())
    );
    assert_eq!(
        line["at"],
        serde_json::json!(["2024-06-03T06:00:00Z", "2024-06-05T12:00:00Z"])
    );
    World::new(&keys.replace("\"top_n\": 2, ", ""), FROM, "2024-06-06")
        .refused("top_n, at least 1, and aggregation");
}

#[test]
fn r3_7_a_low_power_factor_raises_the_kw() {
    let keys = r#"{"id": "p", "type": "demand", "window_minutes": 1440, "rate": 24, "power_factor": {"reference": "0.9"}}"#;
    let world = |row: &str| {
        let mut world = World::new(keys, FROM, "2024-06-04");
        world.load = Some(format!(
            "start_utc,minutes,import_kwh,reactive_kvarh\n2024-06-03T00:00Z,1440,{row}\n"
        ));
        world
    };
    world("3,4").check(&[("p", "4.5")]); // pf 0.6: 3 x 0.9 / 0.6
    world("4,3").check(&[("p", "4.5")]); // pf 0.8: 4 x 0.9 / 0.8
    world("4,0").check(&[("p", "4")]);
    world("0,0").check(&[("p", "0")]);
    world("2,1").check(&[("p", "2.01252236")]); // 2 / sqrt(5) = 0.89442.. = 0.8944: 2 x 0.9 / 0.8944
    let mut none = world("1,1");
    none.load = Some("start_utc,minutes,import_kwh\n2024-06-03T00:00Z,1440,1\n".to_owned());
    none.refused("charge p: there is nothing of register reactive");
}

#[test]
fn r3_7_a_minimum_and_the_cycles_before_are_the_least() {
    let charge = r#"{"id": "p", "type": "demand", "window_minutes": 1440, "rate": 24, "minimum_kw": "0.5",
        "ratchet": {"percent": 50, "cycles_back": 2, "months": [4, 6]}}"#;
    let mut world = World::new(charge, "2024-06-01", "2024-06-02").with_load(
        "2024-06-01T00:00Z",
        1440,
        &["2", "96", "30", "1", "1"],
    );
    let cycles: Vec<String> = (1..6)
        .map(|day| format!(r#"{{"from": "2024-06-0{day}", "to": "2024-06-0{}"}}"#, day + 1))
        .collect();
    world.case = format!(
        r#""cycles": [{}], "history_kw": {{"p": [{{"month": "2024-04", "kw": "3"}}, {{"month": "2024-05", "kw": 100}}]}}"#,
        cycles.join(",")
    );
    // 4 kW of April count for half; May is not in the months. Then half of 96/24 for two cycles, measured, not billed.
    world.check_all(&[
        &[("p", "36")],
        &[("p", "96")],
        &[("p", "48")],
        &[("p", "48")],
        &[("p", "15")],
    ]);
}

#[test]
fn r3_7_a_rolling_mean_raises_each_to_the_minimum_first() {
    let keys = r#""window_minutes": 15, "rate": 1, "minimum_kw": 4, "rolling_mean_with_kw": ["1", "9"]"#;
    check(
        &demand(keys, &quarters(&[(0, "2")])),
        "7",
        "8",
        "2024-06-03T00:00:00Z",
    ); // (8 + 4 + 9) / 3
    check(
        &demand(keys, &quarters(&[])),
        "5.66666667",
        "0",
        "2024-06-03T00:00:00Z",
    ); // (4 + 4 + 9) / 3
}

#[test]
fn r3_7_steps_are_below_their_limit_and_a_rate_may_be_for_a_year() {
    let keys = r#""window_minutes": 15, "steps": [{"up_to": 4, "fee": 5}, {"up_to": null, "fee": 9}]"#;
    check(
        &demand(keys, &quarters(&[(0, "1")])),
        "9",
        "4",
        "2024-06-03T00:00:00Z",
    ); // 4 kW are not below 4
    check(
        &demand(keys, &quarters(&[(0, "0.9")])),
        "5",
        "3.6",
        "2024-06-03T00:00:00Z",
    );
    let keys = r#""window_minutes": 15, "rate": 366, "rate_per": "year""#;
    check(
        &demand(keys, &quarters(&[(0, "1")])),
        "4",
        "4",
        "2024-06-03T00:00:00Z",
    ); // a day of a leap year
    demand(r#""window_minutes": 15, "rate": 1, "steps": []"#, &[]).refused("must have either rate");
}

#[test]
fn r3_7_no_window_at_all_measures_nothing() {
    let world = demand(
        r#""window_minutes": 15, "rate": 1, "when": [{"months": [1]}], "minimum_kw": 2"#,
        &quarters(&[(0, "1")]),
    );
    check(&world, "2", "0", "");
}

#[test]
fn r3_8_coincident_power_is_the_mean_at_given_times() {
    let charge = r#"{"id": "c", "type": "coincident", "rate": 2,
        "intervals_utc": ["2024-06-03T00:15:00Z", "2024-06-03T01:00:00Z", "2024-07-01T00:00:00Z"]}"#;
    World::new(charge, FROM, "2024-06-04")
        .with_load(START, 15, &quarters(&[(1, "1"), (4, "3")]))
        .check(&[("c", "16")]); // (4 + 12) / 2 x 2; July is another cycle's
    World::new(charge, FROM, "2024-06-04")
        .with_load(START, 60, &["1"; 24])
        .refused("the interval that starts at 2024-06-03T00:15:00Z is missing");
}

#[test]
fn r3_8_reactive_energy_has_a_free_share() {
    let charge = r#"{"id": "r", "type": "reactive_excess", "free_share": "0.5", "rate": 3}"#;
    let mut world = World::new(charge, FROM, "2024-06-04");
    let load = |row: &str| {
        Some(format!(
            "start_utc,minutes,import_kwh,reactive_kvarh\n2024-06-03T00:00Z,1440,{row}\n"
        ))
    };
    world.load = load("10,7");
    world.check(&[("r", "6")]);
    world.load = load("10,4");
    world.check(&[("r", "0")]);
}
