//! `RATING` 3.10.

use super::*;

/// A cycle for every day from 3 June on; a day is `import,export`.
fn world(keys: &str, days: &[&str], opening: &str) -> World {
    let charge = format!(r#"{{"id": "n", "type": "net_energy", "rate": 2{keys}}}"#);
    let mut world = World::new(&charge, "2024-06-03", "2024-06-04");
    world.load = Some(rows(
        "start_utc,minutes,import_kwh,export_kwh",
        "2024-06-03T00:00Z",
        1440,
        &days
            .iter()
            .map(|day| format!("1440,{day}"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    ));
    let cycle = |day: usize| {
        format!(
            r#"{{"from": "2024-06-{:02}", "to": "2024-06-{:02}"}}"#,
            day + 3,
            day + 4
        )
    };
    let cycles: Vec<String> = (0..days.len()).map(cycle).collect();
    world.case = format!(
        r#""cycles": [{}], "opening_bank": {{"n": [{opening}]}}"#,
        cycles.join(",")
    );
    world
}

#[track_caller]
fn check(world: &World, expected: &[(&str, &str)]) {
    let lines: Vec<_> = expected
        .iter()
        .map(|(charged, expired)| [("n", *charged), ("n.expired", *expired)])
        .collect();
    let lines: Vec<&[(&str, &str)]> = lines.iter().map(|bill| &bill[..]).collect();
    world.check_all(&lines);
}

#[test]
fn r3_10_lots_are_used_oldest_first_from_the_next_bill_on() {
    let days = ["0,10", "3,0", "9,0", "1,0"];
    check(
        &world("", &days, ""),
        &[("0", "0"), ("0", "0"), ("4", "0"), ("2", "0")],
    );
}

#[test]
fn r3_10_what_is_left_after_the_last_bill_expires_with_it() {
    let keys = r#", "expiry_cycles": 2, "expired_rate": "0.5""#;
    // 10 of day 0 may be used on days 1 and 2; 4 of day 1 on days 2 and 3.
    let days = ["0,10", "0,4", "8,0", "1,0", "5,0"];
    check(
        &world(keys, &days, ""),
        &[("0", "0"), ("0", "0"), ("0", "-1"), ("0", "-1.5"), ("10", "0")],
    );
    let twice = r#", "expiry_cycles": 2, "bank": {"expired_rate": "0.5"}"#;
    world(twice, &days, "").refused("charges[0].bank: the bank's keys stand twice");
    let in_object = r#", "bank": {"expiry_cycles": 2, "expired_rate": "0.5"}"#;
    check(
        &world(in_object, &days, ""),
        &[("0", "0"), ("0", "0"), ("0", "-1"), ("0", "-1.5"), ("10", "0")],
    );
}

#[test]
fn r3_10_the_opening_bank_has_lots_of_cycles_before() {
    let keys = r#", "expiry_cycles": 2, "expired_rate": 1"#;
    let opening = r#"{"cycles_ago": 2, "kwh": "3"}, {"cycles_ago": 1, "kwh": "5"}"#;
    // Of the first lot 1 is left after its last bill; the second has one bill more.
    check(
        &world(keys, &["2,0", "4,0", "1,0"], opening),
        &[("0", "-1"), ("0", "-1"), ("2", "0")],
    );
}

/// What a line says of the bank begins where the bill before ended.
#[test]
fn a_line_tells_what_the_bank_had_and_has() {
    let keys = r#", "expiry_cycles": 2, "expired_rate": "0.5""#;
    let opening = r#"{"cycles_ago": 2, "kwh": "3"}, {"cycles_ago": 1, "kwh": "5"}"#;
    let bills = world(keys, &["2,0", "0,4", "6,0"], opening).bills().unwrap();
    let banks: Vec<&Value> = bills
        .iter()
        .map(|bill| &bill["lines"][0]["how"]["bank"])
        .collect();
    let lot = |cycles_ago: u32, kwh: &str| serde_json::json!({"cycles_ago": cycles_ago, "kwh": kwh});
    let bank = |before: (&str, Value), expired: &str, after: (&str, Value)| serde_json::json!({"charge": "n", "before": {"kwh": before.0, "lots": before.1}, "expired": expired, "after": {"kwh": after.0, "lots": after.1}});
    let expected = [
        bank(
            ("8", [lot(2, "3"), lot(1, "5")].into_iter().collect()),
            "1",
            ("5", [lot(1, "5")].into_iter().collect()),
        ),
        bank(
            ("5", [lot(2, "5")].into_iter().collect()),
            "5",
            ("4", [lot(0, "4")].into_iter().collect()),
        ),
        bank(
            ("4", [lot(1, "4")].into_iter().collect()),
            "0",
            ("0", Value::Array(Vec::new())),
        ),
    ];
    assert_eq!(banks, expected.iter().collect::<Vec<_>>());
    let said = |bill: usize| bills[bill]["lines"][0]["explanation"].as_str().unwrap();
    assert!(said(0).contains("(bank n: 8 kWh before, 1 kWh expired, 5 kWh after)"));
    assert!(said(2).contains("(bank n: 4 kWh before, 0 kWh after)"));
}
