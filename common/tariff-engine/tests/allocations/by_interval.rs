//! Pricing allocates by tariff and period, not by interval: a cycle of four times as many intervals takes as many allocations, but for
//! a bounded few of columns that grow.

use std::fmt::Write as _;
use std::sync::Arc;

use allocation_counter::measure;
use chrono::NaiveDate;
use model::Energy;
use tariff_engine::case::{Case, Files};
use tariff_engine::{Carry, Inputs, Interval, Period, Prices, Rows, Tariff, instant};

/// 2,976 quarters of an hour in place of 744 hours may take so many allocations more: roots and exact sums of other numbers.
const MOST_MORE: u64 = 16;
const HOUR_MS: i64 = 3_600_000;
/// Of May.
const DAYS: usize = 31;

const CHARGES: [(&str, &str); 15] = [
    ("flat", r#""type": "energy", "rate": "0.31""#),
    (
        "bands",
        r#""type": "energy", "bands": [{"name": "peak", "rate": "0.4", "when": [{"days": ["mon", "fri"], "from": "16:00", "to": "20:00"}]}],
            "otherwise": {"name": "rest", "rate": "0.2"}"#,
    ),
    (
        "rounded",
        r#""type": "energy", "rate": "0.3", "interval_kwh_rounding": {"mode": "half_even", "places": 1}"#,
    ),
    (
        "market",
        r#""type": "indexed", "multiplier": "1.1", "adder": "0.02""#,
    ),
    (
        "tiers",
        r#""type": "tiered", "allowance": "per_day", "tiers": [{"up_to": 5, "rate": "0.1"}, {"up_to": null, "rate": "0.2"}]"#,
    ),
    ("packages", r#""type": "package", "size": 10, "price": 3"#),
    (
        "steps",
        r#""type": "stairstep", "steps": [{"up_to": 10, "fee": 1}, {"up_to": null, "fee": 2}]"#,
    ),
    (
        "peak",
        r#""type": "demand", "window_minutes": 60, "rate": 5, "when": [{"from": "08:00", "to": "20:00"}]"#,
    ),
    (
        "days",
        r#""type": "demand", "window_minutes": 60, "rate": 5, "aggregation": "top_days_mean", "top_n": 3"#,
    ),
    (
        "sliding",
        r#""type": "demand", "window_minutes": 60, "slide_minutes": 5, "rate": 5"#,
    ),
    (
        "factor",
        r#""type": "demand", "window_minutes": 60, "rate": 5, "power_factor": {"reference": "0.95"}"#,
    ),
    (
        "contracted",
        r#""type": "contracted_power", "window_minutes": 60, "rule": "band", "low_percent": 85, "high_percent": 105, "excess_factor": 2,
            "otherwise": {"name": "all", "contracted_kw": 1, "rate_per_kw_day": "0.1"}"#,
    ),
    (
        "squares",
        r#""type": "contracted_power", "window_minutes": 60, "rule": "root_sum_square", "excess_id": "over", "excess_rate": 7,
            "otherwise": {"name": "all", "contracted_kw": "0.3", "rate_per_kw_day": "0.1"}"#,
    ),
    (
        "reactive",
        r#""type": "reactive_excess", "free_share": "0.5", "rate": "0.03""#,
    ),
    (
        "net",
        r#""type": "net_energy", "rate": "0.3", "expiry_cycles": 12"#,
    ),
];

fn tariff(charge: &str) -> String {
    format!(
        r#"{{"currency": "EUR", "timezone": "Europe/Berlin", "rounding": {{"scope": "line", "mode": "half_up", "places": 2}},
            "charges": [{{"id": "c", {charge}}}], "bill_charges": [{{"id": "vat", "type": "percent", "rate": "0.19"}}]}}"#
    )
}

/// Days in intervals of so many minutes, with the three registers.
pub(crate) fn rows(start: &str, days: usize, minutes: usize) -> String {
    let start = instant::parse(start).unwrap();
    let mut text = "start_utc,import_kwh,export_kwh,reactive_kvarh\n".to_owned();
    for index in 0..days * 24 * 60 / minutes {
        let at = start + i64::try_from(index * minutes).unwrap() * 60_000;
        let (import, export) = (index % 997, index % 401);
        writeln!(
            text,
            "{},{}.{import:03},0.{export:03},0.2",
            instant::show(at),
            index % 3
        )
        .unwrap();
    }
    text
}

/// Hourly prices around May.
fn prices() -> Prices {
    let start = instant::parse("2024-04-30T00:00Z").unwrap();
    let mut text = "start_utc,price_per_mwh\n".to_owned();
    for hour in 0..i64::try_from((DAYS + 2) * 24).unwrap() {
        text += &format!(
            "{},{}.5\n",
            instant::show(start + hour * HOUR_MS),
            hour % 211 - 20
        );
    }
    Prices::parse(&text, &["price_per_mwh"]).unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[track_caller]
fn check(name: &str, mut work: impl FnMut(usize) -> u64) {
    work(60); // what is made once is made
    let (hours, quarters) = (work(60), work(15));
    assert!(hours > 0, "{name}: something is counted");
    assert!(
        quarters <= hours + MOST_MORE,
        "{name}: {hours} allocations for hours, {quarters} for quarters of an hour"
    );
}

/// One test, so that nothing else is counted.
#[test]
fn allocations_do_not_grow_with_intervals() {
    let market = prices();
    for (name, charge) in CHARGES {
        let tariff = Arc::new(Tariff::parse(&tariff(charge)).unwrap());
        let period = Period::of_dates(tariff.zone(), date("2024-05-01"), date("2024-06-01")).unwrap();
        let compiled = tariff.compile(&period).unwrap();
        check(name, |minutes| {
            let load = Rows::parse(&rows("2024-04-30T22:00Z", DAYS, minutes))
                .unwrap()
                .as_of(None);
            let inputs = Inputs {
                load: Some(&load),
                prices: Some(&market),
            };
            let carry = Carry::default();
            let counted = measure(|| {
                compiled.check(inputs).unwrap();
                let bill = compiled.bill(inputs, &carry).unwrap();
                assert_eq!(usize::try_from(bill.intervals).unwrap(), DAYS * 24 * 60 / minutes);
            });
            counted.count_total
        });
    }
    let tariff = Arc::new(Tariff::parse(&tariff(CHARGES[1].1)).unwrap());
    let period = Period::of_dates(tariff.zone(), date("2024-05-01"), date("2024-06-01")).unwrap();
    let compiled = tariff.compile(&period).unwrap();
    check("intervals of the platform", |minutes| {
        let energy = Energy::from_milliwatt_hours(123_456_789);
        let interval = |index: usize| Interval {
            start_ms: period.start_ms + i64::try_from(index * minutes).unwrap() * 60_000,
            minutes: u32::try_from(minutes).unwrap(),
            import: energy,
            export: energy,
        };
        let intervals: Vec<Interval> = (0..DAYS * 24 * 60 / minutes).map(interval).collect();
        measure(|| drop(compiled.price(&intervals).unwrap())).count_total
    });
    for mode in ["none", "net_billing", "net_metering_usd"] {
        check(mode, |minutes| record_allocations(mode, minutes));
    }
}

/// A year of a rate record, less what reading its files takes.
fn record_allocations(mode: &str, minutes: usize) -> u64 {
    let case = format!(
        r#"{{"id": "r", "load": "x", "year": 2023, "utc_offset_hours": 0, "options": {{"export_mode": "{mode}"}}}}"#
    );
    let case = Case::parse(&case).unwrap();
    let tiers = r#"[{"max": 300, "rate": 0.1, "sell": 0.05}, {"rate": 0.2, "sell": 0.04}]"#;
    let tariff = format!(r#"{{"energyratestructure": [{tiers}], "flatdemandstructure": [[{{"rate": 3}}]]}}"#);
    let load = rows("2023-01-01T00:00Z", 365, minutes);
    let files = Files {
        tariff: &tariff,
        load: Some(&load),
        prices: None,
    };
    let reading = measure(|| drop(Rows::parse(&load).unwrap().as_of(None))).count_total;
    measure(|| drop(case.bills(files).unwrap())).count_total - reading
}
