//! Which meters are remembered by which trace, and for how long.

use proto::columns::Row;

use super::*;
use crate::store::Term;

fn context(number: usize) -> Context {
    let text = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{number:016x}-01");
    text.parse().unwrap()
}

/// One reading of each meter, in this order.
fn batch(meters: &[&str]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    for (index, id) in (0_u32..).zip(meters) {
        columns.push_meter_id(id);
        columns.push(&Row {
            meter: index,
            start_ms: 0,
            kind: 1,
            channel: 1,
            register: 0,
            value: 5,
            interval_seconds: 0,
            quality: 1,
            revision: 0,
            sequence: 0,
        });
    }
    columns
}

fn part(first: u32, rows: u32) -> Traced {
    Traced {
        parent: context(1).to_string(),
        first,
        rows,
    }
}

fn inputs(meters: &[&str]) -> BillInputs {
    let term = |meter: &&str| Term {
        meter_id: (*meter).to_owned(),
        ..Term::default()
    };
    BillInputs {
        terms: meters.iter().map(term).collect(),
        ..BillInputs::default()
    }
}

#[test]
fn only_the_rows_of_the_traced_call_are_remembered() {
    let followed = Followed::default();
    let columns = batch(&["a", "b", "c", "d"]);
    followed.remember(&columns, &part(1, 2), &context(7));
    assert_eq!(followed.of("a"), None);
    assert_eq!(followed.of("b"), Some(context(7)));
    assert_eq!(followed.of("c"), Some(context(7)));
    assert_eq!(followed.of("d"), None);
    // What a stranger put there is no reason to fail.
    for (first, rows) in [(4, 1), (3, u32::MAX), (u32::MAX, u32::MAX), (0, 0)] {
        followed.remember(&columns, &part(first, rows), &context(8));
    }
    assert_eq!(followed.of("d"), Some(context(8)));
    assert_eq!(followed.of("a"), None);
}

#[test]
fn the_latest_trace_counts_and_the_oldest_meter_is_forgotten() {
    let followed = Followed::default();
    for number in 0..MAX_METERS {
        let id = format!("m-{number}");
        followed.remember(&batch(&[&id]), &part(0, 1), &context(1));
    }
    followed.remember(&batch(&["m-1"]), &part(0, 1), &context(2));
    assert_eq!(followed.of("m-0"), Some(context(1)));
    followed.remember(&batch(&["new"]), &part(0, 1), &context(3));
    assert_eq!(followed.of("m-0"), None);
    assert_eq!(followed.of("m-1"), Some(context(2)));
    assert_eq!(followed.of("new"), Some(context(3)));
    let memory = followed.lock();
    assert_eq!(
        (memory.of_meter.len(), memory.order.len()),
        (MAX_METERS, MAX_METERS)
    );
}

#[test]
fn a_bill_is_shown_once_in_each_of_a_few_traces() {
    let followed = Followed::default();
    followed.remember(&batch(&["a", "b"]), &part(0, 2), &context(1));
    assert_eq!(followed.storing(&inputs(&["a", "b", "other"])).len(), 1);
    assert_eq!(followed.storing(&inputs(&["other"])).len(), 0);
    let many: Vec<String> = (0..10).map(|number| format!("m-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (number, id) in many.iter().enumerate() {
        followed.remember(&batch(&[id]), &part(0, 1), &context(10 + number));
    }
    assert_eq!(followed.storing(&inputs(&many)).len(), MAX_OF_BILL);
}
