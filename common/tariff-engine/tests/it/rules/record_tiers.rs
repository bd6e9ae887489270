//! Limits of the tiers of rate records (`RATING` 2.1, 2.2).

use super::records::{check, refused};

/// Each tier has its unit: limits are those of the month before they are compared. 24 kWh a day, 1 kW.
#[test]
fn r2_2_tiers_of_one_period_may_have_different_units() {
    let record = |tiers: &str| {
        format!(
            r#""flatdemandstructure": [[{{"rate": 0}}]], "energyratestructure": [[{tiers}, {{"rate": 4}}]]"#
        )
    };
    let up_to = |max: &str, rate: &str, unit: &str| format!(r#"{{"max": {max}, "rate": {rate}{unit}}}"#);
    let daily = |max: &str, rate: &str| up_to(max, rate, r#", "unit": "kWh daily""#);
    let plain = |max: &str, rate: &str| up_to(max, rate, "");
    for options in [r#""tier_mode": "prorata""#, r#""tier_mode": "chronological""#] {
        // 100 + 2 x (310 - 100) + 4 x (744 - 310), and with 28 days
        let falls_as_written = record(&[plain("100", "1"), daily("10", "2")].join(", "));
        check(&falls_as_written, options, "energy", &["2256", "2028"]);
        let of_power = up_to("600", "3", r#", "unit": "kWh/kW""#); // 310 + 3 x 290 + 4 x 144
        let three = record(&[daily("10", "1"), of_power].join(", "));
        check(&three, options, "energy", &["1756"]);
        // a limit that was reached before leaves its tier nothing: 310 + 4 x 434, in February 280 + 4 x 392
        let empty = record(&[daily("10", "1"), plain("20", "2")].join(", "));
        check(&empty, options, "energy", &["2046", "1848"]);
        let in_february = record(&[plain("300", "1"), daily("10", "2")].join(", ")); // 300 + 2 x 10 + 4 x 434; 300 + 4 x 372
        check(&in_february, options, "energy", &["2056", "1788"]);
    }
}

#[test]
fn r2_1_no_limit_is_1e30_or_more() {
    let record = |max: &str| format!(r#""energyratestructure": [[{{"max": {max}, "rate": 1}}]]"#);
    let nines = "9".repeat(309);
    for max in [
        "1e30",
        "1e38",
        "1e99",
        "1.7976931348623157e308",
        "0.01e99",
        "1e999999999999999999999",
        &nines,
        &format!("{nines}.5"),
    ] {
        check(&record(max), "", "energy", &["744", "672"]);
    }
    for max in ["-1e99", "0e99", "1e-99", "1e99x"] {
        refused(
            &record(&format!("\"{max}\"")),
            "",
            "energyratestructure[0][0].max: ",
        );
    }
    refused(&record("743"), "", "more is used than the last tier's limit");
}
