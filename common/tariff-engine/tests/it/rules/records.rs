//! `RATING` section 2, beside what the worked cases of a year show.

use super::*;

/// A record with these keys and one period of energy unless they say otherwise.
pub(super) fn record(keys: &str) -> String {
    if keys.to_lowercase().contains("energyratestructure") {
        return format!("{{{keys}}}");
    }
    format!(r#"{{"energyratestructure": [[{{"rate": 1}}]], {keys}}}"#)
}

/// The months of 2018 under a record, with a row for every day: import, export.
pub(super) fn months(
    record: &str,
    options: &str,
    day: impl Fn(usize) -> (i64, i64),
) -> Result<Vec<Value>, String> {
    let bills = year(record, options, day)?;
    Ok(bills["bills"].as_array().unwrap().clone())
}

/// The same with what is said beside the bills.
pub(super) fn year(record: &str, options: &str, day: impl Fn(usize) -> (i64, i64)) -> Result<Value, String> {
    let days: Vec<String> = (0..365)
        .map(day)
        .map(|(import, export)| format!("{import},{export}"))
        .collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let load = rows(
        "start_utc,import_kwh,export_kwh",
        "2018-01-01T00:00Z",
        1440,
        &days,
    );
    let prices = options.contains("price_file").then(|| {
        let prices = ["0.5,0.25"; 365];
        rows(
            "start_utc,buy_usd_per_kwh,sell_usd_per_kwh",
            "2018-01-01T00:00Z",
            1440,
            &prices,
        )
    });
    let case = format!(
        r#"{{"id": "r", "load": "x", "utc_offset_hours": 0, "year": 2018, "options": {{{options}}}}}"#
    );
    let case = Case::parse(&case).map_err(|problems| problems.to_string())?;
    let files = Files {
        tariff: record,
        load: Some(&load),
        prices: prices.as_deref(),
    };
    let bills = case.bills(files).map_err(|error| error.to_string())?.to_json();
    recomputed::check(&bills)?;
    Ok(bills)
}

/// One component, month by month.
pub(super) fn component(bills: &[Value], id: &str) -> Vec<String> {
    let of = |bill: &Value| {
        let lines = amounts(bill);
        lines.iter().find(|(line, _)| line == id).unwrap().1.clone()
    };
    bills.iter().map(of).collect()
}

#[track_caller]
pub(super) fn check(keys: &str, options: &str, id: &str, expected: &[&str]) {
    let found = months(&record(keys), options, |_| (24, 0)).unwrap();
    assert_eq!(component(&found, id)[..expected.len()], *expected, "{id}");
}

#[track_caller]
pub(super) fn refused(keys: &str, options: &str, expected: &str) {
    let error = months(&record(keys), options, |_| (24, 0)).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn r2_1_both_spellings_and_version_7_names() {
    let old = r#""flatdemandunit": "kW", "demandrateunit": "kW", "flatdemandstructure": [[{"rate": 2}]], "fixedchargefirstmeter": 5"#;
    let new = r#""flatDemandUnits": "kW", "demandRateUnits": "kW", "flatDemandStructure": [[{"rate": 2}]], "fixedmonthlycharge": 5"#;
    for keys in [old, new] {
        check(keys, "", "demand_flat", &["2", "2"]);
        check(keys, "", "fixed", &["5", "5"]);
    }
    let minimums = r#""minmonthlycharge": 800, "annualmincharge": 9600"#; // energy 744, 672, 744, 720 ..
    check(
        minimums,
        "",
        "minimum",
        &[
            "56", "128", "56", "80", "56", "80", "56", "56", "80", "56", "80", "896",
        ],
    ); // 840 + 56
}

#[test]
fn r2_1_what_may_be_ignored_is_and_what_cannot_be_priced_is_refused() {
    let ignored = r#""demandreactivepowercharge": 0.5, "demandReactPwrCharge": 1, "coincidentratestructure": [[{"rate": 9}]], "demandwindow": 30,
        "voltageminimum": 120, "energycomments": "much", "startdate": "2018-01-01", "fueladjustmentsmonthly": [0, 0], "is_default": true"#;
    check(ignored, "", "energy", &["744"]);
    check(r#""startdate": 1514764800"#, "", "energy", &["744"]);
    refused(
        r#""fueladjustmentsmonthly": [0, 0.01]"#,
        "",
        "fueladjustmentsmonthly: is not priced",
    );
    let meters = r#""fixedchargefirstmeter": 5, "fixedChargeEaAddl": 2.5"#; // a load is one meter's, the first
    check(meters, "", "fixed", &["5"]);
    refused(r#""lookbackPercent": 80"#, "", "options.ratchet");
    check(r#""lookbackRange": 12"#, "", "energy", &["744"]); // of nothing
    check(
        r#""lookbackPercent": 80, "lookbackRange": 0, "lookbackMonths": [0, 0]"#,
        "",
        "energy",
        &["744"],
    );
    let option = r#""ratchet": {"percent_by_month": [0,0,0,0,0,0,0,0,0,0,0,0], "months_back": 1}"#;
    check(
        r#""lookbackPercent": 80, "lookbackRange": 12"#,
        option,
        "energy",
        &["744"],
    );
    refused(r#""flatdemandunit": "kVA""#, "", "flatdemandunit: must be kW");
    refused(r#""solarfee": 3, "name": "x""#, "", "solarfee: cannot be priced");
    refused(
        r#""energyratestructure": [[{"rate": 1, "unit": "kWh/hp"}]]"#,
        "",
        "energyratestructure[0][0].unit: must be kWh, kWh daily",
    );
    refused(
        r#""energyratestructure": [[{"rate": 1, "surcharge": 2}]]"#,
        "",
        "energyratestructure[0][0].surcharge: cannot be priced",
    );
    refused(
        r#""fixedchargefirstmeter": 1, "fixedchargeunits": "$/week""#,
        "",
        "fixedchargeunits: must be $/month, $/day or $/year",
    );
    refused(
        r#""energyratestructure": [[{"max": 100, "rate": 1}]]"#,
        "",
        "in 2018-01 more is used than the last tier's limit",
    );
    refused(
        r#""energyratestructure": [[{"rate": 1}], [{"rate": 2}]]"#,
        "",
        "the schedules of weekdays and weekends",
    );
    let both = r#""energyRateStructure": [], "mincharge": "x""#;
    refused(
        both,
        "",
        "energyRateStructure: must not be empty; mincharge: not a decimal number",
    );
}

#[test]
fn r2_2_riders_are_added_and_limits_have_units() {
    check(
        r#""energyratestructure": [[{"rate": 1, "adj": 0.5}]]"#,
        "",
        "energy",
        &["1116"],
    );
    check(
        r#""energyratestructure": [[{"adj": 0.5}]]"#,
        "",
        "energy",
        &["372"],
    );
    let tiers = |max: &str, unit: &str| {
        format!(
            r#""flatdemandstructure": [[{{"rate": 0}}]], "energyratestructure": [[{{"max": {max}, "rate": 1, "unit": "{unit}"}}, {{"rate": 2, "max": 1e38}}]]"#
        )
    };
    for options in [r#""tier_mode": "prorata""#, r#""tier_mode": "chronological""#] {
        check(&tiers("744", "kWh"), options, "energy", &["744", "672"]); // equal to the limit is inside
        check(&tiers("743.5", "kWh"), options, "energy", &["744.5", "672"]);
        check(&tiers("10", "kWh daily"), options, "energy", &["1178", "1064"]); // 310 + 2 x 434; 280 + 2 x 392
        check(&tiers("300", "kWh/kW"), options, "energy", &["1188"]); // 1 kW
        check(&tiers("10", "kWh/kW daily"), options, "energy", &["1178", "1064"]);
    }
}

#[test]
fn r2_4_demand_is_import_less_export_and_periods_are_added() {
    let schedule = |january: &str| {
        let months = ["[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"; 11].join(",");
        format!("[{january},{months}]")
    };
    let weekday = schedule("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]");
    let weekend = schedule("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]");
    let keys = format!(
        r#""demandratestructure": [[{{"rate": 10}}], [{{"max": 1, "rate": 100}}, {{"rate": 1000}}]],
        "demandweekdayschedule": {weekday}, "demandweekendschedule": {weekend}, "flatdemandstructure": [[{{"rate": 1}}]]"#
    );
    // Monday 1 January: 48 kWh less 24; Saturday 6 January: 72 kWh.
    let day = |day| match day {
        0 => (48, 24),
        5 => (72, 0),
        _ => (0, 24),
    };
    let found = months(&record(&keys), "", day).unwrap();
    assert_eq!(component(&found, "demand_tou")[..2], ["2110", "0"]); // 1 x 10 + 100 + 2 x 1000
    assert_eq!(component(&found, "demand_flat")[..2], ["3", "0"]);
    let found = months(&record(&keys), r#""export_mode": "buy_all_sell_all""#, day).unwrap();
    assert_eq!(component(&found, "demand_tou")[..1], ["2120"]); // import alone: 2 kW on Monday
}

#[test]
fn r2_5_fixed_charges_and_minimums() {
    let fixed = |units: &str, expected: &[&str]| {
        check(
            &format!(r#""fixedchargefirstmeter": 6, "fixedchargeunits": "{units}""#),
            "",
            "fixed",
            expected,
        );
    };
    fixed("$/month", &["6", "6"]);
    fixed("$/day", &["186", "168"]);
    fixed("$/year", &["0.5", "0.5"]);
    check(
        r#""mincharge": 25, "minchargeunits": "$/day""#,
        "",
        "minimum",
        &["31", "28"],
    );
    // Beside a negative sum the whole minimum is added, and the year's base has that month as 0.
    let keys = r#""energyratestructure": [[{"rate": 1, "sell": 2}]], "minmonthlycharge": 100, "annualmincharge": 1000"#;
    let day = |day| if day < 31 { (0, 10) } else { (1, 0) };
    let found = months(&record(keys), r#""export_mode": "net_billing""#, day).unwrap();
    assert_eq!(component(&found, "export_credit")[0], "-620");
    let minimum = component(&found, "minimum");
    assert_eq!(
        (minimum[0].as_str(), minimum[1].as_str(), minimum[11].as_str()),
        ("100", "72", "735")
    ); // 69 + 1000 - 334
    assert_eq!(found[0]["total"], "-520");
}

#[test]
fn r2_1_a_minimum_in_both_spellings_counts_once() {
    // energy is 744 in January and 8760 in the year
    let january = |keys: &str, expected: &str| check(keys, "", "minimum", &[expected]);
    january(r#""mincharge": 800, "minmonthlycharge": "800.00""#, "56");
    january(
        r#""mincharge": 800, "minchargeunits": "$/month", "minmonthlycharge": 800"#,
        "56",
    );
    let daily = r#""mincharge": 25, "minchargeunits": "$/day""#;
    for monthly in ["800", "25"] {
        let both = format!(r#"{daily}, "minmonthlycharge": {monthly}"#);
        refused(&both, "", "minmonthlycharge: contradicts mincharge");
    }
    january(&format!(r#"{daily}, "minmonthlycharge": 0"#), "31");
    january(
        r#""mincharge": 0, "minchargeunits": "$/day", "minmonthlycharge": 800"#,
        "56",
    );
    // Converters write every key, and 0 into those that a record does not use.
    january(
        r#""mincharge": 0, "minmonthlycharge": 800, "annualmincharge": 0"#,
        "56",
    );
    january(r#""mincharge": 800, "minmonthlycharge": 0"#, "56");
    let fixed = |keys: &str| check(keys, "", "fixed", &["7"]);
    fixed(r#""fixedchargefirstmeter": 0, "fixedchargeunits": "$/day", "fixedmonthlycharge": 7"#);
    fixed(r#""fixedchargefirstmeter": 7, "fixedmonthlycharge": 0"#);
    let december = |keys: &str, expected: &str| {
        let found = months(&record(keys), "", |_| (24, 0)).unwrap();
        assert_eq!(component(&found, "minimum")[11], expected, "{keys}");
    };
    let yearly = r#""mincharge": 9000, "minchargeunits": "$/year", "annualmincharge": 9000"#;
    december(yearly, "240");
    december(&format!(r#"{yearly}, "minmonthlycharge": 800"#), "296");
    refused(
        r#""minCharge": 800, "minMonthlyCharge": 801"#,
        "",
        "minMonthlyCharge: contradicts minCharge",
    );
    refused(
        r#""mincharge": 9000, "minchargeunits": "$/year", "annualmincharge": 9001"#,
        "",
        "annualmincharge: contradicts mincharge",
    );
}

/// January has periods 0 on weekdays and 1 at weekends; February as `february` says; then period 0.
fn two_periods(february: [usize; 2]) -> String {
    let row = |period: usize| format!("[{}]", vec![period.to_string(); 24].join(","));
    let schedule = |january, february| {
        let rest = vec![row(0); 10].join(",");
        format!("[{},{},{rest}]", row(january), row(february))
    };
    format!(
        r#""energyratestructure": [[{{"rate": 1}}], [{{"rate": 10}}], [{{"rate": 100}}]],
        "energyweekdayschedule": {}, "energyweekendschedule": {}"#,
        schedule(0, february[0]),
        schedule(1, february[1])
    )
}

#[test]
fn r2_6_banks_of_kwh_belong_to_periods() {
    // January: 23 weekdays of 1 kWh, 8 weekend days of 10 kWh exported; February: 28 days of 3 kWh; later nothing.
    let day = |day: usize| match day {
        day if day < 31 && day % 7 >= 5 => (0, 10),
        day if day < 31 => (1, 0),
        day if day < 59 => (3, 0),
        _ => (0, 0),
    };
    let options = r#""export_mode": "net_metering_kwh", "yearend_kwh_rate": "0.5""#;
    let energy = |february| {
        component(
            &months(&record(&two_periods(february)), options, day).unwrap(),
            "energy",
        )[..2]
            .to_vec()
    };
    assert_eq!(energy([0, 0]), ["23", "4"]); // the only period of February takes the banks of all: 84 - 80
    assert_eq!(energy([0, 2]), ["23", "2460"]); // the bank of the period that does not occur is lost: 60 x 1 + 24 x 100
    assert_eq!(energy([0, 1]), ["23", "60"]); // it keeps its own bank of 80
}

#[test]
fn r2_6_the_bank_of_the_year_is_paid_out_after_december() {
    // 100 kWh exported in January, 30 taken in February, 5 given in December.
    let day = |day: usize| match day {
        0 => (0, 100),
        40 => (30, 0),
        350 => (0, 5),
        _ => (0, 0),
    };
    let options = r#""export_mode": "net_metering_kwh", "yearend_kwh_rate": "0.5""#;
    let found = months(&record(r#""name": "x""#), options, day).unwrap();
    assert_eq!(component(&found, "yearend_payout")[10..], ["0", "-37.5"]);
    assert_eq!(found[11]["total"], "-37.5");
    // In dollars, at the sell rates of January and December, less what February used.
    let keys = r#""energyratestructure": [[{"rate": 1, "sell": 0.5}]]"#;
    let found = months(&record(keys), r#""export_mode": "net_metering_usd""#, day).unwrap();
    assert_eq!(component(&found, "export_credit")[..2], ["0", "-30"]);
    assert_eq!(component(&found, "yearend_payout")[11], "-22.5");
}

#[test]
fn r2_6_credits_pay_energy_alone_now_or_from_the_next_month_on() {
    let keys = r#""energyratestructure": [[{"rate": 1, "sell": 2}]], "fixedmonthlycharge": 7"#;
    let day = |day| if day == 0 { (10, 10) } else { (1, 0) };
    let credit = |in_month: &str| {
        let options = format!(r#""export_mode": "net_billing_carry"{in_month}"#);
        component(&months(&record(keys), &options, day).unwrap(), "export_credit")[..2].to_vec()
    };
    assert_eq!(credit(""), ["-20", "0"]);
    assert_eq!(credit(r#", "apply_credit_in_month": true"#), ["-20", "0"]);
    assert_eq!(credit(r#", "apply_credit_in_month": false"#), ["0", "-20"]);
}

#[test]
fn r2_6_a_price_file_stands_for_the_energy_structure() {
    let options = |mode: &str| format!(r#""export_mode": "{mode}", "price_file": "p""#);
    let found = months(&record(r#""name": "x""#), &options("net_billing"), |_| (2, 4)).unwrap();
    assert_eq!(
        (
            &component(&found, "energy")[0],
            &component(&found, "export_credit")[0]
        ),
        (&"31".to_owned(), &"-31".to_owned())
    );
    let found = months(&record(r#""name": "x""#), &options("none"), |_| (2, 4)).unwrap();
    assert_eq!(component(&found, "export_credit")[0], "0");
    let found = months(&record(r#""name": "x""#), r#""price_file": "p""#, |_| (2, 4)).unwrap();
    assert_eq!(component(&found, "export_credit")[0], "-31", "export x sell");
    refused(
        "\"name\": \"x\"",
        &options("net_metering_kwh"),
        "price_file prices every interval",
    );
}

#[test]
fn r2_7_the_ratchet_looks_back_over_the_turn_of_the_year() {
    let keys = r#""flatdemandstructure": [[{"rate": 1}]]"#;
    let prior = "[0,0,0,0,0,0,0,0,0,0,8,4]";
    let percents = "[50,0,0,0,0,0,0,0,0,0,100,50]";
    let options = format!(
        r#""ratchet": {{"percent_by_month": {percents}, "months_back": 2, "minimum_kw": "0.25", "prior_year_peaks_kw": {prior}}}"#
    );
    // 1 kW all year, 10 kW on 1 January only: months look at November (8), December (2), January (half of 10).
    let found = months(
        &record(keys),
        &options,
        |day| if day == 0 { (240, 0) } else { (24, 0) },
    )
    .unwrap();
    assert_eq!(component(&found, "demand_flat")[..4], ["10", "5", "5", "1"]);
    let found = months(&record(keys), &options, |_| (0, 0)).unwrap();
    assert_eq!(component(&found, "demand_flat")[..4], ["8", "2", "0.25", "0.25"]);
}

#[test]
fn r2_7_shares_and_peaks_of_a_ratchet_are_not_below_zero() {
    let refused = |percent: &str, peak: &str, least: &str, expected: &str| {
        let zeros = ["0"; 11].join(",");
        let option = format!(
            r#""ratchet": {{"percent_by_month": [{percent},{zeros}], "months_back": 1, "prior_year_peaks_kw": [{peak},{zeros}], "minimum_kw": {least}}}"#
        );
        refused(r#""name": "x""#, &option, expected);
    };
    refused("-1", "0", "0", "percent_by_month[0]: must not be below zero");
    refused("0", "-1", "0", "prior_year_peaks_kw[0]: must not be below zero");
    refused(
        "0",
        "0",
        "-1",
        "options.ratchet.minimum_kw: must not be below zero",
    );
}

#[test]
fn what_is_wrong_all_over_a_schedule_is_said_once() {
    let row = format!("[{}]", ["7"; 24].join(","));
    let year = format!("[{}]", vec![row; 12].join(","));
    let keys = format!(
        r#""energyratestructure": [[{{"rate": 1}}]], "energyweekdayschedule": {year}, "energyweekendschedule": [[7]]"#
    );
    let error = months(&record(&keys), "", |_| (24, 0)).unwrap_err();
    assert!(
        error.contains("energyweekdayschedule[0][0]: is no period of the structure; the same at 288 places of energyweekdayschedule"),
        "{error}"
    );
    assert_eq!(error.matches("is no period").count(), 2, "{error}");
    assert!(
        error.contains("energyweekendschedule[0][0]: is no period of the structure"),
        "{error}"
    );
}

#[test]
fn a_missing_interval_is_an_error() {
    let load = rows("start_utc,import_kwh", "2018-01-01T00:00Z", 1440, &["1"; 364]);
    let hourly = r#"{"id": "r", "load": "x", "utc_offset_hours": "0", "year": 2018, "interval_minutes": 60}"#;
    let case = Case::parse(r#"{"id": "r", "load": "x", "utc_offset_hours": "0", "year": 2018}"#).unwrap();
    let record = record(r#""name": "x""#);
    let files = Files {
        tariff: &record,
        load: Some(&load),
        prices: None,
    };
    let error = Case::parse(hourly).unwrap().bills(files).unwrap_err().to_string();
    assert!(
        error.contains("interval_minutes: says 60, and the intervals of the load have 1440 minutes"),
        "{error}"
    );
    let error = case.bills(files).unwrap_err().to_string();
    assert!(
        error.contains("the interval that starts at 2018-12-31T00:00:00Z is missing, and a rate record bills whole calendar months"),
        "{error}"
    );
    let empty = format!("{load}2018-12-31T00:00Z,\n");
    let files = Files {
        load: Some(&empty),
        ..files
    };
    let error = case.bills(files).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "the interval that starts at 2018-12-31T00:00:00Z is missing: its row has no import_kwh"
        ),
        "{error}"
    );
}
