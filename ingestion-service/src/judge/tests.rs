use proto::columns::KIND_INTERVAL;

use super::*;

const NOW: i64 = 1_790_000_000_000;
const LIMITS: Limits = Limits {
    first_ms: 1_000_000_000_000,
    last_ms: NOW + 300_000,
};

fn row() -> Row {
    Row {
        meter: 0,
        start_ms: NOW,
        kind: KIND_INTERVAL,
        channel: 1,
        register: 0,
        value: 1,
        interval_seconds: 0,
        quality: 1,
        revision: 0,
        sequence: 0,
    }
}

#[test]
fn each_limit_holds_on_both_sides() {
    let check = |change: fn(&mut Row), expected: Option<Reason>| {
        let mut row = row();
        change(&mut row);
        assert_eq!(LIMITS.judge(&row), expected, "{row:?}");
    };
    check(|_| (), None);
    check(|row| row.start_ms = NOW + 300_000, None);
    check(|row| row.start_ms = NOW + 300_001, Some(Reason::InFuture));
    check(|row| row.start_ms = i64::MAX, Some(Reason::InFuture));
    check(|row| row.start_ms = 1_000_000_000_000, None);
    check(|row| row.start_ms = 999_999_999_999, Some(Reason::TooOld));
    check(|row| row.start_ms = 0, Some(Reason::TooOld));
    check(|row| row.start_ms = i64::MIN, Some(Reason::TooOld));
    check(|row| row.value = 0, None);
    check(|row| row.value = -1, Some(Reason::Negative));
    check(|row| row.value = i64::MIN, Some(Reason::Negative));
    check(|row| row.value = 100_000_000_000, None);
    check(|row| row.value = 100_000_000_001, Some(Reason::TooLarge));
    check(
        |row| (row.kind, row.value) = (KIND_REGISTER, 1_000_000_000_000_000),
        None,
    );
    check(
        |row| (row.kind, row.value) = (KIND_REGISTER, 1_000_000_000_000_001),
        Some(Reason::TooLarge),
    );
}

#[test]
fn an_interval_divides_a_day() {
    let check = |seconds: u32, good: bool| {
        let row = Row {
            interval_seconds: seconds,
            ..row()
        };
        assert_eq!(
            LIMITS.judge(&row),
            (!good).then_some(Reason::BadInterval),
            "{seconds}"
        );
    };
    for good in [0, 1, 60, 300, 900, 1_800, 3_600, 7_200, 43_200, 86_400] {
        check(good, true);
    }
    for bad in [7, 901, 3_601, 50_000, 86_401, 172_800, u32::MAX] {
        check(bad, false);
    }
}

#[test]
fn measurements_have_a_range() {
    use MeasuredQuantity::{PowerFactor, Temperature, Voltage};
    let check = |quantity, value, good: bool| {
        let expected = (!good).then_some(Reason::TooLarge);
        assert_eq!(judge_measured(quantity, value), expected, "{quantity:?} {value}");
    };
    check(Temperature, -40_000, true);
    check(Voltage, 1_000_000_000_000_000, true);
    check(Voltage, -1_000_000_000_000_001, false);
    check(Voltage, i64::MIN, false);
    for value in [-10_000, 0, 10_000] {
        check(PowerFactor, value, true);
    }
    for value in [-70_000, -10_001, 10_001] {
        check(PowerFactor, value, false);
    }
}
