//! `RATING` 1.4 and 1.7: what the cycles of a case can be.

use super::*;

const FLAT: &str = r#"{"id": "e", "type": "energy", "rate": "1"}"#;
const BANK: &str = r#"{"id": "n", "type": "net_energy", "rate": 1}"#;

fn world(charge: &str, cycles: &[(&str, &str, &str)]) -> World {
    let mut world = World::new(charge, "2024-06-03", "2024-06-04");
    let days: Vec<&str> = vec!["1440,5,0", "1440,0,3", "1440,4,0", "1440,1,0"];
    world.load = Some(rows(
        "start_utc,minutes,import_kwh,export_kwh",
        "2024-06-03T00:00Z",
        1440,
        &days,
    ));
    let cycle = |(from, to, more): &(&str, &str, &str)| {
        format!(r#"{{"from": "2024-06-{from}", "to": "2024-06-{to}"{more}}}"#)
    };
    let cycles: Vec<String> = cycles.iter().map(cycle).collect();
    world.case = format!(r#""cycles": [{}]"#, cycles.join(", "));
    world
}

#[test]
fn cycles_that_overlap_are_refused() {
    world(FLAT, &[("03", "05", ""), ("04", "06", "")]).refused("cycles[1]: overlaps cycles[0]");
    world(FLAT, &[("03", "07", ""), ("06", "07", ""), ("04", "05", "")])
        .refused("cycles[2]: overlaps cycles[0]");
    world(FLAT, &[("03", "04", ""), ("03", "04", "")]).refused("cycles[1]: is cycles[0] again");
    world(FLAT, &[("03", "04", ""), ("05", "06", "")]).check_all(&[&[("e", "5")], &[("e", "4")]]);
}

/// A cycle that is billed again begins with what it began with before, and the next goes on from there.
#[test]
fn r1_5_a_cycle_billed_again_as_of_later_carries_nothing_twice() {
    let later = r#", "as_of": "2024-07-01T00:00:00Z""#;
    let cycles = [
        ("04", "05", ""),
        ("05", "06", ""),
        ("05", "06", later),
        ("06", "07", ""),
    ];
    let bill = |charged| [("n", charged), ("n.expired", "0")];
    world(BANK, &cycles).check_all(&[&bill("0"), &bill("1"), &bill("1"), &bill("1")]);
}

#[test]
fn cycles_come_in_order_where_bills_carry_something() {
    let cycles = [("05", "06", ""), ("04", "05", "")];
    world(FLAT, &cycles).check_all(&[&[("e", "4")], &[("e", "0")]]);
    world(BANK, &cycles).refused("cycles[1]: begins before one that comes earlier");
}
