//! A household in Berlin with a simple tariff: what the register says about it, and what it uses.

use proto::billing::register_object::Object;
use proto::billing::{
    Account, Agreement, Assignment, Calendar, Installation, Meter, Seller, ServicePoint,
    Tariff as TariffObject,
};
use proto::meter::Reading;

use crate::oracle::{Band, Civil, Load, Tariff, berlin};

/// Length of its intervals.
pub const MINUTES: i64 = 15;

/// The tariff as the oracle has it; [`TARIFF`] says the same.
#[must_use]
pub fn tariff() -> Tariff {
    Tariff {
        bands: vec![
            Band {
                name: "peak",
                rate: "0.38915",
                weekdays: 0..5,
                minutes: 17 * 60..21 * 60,
            },
            Band {
                name: "day",
                rate: "0.3127",
                weekdays: 0..5,
                minutes: 6 * 60..22 * 60,
            },
        ],
        otherwise: ("night", "0.2249"),
        flat: "0.0205",
        monthly: "11.90",
        daily: "0.0737",
        vat: "0.19",
    }
}

/// The tariff in the neutral form.
pub const TARIFF: &str = r#"{
 "currency": "EUR",
 "timezone": "Europe/Berlin",
 "rounding": {"scope": "line", "mode": "half_up", "places": 2},
 "charges": [
  {"id": "energy", "type": "energy",
   "bands": [
    {"name": "peak", "rate": "0.38915", "when": [{"days": ["mon","tue","wed","thu","fri"], "from": "17:00", "to": "21:00"}]},
    {"name": "day", "rate": "0.3127", "when": [{"days": ["mon","tue","wed","thu","fri"], "from": "06:00", "to": "22:00"}]}
   ],
   "otherwise": {"name": "night", "rate": "0.2249"}},
  {"id": "levy", "type": "energy", "rate": "0.0205"},
  {"id": "base", "type": "monthly", "amount": "11.90"},
  {"id": "meter", "type": "daily", "amount": "0.0737"}
 ],
 "bill_charges": [{"id": "vat", "type": "percent", "rate": "0.19", "tax": {"category": "S"}}]
}"#;

/// What every household shares: seller, calendar, tariff.
#[must_use]
pub fn shared() -> Vec<Object> {
    vec![
        Object::Seller(Seller {
            id: "seller".to_owned(),
            name: "Test Energy".to_owned(),
            series: "TE".to_owned(),
            ..Seller::default()
        }),
        Object::Calendar(Calendar {
            id: "monthly".to_owned(),
            billing_day: 1,
            ..Calendar::default()
        }),
        Object::Tariff(TariffObject {
            id: "home".to_owned(),
            name: "Home".to_owned(),
            body: TARIFF.to_owned(),
            ..TariffObject::default()
        }),
    ]
}

/// The household of `meter`, customer for the local dates `[from, to)`.
#[must_use]
pub fn objects(meter: &str, from: Civil, to: Civil) -> Vec<Object> {
    let at = |date: Civil| instant(berlin::midnight(date));
    let (point, account) = (format!("sp-{meter}"), format!("acc-{meter}"));
    vec![
        Object::ServicePoint(ServicePoint {
            id: point.clone(),
            address: "1 Test Street".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            region: "test".to_owned(),
            feeder: "f1".to_owned(),
            tariff_class: "residential".to_owned(),
        }),
        Object::Meter(Meter {
            id: meter.to_owned(),
            interval_seconds: 900,
            channels: vec!["IMPORT".to_owned()],
            ..Meter::default()
        }),
        Object::Installation(Installation {
            id: format!("inst-{meter}"),
            meter_id: meter.to_owned(),
            service_point_id: point.clone(),
            from: at(from),
            ..Installation::default()
        }),
        Object::Account(Account {
            id: account.clone(),
            name: format!("Customer of {meter}"),
            currency: "EUR".to_owned(),
            language: "en".to_owned(),
            ..Account::default()
        }),
        Object::Agreement(Agreement {
            id: agreement(meter),
            account_id: account,
            service_point_id: point,
            from: at(from),
            to: at(to),
            assignments: vec![Assignment {
                tariff_id: "home".to_owned(),
                calendar_id: "monthly".to_owned(),
                ..Assignment::default()
            }],
        }),
    ]
}

/// The agreement of the household of `meter`.
#[must_use]
pub fn agreement(meter: &str) -> String {
    format!("agr-{meter}")
}

/// What a household uses in the local dates `[from, to)`; another `seed`, another household. Whole watt-hours and less.
#[must_use]
pub fn load(seed: u64, from: Civil, to: Civil) -> Load {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        // xorshift64*: nothing but numbers without a pattern is wanted.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    };
    let minutes = (berlin::midnight(from)..berlin::midnight(to)).step_by(15);
    // Up to 0.5 kWh in a quarter of an hour, to the last of the 10^-6 kWh that a reading can have.
    minutes
        .map(|minute| (minute, i64::try_from(next() % 500_001).unwrap_or(0)))
        .collect()
}

/// The readings of `load`.
#[must_use]
pub fn readings(meter: &str, load: &Load) -> Vec<Reading> {
    load.iter()
        .map(|(minute, used)| reading(meter, minute * 60, *used))
        .collect()
}

/// One reading; `used` in 10^-6 kWh.
#[must_use]
pub fn reading(meter: &str, start_seconds: i64, used: i64) -> Reading {
    // The nearest double to a number with six decimals: the platform must find these decimals again.
    let kwh = format!("{}.{:06}", used / 1_000_000, used % 1_000_000)
        .parse()
        .unwrap_or_default();
    Reading {
        device_id: meter.to_owned(),
        timestamp: Some(prost_types::Timestamp {
            seconds: start_seconds,
            nanos: 0,
        }),
        usage_kwh: Some(kwh),
        interval_seconds: 900,
        ..Reading::default()
    }
}

/// A minute since 1970 UTC in RFC 3339.
#[must_use]
pub fn instant(minute: i64) -> String {
    let date = Civil::from_days(minute.div_euclid(24 * 60));
    let of_day = minute.rem_euclid(24 * 60);
    format!("{date}T{:02}:{:02}:00Z", of_day / 60, of_day % 60)
}
