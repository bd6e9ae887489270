use std::sync::Arc;

use proptest::prelude::*;
use prost::Message as _;
use proto::columns::KIND_INTERVAL;
use proto::meter::{Reading, SendReadingsRequest};

use super::*;
use crate::auth::Role;

fn device(subject: &str) -> Identity {
    Identity {
        role: Role::Device,
        subject: Arc::from(subject),
        expires: i64::MAX,
    }
}

fn reading(device_id: &str) -> Reading {
    Reading {
        device_id: device_id.to_owned(),
        timestamp: Some(prost_types::Timestamp::default()),
        usage_kwh: Some(1.0),
        ..Reading::default()
    }
}

fn message(readings: Vec<Reading>) -> Vec<u8> {
    SendReadingsRequest { readings }.encode_to_vec()
}

#[test]
fn another_meter_is_not_yours() {
    let sent = message(["m-1", "m-2", "m-1", "n-1"].map(reading).to_vec());
    let refused = |subject: &str| {
        let batch = Builder::new(device(subject)).many(&sent).unwrap();
        assert_eq!(batch.readings, 4);
        assert_eq!(batch.columns.rows(), 4 - batch.refused.len());
        batch.refused
    };
    let not_yours = |rows: &[u32]| {
        rows.iter()
            .map(|row| (*row, Reason::NotYours))
            .collect::<Vec<_>>()
    };
    assert_eq!(refused("m-1"), not_yours(&[1, 3]));
    assert_eq!(refused("m-*"), not_yours(&[3]));
    assert_eq!(refused("*"), not_yours(&[]));
    assert_eq!(refused("m-*x"), not_yours(&[0, 1, 2, 3]));
}

#[test]
fn a_thousand_readings_are_the_most() {
    let mut builder = Builder::new(Identity::anybody());
    let batch = |count: usize| message(vec![reading("m"); count]);
    assert_eq!(builder.many(&batch(1_000)).unwrap().readings, 1_000);
    assert_eq!(builder.many(&batch(1_001)), Err(NoBatch::TooMany));
    // And the next one begins anew.
    assert_eq!(builder.many(&batch(3)).unwrap().readings, 3);
    assert_eq!(builder.many(&[]).unwrap(), Batch::default());
}

#[test]
fn a_thousand_of_the_longest_readings_fit_the_message() {
    let longest = Reading {
        device_id: "x".repeat(64),
        timestamp: Some(prost_types::Timestamp {
            seconds: -62_135_596_800,
            nanos: 999_999_999,
        }),
        usage_kwh: Some(1.0),
        register_kwh: Some(1.0),
        register: "y".repeat(64),
        interval_seconds: u32::MAX,
        channel: -1,
        quality: -1,
        revision: u32::MAX,
        sequence: u64::MAX,
        power_w: Some(1.0),
        voltage_v: Some(1.0),
        current_a: Some(1.0),
        power_factor: Some(1.0),
        temperature_c: Some(1.0),
        pressure_kpa: Some(1.0),
    };
    assert!(message(vec![longest; 1_000]).len() < super::super::unary::MAX_MESSAGE_BYTES);
}

fn columns(ids: &[&str], rows: &[(u32, u32)]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    ids.iter().for_each(|id| columns.push_meter_id(id));
    columns.push_register_name("day");
    columns.push_register_name("bad name");
    for (meter, register) in rows {
        columns.push(&Row {
            meter: *meter,
            start_ms: 0,
            kind: if *register == 9 {
                KIND_INTERVAL
            } else {
                KIND_REGISTER
            },
            channel: 1,
            register: if *register == 9 { 0 } else { *register },
            value: 7,
            interval_seconds: 0,
            quality: 1,
            revision: 0,
            sequence: 0,
        });
    }
    columns
}

#[test]
fn columns_are_judged_row_by_row() {
    let sent = columns(
        &["m-1", "n-1", "bad id"],
        &[(0, 9), (1, 9), (2, 9), (0, 0), (0, 1), (0, 9)],
    );
    let batch = of_columns(sent, &device("m-*")).unwrap();
    let expected = [
        (1, Reason::NotYours),
        (2, Reason::BadId),
        (4, Reason::BadRegister),
    ];
    assert_eq!(batch.refused, expected);
    assert_eq!(batch.readings, 6);
    assert_eq!(batch.columns.meters, "m-1");
    assert_eq!(batch.columns.registers, "day");
    assert_eq!(batch.columns.rows(), 3);
    assert_eq!(batch.columns.check(), Ok(()));
}

#[test]
fn rows_with_the_revisions_of_staff_are_refused_from_devices() {
    let mut sent = columns(&["m-1"], &[(0, 9), (0, 9), (0, 9)]);
    sent.revision = vec![4_000_000_000, 4_000_000_001, 0];
    let batch = of_columns(sent.clone(), &device("m-*")).unwrap();
    assert_eq!(batch.refused, [(1, Reason::BadRevision)]);
    assert_eq!(batch.columns.rows(), 2);
    let staff = of_columns(sent, &Identity::anybody()).unwrap();
    assert_eq!(staff.refused, []);
}

#[test]
fn columns_that_contradict_each_other_are_no_batch() {
    let mut bad = columns(&["m"], &[(0, 9), (0, 9), (0, 9)]);
    bad.meter = vec![0, 0, 1];
    assert_eq!(of_columns(bad, &Identity::anybody()), Err(NoBatch::Malformed));
    let many = columns(&["m"], &[(0, 9); 1_001]);
    assert_eq!(of_columns(many, &Identity::anybody()), Err(NoBatch::TooMany));
    let none = of_columns(ReadingColumns::default(), &Identity::anybody());
    assert_eq!(none, Ok(Batch::default()));
}

proptest! {
    /// Whatever is refused, the rest arrives unchanged, in order, with its telemetry.
    #[test]
    fn what_is_left_is_unchanged(rows in prop::collection::vec((0_u32..3, prop::collection::vec((1_u32..=6, any::<i64>()), 0..3)), 1..30)) {
        let ids = ["m-1", "n-1", "m-2"];
        let mut sent = ReadingColumns::default();
        ids.iter().for_each(|id| sent.push_meter_id(id));
        for (at, (meter, measured)) in rows.iter().enumerate() {
            sent.push(&Row { meter: *meter, start_ms: at as i64, kind: 1, channel: 1, register: 0, value: 1, interval_seconds: 0, quality: 1, revision: 0, sequence: 0 });
            measured.iter().for_each(|(kind, value)| sent.push_telemetry(*kind, *value));
        }
        let shown = |columns: &ReadingColumns| {
            let ids: Vec<String> = columns.meter_ids().map(str::to_owned).collect();
            (0..columns.rows()).map(|at| {
                let row = columns.row(at);
                let measured: Vec<(u32, i64)> = columns.telemetry().filter(|(of, _, _)| *of as usize == at).map(|(_, kind, value)| (kind, value)).collect();
                (ids[row.meter as usize].clone(), row.start_ms, measured)
            }).collect::<Vec<_>>()
        };
        let expected: Vec<_> = shown(&sent).into_iter().filter(|(id, _, _)| id.starts_with("m-")).collect();
        let batch = of_columns(sent, &device("m-*")).unwrap();
        prop_assert_eq!(shown(&batch.columns), expected);
        prop_assert!(batch.columns.rows() == 0 || batch.columns.check().is_ok());
    }
}
