//! `RATING` 3.16.

use serde_json::json;

use super::*;

fn world(keys: &str) -> World {
    let charges =
        r#"{"id": "energy", "type": "energy", "rate": 1}, {"id": "standing", "type": "daily", "amount": 2}"#;
    let mut world = World::new(charges, "2024-06-03", "2024-06-04")
        .with_load(
            "2024-06-03T00:00Z",
            360,
            &["1", "1", "3", "1", "0.25", "0", "0", "0"],
        )
        .and(&format!(r#""kind": "prepayment", {keys}"#));
    world.rounding = r#"{"scope": "line", "mode": "half_up", "places": 0}"#;
    world
}

#[test]
fn r3_16_the_daily_charge_at_midnight_and_energy_at_the_end_of_intervals() {
    let world = world(r#""opening_balance": 5, "emergency_credit": 3, "topups": []"#);
    world.check(&[("energy", "6"), ("standing", "2")]);
    let bill = world.bill();
    assert_eq!(bill["total"], "8");
    let expected = json!({
        "opening": "5", "topups": "0", "closing": "-3",
        "first_below_zero": "2024-06-03T18:00:00Z", "first_at_or_below_limit": "2024-06-04T00:00:00Z",
        "at_local_midnight": [{"at": "2024-06-03T00:00:00Z", "balance": "3"}],
    });
    assert_eq!(bill["balance"], expected);
}

#[test]
fn r3_16_a_top_up_counts_from_the_next_interval_on_before_the_midnight_charge() {
    let bill = world(r#""opening_balance": 5, "emergency_credit": 3, "topups": [{"utc": "2024-06-03T11:00:00Z", "amount": "4"}]"#).bill();
    assert_eq!(
        (&bill["balance"]["closing"], &bill["balance"]["first_below_zero"]),
        (&json!("1"), &json!(null))
    );
    let bill =
        world(r#""opening_balance": 5, "topups": [{"utc": "2024-06-03T00:00:00Z", "amount": 10}]"#).bill();
    assert_eq!(bill["balance"]["at_local_midnight"][0]["balance"], "13");
    // After the last interval has started it belongs to the next cycle.
    let bill =
        world(r#""opening_balance": 5, "topups": [{"utc": "2024-06-03T18:00:01Z", "amount": 10}]"#).bill();
    assert_eq!(bill["balance"]["topups"], "0");
}

#[test]
fn r3_16_the_balance_goes_on_and_nothing_is_rounded() {
    let mut world = world(r#""opening_balance": "5.5", "emergency_credit": 3"#);
    world.case = world.case.replace(
        r#""to": "2024-06-04"}"#,
        r#""to": "2024-06-04"}, {"from": "2024-06-04", "to": "2024-06-05"}"#,
    );
    let bills = world.bills().unwrap();
    assert_eq!(
        (&bills[0]["balance"]["closing"], &bills[1]["balance"]["closing"]),
        (&json!("-2.5"), &json!("-4.75"))
    );
    assert_eq!(
        amounts(&bills[1]),
        owned(&[("energy", "0.25"), ("standing", "2")])
    );
}

#[test]
fn what_cannot_be_taken_as_it_comes_is_refused() {
    let mut world = world(r#""opening_balance": 5"#);
    world.tariff = world.tariff.replace("daily", "monthly");
    world.refused("charge standing: prepayment takes daily fees and energy alone");
}
