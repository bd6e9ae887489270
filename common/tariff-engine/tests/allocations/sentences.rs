//! A sentence costs little: a bill run makes one for every line, and nobody looks at most of them. The facts behind it, which take
//! many allocations as JSON, are not made for it.

use std::sync::Arc;

use allocation_counter::measure;
use tariff_engine::{Carry, Inputs, Period, Rows, Tariff};

/// A line of the bill below may take so many allocations on average.
const MOST_OF_A_LINE: u64 = 24;

const TARIFF: &str = r#"{"currency": "EUR", "timezone": "Europe/Berlin", "rounding": {"scope": "line", "mode": "half_up", "places": 2},
    "charges": [
        {"id": "energy", "type": "energy", "bands": [{"name": "peak", "rate": "0.31", "when": [{"days": ["mon", "fri"], "from": "16:00", "to": "21:00"}]},
            {"name": "night", "rate": "0.12", "when": [{"from": "22:00", "to": "06:00"}]}], "otherwise": {"name": "day", "rate": "0.19"}},
        {"id": "tiers", "type": "tiered", "allowance": "per_day", "tiers": [{"up_to": 12, "rate": "0.02"}, {"up_to": null, "rate": "0.09"}]},
        {"id": "demand", "type": "demand", "window_minutes": 60, "rate": "4.20", "when": [{"from": "08:00", "to": "22:00"}]},
        {"id": "service", "type": "monthly", "amount": "9.50"}],
    "bill_charges": [{"id": "tax", "type": "percent", "rate": "0.07"}]}"#;

#[test]
fn a_sentence_takes_few_allocations() {
    let tariff = Arc::new(Tariff::parse(TARIFF).unwrap());
    let day = |text: &str| text.parse().unwrap();
    let period = Period::of_dates(tariff.zone(), day("2024-05-01"), day("2024-06-01")).unwrap();
    let load = super::by_interval::rows("2024-04-30T22:00Z", 31, 60);
    let load = Rows::parse(&load).unwrap().as_of(None);
    let inputs = Inputs {
        load: Some(&load),
        prices: None,
    };
    let bill = tariff
        .compile(&period)
        .unwrap()
        .bill(inputs, &Carry::default())
        .unwrap();
    let lines = u64::try_from(bill.lines.len()).unwrap();
    assert_eq!(lines, 7);
    let counted = measure(|| {
        for line in &bill.lines {
            assert!(line.explanation().ends_with(" EUR"));
        }
    });
    let count = counted.count_total;
    assert!(
        count <= lines * MOST_OF_A_LINE,
        "{count} allocations for {lines} lines"
    );
}
