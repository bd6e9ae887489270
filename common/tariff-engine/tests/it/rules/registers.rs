//! `RATING` 3.14.

use super::*;

fn world(charges: &str, cycle: (&str, &str), reads: &[(&str, &str, &str)]) -> World {
    let read = |(date, value, kind): &(&str, &str, &str)| {
        format!(
            r#"{{"date": "{date}", "meter": "A", "register": "import", "value": "{value}", "kind": "{kind}"}}"#
        )
    };
    let reads: Vec<String> = reads.iter().map(read).collect();
    World::new(charges, cycle.0, cycle.1).and(&format!(
        r#""kind": "registers", "meters": [{{"id": "A", "dials": 5, "multiplier": "2"}}], "reads": [{}]"#,
        reads.join(",")
    ))
}

const FLAT: &str = r#"{"id": "e", "type": "energy", "rate": 1}"#;
const JUNE: (&str, &str) = ("2024-06-01", "2024-07-01");

#[test]
fn r3_14_a_register_turns_over_and_an_estimate_may_be_too_high() {
    let check = |from: &str, kind: &str, to: &str, amount: &str| {
        world(
            FLAT,
            JUNE,
            &[("2024-06-01", from, kind), ("2024-07-01", to, "actual")],
        )
        .check(&[("e", amount)]);
    };
    check("100", "actual", "150", "100"); // times the multiplier
    check("99990", "actual", "10", "40");
    check("150", "estimated", "140", "-20");
    check("60000", "estimated", "10000", "-100000"); // half of 10^5 is still too high an estimate
    check("60001", "estimated", "10000", "99998"); // more is one rollover
    check("150", "final", "140", "199980"); // any other decrease is one rollover
    check("10.25", "actual", "10.5", "0.5");
}

/// Nothing takes it, and whoever wrote it hears so.
#[test]
fn r3_14_a_load_beside_register_reads_is_named() {
    let mut world = world(
        FLAT,
        JUNE,
        &[("2024-06-01", "10", "actual"), ("2024-07-01", "20", "actual")],
    );
    assert_eq!(world.all().unwrap()["warnings"], Value::Null);
    world = world.with_load("2024-06-01T00:00Z", 1440, &["1"; 30]);
    let bills = world.all().unwrap();
    let warning = "load: register reads are billed, and nothing takes it";
    assert_eq!(bills["warnings"], serde_json::json!([warning]));
    assert_eq!(bills["bills"][0]["total"], "20");
}

#[test]
fn r3_14_use_is_spread_evenly_over_the_days() {
    let reads = [
        ("2024-05-22", "0", "actual"),
        ("2024-06-11", "100", "actual"),
        ("2024-07-01", "140", "actual"),
    ];
    world(FLAT, JUNE, &reads).check(&[("e", "180")]); // 200 x 10 / 20 + 80
    let mut world = world("", JUNE, &reads[1..]);
    world.case = world.case.replace("2024-06-01", "2024-06-11");
    world.tariff = r#""versions": [{"valid_from": "2024-01-01", "valid_to": "2024-06-16", "charges": [{"id": "e", "type": "energy", "rate": 1}]},
        {"valid_from": "2024-06-16", "charges": [{"id": "e", "type": "energy", "rate": 10}]}]"#
        .to_owned();
    world.check(&[("e@2024-06-11", "20"), ("e@2024-06-16", "600")]);
}

#[test]
fn r3_14_reads_must_cover_the_cycle_and_have_no_bands() {
    world(
        FLAT,
        JUNE,
        &[("2024-06-01", "0", "actual"), ("2024-06-30", "1", "actual")],
    )
    .refused("no reads of register import cover 2024-06-30");
    let reads = [("2024-06-01", "0", "actual"), ("2024-07-01", "1", "actual")];
    let demand = r#"{"id": "p", "type": "demand", "window_minutes": 15, "rate": 1}"#;
    world(demand, JUNE, &reads).refused("charge p: register reads have no bands, power or rounding");
    world(
        r#"{"id": "x", "type": "energy", "register": "night", "rate": 1}"#,
        JUNE,
        &reads,
    )
    .refused("charge x: there is nothing of register night");
}

#[test]
fn r3_14_charges_name_registers_and_two_meters_are_added() {
    let charges = r#"{"id": "h", "type": "energy", "register": "high", "rate": 1}, {"id": "l", "type": "energy", "register": "low", "rate": 10}"#;
    let reads = r#"{"date": "2024-06-01", "meter": "A", "register": "high", "value": "10", "kind": "actual"},
        {"date": "2024-06-01", "meter": "A", "register": "low", "value": "20", "kind": "actual"},
        {"date": "2024-06-10", "meter": "A", "register": "high", "value": "14", "kind": "final"},
        {"date": "2024-06-10", "meter": "A", "register": "low", "value": "21", "kind": "final"},
        {"date": "2024-06-10", "meter": "B", "register": "high", "value": "0", "kind": "initial"},
        {"date": "2024-06-10", "meter": "B", "register": "low", "value": "0", "kind": "initial"},
        {"date": "2024-07-01", "meter": "B", "register": "high", "value": "5", "kind": "actual"},
        {"date": "2024-07-01", "meter": "B", "register": "low", "value": "7", "kind": "actual"}"#;
    let meters = r#"{"id": "A", "dials": 5}, {"id": "B", "dials": 6, "multiplier": 1}"#;
    World::new(charges, "2024-06-01", "2024-07-01")
        .and(&format!(
            r#""kind": "registers", "meters": [{meters}], "reads": [{reads}]"#
        ))
        .check(&[("h", "9"), ("l", "80")]);
}

/// Three cycles of ten days, of which the first two close with estimates.
fn trueup(versions: &str, mode: &str) -> World {
    let reads = [
        ("2024-06-01", "0", "actual"),
        ("2024-06-11", "50", "estimated"),
        ("2024-06-21", "75", "estimated"),
        ("2024-07-01", "150", "actual"),
    ];
    let mut world = world("", JUNE, &reads);
    let cycles = r#"[{"from": "2024-06-01", "to": "2024-06-11"}, {"from": "2024-06-11", "to": "2024-06-21"}, {"from": "2024-06-21", "to": "2024-07-01"}]"#;
    world.case = world
        .case
        .replace(r#"[{"from": "2024-06-01", "to": "2024-07-01"}]"#, cycles);
    world.tariff = format!(
        r#"{versions}, "estimated_reads": "{mode}", "bill_charges": [{{"id": "v", "type": "percent", "rate": 1}}]"#
    );
    world
}

#[test]
fn r3_14_trueup_recomputes_the_energy_since_the_last_actual_read() {
    let version = |from: &str, to: &str, rate: u32| {
        format!(
            r#"{{"valid_from": "{from}", "valid_to": {to}, "charges": [{{"id": "e", "type": "energy", "rate": {rate}}}, {{"id": "d", "type": "daily", "amount": 1}}]}}"#
        )
    };
    let versions = [
        version("2024-01-01", "\"2024-06-16\"", 1),
        version("2024-06-16", "null", 2),
    ]
    .join(",");
    let world = trueup(&format!(r#""versions": [{versions}]"#), "trueup");
    world.check_all(&[
        &[("e@2024-06-01", "100"), ("d@2024-06-01", "10"), ("v", "110")],
        &[
            ("e@2024-06-11", "25"),
            ("d@2024-06-11", "5"),
            ("e@2024-06-16", "50"),
            ("d@2024-06-16", "5"),
            ("v", "85"),
        ],
        &[
            ("e@2024-06-01", "150"), // 300 kWh over 30 days, 15 of them at 1
            ("e@2024-06-16", "300"),
            ("d@2024-06-21", "10"),
            ("previously_billed", "-175"),
            ("v", "285"),
        ],
    ]);
}

/// An id that is a fee in one version and energy in the next: only energy is settled.
#[test]
fn r3_14_fees_are_not_previously_billed_energy() {
    let versions = r#""versions": [
        {"valid_from": "2024-01-01", "valid_to": "2024-06-06", "charges": [{"id": "e", "type": "energy", "rate": 1}, {"id": "x", "type": "daily", "amount": 1}]},
        {"valid_from": "2024-06-06", "charges": [{"id": "x", "type": "energy", "rate": 1}, {"id": "e", "type": "daily", "amount": 1}]}]"#;
    trueup(versions, "trueup").check_all(&[
        &[
            ("e@2024-06-01", "50"),
            ("x@2024-06-01", "5"),
            ("x@2024-06-06", "50"),
            ("e@2024-06-06", "5"),
            ("v", "110"),
        ],
        &[("x@2024-06-11", "50"), ("e@2024-06-11", "10"), ("v", "60")],
        &[
            ("e@2024-06-01", "50"),
            ("x@2024-06-06", "250"),
            ("e@2024-06-21", "10"),
            ("previously_billed", "-150"),
            ("v", "160"),
        ],
    ]);
}

#[test]
fn r3_14_without_trueup_every_bill_is_the_difference_of_its_reads() {
    let charges = format!(r#""charges": [{FLAT}]"#);
    trueup(&charges, "difference").check_all(&[
        &[("e", "100"), ("v", "100")],
        &[("e", "50"), ("v", "50")],
        &[("e", "150"), ("v", "150")],
    ]);
    trueup(&charges, "trueup").check_all(&[
        &[("e", "100"), ("v", "100")],
        &[("e", "50"), ("v", "50")],
        &[
            ("e@2024-06-01", "300"),
            ("previously_billed", "-150"),
            ("v", "150"),
        ],
    ]);
}

#[test]
fn r3_14_reads_that_no_register_shows_are_refused() {
    let check = |value: &str| {
        world(
            FLAT,
            JUNE,
            &[("2024-06-01", "5", "actual"), ("2024-07-01", value, "actual")],
        )
        .refused(&format!("no register of meter A can show {value}"));
    };
    check("-1");
    check("100000");
    let meter = |facts: &str| {
        World::new(FLAT, JUNE.0, JUNE.1).and(&format!(
            r#""kind": "registers", "meters": [{{"id": "A", {facts}}}], "reads": []"#
        ))
    };
    meter(r#""dials": 0"#).refused("a register has a dial at least");
    meter(r#""dials": 5, "multiplier": "-1""#).refused("must be above zero");
}

/// What is about the bill as a whole names no charge.
#[test]
fn a_cycle_that_no_read_closes_is_refused_without_the_name_of_a_charge() {
    let reads = [("2024-06-01", "5", "actual"), ("2024-07-11", "9", "actual")];
    let error = world(FLAT, JUNE, &reads)
        .and(r#""estimated_reads": "trueup""#)
        .bills()
        .unwrap_err();
    assert!(
        error.contains("no read on 2024-07-01 closes the cycle"),
        "{error}"
    );
    assert!(!error.contains("charge"), "{error}");
}
