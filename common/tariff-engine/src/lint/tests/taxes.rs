use super::*;

#[test]
fn a_tariff_without_a_tax_category_is_warned_about() {
    let expected = ["warning TAX bill_charges"];
    check(&[("bill_charges", "")], &expected);
    let levy = r#"[{"id": "vat", "type": "percent", "rate": "0.2"}]"#;
    check(&[("bill_charges", levy)], &expected);
    let exempt =
        r#"[{"id": "vat", "type": "percent", "rate": 0, "tax": {"category": "E", "exemption": "why"}}]"#;
    check(&[("bill_charges", exempt)], &[]);
}

const ENERGY_AND_FEE: &str = r#"[{"id": "e", "type": "energy", "bands": [{"name": "day", "rate": 1, "when": [{"from": "06:00", "to": "22:00"}]}],
    "otherwise": {"name": "night", "rate": 1}}, {"id": "f", "type": "daily", "amount": 1}]"#;

/// A tax on the lines of these names; none = all so far.
fn tax(id: &str, of: &[&str]) -> String {
    let of = match of {
        [] => String::new(),
        names => format!(r#""of": {names:?}, "#),
    };
    format!(r#"{{"id": "{id}", "type": "percent", "rate": "0.1", {of}"tax": {{"category": "S"}}}}"#)
}

#[track_caller]
fn check_taxes(charges: &str, bill_charges: &[String], expected: &[&str]) {
    let bill_charges = format!("[{}]", bill_charges.join(","));
    check(&[("charges", charges), ("bill_charges", &bill_charges)], expected);
}

#[test]
fn every_line_has_one_tax() {
    let of = |id: &str, names: &[&str]| tax(id, names);
    let check = |taxes: &[String], expected: &[&str]| check_taxes(ENERGY_AND_FEE, taxes, expected);
    check(&[of("a", &[])], &[]);
    check(&[of("a", &["e"]), of("b", &["f"])], &[]);
    check(&[of("a", &["e.day"]), of("b", &["e.night", "f"])], &[]);
    check(&[of("a", &["e"])], &["warning TAX charges[1]"]);
    check(&[of("a", &["e.day", "f"])], &["warning TAX charges[0]"]);
    check(
        &[of("a", &[]), of("b", &[])],
        &["warning TAX charges[0]", "warning TAX charges[1]"],
    );
    check(&[of("a", &[]), of("b", &["e.day"])], &["warning TAX charges[0]"]);
    check(&[of("a", &[]), of("b", &["a"])], &[]); // a tax itself is not taxed
}

const VERSIONS: &str = r#"[{"valid_from": "2024-01-01", "valid_to": "2024-07-01", "charges": [{"id": "e", "type": "energy", "rate": 1}]},
    {"valid_from": "2024-07-01", "valid_to": "2025-01-01", "charges": [{"id": "e", "type": "energy", "rate": 2}, {"id": "f", "type": "daily", "amount": 1}]}]"#;

/// A line with a day is in one bill alone, and in none where nothing cuts a bill on that day.
#[test]
fn a_line_of_one_day_is_refused_or_warned_about() {
    let named = |name: &str, keys: &[(&str, &str)]| {
        let bill_charges = format!("[{}]", tax("a", &[name]));
        found(&tariff(
            &[&[("bill_charges", bill_charges.as_str())], keys].concat(),
        ))
    };
    let refused = ["error TARIFF_INVALID bill_charges[0].of[0]"];
    let warned = ["warning TAX bill_charges[0].of[0]"];
    for (name, keys, expected) in [
        ("e@2031-13-77", &[][..], refused),
        ("e@2031-01-01", &[], refused),
        ("e@", &[("versions", VERSIONS), ("charges", "")], refused),
        (
            "e@2023-12-31",
            &[("versions", VERSIONS), ("charges", "")],
            refused,
        ),
        (
            "e@2025-01-01",
            &[("versions", VERSIONS), ("charges", "")],
            refused,
        ),
        (
            "f@2024-01-01",
            &[("versions", VERSIONS), ("charges", "")],
            refused,
        ),
        ("e@2024-07-01", &[("estimated_reads", "\"trueup\"")], warned),
        (
            "previously_billed@2024-07-01",
            &[("estimated_reads", "\"trueup\"")],
            refused,
        ),
        (
            "e@2024-07-01",
            &[(
                "charges",
                r#"[{"id": "e", "type": "energy", "rate": {"param": "p"}}]"#,
            )],
            warned,
        ),
    ] {
        let found = named(name, keys);
        assert!(found.contains(&expected[0].to_owned()), "{name}: {found:?}");
    }
    let both = format!(
        r#"[{}, {{"id": "b", "type": "percent", "rate": "0.1", "of": ["e@2024-02-01"]}}]"#,
        tax("a", &["e@2024-07-01", "f@2024-07-01"])
    );
    super::check(
        &[("charges", ""), ("versions", VERSIONS), ("bill_charges", &both)],
        &[
            "warning TAX bill_charges[1]",
            "warning TAX bill_charges[0].of[0]",
            "warning TAX bill_charges[0].of[1]",
            "warning OF_ONE_CYCLE bill_charges[1].of[0]",
        ],
    );
}

#[test]
fn the_lines_of_banks_excesses_and_settlements_have_one_too() {
    let net = r#"[{"id": "n", "type": "net_energy", "rate": 1}]"#;
    check_taxes(net, &[tax("a", &["n"])], &[]);
    check_taxes(net, &[tax("a", &["n.expired"])], &["warning TAX charges[0]"]);
    let contracted = r#"[{"id": "c", "type": "contracted_power", "window_minutes": 15, "rule": "root_sum_square", "excess_id": "x", "excess_rate": 1,
        "otherwise": {"name": "o", "contracted_kw": 1, "rate_per_kw_day": 1}}]"#;
    check_taxes(contracted, &[tax("a", &["c", "x"])], &[]);
    check_taxes(contracted, &[tax("a", &["c.o"])], &["warning TAX charges[0]"]);
    let settled = format!("[{}]", tax("a", &["e"]));
    check(
        &[("bill_charges", &settled), ("estimated_reads", "\"trueup\"")],
        &[
            "warning TAX estimated_reads",
            "warning SETTLEMENT bill_charges[0]",
        ],
    );
}

#[test]
fn what_comes_after_the_tax_is_not_taxed() {
    let minimum = r#"{"id": "m", "type": "minimum", "amount": 10}"#.to_owned();
    let discount = r#"{"id": "d", "type": "percent", "rate": "-0.1"}"#.to_owned();
    let vat = tax("a", &[]);
    let check = |charges: &[&String], expected: &[&str]| {
        let charges: Vec<String> = charges.iter().map(|charge| (*charge).clone()).collect();
        check_taxes(ENERGY_AND_FEE, &charges, expected);
    };
    check(&[&minimum, &discount, &vat], &[]);
    check(&[&minimum, &vat, &discount], &["warning TAX bill_charges[2]"]);
    check(
        &[&vat, &minimum, &discount],
        &["warning TAX bill_charges[1]", "warning TAX bill_charges[2]"],
    );
}

#[test]
fn a_line_of_several_versions_is_said_once() {
    let charge = r#"{"id": "e", "type": "energy", "rate": 1}"#;
    let fee = r#"{"id": "f", "type": "daily", "amount": 1}"#;
    let versions = format!(
        r#"[{{"valid_from": "2026-01-01", "valid_to": "2027-01-01", "charges": [{charge}]}}, {{"valid_from": "2027-01-01", "charges": [{charge}, {fee}]}}]"#
    );
    let vat = r#"[{"id": "vat", "type": "percent", "rate": 1, "of": ["e"], "tax": {"category": "S"}}]"#;
    let levy = r#"[{"id": "vat", "type": "percent", "rate": 1, "of": ["f"], "tax": {"category": "S"}}]"#;
    let check = |taxes: &str, expected: &[&str]| {
        super::check(
            &[("charges", ""), ("versions", &versions), ("bill_charges", taxes)],
            expected,
        );
    };
    check(vat, &["warning TAX versions[1].charges[1]"]);
    check(levy, &["warning TAX versions[0].charges[0]"]);
}

#[test]
fn a_category_is_not_blank() {
    let of = |category: &str| tax("vat", &[]).replace(r#""S""#, &format!("{category:?}"));
    check_taxes(ENERGY_AND_FEE, &[of("S")], &[]);
    for blank in ["", " "] {
        check_taxes(
            ENERGY_AND_FEE,
            &[of(blank)],
            &["warning TAX bill_charges[0].tax.category"],
        );
    }
}

#[test]
fn an_exemption_has_a_reason_and_no_rate() {
    let exempt = |rate: &str, tax: &str| {
        format!(r#"{{"id": "vat", "type": "percent", "rate": {rate}, "tax": {{"category": "E"{tax}}}}}"#)
    };
    let check = |rate: &str, tax: &str, expected: &[&str]| {
        check_taxes(ENERGY_AND_FEE, &[exempt(rate, tax)], expected);
    };
    let why = r#", "exemption": "why""#;
    check("\"0.00\"", why, &[]);
    check(r#"{"param": "vat"}"#, why, &[]);
    check("\"0.19\"", why, &["warning TAX bill_charges[0].rate"]);
    let zero_rated = |rate: &str| exempt(rate, "").replace(r#""E""#, r#""Z""#);
    check_taxes(ENERGY_AND_FEE, &[zero_rated("0")], &[]);
    check_taxes(
        ENERGY_AND_FEE,
        &[zero_rated("\"0.07\"")],
        &["warning TAX bill_charges[0].rate"],
    );
    for reason in ["", r#", "exemption": " ""#] {
        check("0", reason, &["warning TAX bill_charges[0].tax.exemption"]);
    }
}
