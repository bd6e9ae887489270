use super::*;

fn demand(ratchet: &str) -> String {
    format!(r#"[{{"id": "d", "type": "demand", "window_minutes": 15, "rate": 1, "ratchet": {{{ratchet}}}}}]"#)
}

#[track_caller]
fn check_charges(charges: &str, expected: &[&str]) {
    check(&[("charges", charges)], expected);
}

/// Before a tax on all.
#[track_caller]
fn check_bill(bill_charges: &str, expected: &[&str]) {
    let all = format!(
        r#"[{bill_charges}, {{"id": "vat", "type": "percent", "rate": "0.19", "tax": {{"category": "S"}}}}]"#
    );
    check(&[("bill_charges", &all)], expected);
}

#[test]
fn ratchets_that_hardly_count() {
    check_charges(&demand(r#""percent": 80, "cycles_back": 11"#), &[]);
    check_charges(&demand(r#""percent": "1.01", "cycles_back": 1"#), &[]);
    check_charges(&demand(r#""percent": {"param": "share"}, "cycles_back": 1"#), &[]);
    for percent in ["\"0.8\"", "1", "0", "-80"] {
        check_charges(
            &demand(&format!(r#""percent": {percent}, "cycles_back": 1"#)),
            &["warning RATCHET charges[0].ratchet.percent"],
        );
    }
    check_charges(
        &demand(r#""percent": 80, "cycles_back": 0"#),
        &["warning RATCHET charges[0].ratchet.cycles_back"],
    );
}

#[test]
fn bounds_of_a_bill_that_cannot_both_hold() {
    let bound = |id: &str, kind: &str, amount: &str, of: &str| {
        format!(r#"{{"id": "{id}", "type": "{kind}", "amount": {amount}{of}}}"#)
    };
    let check =
        |first: &str, second: &str, expected: &[&str]| check_bill(&format!("{first}, {second}"), expected);
    let crossed = ["warning MINIMUM_ABOVE_MAXIMUM bill_charges[1]"];
    let (least, greatest) = (
        |amount: &str, of: &str| bound("least", "minimum", amount, of),
        |amount: &str, of: &str| bound("greatest", "maximum", amount, of),
    );
    check(&least("100", ""), &greatest("50", ""), &crossed);
    check(&greatest("50", ""), &least("100", ""), &crossed);
    check(&least("50", ""), &greatest("50", ""), &[]);
    let of = r#", "of": ["e"]"#;
    check(&least("100", of), &greatest("50", of), &crossed);
    check(
        &least("100", of),
        &greatest("50", r#", "of": ["least", "e"]"#),
        &crossed,
    );
    check(&least("100", of), &greatest("50", ""), &[]);
    check(
        &least("-1", ""),
        &greatest("\"-0.5\"", ""),
        &[
            "warning PRICE_NEGATIVE bill_charges[0].amount",
            "warning PRICE_NEGATIVE bill_charges[1].amount",
        ],
    );
    check_bill(
        r#"{"id": "cap", "type": "max_per_kwh", "rate": "-0.1"}"#,
        &["warning PRICE_NEGATIVE bill_charges[0].rate"],
    );
}

#[test]
fn factors_and_shares_that_nobody_means() {
    let contracted = r#"[{"id": "c", "type": "contracted_power", "window_minutes": 15, "rule": "band", "low_percent": 85, "high_percent": 105,
        "excess_factor": -2, "otherwise": {"name": "o", "contracted_kw": 1, "rate_per_kw_day": 1}}]"#;
    check_charges(contracted, &["warning PRICE_NEGATIVE charges[0].excess_factor"]);
    let reactive = |share: &str| {
        format!(r#"[{{"id": "r", "type": "reactive_excess", "free_share": {share}, "rate": 1}}]"#)
    };
    check_charges(&reactive("\"1\""), &[]);
    check_charges(&reactive("40"), &["warning PERCENT_LARGE charges[0].free_share"]);
}

#[test]
fn times_that_are_one() {
    let times = |times: &str| {
        format!(r#"[{{"id": "c", "type": "coincident", "intervals_utc": [{times}], "rate": 1}}]"#)
    };
    check_charges(&times(r#""2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z""#), &[]);
    check_charges(
        &times(r#""2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01 00:00""#),
        &["warning TIMES_TWICE charges[0].intervals_utc[2]"],
    );
}

#[test]
fn a_charge_that_becomes_another_kind() {
    let versions = |later: &str| {
        format!(
            r#"[{{"valid_from": "2026-01-01", "valid_to": "2027-01-01", "charges": [{{"id": "e", "type": "energy", "rate": 1}}]}},
            {{"valid_from": "2027-01-01", "charges": [{{"id": "e", {later}}}]}}]"#
        )
    };
    let check_later =
        |later: &str, expected: &[&str]| check(&[("charges", ""), ("versions", &versions(later))], expected);
    check_later(r#""type": "energy", "rate": 2"#, &[]);
    check_later(
        r#""type": "daily", "amount": 1"#,
        &["warning KIND_CHANGED versions[1].charges[0]"],
    );
}

#[test]
fn a_value_has_a_name() {
    let energy = |name: &str| format!(r#"[{{"id": "e", "type": "energy", "rate": {{"param": "{name}"}}}}]"#);
    check_charges(&energy("rate"), &[]);
    for nameless in ["", " "] {
        check_charges(&energy(nameless), &["error VALUE_NAMELESS charges[0].rate.param"]);
    }
}

/// What depends on a value is judged when the value is known.
#[test]
fn a_rule_that_depends_on_a_value_neither_holds_nor_fails() {
    let band = |name: &str, when: &str| format!(r#"{{"name": "{name}", "rate": 1, "when": [{when}]}}"#);
    let check_bands =
        |list: &[String], expected: &[&str]| check(&[("charges", &bands(&list.join(",")))], expected);
    let value = band("a", r#"{"months": [{"param": "m"}]}"#);
    let january = band("b", r#"{"months": [1]}"#);
    check_bands(&[value.clone(), january.clone()], &[]);
    check_bands(&[january.clone(), value.clone()], &[]);
    let always = band("c", "{}");
    check_bands(
        &[always, value.clone()],
        &[
            "warning BAND_UNREACHABLE charges[0].bands[1]",
            "warning BAND_UNREACHABLE charges[0].otherwise",
        ],
    );
    // What does not depend on the value is judged.
    check_bands(
        &[value, january, band("d", r#"{"months": [1]}"#)],
        &[
            "warning BAND_UNREACHABLE charges[0].bands[2]",
            "warning BAND_OVERLAP charges[0].bands[2]",
        ],
    );
}

#[test]
fn limits_around_a_value_are_compared() {
    let tiers = |limits: &[&str]| {
        let tier = |limit: &&str| format!(r#"{{"up_to": {limit}, "rate": 1}}"#);
        let tiers: Vec<String> = limits.iter().map(tier).collect();
        format!(
            r#"[{{"id": "t", "type": "tiered", "tiers": [{}]}}]"#,
            tiers.join(",")
        )
    };
    let check_limits = |limits: &[&str], expected: &[&str]| check(&[("charges", &tiers(limits))], expected);
    let value = r#"{"param": "l"}"#;
    check_limits(&[value, "40", "50", "null"], &[]);
    check_limits(&["40", value, "50", "null"], &[]);
    for (limits, place) in [
        ([value, "50", "40", "null"], 2),
        (["50", value, "50", "null"], 2),
        (["50", "40", value, "null"], 1),
    ] {
        let expected = format!("warning TIERS_NOT_ASCENDING charges[0].tiers[{place}].up_to");
        check_limits(&limits, &[&expected]);
    }
}

#[test]
fn percentages_of_a_contracted_power_that_are_shares() {
    let band = |low: &str, high: &str| {
        format!(
            r#"[{{"id": "c", "type": "contracted_power", "window_minutes": 15, "rule": "band", "low_percent": {low}, "high_percent": {high}, "excess_factor": 2,
            "otherwise": {{"name": "o", "contracted_kw": 1, "rate_per_kw_day": 1}}}}]"#
        )
    };
    check_charges(&band("85", "105"), &[]);
    check_charges(&band("0", "2"), &[]);
    check_charges(
        &band("\"0.85\"", "\"1.05\""),
        &[
            "warning PERCENT_SMALL charges[0].low_percent",
            "warning PERCENT_SMALL charges[0].high_percent",
        ],
    );
}

#[test]
fn banks_that_pay_nothing_and_events_without_a_name() {
    let net = |keys: &str| format!(r#"[{{"id": "n", "type": "net_energy", "rate": 1{keys}}}]"#);
    check_charges(&net(r#", "expired_rate": "0.00""#), &[]);
    check_charges(&net(r#", "expired_rate": 1, "expiry_cycles": 12"#), &[]);
    for keys in [
        r#", "expired_rate": 1"#,
        r#", "expired_rate": 1, "expiry_cycles": null"#,
    ] {
        check_charges(&net(keys), &["warning EXPIRY_MISSING charges[0].expired_rate"]);
    }
    let called = |event: &str| {
        format!(r#"{{"name": "called", "rate": 1, "when": [{{"to": "06:00"}}, {{"event": {event:?}}}]}}"#)
    };
    check_charges(&bands(&called("peak")), &[]);
    check_charges(
        &bands(&called("")),
        &["warning EVENT_NAMELESS charges[0].bands[0].when[1].event"],
    );
    let rebate =
        r#"[{"id": "r", "type": "event_rebate", "event": " ", "rate": 1, "lookback_days": 5, "highest": 3}]"#;
    check_charges(rebate, &["warning EVENT_NAMELESS charges[0].event"]);
}

#[test]
fn a_line_of_settlements_where_nothing_is_settled() {
    let levy =
        |of: &str| format!(r#"{{"id": "levy", "type": "percent", "rate": "0.1", "of": ["e", {of:?}]}}"#);
    check_bill(
        &levy("previously_billed"),
        &["warning SETTLEMENT bill_charges[0].of"],
    );
    let settled = format!(
        r#"[{}, {{"id": "vat", "type": "percent", "rate": "0.19", "tax": {{"category": "S"}}}}]"#,
        levy("previously_billed")
    );
    check(
        &[("estimated_reads", "\"trueup\""), ("bill_charges", &settled)],
        &[],
    );
}

/// What a price below zero does depends on what it is the price of.
#[test]
fn prices_below_zero_say_what_they_do() {
    let texts = |charge: &str| -> Vec<String> {
        let found = lint(&tariff(&[("charges", &format!("[{charge}]"))]));
        found.into_iter().map(|finding| finding.text).collect()
    };
    let fee = r#"{"id": "f", "type": "monthly", "amount": -5}"#;
    assert_eq!(texts(fee), ["-5 is below zero: the customer is paid it"]);
    let energy = r#"{"id": "e", "type": "energy", "rate": -5}"#;
    assert_eq!(
        texts(energy),
        ["-5 is below zero: the more is used, the less is paid"]
    );
    let demand = r#"{"id": "d", "type": "demand", "window_minutes": 15, "rate": 1, "minimum_kw": -5}"#;
    assert_eq!(texts(demand), ["-5 is below zero: a minimum that never counts"]);
    let record = |keys: &str| {
        let found = lint(&format!(
            r#"{{"energyratestructure": [[{{"rate": 1}}]], {keys}}}"#
        ));
        found
            .into_iter()
            .map(|finding| finding.text)
            .collect::<Vec<_>>()
            .join(";")
    };
    assert_eq!(
        record(r#""fixedMonthlyCharge": -5"#),
        "-5 is below zero: the customer is paid it"
    );
    for key in ["mincharge", "minmonthlycharge", "annualmincharge"] {
        assert_eq!(
            record(&format!(r#""{key}": -5"#)),
            "-5 is below zero: a minimum that never counts"
        );
    }
}
