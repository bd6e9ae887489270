//! `RATING` 3.17.

use super::*;

const FEE: &str = r#"{"id": "d", "type": "daily", "amount": {"param": "fee"}}"#;
const DATED: &str = r#""values": {"fee": [{"from": "2024-06-05", "value": "3"}, {"from": "2024-01-01", "value": 1}], "unused": [{"from": "2024-06-04", "value": 1}]}"#;

#[test]
fn r3_17_a_change_inside_a_cycle_cuts_it_like_a_version() {
    World::new(FEE, "2024-06-03", "2024-06-07")
        .and(DATED)
        .check(&[("d@2024-06-03", "2"), ("d@2024-06-05", "6")]);
    World::new(FEE, "2024-06-05", "2024-06-07")
        .and(DATED)
        .check(&[("d", "6")]);
    World::new(FEE, "2024-06-01", "2024-06-05")
        .and(DATED)
        .check(&[("d", "4")]);
    World::new(FEE, "2024-06-03", "2024-06-07")
        .and(r#""values": {"fee": "2.5"}"#)
        .check(&[("d", "10")]);
}

#[test]
fn r3_17_a_value_stands_wherever_a_number_does() {
    let tiers = r#"{"id": "t", "type": "tiered", "tiers": [{"up_to": {"param": "size"}, "rate": {"param": "low"}}, {"up_to": 100, "rate": 1}, {"up_to": null, "rate": 2}]}"#;
    let world = |size: &str| {
        World::new(tiers, "2024-06-03", "2024-06-04")
            .with_load("2024-06-03T00:00Z", 1440, &["30"])
            .and(&format!(r#""values": {{"size": {size}, "low": 0}}"#))
    };
    world("20").check(&[("t", "10")]);
    world("200")
        .refused("with its values filled in the tariff is wrong: charges[0].tiers: limits must ascend");
    world("\"many\"").refused("values.size: not a decimal number");
}

#[test]
fn r3_17_a_name_without_a_value_is_an_error() {
    World::new(FEE, "2024-06-03", "2024-06-07").refused("the value fee has no number on 2024-06-03");
    World::new(FEE, "2023-12-30", "2024-01-03")
        .and(DATED)
        .refused("the value fee has no number on 2023-12-30");
}

/// A version prices with the values that it calls: what another one calls neither cuts its days nor is missing on them.
#[test]
fn r3_17_values_are_those_of_the_version_that_holds() {
    let tiers = |size: &str| {
        format!(
            r#"{{"id": "t", "type": "tiered", "tiers": [{{"up_to": {{"param": "{size}"}}, "rate": 1}}, {{"up_to": 9, "rate": 2}}, {{"up_to": null, "rate": 3}}]}}"#
        )
    };
    let later = format!(r#"{{"valid_from": "2024-06-07", "charges": [{}]}}"#, tiers("new"));
    let earlier = format!(
        r#"{{"valid_from": "2024-01-01", "valid_to": "2024-06-07", "charges": [{}]}}"#,
        tiers("old")
    );
    let lines = |old: &str, new: &str, from: &str| {
        let values = format!(r#""values": {{"old": {old}, "new": {new}}}"#);
        let mut world = World::new("", from, "2024-06-09")
            .with_load("2024-06-03T00:00Z", 1440, &["10"; 6])
            .and(&values);
        world.tariff = format!(r#""versions": [{later}, {earlier}]"#); // in any order
        world.bills().map(|bills| amounts(&bills[0]))
    };
    let cut = r#"[{"from": "2024-06-07", "value": 5}, {"from": "2024-06-08", "value": 6}]"#;
    // 40 kWh in one part although the new value changes before, and two parts of 10 kWh.
    let expected = owned(&[
        ("t@2024-06-03", "109"), // 2 + 2 x 7 + 3 x 31
        ("t@2024-06-07", "16"),
        ("t@2024-06-08", "15"),
    ]);
    assert_eq!(lines("2", cut, "2024-06-03"), Ok(expected.clone()));
    let before = cut.replace(']', r#", {"from": "2024-06-05", "value": 8}]"#);
    assert_eq!(lines("2", &before, "2024-06-03"), Ok(expected));
    // Of a version that does not hold any more no value makes it wrong.
    let only_new = owned(&[("t@2024-06-07", "16"), ("t@2024-06-08", "15")]);
    assert_eq!(lines("99", cut, "2024-06-07"), Ok(only_new));
    let error = lines("99", cut, "2024-06-06").unwrap_err();
    assert!(
        error.contains("versions[1].charges[0].tiers: limits must ascend"),
        "{error}"
    );
    let error = lines("2", &cut.replace("06-07", "06-08"), "2024-06-07").unwrap_err();
    assert!(error.contains("two values"), "{error}");
    let late = r#"[{"from": "2024-06-08", "value": 6}]"#;
    let error = lines("2", late, "2024-06-03").unwrap_err();
    assert!(
        error.contains("the value new has no number on 2024-06-07"),
        "{error}"
    );
}

/// Two days at 1 and two at 3, and a percentage of them that changes with them.
fn with_bill_charges(bill_charges: &str) -> World {
    let mut world = World::new(FEE, "2024-06-03", "2024-06-07").and(DATED);
    world.tariff += &format!(r#", "bill_charges": [{bill_charges}]"#);
    world
}

#[test]
fn r3_17_a_percentage_that_changes_is_one_for_the_lines_of_each_part() {
    let percent = r#"{"id": "p", "type": "percent", "rate": {"param": "fee"}}"#;
    let lines = [
        ("d@2024-06-03", "2"),
        ("d@2024-06-05", "6"),
        ("p@2024-06-03", "2"),
        ("p@2024-06-05", "18"),
    ];
    with_bill_charges(percent).check(&lines);
    // What comes later may name one part of it, or all.
    let later = r#"{"id": "q", "type": "percent", "rate": 1, "of": ["p@2024-06-05"]}, {"id": "r", "type": "percent", "rate": 1, "of": ["p"]}"#;
    let named = [&lines[..], &[("q", "18"), ("r", "20")]].concat();
    with_bill_charges(&format!("{percent}, {later}")).check(&named);
    let mut world = with_bill_charges(percent);
    world.case = world.case.replace("2024-06-03", "2024-06-06");
    world.check(&[("d", "3"), ("p", "9")]);
}

#[test]
fn what_is_one_for_the_whole_bill_may_not_change_inside_it() {
    let percent = r#"{"id": "p", "type": "percent", "rate": {"param": "fee"}}"#;
    let least = |amount: &str| format!(r#"{{"id": "m", "type": "minimum", "amount": {amount}}}"#);
    with_bill_charges(&least(r#"{"param": "fee"}"#))
        .refused("charge m: a value changes inside the cycle, and a minimum or maximum is one for all of it");
    with_bill_charges(&format!("{}, {percent}", least("9")))
        .refused("charge p: its rate changes on 2024-06-05, and line m is about days before and after that");
    let mut world = with_bill_charges(percent);
    world.rounding = r#"{"scope": "line", "mode": "half_up", "places": {"param": "fee"}}"#;
    world.refused("rounding: changes inside the cycle, on 2024-06-05");
}

/// Each line is in the `of` of one tax, though the tax has two lines.
#[test]
fn a_tax_that_changes_taxes_every_line_once() {
    let tax = r#"{"id": "vat", "type": "percent", "rate": {"param": "fee"}, "tax": {"category": "S"}}"#;
    let tariff = format!(
        r#"{{"currency": "EUR", "timezone": "UTC", "rounding": {{"scope": "none"}}, "charges": [{FEE}], "bill_charges": [{tax}]}}"#
    );
    let bills = Case::parse(&format!(
        r#"{{"id": "t", "cycles": [{{"from": "2024-06-03", "to": "2024-06-07"}}], {DATED}}}"#
    ));
    let files = Files {
        tariff: &tariff,
        ..Files::default()
    };
    let bills = bills.unwrap().bills(files).unwrap().to_json();
    recomputed::check(&bills).unwrap();
    assert_eq!(
        bills["warnings"],
        serde_json::json!(["values.unused: the tariff calls no such value"])
    );
    assert_eq!(
        amounts(&bills["bills"][0])[2..],
        owned(&[("vat@2024-06-03", "2"), ("vat@2024-06-05", "18")])
    );
}

/// A change cuts, not a date: the same number again is none, however it is written.
#[test]
fn r3_17_the_same_number_again_is_no_change() {
    let world = |later: &str| {
        World::new(FEE, "2024-06-03", "2024-06-07").and(&format!(
            r#""values": {{"fee": [{{"from": "2024-01-01", "value": 0.1}}, {later}]}}"#
        ))
    };
    world(r#"{"from": "2024-06-05", "value": 0.1}"#).check(&[("d", "0.4")]);
    world(r#"{"from": "2024-06-05", "value": "0.10"}"#).check(&[("d", "0.4")]);
    // The last one is a change, and the first day of its part is its own.
    world(r#"{"from": "2024-06-06", "value": 0.2}, {"from": "2024-06-04", "value": "0.10"}"#)
        .check(&[("d@2024-06-03", "0.3"), ("d@2024-06-06", "0.2")]);
    // What is one for the whole bill may be said again inside it.
    let mut world = world(r#"{"from": "2024-06-05", "value": "0.10"}"#);
    world.tariff += r#", "bill_charges": [{"id": "m", "type": "minimum", "amount": {"param": "fee"}}]"#;
    world.check(&[("d", "0.4"), ("m", "0")]);
}
