//! `RATING` section 1, 3.1, 3.6 and 3.11.

use tariff_engine::case::{Given, Subject};

use super::*;

const DAY: &str = "2024-06-03"; // a Monday
const FLAT: &str = r#"{"id": "e", "type": "energy", "rate": "1"}"#;

#[test]
fn r1_1_quotients_stay_exact_until_a_rule_rounds() {
    // 1/365 of 1 on 2 days, times 365 in a percent charge: exactly 2.
    let mut world = World::new(
        r#"{"id": "a", "type": "annual", "amount": 1}"#,
        "2023-06-01",
        "2023-06-03",
    );
    world.tariff += r#", "bill_charges": [{"id": "p", "type": "percent", "rate": 365}]"#;
    world.check(&[("a", "0.00547945"), ("p", "2")]);
    assert_eq!(world.bill()["lines"][1]["exact"], "2");
}

#[test]
fn r1_3_an_interval_belongs_to_the_band_of_its_start() {
    let bands = r#"{"id": "e", "type": "energy", "bands": [{"name": "night", "rate": "1", "when": [{"from": "22:00", "to": "06:00"}]}],
        "otherwise": {"name": "day", "rate": "10"}}"#;
    let mut hours = ["0"; 24];
    hours[21] = "2"; // 21:00 UTC = 22:30 in a zone of +01:30 would be night; here the zone is UTC: day
    World::new(bands, DAY, "2024-06-04")
        .with_load("2024-06-03T00:00Z", 60, &hours)
        .check(&[("e.night", "0"), ("e.day", "20")]);
    // An interval that begins before the edge and runs over it: 21:30 to 22:30.
    let mut world = World::new(bands, DAY, "2024-06-04");
    world.load = Some(
        "start_utc,minutes,import_kwh\n2024-06-03T00:00Z,720,0\n2024-06-03T12:00Z,480,0\n2024-06-03T20:00Z,90,0\n\
         2024-06-03T21:30Z,60,3\n2024-06-03T22:30Z,90,5\n"
            .to_owned(),
    );
    world.check(&[("e.night", "5"), ("e.day", "30")]);
}

#[test]
fn r1_4_a_day_with_a_clock_change_is_one_day_and_its_repeated_hour_counts_twice() {
    let charges = r#"{"id": "e", "type": "energy", "bands": [{"name": "two", "rate": "1", "when": [{"from": "02:00", "to": "03:00"}]}],
        "otherwise": {"name": "rest", "rate": "0"}}, {"id": "d", "type": "daily", "amount": 1}"#;
    let day = |from: &str, to: &str, start: &str, hours: usize| {
        let mut world = World::new(charges, from, to).with_load(start, 60, &vec!["1"; hours]);
        world.zone = "Europe/Berlin";
        world
    };
    let two = |amount| [("e.two", amount), ("e.rest", "0"), ("d", "1")];
    day("2024-10-27", "2024-10-28", "2024-10-26T22:00Z", 25).check(&two("2"));
    day("2024-06-03", "2024-06-04", "2024-06-02T22:00Z", 24).check(&two("1"));
    day("2024-03-31", "2024-04-01", "2024-03-30T23:00Z", 23).check(&two("0")[1..]);
}

#[test]
fn r1_4_a_midnight_that_does_not_exist_is_the_first_instant_of_the_date() {
    // In Santiago the clock went from 23:59 on 7 September 2024 to 01:00 on the 8th.
    let mut world =
        World::new(FLAT, "2024-09-08", "2024-09-09").with_load("2024-09-08T04:00Z", 60, &["1"; 23]);
    world.zone = "America/Santiago";
    world.check(&[("e", "23")]);
    assert_eq!(world.bill()["start_utc"], "2024-09-08T04:00:00Z");
}

#[test]
fn r1_4_an_agreement_may_begin_at_an_interval_start() {
    let charges = format!(r#"{FLAT}, {{"id": "d", "type": "daily", "amount": 1}}"#);
    World::new(&charges, "2024-06-03T18:00:00Z", "2024-06-05")
        .with_load("2024-06-03T18:00Z", 60, &["1"; 30])
        .check(&[("e", "30"), ("d", "1")]); // days are counted by their midnights
}

#[test]
fn r1_5_only_what_was_received_by_then_exists() {
    let mut world = World::new(FLAT, DAY, "2024-06-04");
    world.case = r#""cycles": [{"from": "2024-06-03", "to": "2024-06-04", "as_of": "2024-06-05T00:00:00Z"},
        {"from": "2024-06-03", "to": "2024-06-04", "as_of": "2024-06-06T00:00:00Z"}, {"from": "2024-06-03", "to": "2024-06-04"}]"#
        .to_owned();
    let row = |start: &str, value: &str, received: &str| {
        format!("2024-06-03T{start}Z,720,{value},2024-06-{received}T00:00Z\n")
    };
    let text = [
        row("00:00", "1", "04"),
        row("12:00", "2", "05"),
        row("00:00", "5", "06"),
        row("12:00", "9", "07"),
    ]
    .concat();
    world.load = Some(format!("start_utc,minutes,import_kwh,received_utc\n{text}"));
    world.check_all(&[&[("e", "3")], &[("e", "7")], &[("e", "14")]]);
    world.case = r#""cycles": [{"from": "2024-06-03", "to": "2024-06-04", "as_of": "2024-06-04T00:00:00Z"}]"#
        .to_owned();
    world.refused("the interval that starts at 2024-06-03T12:00:00Z is missing");
}

#[test]
fn r1_6_the_price_of_an_interval_is_the_mean_over_its_time() {
    let spot = r#"{"id": "s", "type": "indexed"}"#;
    let day = |minutes: i64, values: &[&str], price_minutes: i64, prices: &[&str]| {
        let mut world = World::new(spot, DAY, "2024-06-04").with_load("2024-06-03T00:00Z", minutes, values);
        world.prices = Some(rows(
            "start_utc,price_per_mwh",
            "2024-06-03T00:00Z",
            price_minutes,
            prices,
        ));
        world
    };
    let mut quarters = ["0"; 96];
    (quarters[3], quarters[4]) = ("1", "1");
    let mut hours = ["7"; 24];
    (hours[0], hours[1]) = ("100", "-20");
    day(15, &quarters, 60, &hours).check(&[("s", "0.08")]); // 0.100 - 0.020: negative prices are not clipped
    let mut loads = ["0"; 24];
    loads[2] = "4";
    let mut prices = ["0"; 96];
    (prices[8], prices[9], prices[10], prices[11]) = ("10", "20", "30", "-20");
    day(60, &loads, 15, &prices).check(&[("s", "0.04")]); // 4 kWh at 10 per MWh
    day(60, &loads, 15, &prices[..95]).refused("no price at 2024-06-03T23:45:00Z");
    let mut world = day(60, &loads, 15, &prices);
    world.prices = None;
    world.refused("no price at 2024-06-03T00:00:00Z");
}

#[test]
fn r1_6_columns_of_prices_that_are_not_known_are_refused() {
    let error = |header: &str| {
        let text = format!("{header}\n2024-06-03T00:00Z,1,2\n2024-06-03T01:00Z,1,2\n");
        tariff_engine::Prices::parse(&text, &["price_per_mwh"]).unwrap_err()
    };
    assert_eq!(
        error("start_utc,price_per_mwh,fee"),
        "column \"fee\" is not known"
    );
    assert_eq!(
        error("start_utc,price_per_mwh,price_per_mwh"),
        "column price_per_mwh comes twice"
    );
}

#[test]
fn r3_1_rounding_has_a_scope_a_mode_and_places() {
    let world = |rounding| {
        let charges = r#"{"id": "a", "type": "daily", "amount": "0.125"}, {"id": "b", "type": "daily", "amount": "-0.125"}"#;
        let mut world = World::new(charges, DAY, "2024-06-04");
        world.tariff += r#", "bill_charges": [{"id": "p", "type": "percent", "rate": "0.5", "of": ["a"]}]"#;
        world.rounding = rounding;
        (
            world.lines().remove(0),
            world.bill()["total"].as_str().unwrap().to_owned(),
        )
    };
    let lines = |a, b, p| owned(&[("a", a), ("b", b), ("p", p)]);
    let up = world(r#"{"scope": "line", "mode": "half_up", "places": 2}"#);
    assert_eq!(up, (lines("0.13", "-0.13", "0.07"), "0.07".to_owned())); // 0.13 x 0.5 = 0.065
    let even = world(r#"{"scope": "line", "mode": "half_even", "places": 2}"#);
    assert_eq!(even, (lines("0.12", "-0.12", "0.06"), "0.06".to_owned()));
    let total = world(r#"{"scope": "total", "mode": "half_even", "places": 1}"#);
    assert_eq!(total, (lines("0.125", "-0.125", "0.0625"), "0.1".to_owned()));
    let none = world(r#"{"scope": "none"}"#);
    assert_eq!(none, (lines("0.125", "-0.125", "0.0625"), "0.0625".to_owned()));
}

#[test]
fn r3_11_each_version_is_applied_to_its_own_part() {
    let mut world =
        World::new("", "2024-06-03", "2024-06-06").with_load("2024-06-03T00:00Z", 1440, &["10", "20", "40"]);
    let version = |from: &str, to: &str, rate: &str| {
        format!(
            r#"{{"valid_from": "{from}", "valid_to": {to}, "charges": [
                {{"id": "e", "type": "tiered", "allowance": "per_day", "tiers": [{{"up_to": "15", "rate": "{rate}"}}, {{"up_to": null, "rate": 0}}]}},
                {{"id": "d", "type": "daily", "amount": "{rate}"}},
                {{"id": "p", "type": "demand", "window_minutes": 1440, "rate": 24}}]}}"#
        )
    };
    let versions = [
        version("2024-01-01", "\"2024-06-04\"", "1"),
        version("2024-06-04", "null", "2"),
    ];
    world.tariff = format!(r#""versions": [{}]"#, versions.join(","));
    world.check(&[
        ("e@2024-06-03", "10"),
        ("d@2024-06-03", "1"),
        ("p@2024-06-03", "10"),
        ("e@2024-06-04", "60"),
        ("d@2024-06-04", "4"),
        ("p@2024-06-04", "40"),
    ]);
}

#[test]
fn a_missing_interval_is_an_error_for_charges_on_intervals_alone() {
    let mut world = World::new(FLAT, DAY, "2024-06-04").with_load("2024-06-03T00:00Z", 60, &["1"; 23]);
    world.refused("the interval that starts at 2024-06-03T23:00:00Z is missing");
    world.load =
        Some("start_utc,import_kwh,export_kwh\n2024-06-03T00:00Z,1,0\n2024-06-03T12:00Z,1,\n".to_owned());
    world.refused("the interval that starts at 2024-06-03T12:00:00Z is missing: its row has no export_kwh");
    world.load = None;
    world.refused("charge e: needs intervals, and there are none");
    World::new(r#"{"id": "d", "type": "daily", "amount": 1}"#, DAY, "2024-06-04").check(&[("d", "1")]);
}

#[test]
fn an_error_says_which_file_to_look_into() {
    let of_keys = |keys: &str, load: &str| {
        let tariff =
            format!(r#"{{"currency": "EUR", "timezone": "UTC", "rounding": {{"scope": "none"}}, {keys}}}"#);
        let case = Case::of_load(&tariff, load, Given::default()).unwrap();
        let files = Files {
            tariff: &tariff,
            load: Some(load),
            prices: None,
        };
        case.bills(files).unwrap_err().about()
    };
    let about = |charge: &str, load: &str| of_keys(&format!(r#""charges": [{charge}]"#), load);
    let rows = |second: &str| {
        format!("start_utc,minutes,import_kwh\n2024-06-03T00:00Z,720,1\n2024-06-03T{second}Z,720,1\n")
    };
    assert_eq!(about(FLAT, &rows("18:00")), Subject::Load);
    assert_eq!(about(FLAT, &rows("06:00")), Subject::Load);
    let night = FLAT.replace(r#""rate""#, r#""register": "night", "rate""#);
    assert_eq!(about(&night, &rows("12:00")), Subject::Load);
    let market = r#"{"id": "s", "type": "indexed"}"#;
    assert_eq!(about(market, &rows("12:00")), Subject::Prices);
    let called = FLAT.replace(r#""1""#, r#"{"param": "fee"}"#);
    assert_eq!(about(&called, &rows("12:00")), Subject::Case);
    let later = format!(r#""versions": [{{"valid_from": "2025-01-01", "charges": [{FLAT}]}}]"#);
    assert_eq!(of_keys(&later, &rows("12:00")), Subject::Tariff);
}

#[test]
fn intervals_that_overlap_are_an_error() {
    let mut world = World::new(FLAT, DAY, "2024-06-04");
    world.load = Some(
        "start_utc,minutes,import_kwh\n2024-06-03T00:00Z,720,1\n2024-06-03T06:00Z,1080,1\n"
            .to_owned()
            .replace("1080", "720"),
    );
    world.refused("intervals overlap at 2024-06-03T06:00:00Z");
}

#[test]
fn bills_carry_the_dates_of_the_case_and_a_time_without_offset_is_local() {
    let mut world =
        World::new(FLAT, "2024-06-03T20:00", "2024-06-04").with_load("2024-06-03T18:00Z", 60, &["1"; 4]);
    world.zone = "Europe/Berlin";
    let bill = world.bill();
    assert_eq!(
        (&bill["from"], &bill["to"], &bill["total"]),
        (&"2024-06-03T20:00".into(), &"2024-06-04".into(), &"4".into())
    );
    world.case = world
        .case
        .replace("T20:00", "T20:00:00")
        .replace("2024-06-03T20:00:00", "noon-ish-ish");
    world.refused("cycles[0].from: must be a time like");
}

#[test]
fn a_history_of_no_charge_is_refused() {
    World::new(r#"{"id": "d", "type": "daily", "amount": 1}"#, DAY, "2024-06-04")
        .and(r#""history_kw": {"peak": [{"month": "2024-05", "kw": 1}]}"#)
        .refused("history_kw.peak: is no charge of the tariff");
}

#[test]
fn a_cycle_of_more_than_ten_years_is_no_cycle() {
    let fee = r#"{"id": "f", "type": "annual", "amount": 1}"#;
    World::new(fee, "2001-01-01", "2011-01-01").check(&[("f", "10")]);
    World::new(fee, "2001-01-01", "2011-01-10").refused("longer than ten years");
}
