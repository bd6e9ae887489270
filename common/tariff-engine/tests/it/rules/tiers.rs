//! `RATING` 3.5.

use super::*;

fn tiered(keys: &str, kwh: &str) -> World {
    let charge = format!(r#"{{"id": "t", "type": "tiered", {keys}}}"#);
    World::new(&charge, "2024-06-03", "2024-06-05").with_load("2024-06-03T00:00Z", 1440, &[kwh, "0"])
}

const TIERS: &str =
    r#""tiers": [{"up_to": 100, "rate": 1}, {"up_to": "200", "rate": 2}, {"up_to": null, "rate": 3}]"#;

#[test]
fn r3_5_graduated_prices_each_part_and_volume_all() {
    let graduated = |kwh, amount| tiered(TIERS, kwh).check(&[("t", amount)]);
    graduated("100", "100");
    graduated("100.5", "101");
    graduated("200", "300");
    graduated("250", "450");
    let volume = |kwh, amount| tiered(&format!(r#"{TIERS}, "mode": "volume""#), kwh).check(&[("t", amount)]);
    volume("100", "100"); // equal to the limit: the lower tier
    volume("100.5", "201");
    volume("250", "750");
}

#[test]
fn r3_5_limits_follow_the_days_and_are_not_rounded() {
    let with = |allowance: &str| tiered(&format!(r#"{TIERS}, "allowance": "{allowance}""#), "20");
    with("cycle").check(&[("t", "20")]);
    with("per_30_days").check(&[("t", "40")]); // limits 6.666.. and 13.333..: 20 and 20/3 x 3
    assert_eq!(
        with("per_30_days").bill()["lines"][0]["tier_kwh"][0],
        "6.66666667"
    );
    with("per_day").check(&[("t", "20")]); // limits 200 and 400
}

#[test]
fn r3_5_each_season_has_its_own_days_energy_and_limits() {
    let charge = r#"{"id": "t", "type": "tiered", "allowance": "per_day", "seasons": [
        {"name": "summer", "months": [4, 5, 6, 7, 8, 9], "tiers": [{"up_to": 10, "rate": 1}, {"up_to": null, "rate": 2}]},
        {"name": "winter", "months": [10, 11, 12, 1, 2, 3], "tiers": [{"up_to": 10, "rate": 5}, {"up_to": null, "rate": 6}]}]}"#;
    World::new(charge, "2024-09-29", "2024-10-02")
        .with_load("2024-09-29T00:00Z", 1440, &["5", "25", "11"])
        .check(&[("t.summer", "40"), ("t.winter", "56")]); // 20 + 10 x 2; 50 + 6
    World::new(charge, "2024-06-03", "2024-06-04")
        .with_load("2024-06-03T00:00Z", 1440, &["5"])
        .check(&[("t.summer", "5")]);
    let without = charge.replace("[10, 11, 12, 1, 2, 3]", "[10, 11, 12, 1, 2]");
    World::new(&without, "2024-06-03", "2024-06-04").refused("month 3 is in 0 seasons");
}

#[test]
fn r3_5_a_negative_quantity_is_priced_at_the_first_tier() {
    let mut world = tiered(TIERS, "0");
    world.load = None;
    world
        .and(
            r#""kind": "registers", "meters": [{"id": "A", "dials": 5}], "reads": [
        {"date": "2024-06-03", "meter": "A", "register": "import", "value": 150, "kind": "estimated"},
        {"date": "2024-06-05", "meter": "A", "register": "import", "value": 30, "kind": "actual"}]"#,
        )
        .check(&[("t", "-120")]);
}

#[test]
fn r3_5_packages_are_paid_when_begun() {
    let charge = r#"{"id": "p", "type": "package", "size": "50", "price": "9.5"}"#;
    let check = |kwh, amount| {
        let world =
            World::new(charge, "2024-06-03", "2024-06-04").with_load("2024-06-03T00:00Z", 1440, &[kwh]);
        world.check(&[("p", amount)]);
    };
    check("100", "19");
    check("100.001", "28.5");
    check("0", "0");
}

#[test]
fn r3_5_a_step_has_one_fee_and_its_limit_is_inside() {
    let charge =
        r#"{"id": "s", "type": "stairstep", "steps": [{"up_to": 10, "fee": 5}, {"up_to": 20, "fee": 8}]}"#;
    let with =
        |kwh| World::new(charge, "2024-06-03", "2024-06-04").with_load("2024-06-03T00:00Z", 1440, &[kwh]);
    with("10").check(&[("s", "5")]);
    with("10.1").check(&[("s", "8")]);
    with("20.1").refused("charge s: no step is high enough");
}

#[test]
fn tiers_that_make_no_sense_are_refused() {
    let refused = |tiers: &str, reason| tiered(&format!(r#""tiers": [{tiers}]"#), "1").refused(reason);
    refused(
        r#"{"up_to": 10, "rate": 1}, {"up_to": 10, "rate": 2}, {"rate": 3}"#,
        "limits must ascend",
    );
    refused(r#"{"up_to": 10, "rate": 1}"#, "the last limit must be null");
    refused(
        r#"{"up_to": null, "rate": 1}, {"rate": 3}"#,
        "only the last limit may be null",
    );
    refused("", "charges[0].tiers: must not be empty");
}
