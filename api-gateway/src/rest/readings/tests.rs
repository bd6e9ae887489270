use proto::meter::{Reading, Receipt};
use serde_json::{Value, json};

use super::{ReadingSent, ReceiptGiven, UNKNOWN};

fn reading(sent: Value) -> Reading {
    serde_json::from_value::<ReadingSent>(sent).unwrap().into()
}

#[test]
fn every_field_goes_over() {
    let full = reading(json!({
        "device_id": "m1", "timestamp": "2026-05-01T02:00:00.25+02:00", "usage_kwh": "0.25",
        "register_kwh": 1234.5, "register": "import", "interval_seconds": 900, "channel": "EXPORT",
        "quality": "EDITED", "revision": 2, "sequence": 7, "power_w": 1.0, "voltage_v": 2.0, "current_a": 3.0,
        "power_factor": 0.9, "temperature_c": -4.0, "pressure_kpa": 101.3
    }));
    let expected = Reading {
        device_id: "m1".to_owned(),
        timestamp: Some(prost_types::Timestamp {
            seconds: 1_777_593_600,
            nanos: 250_000_000,
        }),
        usage_kwh: Some(0.25),
        register_kwh: Some(1234.5),
        register: "import".to_owned(),
        interval_seconds: 900,
        channel: 2,
        quality: 3,
        revision: 2,
        sequence: 7,
        power_w: Some(1.0),
        voltage_v: Some(2.0),
        current_a: Some(3.0),
        power_factor: Some(0.9),
        temperature_c: Some(-4.0),
        pressure_kpa: Some(101.3),
    };
    assert_eq!(full, expected);
    assert_eq!(reading(json!({})), Reading::default());
}

#[test]
fn what_is_no_value_stays_judgeable() {
    assert!(reading(json!({"usage_kwh": "much"})).usage_kwh.unwrap().is_nan());
    assert!(reading(json!({"usage_kwh": "NaN"})).usage_kwh.unwrap().is_nan());
    assert!(reading(json!({"usage_kwh": null})).usage_kwh.is_none());
    assert!(reading(json!({"timestamp": "yesterday"})).timestamp.is_none());
    assert_eq!(reading(json!({"channel": "SIDEWAYS"})).channel, UNKNOWN);
    assert_eq!(reading(json!({"channel": "CHANNEL_REACTIVE"})).channel, 3);
    assert_eq!(reading(json!({"quality": "guessed"})).quality, UNKNOWN);
    assert_eq!(reading(json!({"quality": "QUALITY_QUESTIONABLE"})).quality, 4);
}

#[test]
fn a_field_nobody_knows_is_refused() {
    assert!(serde_json::from_value::<ReadingSent>(json!({"usage_kw": 1})).is_err());
}

#[test]
fn a_receipt_says_its_verdict_in_a_word() {
    let words: Vec<_> = (1..=5)
        .map(|verdict| {
            let receipt = Receipt {
                verdict,
                ..Receipt::default()
            };
            ReceiptGiven::from(receipt).verdict
        })
        .collect();
    assert_eq!(words, ["ACCEPTED", "DUPLICATE", "CONFLICT", "REJECTED", "RETRY"]);
}
