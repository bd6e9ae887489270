mod doubts;
mod records;
mod taxes;

use super::*;

/// A tariff that nothing is to be said about, with other keys in place of some of its own.
fn tariff(keys: &[(&str, &str)]) -> String {
    let mut all = vec![
        ("currency", r#""EUR""#),
        ("timezone", r#""Europe/Berlin""#),
        ("rounding", r#"{"scope": "line", "mode": "half_up", "places": 2}"#),
        ("charges", r#"[{"id": "e", "type": "energy", "rate": "0.3"}]"#),
        (
            "bill_charges",
            r#"[{"id": "vat", "type": "percent", "rate": "0.19", "tax": {"category": "S"}}]"#,
        ),
    ];
    for (key, value) in keys {
        all.retain(|(other, _)| other != key);
        if !value.is_empty() {
            all.push((key, value));
        }
    }
    let all: Vec<String> = all
        .iter()
        .map(|(key, value)| format!("\"{key}\": {value}"))
        .collect();
    format!("{{{}}}", all.join(", "))
}

fn found(text: &str) -> Vec<String> {
    let shown = |finding: &Finding| format!("{} {} {}", finding.severity, finding.code, finding.path);
    lint(text).iter().map(shown).collect()
}

#[track_caller]
fn check(keys: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(found(&tariff(keys)), expected, "{:#?}", lint(&tariff(keys)));
}

fn bands(bands: &str) -> String {
    format!(
        r#"[{{"id": "e", "type": "energy", "bands": [{bands}], "otherwise": {{"name": "rest", "rate": 1}}}}]"#
    )
}

#[test]
fn a_good_tariff_has_no_findings() {
    check(&[], &[]);
    let good = r#"{"name": "peak", "rate": 1, "when": [{"months": [2], "from": "22:00", "to": "06:00"}, {"days": ["hol"]}]}"#;
    check(
        &[("charges", &bands(good)), ("holidays", r#"["2030-01-01"]"#)],
        &[],
    );
}

#[track_caller]
fn check_charge(charge: &str, expected: &[&str]) {
    let charges = format!(r#"[{{"id": "e", "colour": 1, {charge}}}]"#);
    let found = found(&tariff(&[("charges", &charges), ("bill_charges", "")]));
    let errors: Vec<_> = found
        .iter()
        .filter_map(|text| text.strip_prefix("error "))
        .collect();
    assert_eq!(errors, expected, "{charge}");
}

/// A key that is wrong hides no other, not even one that is not known.
#[test]
fn every_problem_of_a_charge_is_found_at_once() {
    let unknown = "KEY_UNKNOWN charges[0].colour";
    check_charge(r#""type": "energy", "rate": "a"#, &["NOT_JSON "]);
    check_charge(
        r#""type": "energy", "rate": "a""#,
        &["TARIFF_INVALID charges[0].rate", unknown],
    );
    check_charge(
        r#""type": "energy", "bands": []"#,
        &["TARIFF_INVALID charges[0].bands", "BAND_GAP charges[0]", unknown],
    );
    check_charge(r#""type": "daily""#, &["KEY_MISSING charges[0].amount", unknown]);
    check_charge(
        r#""type": "tiered", "mode": 1, "tiers": [{"up_to": 5, "rate": 1}]"#,
        &[
            "TARIFF_INVALID charges[0].mode",
            "TIER_GAP charges[0].tiers",
            unknown,
        ],
    );
    check_charge(
        r#""type": "demand", "window_minutes": 0, "rate": "a", "ratchet": {"percent": 1, "months": [13]}"#,
        &[
            "TARIFF_INVALID charges[0].window_minutes",
            "KEY_MISSING charges[0].ratchet.cycles_back",
            "TARIFF_INVALID charges[0].ratchet.months[0]",
            "TARIFF_INVALID charges[0].rate",
            unknown,
        ],
    );
    check_charge(
        r#""type": "contracted_power", "window_minutes": 15, "rule": "circle", "low_percent": 1, "excess_id": "x",
            "otherwise": {"name": "a", "contracted_kw": 1}"#,
        &[
            "KEY_MISSING charges[0].otherwise.rate_per_kw_day",
            "TARIFF_INVALID charges[0].rule",
            unknown,
        ],
    );
    check_charge(
        r#""type": "event_rebate", "event": 5, "rate": 1, "lookback_days": "x", "highest": "y""#,
        &[
            "TARIFF_INVALID charges[0].event",
            "TARIFF_INVALID charges[0].lookback_days",
            "TARIFF_INVALID charges[0].highest",
            unknown,
        ],
    );
}

#[test]
fn a_charge_of_no_type_and_charges_on_the_bill() {
    // Of a type that nobody knows every key is unknown, so that only the type is said.
    check_charge(
        r#""type": "magic", "rate": "a""#,
        &["TARIFF_INVALID charges[0].type"],
    );
    let bill = r#"[{"id": "m", "type": "minimum", "colour": 1}, {"id": "p", "type": "percent", "per_line": 1, "colour": 1}]"#;
    check_bill(
        bill,
        &[
            "KEY_MISSING bill_charges[0].amount",
            "KEY_UNKNOWN bill_charges[0].colour",
        ],
    );
    check_bill(
        bill,
        &[
            "KEY_MISSING bill_charges[1].rate",
            "TARIFF_INVALID bill_charges[1].per_line",
            "KEY_UNKNOWN bill_charges[1].colour",
        ],
    );
}

#[track_caller]
fn check_bill(bill_charges: &str, expected: &[&str]) {
    let found = found(&tariff(&[("bill_charges", bill_charges)]));
    for finding in expected {
        assert!(found.contains(&format!("error {finding}")), "{found:?}");
    }
}

#[test]
fn what_the_engine_refuses_is_an_error_with_a_code() {
    assert_eq!(found("{"), ["error NOT_JSON "]);
    check(
        &[("timezone", r#""Europe/Atlantis""#)],
        &["error ZONE_UNKNOWN timezone"],
    );
    check(&[("currency", r#""euro""#)], &["error CURRENCY_UNKNOWN currency"]);
    check(&[("currency", "")], &["error KEY_MISSING currency"]);
    check(&[("colour", "1")], &["error KEY_UNKNOWN colour"]);
    let tiers = |tiers: &str| format!(r#"[{{"id": "t", "type": "tiered", {tiers}}}]"#);
    let check_tiers = |list: &str, expected: &str| check(&[("charges", &tiers(list))], &[expected]);
    let open = r#"{"up_to": null, "rate": 1}"#;
    check_tiers(
        &format!(r#""tiers": [{{"up_to": 9, "rate": 1}}, {{"up_to": 5, "rate": 1}}, {open}]"#),
        "error TIERS_NOT_ASCENDING charges[0].tiers",
    );
    check_tiers(
        r#""tiers": [{"up_to": 9, "rate": 1}]"#,
        "error TIER_GAP charges[0].tiers",
    );
    check_tiers(
        &format!(r#""tiers": [{open}, {open}]"#),
        "error TIER_UNREACHABLE charges[0].tiers",
    );
    let season = |months: &str| {
        format!(
            r#""seasons": [{{"name": "s", "months": [1,2,3,4,5,6], "tiers": [{open}]}}, {{"name": "w", "months": [{months}], "tiers": [{open}]}}]"#
        )
    };
    check_tiers(&season("7,8,9,10,11"), "error SEASON_GAP charges[0]");
    check_tiers(&season("6,7,8,9,10,11,12"), "error SEASON_OVERLAP charges[0]");
    check(
        &[(
            "charges",
            r#"[{"id": "e", "type": "energy", "bands": [{"name": "b", "rate": 1, "when": [{}]}]}]"#,
        )],
        &["error BAND_GAP charges[0]"],
    );
    check(
        &[
            ("charges", ""),
            (
                "versions",
                r#"[{"valid_from": "2026-01-01", "charges": []}, {"valid_from": "2027-01-01", "charges": []}]"#,
            ),
        ],
        &["error VERSION_OVERLAP versions[1]"],
    );
}

#[test]
fn bands_that_never_hold_and_bands_that_overlap() {
    let when = |name: &str, when: &str| format!(r#"{{"name": "{name}", "rate": 1, "when": [{when}]}}"#);
    let all_week = r#"{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}"#;
    let check_bands =
        |list: &[String], expected: &[&str]| check(&[("charges", &bands(&list.join(",")))], expected);
    check_bands(
        &[when("always", all_week)],
        &["warning BAND_UNREACHABLE charges[0].otherwise"],
    );
    check_bands(
        &[
            when("day", r#"{"from": "06:00", "to": "22:00"}"#),
            when("noon", r#"{"from": "11:00", "to": "13:00"}"#),
        ],
        &[
            "warning BAND_UNREACHABLE charges[0].bands[1]",
            "warning BAND_OVERLAP charges[0].bands[1]",
        ],
    );
    check_bands(
        &[
            when("day", r#"{"from": "06:00", "to": "22:00"}"#),
            when("late", r#"{"from": "21:45"}"#),
        ],
        &["warning BAND_OVERLAP charges[0].bands[1]"],
    );
    check_bands(&[when("called", r#"{"event": "peak"}"#)], &[]); // only events can say
    let contracted = r#"[{"id": "c", "type": "contracted_power", "window_minutes": 15, "rule": "root_sum_square", "excess_id": "x", "excess_rate": 1,
        "bands": [{"name": "b", "contracted_kw": 1, "rate_per_kw_day": 1, "when": [{}]}], "otherwise": {"name": "o", "contracted_kw": 1, "rate_per_kw_day": 1}}]"#;
    check(
        &[("charges", contracted)],
        &["warning BAND_UNREACHABLE charges[0].otherwise"],
    );
}

#[test]
fn a_band_of_months_that_its_version_does_not_see() {
    let july = r#"{"id": "e", "type": "energy", "bands": [{"name": "july", "rate": 1, "when": [{"months": [7]}]}], "otherwise": {"name": "rest", "rate": 1}}"#;
    let versions = format!(
        r#"[{{"valid_from": "2026-01-01", "valid_to": "2026-07-01", "charges": [{july}]}}, {{"valid_from": "2026-07-03", "charges": [{july}]}}]"#
    );
    check(
        &[
            ("charges", ""),
            ("versions", &versions),
            ("holidays", r#"["2025-12-25"]"#),
        ],
        &[
            "warning VERSION_GAP versions[1]",
            "warning BAND_UNREACHABLE versions[0].charges[0].bands[0]",
            "warning HOLIDAYS_UNUSED holidays",
            "warning HOLIDAY_OUTSIDE holidays",
        ],
    );
}

#[test]
fn limits_prices_and_windows() {
    let charges = r#"[{"id": "t", "type": "tiered", "tiers": [{"up_to": 0, "rate": "1"}, {"up_to": null, "rate": "-0.01"}]},
        {"id": "s", "type": "stairstep", "steps": [{"up_to": 10, "fee": 1}]},
        {"id": "d", "type": "demand", "window_minutes": 7, "rate": 1},
        {"id": "g", "type": "demand", "window_minutes": 15, "slide_minutes": 30, "rate": 1}]"#;
    check(
        &[
            ("charges", charges),
            (
                "bill_charges",
                r#"[{"id": "off", "type": "percent", "rate": "-0.1"}]"#,
            ),
        ],
        &[
            "warning TIER_UNREACHABLE charges[0].tiers[0]",
            "warning STEP_GAP charges[1].steps",
            "warning PRICE_NEGATIVE charges[0].tiers[1].rate",
            "warning WINDOW_UNEVEN charges[2]",
            "warning WINDOW_GAP charges[3]",
            "warning TAX bill_charges",
        ],
    );
}

#[test]
fn powers_that_mean_nothing() {
    let contracted = |facts: &str, kw: &str| {
        format!(
            r#"[{{"id": "c", "type": "contracted_power", "window_minutes": 15, {facts}, "otherwise": {{"name": "o", "contracted_kw": {kw}, "rate_per_kw_day": 1}}}}]"#
        )
    };
    let band = |low: &str, high: &str| {
        format!(r#""rule": "band", "low_percent": {low}, "high_percent": {high}, "excess_factor": 1"#)
    };
    let check_charges = |charges: &str, expected: &[&str]| check(&[("charges", charges)], expected);
    check_charges(&contracted(&band("85", "105"), "0"), &[]);
    check_charges(&contracted(&band("85", "85"), "1"), &[]);
    check_charges(
        &contracted(&band("105", "85"), "1"),
        &["warning LOW_ABOVE_HIGH charges[0]"],
    );
    check_charges(
        &contracted(&band("85", "105"), "\"-1\""),
        &["error TARIFF_INVALID charges[0].otherwise.contracted_kw"],
    );
    let reserved = r#""rule": "root_sum_square", "excess_id": "previously_billed", "excess_rate": 1"#;
    check_charges(
        &contracted(reserved, "1"),
        &["error TARIFF_INVALID charges[0].excess_id"],
    );
    check_charges(
        r#"[{"id": "previously_billed", "type": "daily", "amount": 1}]"#,
        &["error TARIFF_INVALID charges[0].id"],
    );
    let factor = |reference: &str| {
        format!(
            r#"[{{"id": "p", "type": "demand", "window_minutes": 15, "rate": 1, "power_factor": {{"reference": {reference}}}}}]"#
        )
    };
    check_charges(&factor("1"), &[]);
    for reference in ["0", "-0.9", "1.01"] {
        check_charges(
            &factor(reference),
            &["error TARIFF_INVALID charges[0].power_factor.reference"],
        );
    }
}

#[test]
fn names_that_come_twice_in_a_charge_are_refused() {
    let band = r#"{"name": "same", "rate": 1, "when": [{"from": "06:00"}]}"#;
    let of_contract = r#"{"name": "same", "contracted_kw": 1, "rate_per_kw_day": 1"#;
    let open = r#""tiers": [{"up_to": null, "rate": 1}]"#;
    for charge in [
        format!(r#""type": "energy", "bands": [{band}, {band}], "otherwise": {{"name": "o", "rate": 1}}"#),
        format!(r#""type": "energy", "bands": [{band}], "otherwise": {{"name": "same", "rate": 1}}"#),
        format!(
            r#""type": "tiered", "seasons": [{{"name": "same", "months": [1,2,3,4,5,6], {open}}}, {{"name": "same", "months": [7,8,9,10,11,12], {open}}}]"#
        ),
        format!(
            r#""type": "contracted_power", "window_minutes": 15, "rule": "root_sum_square", "excess_id": "x", "excess_rate": 1,
                "bands": [{of_contract}, "when": [{{"from": "06:00"}}]}}], "otherwise": {of_contract}}}"#
        ),
    ] {
        let charges = format!(r#"[{{"id": "e", {charge}}}]"#);
        check(&[("charges", &charges)], &["error TARIFF_INVALID charges[0]"]);
    }
}

#[test]
fn what_prices_nothing_and_percentages_that_are_large() {
    let versions = r#"[{"valid_from": "2026-01-01", "valid_to": "2027-01-01", "charges": [{"id": "c", "type": "coincident", "intervals_utc": [], "rate": 1}]},
        {"valid_from": "2027-01-01", "charges": []}]"#;
    check(
        &[("charges", ""), ("versions", versions)],
        &[
            "warning TIMES_MISSING versions[0].charges[0].intervals_utc",
            "warning CHARGES_MISSING versions[1].charges",
        ],
    );
    let percent = |rate: &str| {
        format!(
            r#"{{"id": "p{}", "type": "percent", "rate": {rate}}}"#,
            rate.len()
        )
    };
    let tax = r#"{"id": "vat", "type": "percent", "rate": "-19", "tax": {"category": "S"}}"#;
    let charges = [percent("1"), percent("-1"), percent("1.01"), tax.to_owned()].join(",");
    check(
        &[("bill_charges", &format!("[{charges}]"))],
        &[
            "warning PERCENT_LARGE bill_charges[2].rate",
            "warning PERCENT_LARGE bill_charges[3].rate",
        ],
    );
}

#[test]
fn charges_that_a_settling_bill_understands_otherwise() {
    let charges = r#"[{"id": "e", "type": "energy", "rate": 1},
        {"id": "t", "type": "tiered", "tiers": [{"up_to": 5, "rate": 1}, {"up_to": null, "rate": 2}]},
        {"id": "d", "type": "tiered", "allowance": "per_day", "seasons": [{"name": "s", "months": [1,2,3,4,5,6,7,8,9,10,11,12],
            "tiers": [{"up_to": 5, "rate": 1}, {"up_to": null, "rate": 2}]}]},
        {"id": "n", "type": "net_energy", "rate": 1},
        {"id": "f", "type": "daily", "amount": 1}]"#;
    let bill_charges = r#"[{"id": "cap", "type": "max_per_kwh", "rate": 1},
        {"id": "some", "type": "percent", "rate": 1, "of": ["e", "previously_billed"]},
        {"id": "fees", "type": "minimum", "amount": 1, "of": ["f"]},
        {"id": "less", "type": "minimum", "amount": 1, "of": ["e"]},
        {"id": "net", "type": "percent", "rate": 1, "of": ["e", "t", "d.s", "n", "n.expired", "previously_billed"]},
        {"id": "vat", "type": "percent", "rate": 1, "tax": {"category": "S"}}]"#;
    let keys = [("charges", charges), ("bill_charges", bill_charges)];
    check(
        &keys,
        &[
            "warning SETTLEMENT bill_charges[1].of",
            "warning SETTLEMENT bill_charges[4].of",
        ],
    );
    check(
        &[&keys[..], &[("estimated_reads", "\"trueup\"")]].concat(),
        &[
            "warning SETTLEMENT charges[1]",
            "warning SETTLEMENT charges[3]",
            "warning SETTLEMENT bill_charges[0]",
            "warning SETTLEMENT bill_charges[1]",
            "warning SETTLEMENT bill_charges[3]",
        ],
    );
}

#[test]
fn holidays_currency_and_rounding() {
    let hol = r#"{"name": "free", "rate": 1, "when": [{"days": ["hol"]}]}"#;
    check(
        &[("charges", &bands(hol))],
        &[
            "warning BAND_UNREACHABLE charges[0].bands[0]",
            "warning HOLIDAYS_MISSING charges[0].bands[0].when[0].days",
        ],
    );
    check(
        &[("currency", r#""XXX""#)],
        &["warning CURRENCY_UNKNOWN currency"],
    );
    check(
        &[("rounding", r#"{"scope": "none"}"#)],
        &["warning ROUNDING rounding"],
    );
}
