use std::sync::Arc;

use super::*;
use crate::auth::Role;

fn device(subject: &str) -> Identity {
    Identity {
        role: Role::Device,
        subject: Arc::from(subject),
        expires: i64::MAX,
    }
}

fn good() -> Reading {
    Reading {
        device_id: "m-1".to_owned(),
        timestamp: Some(prost_types::Timestamp {
            seconds: 1_790_000_000,
            nanos: 0,
        }),
        usage_kwh: Some(0.25),
        ..Reading::default()
    }
}

fn check(change: fn(&mut Reading), expected: Result<(), Reason>) {
    let mut reading = good();
    change(&mut reading);
    let judged = Claim::from(&reading).judge(&device("m-*"));
    assert_eq!(judged.map(drop), expected, "{reading:?}");
}

fn time(reading: &mut Reading, seconds: i64, nanos: i32) {
    reading.timestamp = Some(prost_types::Timestamp { seconds, nanos });
}

#[test]
fn each_fault_has_its_reason() {
    check(|_| (), Ok(()));
    check(|r| r.device_id.clear(), Err(Reason::BadId));
    check(|r| r.device_id = "m-1\nm-2".to_owned(), Err(Reason::BadId));
    check(|r| r.device_id = "../m-1".to_owned(), Err(Reason::BadId));
    check(|r| r.device_id = "m-".repeat(33), Err(Reason::BadId));
    check(|r| r.device_id = "x-1".to_owned(), Err(Reason::NotYours));
    check(|r| r.revision = 4_000_000_000, Ok(()));
    check(|r| r.revision = 4_000_000_001, Err(Reason::BadRevision));
    check(|r| r.revision = u32::MAX, Err(Reason::BadRevision));
    check(|r| r.timestamp = None, Err(Reason::BadTimestamp));
    check(|r| time(r, i64::MAX, 0), Err(Reason::BadTimestamp));
    check(|r| time(r, 253_402_300_800, 0), Err(Reason::BadTimestamp));
    check(|r| time(r, 253_402_300_799, 999_999_999), Ok(()));
    check(|r| time(r, -62_135_596_801, 0), Err(Reason::BadTimestamp));
    check(|r| time(r, 0, -1), Err(Reason::BadTimestamp));
    check(|r| time(r, 0, 1_000_000_000), Err(Reason::BadTimestamp));
    check(|r| r.channel = 4, Err(Reason::UnknownEnum));
    check(|r| r.channel = -1, Err(Reason::UnknownEnum));
    check(|r| r.quality = 5, Err(Reason::UnknownEnum));
    check(|r| r.usage_kwh = Some(f64::NAN), Err(Reason::NotFinite));
    check(|r| r.usage_kwh = Some(f64::INFINITY), Err(Reason::NotFinite));
    check(|r| r.usage_kwh = Some(f64::NEG_INFINITY), Err(Reason::NotFinite));
    check(|r| r.usage_kwh = Some(-0.1), Err(Reason::Negative));
    check(|r| r.usage_kwh = Some(-1e-300), Err(Reason::Negative));
    check(|r| r.usage_kwh = Some(-0.0), Ok(()));
    check(|r| r.usage_kwh = Some(1e300), Err(Reason::TooLarge));
    check(|r| r.register_kwh = Some(1.0), Err(Reason::TwoValues));
    check(|r| r.usage_kwh = None, Err(Reason::NoValue));
    check(|r| r.power_w = Some(f64::NAN), Err(Reason::NotFinite));
    check(|r| r.pressure_kpa = Some(1e300), Err(Reason::TooLarge));
    check(
        |r| (r.usage_kwh, r.register_kwh) = (None, Some(1.0)),
        Err(Reason::BadRegister),
    );
}

#[test]
fn each_kind_of_reading_is_a_row() {
    let judge = |change: fn(&mut Reading)| {
        let mut reading = good();
        change(&mut reading);
        let claimed = Claim::from(&reading).judge(&Identity::anybody()).unwrap();
        (
            claimed.kind,
            claimed.value,
            claimed.register.to_owned(),
            claimed.measured,
        )
    };
    let none = [None; 6];
    assert_eq!(judge(|_| ()), (KIND_INTERVAL, 250_000, String::new(), none));
    // A dial's name beside an interval's energy means nothing.
    assert_eq!(
        judge(|r| r.register = "day".to_owned()),
        (KIND_INTERVAL, 250_000, String::new(), none)
    );
    let dial = judge(|r| {
        r.usage_kwh = None;
        r.register_kwh = Some(123_456.789);
        r.register = "day".to_owned();
    });
    assert_eq!(dial, (KIND_REGISTER, 123_456_789_000, "day".to_owned(), none));
    let telemetry = judge(|r| {
        r.usage_kwh = None;
        r.temperature_c = Some(-4.0625);
        r.power_factor = Some(0.95);
    });
    let measured = [None, None, None, Some(9_500), Some(-4_062), None];
    assert_eq!(telemetry, (KIND_TELEMETRY, 0, String::new(), measured));
    // Half a milliwatt-hour goes to the even neighbour.
    assert_eq!(judge(|r| r.usage_kwh = Some(0.007_812_5)).1, 7_812);
    assert_eq!(judge(|r| r.usage_kwh = Some(0.023_437_5)).1, 23_438);
}

#[test]
fn time_is_cut_to_the_millisecond() {
    let start = |seconds: i64, nanos: i32| {
        let mut reading = good();
        time(&mut reading, seconds, nanos);
        Claim::from(&reading)
            .judge(&Identity::anybody())
            .unwrap()
            .start_ms
    };
    assert_eq!(start(1, 999_999), 1_000);
    assert_eq!(start(1, 1_000_000), 1_001);
    assert_eq!(start(1, 999_999_999), 1_999);
    assert_eq!(start(-1, 500_000_000), -500);
}

#[test]
fn unset_names_have_their_meaning() {
    let claimed = |reading: &Reading| {
        let claimed = Claim::from(reading).judge(&Identity::anybody()).unwrap();
        (claimed.channel, claimed.quality)
    };
    assert_eq!(claimed(&good()), (1, 1));
    let named = Reading {
        channel: 3,
        quality: 4,
        ..good()
    };
    assert_eq!(claimed(&named), (3, 4));
}

/// Whatever a device sent, staff can send a higher revision: so every conflict can be decided.
#[test]
fn staff_have_revisions_above_those_of_devices() {
    let highest = Reading {
        revision: u32::MAX,
        ..good()
    };
    let by = |role| {
        let sender = Identity {
            role,
            ..device("m-1")
        };
        Claim::from(&highest)
            .judge(&sender)
            .map(|claimed| claimed.revision)
    };
    assert_eq!(by(Role::Device), Err(Reason::BadRevision));
    assert_eq!(by(Role::Operator), Ok(u32::MAX));
    assert_eq!(by(Role::Admin), Ok(u32::MAX));
}
