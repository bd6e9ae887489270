//! A sentence for every kind of line under a rate record.

use serde_json::Value;
use tariff_engine::case::{Case, Files};

use super::explained::check;
use super::records::months;
use super::rows;

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

/// Hours of periods are those of the record's clock, and so are the times of what was measured in them.
#[test]
fn hours_of_periods_and_times_are_of_one_clock() {
    let mut evening = [0; 24];
    evening[8..10].fill(1);
    evening[17..24].fill(1);
    let record = format!(
        r#"{{"energyratestructure": [[{{"rate": 0.1}}], [{{"rate": 0.3}}]], "energyweekdayschedule": {0:?}, "energyweekendschedule": {1:?},
        "demandratestructure": [[{{"rate": 1}}], [{{"rate": 2}}]], "demandweekdayschedule": {0:?}, "demandweekendschedule": {0:?}}}"#,
        [evening; 12], [[0; 24]; 12]
    );
    let mut hours = vec!["1"; 8760];
    hours[18] = "3";
    let load = rows("start_utc,import_kwh", "2018-01-01T07:00Z", 60, &hours);
    let case = Case::parse(r#"{"id": "r", "load": "x", "utc_offset_hours": -7, "year": 2018}"#).unwrap();
    let files = Files {
        tariff: &record,
        load: Some(&load),
        prices: None,
    };
    let bills = case.bills(files).unwrap().to_json();
    let line = |id: &str| -> Value {
        let lines = bills["bills"][0]["lines"].as_array().unwrap();
        lines.iter().find(|line| line["id"] == id).unwrap().clone()
    };
    assert_eq!(
        line("energy")["explanation"],
        "746 kWh, of which 537 kWh in period 0 (mon-fri 00:00-08:00 and 10:00-17:00, sat sun), at 0.1; 209 kWh in period 1 (mon-fri 08:00-10:00 \
         and 17:00-24:00), at 0.3: 537 x 0.1 + 209 x 0.3 = 116.4 USD"
    );
    let demand = line("demand_tou");
    assert_eq!(
        demand["explanation"],
        "the highest power of an interval in every period, 1 kW at 2018-01-01 00:00 in period 0 (00:00-08:00 and 10:00-17:00), at 1; 3 kW at \
         2018-01-01 18:00 in period 1 (08:00-10:00 and 17:00-24:00), at 2: 1 x 1 + 3 x 2 = 7 USD"
    );
    assert_eq!(demand["how"]["periods"][1]["at"], "2018-01-02T01:00:00Z");
    assert_eq!(
        demand["how"]["periods"][1]["hours"],
        "08:00-10:00 and 17:00-24:00"
    );
}
