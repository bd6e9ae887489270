//! Rules that meet: clock changes, versions and banks in one bill.

use super::*;

const VERSIONS: &str = r#""versions": [{"valid_from": "2024-01-01", "valid_to": "2024-05-11", "charges": [CHARGE]},
    {"valid_from": "2024-05-11", "charges": [CHARGE]}]"#;

fn in_versions(charge: &str, second: &str, days: &[&str]) -> World {
    let mut world = World::new("", "2024-05-01", "2024-05-31");
    world.tariff = VERSIONS
        .replacen("CHARGE", charge, 1)
        .replacen("CHARGE", second, 1);
    let values: Vec<String> = days.iter().map(|day| format!("1440,{day}")).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    world.load = Some(rows(
        "start_utc,minutes,import_kwh,export_kwh",
        "2024-05-01T00:00Z",
        1440,
        &values,
    ));
    world
}

/// 3.5 and 3.11: 30 kWh for 30 days are 10 for the ten days of the first version and 20 for the others.
#[test]
fn tiers_of_a_version_are_for_its_own_days() {
    let tiers = r#"{"id": "t", "type": "tiered", "allowance": "per_30_days", "tiers": [{"up_to": 30, "rate": 1}, {"up_to": null, "rate": 2}]}"#;
    in_versions(tiers, tiers, &["2,0"; 30]).check(&[("t@2024-05-01", "30"), ("t@2024-05-11", "60")]);
}

/// 3.10 and 3.11: what one part of a cycle banks is for the bills after it, not for the other part.
#[test]
fn a_bank_filled_in_a_cycle_is_for_the_next() {
    let net = r#"{"id": "n", "type": "net_energy", "rate": 2, "expiry_cycles": 1, "expired_rate": 1}"#;
    let mut days = ["1,1"; 31];
    (days[3], days[20], days[30]) = ("0,5", "8,0", "2,0");
    let mut world = in_versions(net, net, &days);
    world.case = r#""cycles": [{"from": "2024-05-01", "to": "2024-05-31"}, {"from": "2024-05-31", "to": "2024-06-01"}]"#.to_owned();
    world.check_all(&[
        &[
            ("n@2024-05-01", "0"),
            ("n.expired@2024-05-01", "0"),
            ("n@2024-05-11", "16"),
            ("n.expired@2024-05-11", "0"),
        ],
        &[("n@2024-05-31", "0"), ("n.expired@2024-05-31", "-3")],
    ]);
}

/// 3.12: a credit that exceeds the charges counts in the minimum, and tax is on what is then to be paid.
#[test]
fn a_minimum_fills_up_a_negative_sum() {
    let charges = r#"{"id": "e", "type": "energy", "rate": "0.3"}, {"id": "x", "type": "energy", "register": "export", "sign": "-1", "rate": "0.25"}"#;
    let mut world = World::new(charges, "2024-05-01", "2024-05-02");
    world.load = Some(rows(
        "start_utc,minutes,import_kwh,export_kwh",
        "2024-05-01T00:00Z",
        1440,
        &["1440,10,20"],
    ));
    world.tariff += r#", "bill_charges": [{"id": "least", "type": "minimum", "amount": 4}, {"id": "vat", "type": "percent", "rate": "0.19"}]"#;
    world.check(&[("e", "3"), ("x", "-5"), ("least", "6"), ("vat", "0.76")]);
}

/// 1.4, 3.7 and 3.13 on the days of the clock changes in Berlin.
#[test]
fn windows_and_events_follow_the_wall_clock_over_its_changes() {
    let charge = r#"{"id": "p", "type": "demand", "window_minutes": 60, "rate": 1, "when": [{"from": "02:00", "to": "03:00"}]}"#;
    let mut hours = ["1"; 25];
    (hours[2], hours[3], hours[13]) = ("5", "7", "9"); // 02:00 in summer, 02:00 in winter, noon
    let mut world = World::new(charge, "2024-10-27", "2024-10-28").with_load("2024-10-26T22:00Z", 60, &hours);
    world.zone = "Europe/Berlin";
    world.check(&[("p", "7")]);
    let bands = r#"{"id": "e", "type": "energy", "bands": [{"name": "hot", "rate": 1, "when": [{"event": "hot"}]}], "otherwise": {"name": "rest", "rate": 1}}"#;
    let mut world = World::new(bands, "2024-03-31", "2024-04-01")
        .with_load("2024-03-30T23:00Z", 60, &["1"; 23])
        .and(r#""events": [{"name": "hot", "date": "2024-03-31", "from": "02:00", "to": "04:00"}]"#);
    world.zone = "Europe/Berlin";
    world.check(&[("e.hot", "1"), ("e.rest", "22")]); // from 02:00 to 03:00 there is nothing
}

/// 3.11 and 3.14: one meter of one register gives way to one of two, and the tariff changes with it.
#[test]
fn another_meter_may_have_other_registers() {
    let charge = |register: &str| {
        format!(r#"{{"id": "{register}", "type": "energy", "register": "{register}", "rate": 1}}"#)
    };
    let mut world = World::new("", "2024-05-01", "2024-05-31");
    let both = format!("{}, {}", charge("day"), charge("night"));
    world.tariff = VERSIONS
        .replacen("CHARGE", &charge("import"), 1)
        .replacen("CHARGE", &both, 1);
    let read = |meter: &str, register: &str, day: &str, value: u32, kind: &str| {
        format!(
            r#"{{"date": "2024-05-{day}", "meter": "{meter}", "register": "{register}", "value": {value}, "kind": "{kind}"}}"#
        )
    };
    let reads = [
        read("A", "import", "01", 100, "actual"),
        read("A", "import", "11", 150, "final"),
        read("B", "day", "11", 0, "initial"),
        read("B", "night", "11", 0, "initial"),
        read("B", "day", "31", 40, "actual"),
        read("B", "night", "31", 7, "actual"),
    ];
    let meters = r#""kind": "registers", "meters": [{"id": "A", "dials": 5}, {"id": "B", "dials": 5}]"#;
    let with = |reads: &[String]| {
        world
            .clone()
            .and(&format!(r#"{meters}, "reads": [{}]"#, reads.join(", ")))
    };
    with(&reads).check(&[
        ("import@2024-05-01", "50"),
        ("day@2024-05-11", "40"),
        ("night@2024-05-11", "7"),
    ]);
    with(&reads[..5]).refused("charge night: there is nothing of register night");
    let late = [
        &reads[..3],
        &[read("B", "night", "12", 0, "initial")],
        &reads[4..],
    ]
    .concat();
    with(&late).refused("no reads of register night cover 2024-05-11");
}
