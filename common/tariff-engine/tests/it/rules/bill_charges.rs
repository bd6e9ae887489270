//! `RATING` 3.12 and 3.18.

use super::*;

fn world(bill_charges: &str) -> World {
    let charges = r#"{"id": "e", "type": "energy", "bands": [{"name": "a", "rate": "1", "when": [{"from": "00:00", "to": "12:00"}]}],
        "otherwise": {"name": "b", "rate": "2"}}, {"id": "d", "type": "daily", "amount": "4.05"}"#;
    let mut world =
        World::new(charges, "2024-06-03", "2024-06-04").with_load("2024-06-03T00:00Z", 720, &["10.05", "20"]);
    world.tariff += &format!(r#", "bill_charges": [{bill_charges}]"#);
    world
}

/// The amounts of the bill charges alone.
#[track_caller]
fn check(bill_charges: &str, expected: &[(&str, &str)]) {
    let lines = amounts(&world(bill_charges).bill());
    assert_eq!(lines[3..], owned(expected)[..]);
}

#[test]
fn r3_12_percent_of_named_lines_or_of_all_so_far() {
    check(
        r#"{"id": "p", "type": "percent", "rate": "0.1"}"#,
        &[("p", "5.41")],
    );
    check(
        r#"{"id": "p", "type": "percent", "rate": "-0.5", "of": ["e"]}"#,
        &[("p", "-25.025")],
    ); // an id matches its bands
    check(
        r#"{"id": "p", "type": "percent", "rate": 1, "of": ["e.b", "d"]}"#,
        &[("p", "44.05")],
    );
    let later = r#"{"id": "p", "type": "percent", "rate": 1, "of": ["d"]}, {"id": "q", "type": "percent", "rate": 2, "of": ["p"]},
        {"id": "r", "type": "percent", "rate": "0.1"}"#;
    check(later, &[("p", "4.05"), ("q", "8.1"), ("r", "6.625")]);
}

#[test]
fn r3_12_per_line_is_rounded_on_each_line() {
    let mut world = world(r#"{"id": "p", "type": "percent", "rate": "0.1", "per_line": true}"#);
    world.rounding = r#"{"scope": "line", "mode": "half_up", "places": 2}"#;
    // 1.005, 4 and 0.405 become 1.01, 4 and 0.41
    assert_eq!(amounts(&world.bill())[3], ("p".to_owned(), "5.42".to_owned()));
}

#[test]
fn r3_12_minimum_maximum_and_a_highest_price() {
    check(r#"{"id": "m", "type": "minimum", "amount": 60}"#, &[("m", "5.9")]);
    check(r#"{"id": "m", "type": "minimum", "amount": 50}"#, &[("m", "0")]);
    check(
        r#"{"id": "m", "type": "maximum", "amount": 50, "of": ["e"]}"#,
        &[("m", "-0.05")],
    );
    check(r#"{"id": "m", "type": "maximum", "amount": 60}"#, &[("m", "0")]);
    check(
        r#"{"id": "m", "type": "max_per_kwh", "rate": "1.5", "of": ["e"]}"#,
        &[("m", "-4.975")],
    ); // 50.05 - 1.5 x 30.05
    check(
        r#"{"id": "m", "type": "max_per_kwh", "rate": "0", "register": "export"}"#,
        &[("m", "-54.1")],
    );
    world(r#"{"id": "m", "type": "max_per_kwh", "rate": 1, "register": "heat"}"#)
        .refused("nothing of register heat");
}

/// 3.15: its kilowatt-hours are those of every interval, also where nothing else is priced by them.
#[test]
fn r3_12_a_highest_price_needs_every_interval() {
    let fee = r#"{"id": "d", "type": "daily", "amount": "4.05"}"#;
    let cap = r#", "bill_charges": [{"id": "m", "type": "max_per_kwh", "rate": "0.05"}]"#;
    let mut whole =
        World::new(fee, "2024-06-03", "2024-06-04").with_load("2024-06-03T00:00Z", 720, &["10", "20"]);
    whole.tariff += cap;
    whole.check(&[("d", "4.05"), ("m", "-2.55")]);
    let mut short =
        World::new(fee, "2024-06-03", "2024-06-05").with_load("2024-06-03T00:00Z", 720, &["10", "20"]);
    short.tariff += cap;
    short.refused("is missing");
    let mut hole =
        World::new(fee, "2024-06-03", "2024-06-04").with_load("2024-06-03T00:00Z", 480, &["10", "", "20"]);
    hole.tariff += cap;
    hole.refused("is missing");
}

#[test]
fn r3_12_an_id_matches_the_lines_of_its_versions() {
    let mut world = World::new("", "2024-06-03", "2024-06-05");
    world.tariff = r#""versions": [
        {"valid_from": "2024-01-01", "valid_to": "2024-06-04", "charges": [{"id": "d", "type": "daily", "amount": 1}, {"id": "dd", "type": "daily", "amount": 100}]},
        {"valid_from": "2024-06-04", "charges": [{"id": "d", "type": "daily", "amount": 2}]}],
        "bill_charges": [{"id": "p", "type": "percent", "rate": 1, "of": ["d"]}, {"id": "q", "type": "percent", "rate": 1, "of": ["d@2024-06-04"]}]"#
        .to_owned();
    world.check(&[
        ("d@2024-06-03", "1"),
        ("dd@2024-06-03", "100"),
        ("d@2024-06-04", "2"),
        ("p", "3"),
        ("q", "2"),
    ]);
}

#[test]
fn r3_18_a_tax_changes_no_amount() {
    let plain = world(r#"{"id": "v", "type": "percent", "rate": "0.2"}"#);
    let taxed = world(
        r#"{"id": "v", "type": "percent", "rate": "0.2", "tax": {"category": "S", "exemption": "none"}}"#,
    );
    assert_eq!(plain.lines(), taxed.lines());
    world(r#"{"id": "v", "type": "percent", "rate": "0.2", "tax": {}}"#)
        .refused("bill_charges[0].tax.category: is missing");
}
