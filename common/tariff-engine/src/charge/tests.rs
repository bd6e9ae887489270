use proptest::prelude::*;

use super::*;
use crate::json::Node;

fn charge(text: &str) -> Charge {
    let mut problems = Problems::default();
    let node = Node::parse(text).unwrap();
    let charge = Charge::read(&At::root(&node), &mut BTreeSet::new(), &mut problems);
    charge.unwrap_or_else(|| panic!("{problems}"))
}

fn fee(text: &str) -> fee::Fee {
    match charge(text).kind {
        Kind::Fee(fee) => fee,
        _ => panic!("{text} is no fee"),
    }
}

fn days(from: &str, count: usize) -> Vec<NaiveDate> {
    from.parse::<NaiveDate>()
        .unwrap()
        .iter_days()
        .take(count)
        .collect()
}

#[test]
fn fees_are_exact_over_whole_months_and_years() {
    let check = |text: &str, from: &str, count, expected: &str| {
        let line = fee(text).line(&days(from, count));
        assert_eq!(line.exact.to_decimal(), expected, "{text} {from} {count}");
    };
    let daily = r#"{"id": "a", "type": "daily", "amount": "0.15"}"#;
    let monthly = r#"{"id": "a", "type": "monthly", "amount": 10.00}"#;
    let annual = r#"{"id": "a", "type": "annual", "amount": "73.1"}"#;
    check(daily, "2024-02-01", 29, "4.35");
    check(daily, "2024-02-01", 0, "0");
    check(monthly, "2024-02-01", 29, "10");
    check(monthly, "2024-03-15", 31, "10.15053763");
    check(monthly, "2023-11-01", 30 + 31, "20");
    check(annual, "2023-01-01", 365, "73.1");
    check(annual, "2024-01-01", 366, "73.1");
    check(annual, "2023-12-31", 1, "0.20027397"); // 73.1 / 365
    check(annual, "2024-12-31", 1, "0.19972678"); // 73.1 / 366
}

proptest! {
    /// A fee for a period is the sum of the fees of its parts.
    #[test]
    fn fees_of_parts_add_up(kind in prop::sample::select(vec!["daily", "monthly", "annual"]), len in 1_usize..400, cut in 0_usize..400) {
        let cut = cut.min(len);
        let all = days("2023-07-19", len);
        let fee = fee(&format!(r#"{{"id": "a", "type": "{kind}", "amount": "12.34"}}"#));
        let exact = |days: &[NaiveDate]| fee.line(days).exact;
        prop_assert_eq!(exact(&all[..cut]).plus(exact(&all[cut..])), exact(&all));
    }
}
