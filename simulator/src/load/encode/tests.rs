use std::sync::LazyLock;
use std::time::Duration;

use model::Energy;
use proptest::prelude::*;
use prost::Message as _;
use proto::meter::{ReadingColumns, SendReadingRequest, SendReadingsRequest};

use super::*;

fn load(mode: Mode, meters: u32, batch: u32, interval: u32) -> Load {
    Load {
        mode,
        in_flight: 1,
        connections: 1,
        batch,
        rate: None,
        meters,
        prefix: "load-".to_owned(),
        interval: Interval::from_secs(interval).unwrap(),
        first_ms: 1_790_000_100_000,
        rounds: 10,
        duration: Duration::from_secs(1),
        count: None,
        profile: None,
        seed: 1,
    }
}

/// Simulated once: the households are the same for every load of these tests.
static VALUES: LazyLock<Values> = LazyLock::new(|| Values::of(&load(Mode::Columns, 1, 1, 900)).unwrap());

fn encoder(load: &Load) -> Encoder {
    Encoder::new(load, VALUES.clone())
}

/// The message of a frame whose header is right.
fn message(frame: &Bytes) -> &[u8] {
    assert_eq!(frame[0], 0);
    assert_eq!(
        u32::from_be_bytes(frame[1..5].try_into().unwrap()) as usize,
        frame.len() - 5
    );
    &frame[5..]
}

proptest! {
    /// Readings and columns are the same messages as the generated code makes: same meters, same starts, same exact values.
    #[test]
    fn both_forms_decode_to_the_same_readings(meters in 1_u32..30, batch in 1_u32..12, number in 0_u64..40,
                                               interval in prop::sample::select(vec![900_u32, 3_600])) {
        let (rows, columns) = (load(Mode::Stream, meters, batch, interval), load(Mode::Columns, meters, batch, interval));
        let (rows, columns) = (encoder(&rows), encoder(&columns));
        let count = rows.rows(number);
        let rows = SendReadingsRequest::decode(message(&rows.frame(number))).unwrap().readings;
        let columns = ReadingColumns::decode(message(&columns.frame(number))).unwrap();
        prop_assert_eq!(columns.check(), Ok(()));
        prop_assert_eq!((rows.len(), columns.rows()), (count as usize, count as usize));
        let ids: Vec<&str> = columns.meter_ids().collect();
        let blocks = u64::from(meters.div_ceil(batch));
        let start_ms = 1_790_000_100_000 + i64::try_from(number / blocks).unwrap() * i64::from(interval) * 1_000;
        for (index, reading) in rows.iter().enumerate() {
            let row = columns.row(index);
            prop_assert_eq!(&reading.device_id, ids[row.meter as usize]);
            prop_assert_eq!(reading.timestamp.unwrap().seconds * 1_000, start_ms);
            prop_assert_eq!(row.start_ms, start_ms);
            prop_assert_eq!(Energy::from_kwh(reading.usage_kwh.unwrap()).unwrap().as_milliwatt_hours(), row.value);
            prop_assert_eq!(reading.interval_seconds, row.interval_seconds);
        }
    }
}

#[test]
fn every_meters_first_interval_comes_before_any_second() {
    let encoder = encoder(&load(Mode::Unary, 3, 1, 900));
    let seen: Vec<(String, i64)> = (0..6)
        .map(|number| {
            let reading = SendReadingRequest::decode(message(&encoder.frame(number)))
                .unwrap()
                .reading
                .unwrap();
            (
                reading.device_id,
                reading.timestamp.unwrap().seconds - 1_790_000_100,
            )
        })
        .collect();
    let expected = [("0", 0), ("1", 0), ("2", 0), ("0", 900), ("1", 900), ("2", 900)];
    let expected = expected.map(|(number, seconds)| (format!("load-000000{number}"), seconds));
    assert_eq!(seen, expected);
}

#[test]
fn values_are_those_of_households() {
    let values = &*VALUES;
    let all: Vec<u32> = (0..1_000)
        .flat_map(|meter| (0..96).map(move |round| (meter, round)))
        .map(|(m, r)| values.at(m, r))
        .collect();
    assert!(all.iter().all(|value| value % 1_000 == 0), "steps of 0.001 kWh");
    let mean = all.iter().map(|value| f64::from(*value)).sum::<f64>() / all.len() as f64 / 1e6;
    assert!((0.03..0.20).contains(&mean), "{mean} kWh per quarter of an hour");
    assert_ne!(
        values.at(0, 0),
        values.at(64, 0) + 1_000_000,
        "meters beyond the table are other days"
    );
    let differing = (0..96)
        .filter(|round| values.at(0, *round) != values.at(64, *round))
        .count();
    assert!(differing > 48, "{differing}");
}

#[test]
fn a_recorded_profile_is_exact() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "start_utc,import_kwh\n2018-01-01T05:00:00Z,0.2043\n2018-01-01T05:15:00Z,0.1787\n",
    )
    .unwrap();
    let load = Load {
        profile: Some(file.path().to_owned()),
        ..load(Mode::Stream, 2, 2, 900)
    };
    let values = Values::of(&load).unwrap();
    assert_eq!(
        [values.at(0, 0), values.at(0, 1), values.at(0, 2)],
        [204_300, 178_700, 204_300]
    );
}
