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

#[test]
fn a_value_of_the_whole_bill_may_not_change_inside_it() {
    let mut world = World::new(FEE, "2024-06-03", "2024-06-07").and(DATED);
    world.tariff += r#", "bill_charges": [{"id": "p", "type": "percent", "rate": {"param": "fee"}}]"#;
    world.refused("a value of the whole bill changes inside it, on 2024-06-05");
    world.case = world.case.replace("2024-06-03", "2024-06-06");
    world.check(&[("d", "3"), ("p", "9")]);
}
