use super::*;

fn load(text: &str) -> Load {
    Rows::parse(text).unwrap().as_of(None)
}

#[test]
fn minutes_may_be_written_with_a_point_and_times_with_a_space() {
    let text =
        "start_utc,minutes,import_kwh\n2024-06-03 00:00:00+00:00,15.0,1\n2024-06-03 00:15:00+00:00,,2\n";
    let load = Rows::parse(text).unwrap().as_of(None);
    assert_eq!(load.lengths_ms, [900_000, 900_000]);
    assert!(Rows::parse(&text.replace("15.0", "15.5")).is_err());
}

#[test]
fn lengths_are_given_or_the_smallest_spacing() {
    let found = load(
        "start_utc,import_kwh\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00Z,2\n2024-01-01T01:30:00Z,3\n",
    );
    assert_eq!(found.lengths_ms, [1_800_000; 3]);
    let found =
        load("start_utc,minutes,import_kwh\n2024-01-01T00:00Z,5,1\n2024-01-01T00:05Z,60,0.000000001\n");
    assert_eq!(found.lengths_ms, [300_000, 3_600_000]);
    assert_eq!(found.columns[0].1, [1_000_000_000, 1]);
}

#[test]
fn the_row_received_last_counts() {
    let text = "start_utc,import_kwh,received_utc\n2024-01-01T00:00Z,1,2024-01-02T00:00Z\n2024-01-01T01:00Z,2,2024-01-02T00:00Z\n\
        2024-01-01T00:00Z,5,2024-01-04T00:00Z\n2024-01-01T00:00Z,7,2024-01-03T00:00Z\n2024-01-01T00:00Z,8,2024-01-03T00:00Z\n";
    let rows = Rows::parse(text).unwrap();
    let at = |time: &str| rows.as_of(instant::parse(time)).columns[0].1.clone();
    assert_eq!(rows.as_of(None).columns[0].1, [5_000_000_000, 2_000_000_000]);
    assert_eq!(at("2024-01-02T00:00Z"), [1_000_000_000, 2_000_000_000]); // received at the instant counts
    assert_eq!(at("2024-01-03T00:00Z"), [8_000_000_000, 2_000_000_000]); // same time: the later row
    assert_eq!(at("2024-01-01T23:59Z"), Vec::<i64>::new());
}

proptest::proptest! {
    /// Deliveries in any order, and again: the same load.
    #[test]
    fn order_and_repetition_of_deliveries_change_nothing(rows in proptest::collection::vec((0_i64..20, 0_u32..1000), 1..40), turn in 0_usize..40) {
        // Every delivery has a time of its own, so that the last one is known.
        let row = |(index, (slot, value)): (usize, &(i64, u32))| {
            let start = instant::show(1_700_000_100_000 + slot * 900_000);
            let received = instant::show(1_800_000_000_000 + i64::try_from(index).unwrap() * 1000);
            format!("{start},15,{value},{received}")
        };
        let mut lines: Vec<String> = rows.iter().enumerate().map(row).collect();
        let text = |lines: &[String]| format!("start_utc,minutes,import_kwh,received_utc\n{}\n", lines.join("\n"));
        let first = load(&text(&lines));
        let turn = turn % lines.len();
        lines.rotate_left(turn);
        lines.extend(lines.clone());
        lines.reverse();
        proptest::prop_assert_eq!(load(&text(&lines)), first);
    }
}

#[test]
fn an_empty_value_is_a_missing_interval() {
    let found = load(
        "start_utc,import_kwh,export_kwh\n2024-01-01T00:00Z,1,0\n2024-01-01T00:15Z,,0\n2024-01-01T00:30Z,1,\n2024-01-01T00:45Z,2e-3,0\n",
    );
    assert_eq!(found.columns[0].1, [1_000_000_000, 2_000_000]);
    let first = found.starts[0];
    assert_eq!(
        found.first_fault(first, first + 3_600_000),
        Some(super::super::Fault::Missing(first + 900_000))
    );
}

/// The sum of 0.1 and 0.2 as a computer writes it.
#[test]
fn digits_beyond_those_kept_are_rounded() {
    let values = |cell: &str| {
        let rows = Rows::parse(&format!(
            "start_utc,minutes,import_kwh\n2024-01-01T00:00Z,60,{cell}\n"
        ));
        rows.unwrap().rows[0].values.clone().unwrap()
    };
    assert_eq!(values("0.30000000000000004"), [300_000_000]);
    assert_eq!(values("0.0666666667"), [66_666_667]);
    assert_eq!(values("0.0000000005"), [0], "half to even");
}

#[test]
fn every_line_that_cannot_be_read_is_named_up_to_a_bound() {
    let parse = |wrong: usize| {
        let rows = (0..wrong).map(|_| "noon,1\n");
        let text = format!(
            "start_utc,import_kwh\n2024-01-01T00:00Z,1\n{}",
            rows.collect::<String>()
        );
        Rows::parse(&text).unwrap_err()
    };
    assert_eq!(
        parse(2),
        "line 3: \"noon\" is no time; line 4: \"noon\" is no time"
    );
    assert!(parse(20).ends_with("; line 22: \"noon\" is no time"));
    assert!(parse(23).ends_with("; line 22: \"noon\" is no time; and 3 more lines"));
    // A row is compared with the last one that could be read.
    let text =
        "start_utc,import_kwh\n2024-01-01T02:00Z,1\n2024-01-01T01:00Z,1\nnoon,1\n2024-01-01T03:00Z,1\n";
    assert_eq!(
        Rows::parse(text).unwrap_err(),
        "line 3: rows do not stand in order of time; line 4: \"noon\" is no time"
    );
}

#[test]
fn what_cannot_be_read_is_named_with_its_line() {
    let check =
        |text: &str, expected: &str| assert_eq!(Rows::parse(text).map(|_| ()), Err(expected.to_owned()));
    check("start_utc,kwh\n", "column \"kwh\" is not known");
    check("import_kwh\n", "there is no column start_utc");
    check(
        "start_utc,import_kwh,import_kwh\n",
        "column import_kwh comes twice",
    );
    check("start_utc\n", "there is no column import_kwh");
    check("start_utc,import_kwh\nnoon,1\n", "line 2: \"noon\" is no time");
    check(
        "start_utc,import_kwh\n2024-01-01T00:00Z,1,5\n",
        "line 2: more than the 2 cells of the header; decimals have a point, not a comma",
    );
    check(
        "start_utc,import_kwh,export_kwh\n2024-01-01T00:00Z,1.\n",
        "line 2: fewer than the 3 cells of the header; the row may be cut off",
    );
    check(
        "start_utc,import_kwh\n2024-01-01T00:00Z,x\n",
        "line 2: \"x\" is no number of kWh",
    );
    check(
        "start_utc,import_kwh\n2024-01-01T00:00Z,1e10\n",
        "line 2: \"1e10\" kWh is too large",
    );
    let below = "line 2: \"-0.5\" kWh is below zero; the other direction has a column of its own";
    check("start_utc,import_kwh\n2024-01-01T00:00Z,-0.5\n", below);
    check(
        "start_utc,minutes,import_kwh,export_kwh\n2024-01-01T00:00Z,15,1,-0.5\n",
        below,
    );
    let signed = Rows::parse("start_utc,minutes,import_kwh,reactive_kvarh\n2024-01-01T00:00Z,15,-0,-0.5\n");
    assert_eq!(signed.map(|_| ()), Ok(()));
    check(
        "start_utc,import_kwh\n2024-01-01T01:00Z,1\n2024-01-01T00:00Z,1\n",
        "line 3: rows do not stand in order of time",
    );
    check(
        "start_utc,minutes,import_kwh\n2024-01-01T01:00Z,7,1\n",
        "line 2: \"7\" minutes are no length that divides a day",
    );
    assert!(Rows::parse("start_utc,import_kwh\n2024-01-01T00:00Z,1\n").is_err());
}
