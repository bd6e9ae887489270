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

/// A cycle that is billed again begins with what was before it, and the next goes on from there.
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

/// What a cycle begins with is what the latest bill of the latest cycle before it handed on. The day that banks 3 is corrected to 6.
#[test]
fn r1_5_a_cycle_billed_again_after_a_later_one_takes_nothing_from_it() {
    let charged = |cycles: &[(&str, &str, &str)]| -> Vec<String> {
        let mut world = world(BANK, cycles);
        let load = world
            .load
            .take()
            .unwrap()
            .replace("export_kwh", "export_kwh,received_utc");
        let rows = load.trim_end().replace("\n2024", ",2024-06-10T00:00Z\n2024");
        let rows = rows.replacen("received_utc,2024-06-10T00:00Z", "received_utc", 1);
        world.load = Some(format!(
            "{rows},2024-06-10T00:00Z\n2024-06-04T00:00Z,1440,0,6,2024-06-20T00:00Z\n"
        ));
        let bills = world.lines();
        bills.into_iter().map(|mut lines| lines.remove(0).1).collect()
    };
    let early = r#", "as_of": "2024-06-15T00:00:00Z""#;
    let later = r#", "as_of": "2024-07-01T00:00:00Z""#;
    let (a, b, c) = (("04", "05", early), ("05", "06", early), ("06", "07", early));
    let again = |cycle: (&'static str, &'static str, _)| (cycle.0, cycle.1, later);
    assert_eq!(charged(&[a, b, c]), ["0", "1", "1"]);
    // b was not billed again: c goes on from its only bill, which used up the bank of the first one of a.
    assert_eq!(charged(&[a, b, again(a), c]), ["0", "1", "0", "1"]);
    // b is, from what a has now: 6 less 4 is left for c.
    assert_eq!(charged(&[a, b, again(a), again(b), c]), ["0", "1", "0", "0", "0"]);
    // Each again after all of them: the first begins with nothing once more.
    assert_eq!(
        charged(&[a, b, c, again(c), again(b), again(a), (c.0, c.1, "")]),
        ["0", "1", "1", "1", "1", "0", "1"]
    );
}

/// Neither form can be told from the other without its own keys.
#[test]
fn a_case_without_cycles_says_that_they_are_missing() {
    let refused = |keys: &str| Case::parse(&format!(r#"{{"id": "n", "load": "x"{keys}}}"#)).unwrap_err();
    let missing = "cycles: is missing; a case of a rate record has year and utc_offset_hours instead";
    assert_eq!(refused("").to_string(), missing);
    assert_eq!(refused(r#", "values": {"a": 1}"#).to_string(), missing);
    assert_eq!(
        refused(r#", "year": 2018"#).to_string(),
        "utc_offset_hours: is missing"
    );
}

#[test]
fn cycles_come_in_order_where_bills_carry_something() {
    let cycles = [("05", "06", ""), ("04", "05", "")];
    world(FLAT, &cycles).check_all(&[&[("e", "4")], &[("e", "0")]]);
    world(BANK, &cycles).refused("cycles[1]: begins before one that comes earlier");
}
