//! `RATING` 3.15.

use super::*;

const FLAT: &str = r#"{"id": "e", "type": "energy", "rate": 1}, {"id": "p", "type": "demand", "window_minutes": 60, "rate": 0}"#;

fn estimation(minutes: u32, linear: u32, like: u32, search: u32, places: u32) -> String {
    format!(
        r#""estimation": {{"interval_minutes": {minutes}, "linear_max_minutes": {linear}, "like_days": {like}, "search_days": {search}, "places": {places}}}"#
    )
}

#[test]
fn r3_15_a_short_gap_between_measured_neighbours_is_a_line() {
    let mut hours = ["0"; 24];
    (hours[3], hours[4], hours[5], hours[6]) = ("10", "", "", "41");
    let world = |places, linear| {
        World::new(FLAT, "2024-06-03", "2024-06-04")
            .with_load("2024-06-03T00:00Z", 60, &hours)
            .and(&estimation(60, linear, 1, 7, places))
    };
    let bill = world(4, 120).bill(); // 120 minutes are still short
    assert_eq!(amounts(&bill)[0].1, "102"); // 10 + 20.3333 + 30.6667 + 41
    assert_eq!(bill["lines"][1]["measured_kw"], "41"); // an estimate sets no demand
    assert_eq!(
        bill["gaps"][0],
        serde_json::json!({"start_utc": "2024-06-03T04:00:00Z", "intervals": 2, "method": "linear"})
    );
    assert_eq!(
        bill["estimated"],
        serde_json::json!({"intervals": 2, "kwh": "51"})
    );
    assert_eq!(amounts(&world(0, 120).bill())[0].1, "102"); // 20 and 31
    world(4, 119).refused("no like day has a value for the interval that starts at 2024-06-03T04:00:00Z");
}

/// The energy of an hour is none of a quarter of it.
#[test]
fn r3_15_intervals_of_another_length_beside_a_gap_are_refused() {
    let mut hours = ["4"; 24];
    (hours[3], hours[20]) = ("", "");
    let world = |minutes, linear| {
        World::new(FLAT, "2024-06-03", "2024-06-04")
            .with_load("2024-06-03T00:00Z", 60, &hours)
            .and(&estimation(minutes, linear, 1, 7, 3))
    };
    assert_eq!(amounts(&world(60, 60).bill())[0].1, "96");
    world(15, 60).refused("beside the gap from 2024-06-03T03:00:00Z an interval has 60 minutes; interval_minutes of the estimation are 15");
    world(15, 0).refused("no like day has a value for the interval that starts at 2024-06-03T03:00:00Z");
    hours.iter_mut().for_each(|hour| *hour = "4");
    let whole = World::new(FLAT, "2024-06-03", "2024-06-04").with_load("2024-06-03T00:00Z", 60, &hours);
    assert_eq!(
        amounts(&whole.and(&estimation(15, 60, 1, 7, 3)).bill())[0].1,
        "96"
    ); // nothing is estimated
}

/// Local days of Lord Howe begin at half past in UTC, the hours of this load do not.
#[test]
fn r3_15_a_gap_at_the_edge_of_a_cycle_has_the_intervals_that_start_inside() {
    let mut hours = ["1"; 96];
    (hours[37], hours[38], hours[61], hours[62]) = ("", "", "", "");
    let mut world = World::new(FLAT, "2024-06-05", "2024-06-06")
        .with_load("2024-06-03T00:00Z", 60, &hours)
        .and(&estimation(60, 0, 1, 7, 0));
    world.zone = "Australia/Lord_Howe";
    let bill = world.bill();
    assert_eq!(amounts(&bill)[0].1, "24");
    let gap = |start: &str| serde_json::json!({"start_utc": start, "intervals": 1, "method": "like_day"});
    assert_eq!(
        bill["gaps"],
        serde_json::json!([gap("2024-06-04T14:00:00Z"), gap("2024-06-05T13:00:00Z")])
    );
}

#[test]
fn a_gap_of_years_is_refused_before_it_fills_the_memory() {
    let mut world = World::new(FLAT, "2020-01-01", "2029-12-31").and(&estimation(1, 0, 1, 7, 0));
    world.load = Some("start_utc,minutes,import_kwh\n2019-12-31T23:59Z,1,1\n".to_owned());
    world.refused("the gap from 2020-01-01T00:00:00Z is too long to be estimated");
}

/// Half days from Saturday 1 June on; the second half of a day is given, the first is 0.
fn halves(afternoons: &[&'static str], cycle: (&str, &str), keys: &str, holidays: &str) -> World {
    let values: Vec<&str> = afternoons.iter().flat_map(|value| ["0", *value]).collect();
    let charge = r#"{"id": "e", "type": "energy", "rate": 1}"#;
    let mut world = World::new(charge, cycle.0, cycle.1)
        .with_load("2024-06-01T00:00Z", 720, &values)
        .and(keys);
    world.tariff += &format!(r#", "holidays": [{holidays}]"#);
    world
}

#[test]
fn r3_15_other_gaps_are_the_mean_of_like_days() {
    // Sat 1, Sun 2, Mon 3 .. Fri 7, Sat 8, Sun 9, Mon 10, Tue 11
    let days = ["900", "800", "1", "2", "3", "8", "4", "70", "60", "", "5"];
    let with = |like, search, places, holidays| {
        halves(
            &days,
            ("2024-06-10", "2024-06-11"),
            &estimation(720, 0, like, search, places),
            holidays,
        )
    };
    with(2, 35, 4, "").check(&[("e", "6")]); // Friday 4, Thursday 8
    with(2, 35, 0, "\"2024-06-06\"").check(&[("e", "4")]); // a holiday is a Sunday: Friday 4, Wednesday 3; 3.5 half up
    with(6, 35, 4, "").check(&[("e", "3.8333")]); // five before, then forwards: Tuesday 5
    with(6, 7, 4, "").check(&[("e", "3.8333")]);
    with(6, 4, 4, "").check(&[("e", "5.6667")]); // within four days: 4, 8 and 5
    with(1, 35, 4, "\"2024-06-10\"").check(&[("e", "60")]); // itself a holiday: like Sunday 9
    with(1, 7, 4, "\"2024-06-09\", \"2024-06-10\"").check(&[("e", "60")]);
}

#[test]
fn r3_15_estimates_feed_no_other_estimate() {
    let days = ["0", "0", "1", "2", "3", "8", "", "0", "0", ""];
    let world = halves(
        &days,
        ("2024-06-07", "2024-06-11"),
        &estimation(720, 0, 1, 35, 4),
        "",
    );
    world.check(&[("e", "16")]); // Friday and Monday both like Thursday, not Monday like Friday's estimate of Wednesday
    let bill = world.bill();
    assert_eq!(bill["gaps"][1]["method"], "like_day");
}

#[test]
fn r3_15_absent_rows_and_empty_values_are_the_same_and_outside_the_cycle_nothing_is_estimated() {
    let days = ["0", "0", "1", "2", "", "8", "4", "0", "0", ""];
    let mut world = halves(
        &days,
        ("2024-06-10", "2024-06-11"),
        &estimation(720, 0, 3, 35, 4),
        "",
    );
    world.check(&[("e", "4.6667")]); // Friday 4, Thursday 8, Tuesday 2: Wednesday has none
    let text = world.load.clone().unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.ends_with(',')).collect();
    world.load = Some(without.join("\n"));
    world.check(&[("e", "4.6667")]);
}

#[test]
fn r3_15_of_a_repeated_hour_the_first_pass_is_like() {
    let charge = r#"{"id": "e", "type": "energy", "rate": 1}"#;
    // 27 October has 25 hours, of which 02:00 comes twice: 5 and 50. 3 November is the Sunday after.
    let mut hours = vec!["0"; 25 + 6 * 24 + 24];
    (hours[2], hours[3], hours[25 + 6 * 24 + 2]) = ("5", "50", "");
    let mut world = World::new(charge, "2024-11-03", "2024-11-04")
        .with_load("2024-10-26T22:00Z", 60, &hours)
        .and(&estimation(60, 0, 1, 7, 4));
    world.zone = "Europe/Berlin";
    world.check(&[("e", "5")]);
}

#[test]
fn r3_15_the_tariff_may_say_how() {
    let mut world = halves(
        &["3", "", "", "5"],
        ("2024-06-03", "2024-06-04"),
        r#""title": "none here""#,
        "",
    );
    world.refused("the interval that starts at 2024-06-03T12:00:00Z is missing");
    world.tariff += &format!(", {}", estimation(720, 0, 1, 35, 4));
    world.check(&[("e", "5")]);
}
