use proptest::prelude::*;

use super::*;

fn interval() -> impl Strategy<Value = Interval> {
    prop::sample::select(vec![60_u32, 300, 900, 1_800, 3_600, 86_400])
        .prop_map(|s| Interval::from_secs(s).unwrap())
}

proptest! {
    /// An episode lies wholly inside its week and on the grid of the meter, whichever instant of the week is asked for.
    #[test]
    fn episodes_stay_inside_their_week(seed: u64, ms in 0_i64..4_000_000_000_000, interval in interval()) {
        let meter = Draw::new(seed);
        let week = ms.div_euclid(WEEK_MS) * WEEK_MS;
        let found = Anomaly::at(meter, 1.0, ms, interval).unwrap();
        prop_assert!(week <= found.from_ms && found.from_ms < found.to_ms && found.to_ms <= week + WEEK_MS);
        prop_assert_eq!((found.from_ms - week) % interval.as_millis(), 0);
        prop_assert_eq!((found.to_ms - week) % interval.as_millis(), 0);
        prop_assert_eq!(Some(found), Anomaly::at(meter, 1.0, week, interval));
        prop_assert_eq!(None, Anomaly::at(meter, 0.0, ms, interval));
    }
}

#[test]
fn every_kind_occurs_at_the_wanted_rate() {
    let weeks = 0..20_000_u64;
    let found: Vec<Kind> = weeks
        .filter_map(|n| Anomaly::at(Draw::new(n), 0.3, 0, Interval::QUARTER_HOUR).map(|anomaly| anomaly.kind))
        .collect();
    assert!((5_700..6_300).contains(&found.len()), "{}", found.len());
    for kind in [
        Kind::Spike,
        Kind::Sag,
        Kind::Drop,
        Kind::Outage,
        Kind::Frozen,
        Kind::Drift,
    ] {
        let count = found.iter().filter(|one| **one == kind).count();
        assert!((850..1_150).contains(&count), "{kind:?}: {count}");
    }
}

#[test]
fn what_the_meter_shows() {
    let energy = Energy::from_milliwatt_hours;
    let check = |kind, factor, at: i64, expected| {
        let anomaly = Anomaly {
            kind,
            from_ms: 0,
            to_ms: 10 * 900_000,
            factor,
        };
        assert_eq!(
            anomaly.shown(at * 900_000, energy(123_000), energy(77_000)),
            energy(expected),
            "{kind:?}"
        );
    };
    check(Kind::Spike, 4_500, 0, 553_000);
    check(Kind::Drop, 100, 3, 12_000);
    check(Kind::Sag, 800, 3, 78_000);
    check(Kind::Outage, 0, 3, 0);
    check(Kind::Frozen, 0, 3, 77_000);
    check(Kind::Drift, 2_000, 0, 123_000);
    check(Kind::Drift, 2_000, 5, 184_000);
}

#[test]
fn a_label_is_one_line_of_json() {
    let label = |kind, factor| {
        let anomaly = Anomaly {
            kind,
            from_ms: 0,
            to_ms: 900_000,
            factor,
        };
        let meter = "sim-north-001".parse().unwrap();
        serde_json::to_string(&Truth::of(&meter, &anomaly, Energy::from_milliwatt_hours(77_000))).unwrap()
    };
    assert_eq!(
        label(Kind::Spike, 4_050),
        r#"{"meter":"sim-north-001","kind":"spike","from":"1970-01-01T00:00:00Z","to":"1970-01-01T00:15:00Z","parameters":{"factor":"4.050"}}"#
    );
    assert!(label(Kind::Frozen, 0).ends_with(r#""parameters":{"usage_kwh":"0.077"}}"#));
    assert!(label(Kind::Sag, 880).ends_with(r#""parameters":{"voltage_factor":"0.880"}}"#));
    assert!(label(Kind::Drift, 1_200).ends_with(r#""parameters":{"factor_at_end":"1.200"}}"#));
    assert!(label(Kind::Outage, 0).ends_with(r#""parameters":{}}"#));
}
