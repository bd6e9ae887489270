//! The worked bills of `tests/data`, as `gridtally rate --case` computes them: `n*` exact to the cent and in everything else that the
//! expected file says of them, `u*` within 0.01 in every component.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tariff_engine::Exact;
use tariff_engine::case::{Case, Files};

use super::recomputed;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn data(path: &str) -> String {
    let path = folder().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn bills(name: &str) -> Value {
    let case = Case::parse(&data(&format!("cases/{name}.json")))
        .unwrap_or_else(|problems| panic!("{name}: {problems}"));
    let text = |path: &Option<String>| path.as_deref().map(data);
    let (tariff, load, prices) = (
        text(&case.paths.tariff),
        text(&case.paths.load),
        text(&case.paths.prices),
    );
    let files = Files {
        tariff: tariff.as_deref().unwrap(),
        load: load.as_deref(),
        prices: prices.as_deref(),
    };
    let bills = case
        .bills(files)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let bills = bills.to_json();
    recomputed::check(&bills).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    bills
}

/// Everything of `expected` must be found, as it is; what is found beside explains.
fn check_part(at: &str, expected: &Value, found: &Value) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                check_part(
                    &format!("{at}.{key}"),
                    value,
                    found.get(key).unwrap_or(&Value::Null),
                );
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{at}: {found:?}");
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                check_part(&format!("{at}[{index}]"), expected, found);
            }
        }
        (expected, found) => assert_eq!(expected, found, "{at}"),
    }
}

fn check_cents(name: &str) {
    let expected: Value = serde_json::from_str(&data(&format!("expected/{name}.json"))).unwrap();
    check_part(name, &expected, &bills(name));
}

fn number(value: &Value) -> Exact {
    value.as_str().unwrap().parse().unwrap()
}

fn check_near(at: &str, expected: &Value, found: &Value) {
    let off = number(expected).minus(number(found));
    let most: Exact = "0.01".parse().unwrap();
    assert!(
        off <= most && off.negated() <= most,
        "{at}: {expected} expected, {found} found"
    );
}

/// The sum of the lines of a component, finer ids included.
fn component(bill: &Value, id: &str) -> Value {
    let lines = bill["lines"].as_array().unwrap().iter();
    let mine = lines.filter(|line| {
        let rest = line["id"].as_str().unwrap().strip_prefix(id);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    Value::String(Exact::sum(mine.map(|line| number(&line["amount"]))).to_string())
}

fn check_components(name: &str) {
    let expected: Value = serde_json::from_str(&data(&format!("expected/{name}.json"))).unwrap();
    let found = bills(name);
    let (expected, found) = (
        expected["bills"].as_array().unwrap(),
        found["bills"].as_array().unwrap(),
    );
    assert_eq!(expected.len(), found.len());
    for (expected, found) in expected.iter().zip(found) {
        let at = format!("{name} {}", expected["from"]);
        assert_eq!(
            (&expected["from"], &expected["to"]),
            (&found["from"], &found["to"]),
            "{at}"
        );
        for line in expected["lines"].as_array().unwrap() {
            let id = line["id"].as_str().unwrap();
            check_near(&format!("{at} {id}"), &line["amount"], &component(found, id));
        }
        check_near(&format!("{at} total"), &expected["total"], &found["total"]);
    }
}

macro_rules! cases {
    ($check:ident: $($test:ident $name:literal)*) => {
        $(
            #[test]
            fn $test() {
                $check($name);
            }
        )*
    };
}

cases! { check_cents:
    n01_both_clock_changes "n01_dst_berlin"
    n02_a_change_of_prices_inside_the_cycle "n02_mid_cycle_change"
    n03a_ties_half_up "n03a_vat_rounding"
    n03b_ties_half_even "n03b_vat_rounding"
    n03c_tax_per_line "n03c_vat_rounding"
    n03d_only_the_total_is_rounded "n03d_vat_rounding"
    n04_market_prices "n04_dynamic_prices"
    n05_holidays "n05_holidays"
    n06_tiers_by_days "n06_tiers_by_days"
    n07_register_reads "n07_register_reads"
    n08_gaps "n08_gaps"
    n09_demand "n09_demand"
}

cases! { check_components:
    u01_flat_energy_and_demand "u01_flat_demand_minimum"
    u02_tiers_by_season "u02_tiered_seasonal"
    u03_riders "u03_tou_tiers_riders"
    u04a_tiers_pro_rata "u04a_tou_tiers_prorata"
    u04b_tiers_in_time_order "u04b_tou_tiers_chronological"
    u05_demand_flat_and_by_time_of_use "u05_tou_flat_and_tou_demand"
    u06_hours_of_use "u06_hours_use_tiers"
    u07_version_7 "u07_v7_tiered_tou_demand"
    u08_demand_of_a_household "u08_residential_demand"
    u09_net_billing "u09_net_billing"
    u10_a_charge_by_day "u10_day_charge_tiers"
    u11_a_bank_of_energy "u11_net_metering_kwh"
    u12_banks_by_period "u12_net_metering_kwh_tou"
    u13_a_bank_of_dollars "u13_net_metering_usd"
    u14_credits_from_the_next_month_on "u14_net_billing_carry"
    u15_buy_all_sell_all "u15_buy_all_sell_all"
    u16_a_ratchet "u16_demand_ratchet"
    u17_an_allowance_by_day "u17_daily_allowance"
}
