//! A sentence for every kind of line under a rate record.

use super::explained::check;
use super::records::months;

/// Weekdays in period 0, weekends in period 1; two tiers in each.
const TWO_PERIODS: &str = r#""energyratestructure": [[{"max": 500, "rate": "0.1", "adj": "0.01", "sell": "0.05"}, {"rate": "0.2", "sell": "0.04"}],
        [{"max": 15, "unit": "kWh daily", "rate": "0.06", "sell": "0.03"}, {"rate": "0.07", "sell": "0.02"}]]"#;

fn schedules(what: &str) -> String {
    let rows = |period: u32| vec![vec![period; 24]; 12];
    format!(
        r#""{what}weekdayschedule": {:?}, "{what}weekendschedule": {:?}"#,
        rows(0),
        rows(1)
    )
}

/// Some months of a year in which weekends give more than they take.
#[track_caller]
fn told(keys: &str, options: &str, wanted: &[usize], expected: &str) {
    let record = format!("{{{TWO_PERIODS}, {}, {keys}}}", schedules("energy"));
    let bills = months(&record, options, |day| {
        (
            20 + i64::try_from(day % 7).unwrap(),
            if day % 7 >= 5 {
                60 + i64::try_from(day % 5).unwrap()
            } else {
                10
            },
        )
    })
    .unwrap();
    let bills: Vec<_> = wanted.iter().map(|month| bills[*month].clone()).collect();
    check(&bills, expected);
}

#[test]
fn power_minimums_and_ratchets_are_told() {
    let tou = r#""demandratestructure": [[{"rate": "4"}], [{"max": "0.5", "rate": "2", "adj": "0.25"}, {"rate": 3}]]"#;
    let keys = format!(
        r#"{tou}, {}, "flatdemandstructure": [[{{"max": "0.75", "rate": "10"}}, {{"rate": "12.5"}}]], "fixedchargefirstmeter": "0.7", "fixedchargeunits": "$/day",
        "minmonthlycharge": 200, "annualmincharge": 2400"#,
        schedules("demand")
    );
    let options = r#""ratchet": {"percent_by_month": [50,50,50,50,50,50,50,50,50,50,100,90], "months_back": 2, "minimum_kw": "0.25", "prior_year_peaks_kw": [0,0,0,0,0,0,0,0,0,0,3,4]}"#;
    told(
        &keys,
        options,
        &[0, 11],
        include_str!("explained/record_power.txt"),
    );
}

/// Of a peak that nobody gave nothing is known, and the sentence says so.
#[test]
fn a_ratchet_without_the_year_before_says_so() {
    let options =
        r#""ratchet": {"percent_by_month": [50,50,50,50,50,50,50,50,50,50,50,50], "months_back": 1}"#;
    told(
        r#""flatdemandstructure": [[{"rate": 1}]], "fixedchargefirstmeter": 120, "fixedchargeunits": "$/year", "mincharge": 9, "minchargeunits": "$/day""#,
        options,
        &[0],
        include_str!("explained/record_ratchet.txt"),
    );
}

/// February and December under an option.
#[track_caller]
fn mode(options: &str, expected: &str) {
    told(r#""fixedmonthlycharge": 5"#, options, &[1, 11], expected);
}

#[test]
fn tiers_in_time_order_are_told() {
    let expected = include_str!("explained/record_chronological.txt");
    mode(r#""tier_mode": "chronological""#, expected);
}

#[test]
fn banks_of_energy_are_told() {
    let expected = include_str!("explained/record_net_metering_kwh.txt");
    mode(
        r#""export_mode": "net_metering_kwh", "yearend_kwh_rate": "0.03""#,
        expected,
    );
}

#[test]
fn banks_of_dollars_are_told() {
    let expected = include_str!("explained/record_net_metering_usd.txt");
    mode(r#""export_mode": "net_metering_usd""#, expected);
}

#[test]
fn credits_are_told() {
    let expected = include_str!("explained/record_net_billing.txt");
    mode(r#""export_mode": "net_billing""#, expected);
}

#[test]
fn credits_of_the_next_month_are_told() {
    let expected = include_str!("explained/record_net_billing_carry.txt");
    let options = r#""export_mode": "net_billing_carry", "apply_credit_in_month": false"#;
    mode(options, expected);
}

#[test]
fn prices_of_a_file_are_told() {
    let expected = include_str!("explained/record_price_file.txt");
    mode(r#""price_file": "p""#, expected);
}
