//! `RATING` 3.3 and 3.4.

use super::*;

#[test]
fn r3_3_the_first_band_that_matches_wins_and_lines_stand_in_order() {
    let charges = r#"{"id": "e", "type": "energy", "bands": [
            {"name": "never", "rate": "9", "when": [{"months": [1]}]},
            {"name": "b", "rate": "2", "when": [{"from": "06:00", "to": "12:00"}]},
            {"name": "a", "rate": "3", "when": [{"from": "00:00", "to": "18:00"}]}],
        "otherwise": {"name": "rest", "rate": "1"}}"#;
    World::new(charges, "2024-06-03", "2024-06-04")
        .with_load("2024-06-03T00:00Z", 360, &["1", "10", "100", "1000"])
        .check(&[("e.b", "20"), ("e.a", "303"), ("e.rest", "1000")]);
}

#[test]
fn r3_3_registers_signs_and_rounded_intervals() {
    let charges = r#"{"id": "e", "type": "energy", "rate": 1, "interval_kwh_rounding": {"mode": "half_even", "places": 1}},
        {"id": "u", "type": "energy", "rate": 1, "interval_kwh_rounding": {"mode": "half_up", "places": 1}},
        {"id": "x", "type": "energy", "register": "export", "sign": "-1", "rate": 2}"#;
    let mut world = World::new(charges, "2024-06-03", "2024-06-04");
    let text = rows(
        "start_utc,import_kwh,export_kwh",
        "2024-06-03T00:00Z",
        720,
        &["0.25,3", "0.35,4.5"],
    );
    world.load = Some(text);
    world.check(&[("e", "0.6"), ("u", "0.7"), ("x", "-15")]); // 0.2 + 0.4; 0.3 + 0.4
    world.load = Some(rows(
        "start_utc,import_kwh",
        "2024-06-03T00:00Z",
        720,
        &["0", "0"],
    ));
    world.check(&[("e", "0"), ("u", "0"), ("x", "0")]); // a meter without a column of export exported nothing
    world.tariff = world.tariff.replace("export", "heat");
    world.refused("charge x: there is nothing of register heat");
}

#[test]
fn r3_4_market_prices_have_a_multiplier_and_an_adder() {
    let charges = r#"{"id": "s", "type": "indexed", "multiplier": "1.5", "adder": "0.01"},
        {"id": "x", "type": "indexed", "register": "export", "sign": "-1"}"#;
    let mut world = World::new(charges, "2024-06-03", "2024-06-04");
    world.load = Some(rows(
        "start_utc,import_kwh,export_kwh",
        "2024-06-03T00:00Z",
        720,
        &["10,1", "20,2"],
    ));
    world.prices = Some(rows(
        "start_utc,price_per_mwh",
        "2024-06-03T00:00Z",
        720,
        &["100", "200"],
    ));
    world.check(&[("s", "7.8"), ("x", "-0.5")]); // 10 x 0.16 + 20 x 0.31; 0.1 + 0.4
}

#[test]
fn months_and_names_that_cannot_be_say_what_can() {
    let charge = |when: &str, name: &str| {
        format!(
            r#"{{"id": "e", "type": "energy", "bands": [{{"name": "{name}", "rate": 1, "when": [{{{when}}}]}}], "otherwise": {{"name": "rest", "rate": 2}}}}"#
        )
    };
    let refused =
        |charge: String, reason: &str| World::new(&charge, "2024-06-03", "2024-06-04").refused(reason);
    for month in ["13", "0", "-1", "1.5"] {
        refused(
            charge(&format!(r#""months": [{month}]"#), "high"),
            "charges[0].bands[0].when[0].months[0]: must be a month, 1 to 12",
        );
    }
    refused(
        charge(r#""months": [1]"#, "peak.hours"),
        "charges[0].bands[0].name: must be 1 to 64 of A-Z a-z 0-9 _ : -",
    );
}

/// 1.7: a case that contradicts its load is a mistake in one of both.
#[test]
fn a_case_and_its_load_agree_on_the_length_of_intervals() {
    let world = |minutes: &str| {
        World::new(
            r#"{"id": "e", "type": "energy", "rate": 1}"#,
            "2024-06-03",
            "2024-06-04",
        )
        .with_load("2024-06-03T00:00Z", 360, &["1"; 4])
        .and(&format!(r#""interval_minutes": {minutes}"#))
    };
    world("360").check(&[("e", "4")]);
    world("60").refused("interval_minutes: says 60, and the intervals of the load have 360 minutes");
}
