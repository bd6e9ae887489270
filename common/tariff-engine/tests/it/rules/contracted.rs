//! `RATING` 3.9.

use super::*;

fn world(rule: &str, six_hours: &[&str]) -> World {
    let charge = format!(
        r#"{{"id": "c", "type": "contracted_power", "window_minutes": 360, {rule},
        "bands": [{{"name": "peak", "contracted_kw": 10, "rate_per_kw_day": "0.1", "when": [{{"from": "06:00", "to": "12:00"}}]}}],
        "otherwise": {{"name": "off", "contracted_kw": 20, "rate_per_kw_day": "0.05"}}}}"#
    );
    World::new(&charge, "2024-06-03", "2024-06-05").with_load("2024-06-03T00:00Z", 360, six_hours)
}

const BAND: &str = r#""rule": "band", "low_percent": 85, "high_percent": 105, "excess_factor": 2"#;

#[test]
fn r3_9_by_band() {
    let check = |peak: &str, billed: &str, amount: &str| {
        let world = world(BAND, &["0", peak, "0", "0", "0", "0", "0", "0"]);
        world.check(&[("c.peak", amount), ("c.off", "1.7")]); // 0.85 x 20 x 0.05 x 2 days
        assert_eq!(world.bill()["lines"][0]["quantity"], billed);
    };
    check("48", "8.5", "1.7"); // 8 kW < 8.5
    check("51", "8.5", "1.7");
    check("54", "9", "1.8");
    check("63", "10.5", "2.1"); // equal to hi
    check("72", "15", "3"); // 12 + 2 x 1.5
}

#[test]
fn r3_9_the_line_of_the_excess_has_an_id_of_its_own() {
    let own = r#""rule": "root_sum_square", "excess_id": "c", "excess_rate": 7"#;
    world(own, &["0", "78"]).refused("excess_id: another charge has this id");
}

#[test]
fn r3_9_by_the_root_of_squares() {
    let rule = r#""rule": "root_sum_square", "excess_id": "over", "excess_rate": 7"#;
    world(rule, &["0", "78", "0", "0", "138", "84", "0", "0"]).check(&[
        ("c.peak", "2"),
        ("over.peak", "35"), // 13 and 14 kW: sqrt(9 + 16) x 7
        ("c.off", "2"),
        ("over.off", "21"), // 23 kW
    ]);
    world(rule, &["0", "66", "0", "0", "0", "66", "0", "0"]).check(&[
        ("c.peak", "2"),
        ("over.peak", "9.899494936611665341611821068"), // sqrt(2) x 7
        ("c.off", "2"),
        ("over.off", "0"),
    ]);
}

/// What is below lo is billed as lo, also where lo is above hi.
#[test]
fn r3_9_by_a_band_whose_low_is_its_high_or_above() {
    let check = |low: u32, peak: &str, billed: &str| {
        let rule =
            format!(r#""rule": "band", "low_percent": {low}, "high_percent": 105, "excess_factor": 2"#);
        let bill = world(&rule, &["0", peak, "0", "0", "0", "0", "0", "0"]).bill();
        assert_eq!(bill["lines"][0]["quantity"], billed, "{low} % {peak}");
    };
    check(105, "63", "10.5");
    check(105, "66", "12");
    check(120, "66", "12"); // 11 kW < 12
    check(120, "72", "15");
}
