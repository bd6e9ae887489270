//! `RATING` 2.6: options that a case of a rate record gives and its mode does not take.

use serde_json::json;

use super::records::{component, record, year};
use super::*;

/// Nothing of it is hidden, and nothing of it changes an amount.
#[test]
fn r2_6_an_option_that_the_mode_does_not_take_is_named() {
    let warnings = |options: &str| {
        let bills = year(&record(r#""name": "x""#), options, |_| (24, 0)).unwrap();
        assert_eq!(component(bills["bills"].as_array().unwrap(), "energy")[0], "744");
        bills["warnings"].clone()
    };
    let rate = "options.yearend_kwh_rate: export_mode net_metering_kwh alone takes it";
    let credit = "options.apply_credit_in_month: export_mode net_billing_carry alone takes it";
    assert_eq!(warnings(r#""yearend_kwh_rate": "0.5""#), json!([rate]));
    let both =
        r#""export_mode": "net_metering_usd", "yearend_kwh_rate": "0.5", "apply_credit_in_month": true"#;
    assert_eq!(warnings(both), json!([rate, credit]));
    let late = r#""export_mode": "net_billing", "apply_credit_in_month": false"#;
    assert_eq!(warnings(late), json!([credit]));
    for taken in [
        r#""yearend_kwh_rate": 0"#,
        r#""export_mode": "net_metering_kwh", "yearend_kwh_rate": "0.5""#,
        r#""export_mode": "net_billing_carry", "apply_credit_in_month": false"#,
    ] {
        assert_eq!(warnings(taken), Value::Null, "{taken}");
    }
}
