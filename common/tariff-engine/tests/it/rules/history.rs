//! `RATING` 3.7 and 3.10: what a case says of the time before its first cycle.

use super::*;

const CHARGES: &str = r#"{"id": "p", "type": "demand", "window_minutes": 1440, "rate": 24, "ratchet": {"percent": 100, "cycles_back": 2}},
    {"id": "n", "type": "net_energy", "rate": 1, "expiry_cycles": 3}, {"id": "d", "type": "daily", "amount": 1}"#;

/// A month of a kilowatt.
fn world(from: &str, to: &str, history: &str) -> World {
    let mut world = World::new(CHARGES, from, to).and(history);
    world.load = Some(rows(
        "start_utc,minutes,import_kwh",
        "2024-06-01T00:00Z",
        1440,
        &["1440,24"; 30],
    ));
    world
}

fn peaks(history: &str) -> World {
    world(
        "2024-06-01",
        "2024-07-01",
        &format!(r#""history_kw": {{"p": [{history}]}}"#),
    )
}

fn lots(opening: &str) -> World {
    world(
        "2024-06-01",
        "2024-07-01",
        &format!(r#""opening_bank": {{"n": [{opening}]}}"#),
    )
}

#[track_caller]
fn kw(world: &World, billed: &str) {
    assert_eq!(world.bill()["lines"][0]["quantity"], billed);
}

#[test]
fn r3_7_powers_before_the_first_cycle_come_in_order_of_their_months() {
    kw(
        &peaks(r#"{"month": "2024-04", "kw": 9}, {"month": "2024-05", "kw": 2}"#),
        "9",
    );
    kw(
        &peaks(
            r#"{"month": "2024-02", "kw": 9}, {"month": "2024-04", "kw": 3}, {"month": "2024-05", "kw": 2}"#,
        ),
        "3",
    );
    let newest_first = r#"{"month": "2024-05", "kw": 2}, {"month": "2024-04", "kw": 9}"#;
    peaks(newest_first).refused("history_kw.p: must be in order of time, the oldest first");
    peaks(r#"{"month": "2024-06", "kw": 9}"#)
        .refused("history_kw.p: 2024-06 is not before the first cycle, which begins on 2024-06-01");
    peaks(r#"{"month": "2024-05", "kw": 9}, {"month": "2024-05", "kw": 2}"#)
        .refused("history_kw.p: 2024-05 comes twice");
    peaks(r#"{"month": "2024-05", "kw": "-1"}"#).refused("history_kw.p[0].kw: must not be below zero");
    peaks(r#"{"month": "May", "kw": 1}"#).refused("history_kw.p[0].month: must be a month like 2024-09");
}

/// Cycles of days: several begin in one month, also in that of the first.
#[test]
fn r3_7_short_cycles_may_share_a_month() {
    let history = r#""history_kw": {"p": [{"month": "2024-06", "kw": 9}, {"month": "2024-06", "kw": 2}, {"month": "2024-06", "kw": 3}]}"#;
    kw(&world("2024-06-11", "2024-06-16", history), "3");
}

#[test]
fn r3_10_lots_before_the_first_cycle_are_not_negative_and_not_expired() {
    let bill = lots(r#"{"cycles_ago": 3, "kwh": 5}, {"cycles_ago": 1, "kwh": 7}"#).bill();
    assert_eq!(bill["lines"][1]["quantity"], "708"); // 720 less 12
    lots(r#"{"cycles_ago": 1, "kwh": -5}"#).refused("opening_bank.n[0].kwh: must not be below zero");
    lots(r#"{"cycles_ago": 0, "kwh": 5}"#).refused("opening_bank.n[0].cycles_ago: must be at least 1");
    lots(r#"{"cycles_ago": 4, "kwh": 5}"#)
        .refused("opening_bank.n: a lot of 4 cycles ago has expired before the first bill");
    lots(r#"{"cycles_ago": 1, "kwh": 5}, {"cycles_ago": 2, "kwh": 5}"#)
        .refused("opening_bank.n: must be in order of time");
}

#[test]
fn a_history_belongs_to_a_charge_that_looks_at_it() {
    let refused =
        |history: &str, expected: &str| world("2024-06-01", "2024-07-01", history).refused(expected);
    refused(
        r#""history_kw": {"d": [{"month": "2024-05", "kw": 1}]}"#,
        "history_kw.d: is no charge on demand",
    );
    let mut plain = peaks(r#"{"month": "2024-05", "kw": 1}"#);
    for other in ["", r#", "rolling_mean_with_kw": [3]"#] {
        plain.tariff = format!(
            r#""charges": [{{"id": "p", "type": "demand", "window_minutes": 1440, "rate": 24{other}}}]"#
        );
        plain.refused("history_kw.p: is a charge on demand without a ratchet, which takes no history");
    }
    refused(
        r#""opening_bank": {"p": [{"cycles_ago": 1, "kwh": 1}]}"#,
        "opening_bank.p: is no charge on net energy",
    );
    // All problems at once.
    let two = r#""history_kw": {"p": [{"month": "2024-05", "kw": -1}], "q": [{"month": "x", "kw": 1}]}"#;
    refused(
        two,
        "history_kw.p[0].kw: must not be below zero; history_kw.q[0].month",
    );
}

/// Cycles are counted, also those of a version without the charge.
#[test]
fn r3_7_a_cycle_without_the_charge_is_one_of_the_cycles_before() {
    let peak = r#"{"id": "p", "type": "demand", "window_minutes": 1440, "rate": 1, "ratchet": {"percent": 100, "cycles_back": 1}}"#;
    let version = |from: &str, to: &str, charges: &str| {
        format!(r#"{{"valid_from": "2024-06-{from}", "valid_to": "2024-06-{to}", "charges": [{charges}]}}"#)
    };
    let mut world = World::new("", "2024-06-01", "2024-06-02");
    let versions = [
        version("01", "02", peak),
        version("02", "03", ""),
        version("03", "05", peak),
    ];
    world.tariff = format!(r#""versions": [{}]"#, versions.join(", "));
    world.load = Some(rows(
        "start_utc,minutes,import_kwh",
        "2024-06-01T00:00Z",
        1440,
        &["1440,240", "1440,0", "1440,24", "1440,0"],
    ));
    let cycles: Vec<String> = (1..5)
        .map(|day| format!(r#"{{"from": "2024-06-0{day}", "to": "2024-06-0{}"}}"#, day + 1))
        .collect();
    world.case = format!(r#""cycles": [{}]"#, cycles.join(", "));
    world.check_all(&[
        &[("p@2024-06-01", "10")],
        &[],
        &[("p@2024-06-03", "1")],
        &[("p@2024-06-04", "1")],
    ]);
}

/// Where a version keeps lots for fewer cycles than the one before, they expire with the bill that finds them too old.
#[test]
fn r3_10_a_lot_that_a_new_version_no_longer_keeps_is_credited() {
    let version = |from: &str, to: &str, cycles: u32| {
        format!(
            r#"{{"valid_from": "{from}", "valid_to": {to}, "charges":
                [{{"id": "n", "type": "net_energy", "rate": 2, "expiry_cycles": {cycles}, "expired_rate": "0.5"}}]}}"#
        )
    };
    let mut world = World::new("", "2024-06-01", "2024-06-02");
    world.tariff = format!(
        r#""versions": [{}, {}]"#,
        version("2024-01-01", "\"2024-06-04\"", 9),
        version("2024-06-04", "null", 1)
    );
    let days = ["1440,0,10", "1440,0,0", "1440,0,6", "1440,4,0"];
    world.load = Some(rows(
        "start_utc,minutes,import_kwh,export_kwh",
        "2024-06-01T00:00Z",
        1440,
        &days,
    ));
    let cycles: Vec<String> = (1..5)
        .map(|day| format!(r#"{{"from": "2024-06-0{day}", "to": "2024-06-0{}"}}"#, day + 1))
        .collect();
    world.case = format!(r#""cycles": [{}]"#, cycles.join(", "));
    // 10 of day 1 are three cycles old on day 4, whose version keeps one; 6 of day 3 give 4, and 2 expire as well.
    let bills = world.lines();
    assert_eq!(
        bills[3],
        owned(&[("n@2024-06-04", "0"), ("n.expired@2024-06-04", "-6")])
    );
}
