//! `RATING` 3.14 beside 3.12 and 3.17: what is worked out from the lines of a bill that settles estimates, and estimates that nothing
//! can settle.

use super::*;

const FLAT: &str = r#"{"id": "e", "type": "energy", "rate": 1}"#;
const FEE: &str = r#"{"id": "d", "type": "daily", "amount": 1}"#;
/// Three cycles of ten days, of which the first two close with estimates: 100, 50 and (settled) 300 less 150 kWh.
const READS: [(&str, &str, &str); 4] = [
    ("2024-06-01", "0", "actual"),
    ("2024-06-11", "100", "estimated"),
    ("2024-06-21", "150", "estimated"),
    ("2024-07-01", "300", "actual"),
];

fn list(reads: &[(&str, &str, &str)], meter: &str) -> String {
    let read = |(date, value, kind): &(&str, &str, &str)| {
        format!(r#"{{"date": "{date}", "meter": "{meter}", "value": "{value}", "kind": "{kind}"}}"#)
    };
    reads.iter().map(read).collect::<Vec<_>>().join(",")
}

fn world(charges: &str, bill_charges: &str, reads: &str) -> World {
    let cycles = [("01", "06-11"), ("11", "06-21"), ("21", "07-01")]
        .map(|(from, to)| format!(r#"{{"from": "2024-06-{from}", "to": "2024-{to}"}}"#));
    let mut world = World::new(charges, "2024-06-01", "2024-07-01");
    world.tariff += &format!(r#", "estimated_reads": "trueup", "bill_charges": [{bill_charges}]"#);
    world.case = format!(
        r#""cycles": [{}], "kind": "registers", "meters": [{{"id": "A", "dials": 5}}, {{"id": "B", "dials": 5}}], "reads": [{reads}]"#,
        cycles.join(",")
    );
    world
}

/// A percentage of 1 that is 2 from a day on.
fn taxed(bill_charges: &str, day: &str) -> World {
    let charges = format!("{FLAT}, {FEE}");
    world(&charges, bill_charges, &list(&READS, "A")).and(&format!(
        r#""values": {{"tax": [{{"from": "2024-01-01", "value": 1}}, {{"from": "{day}", "value": 2}}]}}"#
    ))
}

const TAX: &str = r#"{"id": "v", "type": "percent", "rate": {"param": "tax"}}"#;

/// What was billed at the old rate is taken back at the old rate, and every day has its own: 200 kWh and 20 days at 1, 100 and 10 at 2.
#[test]
fn a_rate_that_changes_with_the_settling_cycle_taxes_every_day_at_its_own() {
    taxed(TAX, "2024-06-21").check_all(&[
        &[("e", "100"), ("d", "10"), ("v", "110")],
        &[("e", "50"), ("d", "10"), ("v", "60")],
        &[
            ("e@2024-06-01", "200"),
            ("e@2024-06-21", "100"),
            ("d", "10"),
            ("previously_billed", "-150"),
            ("v@2024-06-01", "50"),
            ("v@2024-06-21", "220"),
        ],
    ]);
    let inside = taxed(TAX, "2024-06-26").lines().remove(2);
    let expected = [
        ("e@2024-06-01", "250"),
        ("e@2024-06-26", "50"),
        ("d@2024-06-21", "5"),
        ("d@2024-06-26", "5"),
        ("previously_billed", "-150"),
        ("v@2024-06-01", "105"),
        ("v@2024-06-26", "110"),
    ];
    assert_eq!(inside, owned(&expected));
}

/// A line says on which days of earlier bills it is; one of this cycle alone, and one about the bill as a whole, on none.
#[test]
fn a_line_tells_which_days_it_settles() {
    let settled = |world: World| -> Vec<(String, Value, String)> {
        let bill = world.bills().unwrap().remove(2);
        let lines = bill["lines"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let line = |line: &Value| {
            (
                text(&line["id"]),
                line["how"]["settles"].clone(),
                text(&line["explanation"]),
            )
        };
        lines.map(line).collect()
    };
    let check = |world: World, expected: &[&str]| {
        let mut found = Vec::new();
        for (id, settles, sentence) in settled(world) {
            let is_told = sentence.contains(", settling 2024-06-01 to 2024-06-20: ");
            assert_eq!(is_told, !settles.is_null(), "{sentence}");
            if is_told {
                assert_eq!(
                    settles,
                    serde_json::json!({"from": "2024-06-01", "to": "2024-06-21"})
                );
                found.push(id);
            }
        }
        assert_eq!(found, expected);
    };
    check(
        taxed(TAX, "2024-06-21"),
        &["e@2024-06-01", "previously_billed", "v@2024-06-01"],
    );
    check(taxed(TAX, "2024-01-02"), &["e@2024-06-01", "previously_billed"]);
    let inside = settled(taxed(TAX, "2024-06-26"));
    let days = "50 kWh of import on 2024-06-26 to 2024-06-30 by (300 - 0) x 5/30 of meter A from 2024-06-01 to 2024-07-01, at 1 per kWh: ";
    assert!(inside[1].2.starts_with(days), "{}", inside[1].2);
}

#[test]
fn a_rate_that_changed_between_the_estimates_is_refused_where_it_is_of_both() {
    let of = |names: &str| TAX.replace(r#""tax"}"#, &format!(r#""tax"}}, "of": [{names}]"#));
    let refused = "charge v: its rate changes on 2024-06-11, and line previously_billed is about days before and after that";
    taxed(TAX, "2024-06-11").refused(refused);
    taxed(&of(r#""e", "previously_billed""#), "2024-06-11").refused(refused);
    // Of the fees alone it did not change in this cycle, and of the energy every part has its rate.
    let fees = taxed(&of(r#""d""#), "2024-06-11").lines().remove(2);
    assert_eq!(fees.last(), owned(&[("v", "20")]).first());
    let energy = taxed(&of(r#""e""#), "2024-06-11").lines().remove(2);
    assert_eq!(
        energy[energy.len() - 2..],
        owned(&[("v@2024-06-01", "100"), ("v@2024-06-11", "400")])
    );
}

/// Another value that changes there is no reason to refuse, nor to cut.
#[test]
fn a_rate_that_stays_is_one_line_whatever_else_changes() {
    let charges = format!(r#"{FLAT}, {{"id": "d", "type": "daily", "amount": {{"param": "fee"}}}}"#);
    let settled = |tax: &str| {
        let values = format!(
            r#""values": {{"tax": {tax}, "fee": [{{"from": "2024-01-01", "value": 1}}, {{"from": "2024-06-11", "value": 3}}]}}"#
        );
        let world = world(&charges, TAX, &list(&READS, "A")).and(&values);
        world.lines().remove(2).split_off(4)
    };
    let dated =
        |day: &str| format!(r#"[{{"from": "2024-01-01", "value": 1}}, {{"from": "{day}", "value": 2}}]"#);
    assert_eq!(settled("1"), owned(&[("v", "180")]));
    assert_eq!(settled(&dated("2024-01-02")), owned(&[("v", "360")]));
    // Up to the 21st 200 kWh less 150; from then on 100 kWh and 30 of fees.
    let both = settled(&dated("2024-06-21"));
    assert_eq!(
        both,
        owned(&[
            ("previously_billed", "-150"),
            ("v@2024-06-01", "50"),
            ("v@2024-06-21", "260")
        ])
    );
}

#[test]
fn a_bound_is_of_what_the_bill_adds_or_refused() {
    let charges = format!("{FLAT}, {FEE}");
    let last = |bill_charges: &str| {
        let world = world(&charges, bill_charges, &list(&READS, "A"));
        world.bills().map(|bills| amounts(&bills[2]).pop().unwrap())
    };
    let is = |bill_charge: &str, amount: &str| {
        assert_eq!(last(bill_charge), Ok(("m".to_owned(), amount.to_owned())));
    };
    let refused = |bill_charge: &str| {
        let error = last(bill_charge).expect_err("refused");
        assert!(
            error.contains("charge m: the bill settles estimates of earlier cycles"),
            "{error}"
        );
    };
    let least = |of: &str| format!(r#"{{"id": "m", "type": "minimum", "amount": 500{of}}}"#);
    is(&least(""), "340"); // 300 + 10 - 150
    is(&least(r#", "of": ["e", "previously_billed"]"#), "350");
    is(&least(r#", "of": ["d"]"#), "490");
    refused(&least(r#", "of": ["e"]"#));
    refused(&least(r#", "of": ["d", "previously_billed"]"#));
    refused(r#"{"id": "m", "type": "maximum", "amount": 1, "of": ["e"]}"#);
    // A share of some of the settled lines is no better than they are; of all of them it is.
    let share = |of: &str| {
        format!(
            r#"{{"id": "p", "type": "percent", "rate": 1, "of": [{of}]}}, {}"#,
            least(r#", "of": ["d", "p"]"#)
        )
    };
    refused(&share(r#""e""#));
    is(&share(r#""e", "previously_billed""#), "340");
    refused(r#"{"id": "m", "type": "max_per_kwh", "rate": 1}"#);
    // Before the actual read there is nothing to settle.
    let cap = r#"{"id": "m", "type": "max_per_kwh", "rate": "0.5"}"#;
    let mut early = world(&charges, cap, &list(&READS, "A"));
    let last = r#",{"from": "2024-06-21", "to": "2024-07-01"}"#;
    assert!(early.case.contains(last));
    early.case = early.case.replace(last, "");
    early.check_all(&[
        &[("e", "100"), ("d", "10"), ("m", "-60")],
        &[("e", "50"), ("d", "10"), ("m", "-35")],
    ]);
}

/// An estimate that no actual read comes before, or none after, would lose its energy without a word.
#[test]
fn an_estimate_that_nothing_settles_is_refused() {
    let refused = |reads: &str, day: &str, meter: &str| {
        world(FLAT, "", reads).refused(&format!(
            "the estimate of {day} (meter {meter}, register import) cannot be settled"
        ));
    };
    let with = |index: usize, kind: &'static str, others: &str| {
        let mut reads = READS;
        reads[index].2 = kind;
        format!("{}{others}", list(&reads, "A"))
    };
    // No bill of the case is about what was used up to the first read.
    refused(&with(0, "estimated", ""), "2024-06-01", "A");
    let earlier = list(&[("2024-05-01", "0", "actual")], "A");
    refused(&with(0, "estimated", &format!(",{earlier}")), "2024-06-01", "A");
    let beside = |reads: &[(&str, &str, &str)]| with(0, "actual", &format!(",{}", list(reads, "B")));
    // A second meter, whose first or last read is an estimate.
    refused(
        &beside(&[("2024-06-05", "0", "estimated"), ("2024-07-01", "60", "actual")]),
        "2024-06-05",
        "B",
    );
    refused(
        &beside(&[("2024-06-01", "0", "actual"), ("2024-06-26", "50", "estimated")]),
        "2024-06-26",
        "B",
    );
    // One that is read actually at both ends is settled like the other.
    let good = beside(&[
        ("2024-06-01", "0", "initial"),
        ("2024-06-11", "10", "estimated"),
        ("2024-07-01", "60", "final"),
    ]);
    let bills = world(FLAT, "", &good).lines();
    assert_eq!(
        bills[2],
        owned(&[("e@2024-06-01", "360"), ("previously_billed", "-185")])
    );
    // An estimate before the first cycle that an actual read follows is none of its business.
    let before = format!(
        "{},{}",
        list(&READS, "A"),
        list(&[("2024-05-01", "0", "estimated")], "A")
    );
    world(FLAT, "", &before).lines();
    // Without truing up nothing is settled.
    let mut difference = world(FLAT, "", &with(0, "estimated", ""));
    difference.tariff = difference.tariff.replace("trueup", "difference");
    difference.check_all(&[&[("e", "100")], &[("e", "50")], &[("e", "150")]]);
}

/// Of several bills on estimates the actual read settles every one, and of one that was billed again the latest.
#[test]
fn bills_on_estimates_that_come_again_are_settled_once() {
    let charges = format!("{FLAT}, {FEE}");
    let mut again = world(&charges, "", &list(&READS, "A"));
    let last = r#"{"from": "2024-06-21","#;
    let first = r#"{"from": "2024-06-01", "to": "2024-06-11", "as_of": "2024-08-01T00:00:00Z"}"#;
    assert!(again.case.contains(last));
    again.case = again.case.replace(last, &format!("{first},{last}"));
    let bills = again.lines();
    assert_eq!(bills[2], bills[0]);
    assert_eq!(
        bills[3],
        owned(&[
            ("e@2024-06-01", "300"),
            ("d", "10"),
            ("previously_billed", "-150")
        ])
    );
}

/// What was used in a cycle that was never billed would be settled with the others, and billed once more when its bill comes.
#[test]
fn a_hole_between_bills_on_estimates_and_the_next_is_refused() {
    let without_second = |reads: &[(&str, &str, &str)]| {
        let mut world = world(FLAT, "", &list(reads, "A"));
        let second = r#"{"from": "2024-06-11", "to": "2024-06-21"},"#;
        assert!(world.case.contains(second));
        world.case = world.case.replace(second, "");
        world
    };
    let estimate = "the estimate of 2024-06-11 (meter A, register import) cannot be settled";
    without_second(&READS).refused(estimate);
    let mut open = READS;
    open[3].2 = "estimated";
    without_second(&open).refused(estimate);
    // Also where the bill that is not there would have settled it.
    let mut closed = READS;
    closed[2].2 = "actual";
    without_second(&closed).refused(estimate);
    closed[1].2 = "actual";
    without_second(&closed).check_all(&[&[("e", "100")], &[("e", "150")]]);
}

/// As in a bill that settles: of the meter that was taken away no actual read will ever come.
#[test]
fn an_exchanged_meter_whose_last_read_is_an_estimate_is_refused() {
    let exchanged = |kind: &str| {
        let old = list(&[("2024-06-01", "0", "actual"), ("2024-06-05", "40", kind)], "A");
        let new = [
            ("2024-06-05", "0", "initial"),
            ("2024-06-11", "60", "actual"),
            ("2024-06-21", "110", "actual"),
            ("2024-07-01", "260", "actual"),
        ];
        world(FLAT, "", &format!("{old},{}", list(&new, "B")))
    };
    exchanged("estimated").refused("the estimate of 2024-06-05 (meter A, register import) cannot be settled");
    exchanged("final").check_all(&[&[("e", "100")], &[("e", "50")], &[("e", "150")]]);
    // Estimates that are open at the end of the case are for a later bill to settle.
    let mut open = READS;
    open[3].2 = "estimated";
    world(FLAT, "", &list(&open, "A")).check_all(&[&[("e", "100")], &[("e", "50")], &[("e", "150")]]);
}

/// The estimated bills put into the bank and took out of it what nobody measured.
#[test]
fn a_bank_is_not_settled() {
    let net = r#"{"id": "n", "type": "net_energy", "rate": 1}"#;
    let export = list(
        &[("2024-06-01", "0", "actual"), ("2024-07-01", "600", "actual")],
        "B",
    );
    let export = export.replace(r#""meter": "B""#, r#""meter": "B", "register": "export""#);
    let mut world = world(net, "", &format!("{},{export}", list(&READS, "A")));
    world.refused("charge n: estimated bills used and filled its bank");
    world.tariff = world.tariff.replace("trueup", "difference");
    world.lines();
}
