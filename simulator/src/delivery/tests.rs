use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::fleet::FleetConfig;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn fleet(seed: u64) -> Fleet {
    Fleet::new(FleetConfig {
        seed,
        meters: 50,
        regions: 5,
        ..FleetConfig::default()
    })
    .unwrap()
}

fn two_days() -> Range<DateTime<Utc>> {
    time("2026-02-01T00:00:00Z")..time("2026-02-03T00:00:00Z")
}

fn count(ticks: &[Tick]) -> (u64, BTreeMap<Option<Fault>, usize>) {
    let mut counts = BTreeMap::new();
    for delivery in ticks.iter().flat_map(|tick| &tick.deliveries) {
        *counts.entry(delivery.fault).or_default() += 1;
    }
    (ticks.iter().map(|tick| tick.withheld).sum(), counts)
}

#[test]
fn without_faults_everything_comes_once_and_on_time() {
    let fleet = fleet(1);
    let ticks: Vec<Tick> = Schedule::new(&fleet, FaultRates::default(), &two_days()).collect();
    assert_eq!(ticks.len(), 192);
    for tick in &ticks {
        assert!(
            tick.deliveries
                .iter()
                .all(|delivery| delivery.sample.end_ms() == tick.due_ms)
        );
    }
    let readings: usize = fleet
        .meters()
        .iter()
        .map(|meter| fleet.readings(meter, &two_days()).count())
        .sum();
    assert_eq!(count(&ticks), (0, BTreeMap::from([(None, readings)])));
}

#[test]
fn the_plan_holds_as_many_faults_as_wanted() {
    let rates = FaultRates {
        duplicates: 0.10,
        late: 0.05,
        reordered: 0.05,
        gaps: 0.02,
        skewed: 0.2,
        ..FaultRates::default()
    };
    let fleet = fleet(1);
    let ticks: Vec<Tick> = Schedule::new(&fleet, rates, &two_days()).collect();
    let readings: usize = fleet
        .meters()
        .iter()
        .map(|meter| fleet.readings(meter, &two_days()).count())
        .sum();
    let (withheld, counts) = count(&ticks);
    let near = |found: usize, share: f64| {
        let wanted = readings as f64 * share;
        assert!(
            (found as f64 - wanted).abs() < wanted * 0.15,
            "{found} instead of {wanted}"
        );
    };
    near(withheld as usize, 0.02);
    near(counts[&Some(Fault::Duplicate)], 0.10 * 0.98);
    near(counts[&Some(Fault::Late)], 0.05 * 0.98);
    near(counts[&Some(Fault::Reordered)], 0.05 * 0.95 * 0.98);
    assert!(counts[&Some(Fault::Skewed)] > 0);
    let sent: usize = counts.values().sum();
    assert_eq!(
        sent - counts[&Some(Fault::Duplicate)] + withheld as usize,
        readings
    );
}

#[test]
fn a_wrong_clock_belongs_to_the_meter() {
    let rates = FaultRates {
        skewed: 0.5,
        ..FaultRates::default()
    };
    let fleet = fleet(1);
    let mut offsets: BTreeMap<usize, i64> = BTreeMap::new();
    for tick in Schedule::new(&fleet, rates, &two_days()) {
        for delivery in tick.deliveries {
            let offset = delivery.sample.end_ms() - tick.due_ms;
            assert_eq!(*offsets.entry(delivery.meter).or_insert(offset), offset);
            assert!(offset.abs() <= 120_000);
            assert_eq!(delivery.fault.is_some(), offset != 0);
        }
    }
    let wrong = offsets.values().filter(|offset| **offset != 0).count();
    assert!((15..35).contains(&wrong), "{wrong}");
}

#[test]
fn rates_are_shares() {
    let rates = FaultRates {
        late: -0.1,
        gaps: f64::NAN,
        ..FaultRates::default()
    };
    assert_eq!(
        rates.problems(),
        [
            "the rate of late must be 0 to 1",
            "the rate of gaps must be 0 to 1"
        ]
    );
}

proptest! {
    /// The plan is a function of its seed, in order of time, and nothing is sent before its interval is over.
    #[test]
    fn plans_are_pure_and_in_order(seed: u64, rate in 0.0_f64..0.5) {
        let rates = FaultRates { duplicates: rate, late: rate, reordered: rate, gaps: rate, skewed: 0.0, ..FaultRates::default() };
        let fleet = fleet(seed);
        let period = time("2026-02-01T00:00:00Z")..time("2026-02-01T03:00:00Z");
        let first: Vec<Tick> = Schedule::new(&fleet, rates, &period).collect();
        let second: Vec<Tick> = Schedule::new(&fleet, rates, &period).collect();
        prop_assert!(first.is_sorted_by(|left, right| left.due_ms < right.due_ms));
        prop_assert!(first.iter().all(|tick| tick.deliveries.iter().all(|d| d.sample.end_ms() <= tick.due_ms)));
        prop_assert_eq!(first, second);
    }
}
