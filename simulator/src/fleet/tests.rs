use std::collections::{BTreeMap, BTreeSet};

use model::Channel;
use proptest::prelude::*;

use super::*;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn fleet(config: FleetConfig) -> Fleet {
    Fleet::new(config).unwrap()
}

fn kwh(samples: impl Iterator<Item = Sample>, channel: Channel) -> f64 {
    let of_channel = samples.filter(|sample| sample.channel == channel);
    of_channel
        .map(|sample| sample.energy.as_milliwatt_hours() as f64 / 1e6)
        .sum()
}

#[test]
fn three_hundred_meters_in_ten_regions() {
    let fleet = fleet(FleetConfig::default());
    let regions: BTreeSet<_> = fleet.meters().iter().map(|meter| meter.region.as_str()).collect();
    let ids: BTreeSet<_> = fleet.meters().iter().map(|meter| meter.id.as_str()).collect();
    assert_eq!((fleet.meters().len(), ids.len(), regions.len()), (300, 300, 10));
    assert_eq!(fleet.meters()[0].id.as_str(), "sim-north-001");
    assert_eq!(fleet.meters()[299].id.as_str(), "sim-coast-030");
    let count = |kind| fleet.meters().iter().filter(|meter| meter.kind == kind).count();
    assert_eq!(
        (
            count(Kind::Household),
            count(Kind::SolarHousehold),
            count(Kind::Office)
        ),
        (220, 60, 20)
    );
    let big = super::Fleet::new(FleetConfig {
        meters: 24,
        regions: 12,
        ..FleetConfig::default()
    })
    .unwrap();
    assert_eq!(big.meters()[23].id.as_str(), "sim-region12-002");
}

#[test]
fn settings_out_of_range_are_all_named() {
    let config = FleetConfig {
        meters: 0,
        regions: 101,
        zones: vec![],
        anomaly_rate: 1.5,
        ..FleetConfig::default()
    };
    let error = Fleet::new(config).unwrap_err();
    assert!(matches!(error, Error::Settings { problems } if problems.len() == 4));
}

#[test]
fn a_year_is_plausible() {
    let hour = Interval::from_secs(3_600).unwrap();
    let fleet = fleet(FleetConfig {
        meters: 30,
        regions: 2,
        interval: hour,
        ..FleetConfig::default()
    });
    let year = time("2025-01-01T00:00:00Z")..time("2026-01-01T00:00:00Z");
    let mut by_kind: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for meter in fleet.meters() {
        let import = kwh(fleet.readings(meter, &year), Channel::Import);
        let export = kwh(fleet.readings(meter, &year), Channel::Export);
        let range = if meter.kind == Kind::Office {
            10_000.0..250_000.0
        } else {
            700.0..7_500.0
        };
        assert!(range.contains(&import), "{} {import}", meter.id);
        assert_eq!(meter.kind.exports(), export > 500.0, "{} {export}", meter.id);
        by_kind.entry(meter.kind.word()).or_default().push(import);
    }
    let mean = |kind: &str| by_kind[kind].iter().sum::<f64>() / by_kind[kind].len() as f64;
    assert!(
        (1_800.0..4_500.0).contains(&mean("household")),
        "{}",
        mean("household")
    );
    assert!(mean("solar_household") < mean("household"));
}

#[test]
fn an_hour_is_its_quarters() {
    let day = time("2026-03-29T00:00:00Z")..time("2026-03-30T00:00:00Z");
    let total = |seconds| {
        let interval = Interval::from_secs(seconds).unwrap();
        let fleet = fleet(FleetConfig {
            interval,
            ..FleetConfig::default()
        });
        let meter = &fleet.meters()[30];
        let energies = fleet
            .readings(meter, &day)
            .map(|sample| sample.energy.as_milliwatt_hours());
        (energies.sum::<i64>(), fleet.readings(meter, &day).count())
    };
    let (quarters, hours, days) = (total(900), total(3_600), total(86_400));
    assert_eq!(
        (quarters.1, hours.1, days.1),
        (192, 48, 2),
        "a solar meter has two channels"
    );
    assert_eq!((quarters.0, quarters.0), (hours.0, days.0));
}

#[test]
fn the_truth_is_what_was_applied() {
    let config = FleetConfig {
        meters: 60,
        anomaly_rate: 0.8,
        telemetry: true,
        ..FleetConfig::default()
    };
    let sick = fleet(config.clone());
    let well = fleet(FleetConfig {
        anomaly_rate: 0.0,
        ..config
    });
    let period = time("2026-01-01T00:00:00Z")..time("2026-01-15T00:00:00Z");
    let truth: Vec<Truth> = sick.truth(&period).collect();
    assert!((60..180).contains(&truth.len()), "{}", truth.len());
    assert_eq!(well.truth(&period).count(), 0);
    let mut changed_labels = BTreeSet::new();
    for (left, right) in sick.meters().iter().zip(well.meters()) {
        for (shown, real) in sick.readings(left, &period).zip(well.readings(right, &period)) {
            let label = truth.iter().position(|label| {
                let (from, to) = (
                    time(&label.from).timestamp_millis(),
                    time(&label.to).timestamp_millis(),
                );
                label.meter == left.id.as_str() && from <= shown.start_ms && shown.start_ms < to
            });
            if shown != real {
                changed_labels.insert(label.expect("a changed reading has a label"));
            }
        }
    }
    let visible = changed_labels.len() as f64 / truth.len() as f64;
    assert!(
        visible > 0.95,
        "nearly every label is seen in some reading: {visible}"
    );
}

#[test]
fn an_outage_has_neither_energy_nor_voltage() {
    let config = FleetConfig {
        anomaly_rate: 1.0,
        telemetry: true,
        ..FleetConfig::default()
    };
    let fleet = fleet(config);
    let period = time("2026-01-01T00:00:00Z")..time("2026-01-08T00:00:00Z");
    let label = fleet
        .truth(&period)
        .find(|label| label.kind == crate::AnomalyKind::Outage)
        .unwrap();
    let meter = fleet
        .meters()
        .iter()
        .find(|meter| meter.id.as_str() == label.meter)
        .unwrap();
    let samples: Vec<Sample> = fleet
        .readings(meter, &(time(&label.from)..time(&label.to)))
        .collect();
    assert!(!samples.is_empty());
    for sample in samples {
        assert_eq!(sample.energy, Energy::ZERO);
        assert!(
            sample
                .telemetry
                .is_none_or(|t| (t.voltage_mv, t.current_ma, t.power_mw) == (0, 0, 0))
        );
    }
}

#[test]
fn telemetry_fits_the_energy() {
    let fleet = fleet(FleetConfig {
        telemetry: true,
        ..FleetConfig::default()
    });
    let day = time("2026-06-01T00:00:00Z")..time("2026-06-02T00:00:00Z");
    for meter in &fleet.meters()[..40] {
        for sample in fleet
            .readings(meter, &day)
            .filter(|sample| sample.channel == Channel::Import)
        {
            let wire = sample.to_wire(&meter.id);
            let (power, volts, amps) = (
                wire.power_w.unwrap(),
                wire.voltage_v.unwrap(),
                wire.current_a.unwrap(),
            );
            assert!((power - wire.usage_kwh.unwrap() * 4_000.0).abs() < 0.01);
            assert!((220.0..240.0).contains(&volts), "{volts}");
            assert!(
                (power - volts * amps * wire.power_factor.unwrap()).abs() < 0.5,
                "{power}"
            );
            assert!((-25.0..45.0).contains(&wire.temperature_c.unwrap()));
        }
    }
}

proptest! {
    /// A value depends on seed, meter and start alone: not on the period asked for, nor on the other meters.
    #[test]
    fn values_are_pure(seed: u64, index in 0_usize..40, hour in 0_i64..20_000, more in 1_i64..50) {
        let config = FleetConfig { seed, meters: 40, anomaly_rate: 0.5, telemetry: true, ..FleetConfig::default() };
        let large = fleet(FleetConfig { meters: 90, ..config.clone() });
        let small = fleet(config);
        let from = time("2025-01-01T00:00:00Z") + chrono::Duration::hours(hour);
        let to = from + chrono::Duration::minutes(15);
        let wide = (from - chrono::Duration::hours(more))..(to + chrono::Duration::hours(more));
        let meter = &small.meters()[index];
        let alone: Vec<Sample> = small.readings(meter, &(from..to)).collect();
        let other = &large.meters()[index];
        let among: Vec<Sample> = large
            .readings(other, &wide)
            .filter(|sample| sample.start_ms == from.timestamp_millis())
            .collect();
        prop_assert_eq!(&meter.id, &other.id);
        prop_assert!(!alone.is_empty());
        prop_assert_eq!(alone, among);
    }
}
