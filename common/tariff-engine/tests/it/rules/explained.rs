//! A sentence for every kind of line.

use super::*;

const CHARGES: &str = r#"{"id": "energy", "type": "energy", "bands": [{"name": "day", "rate": "0.333", "when": [{"from": "06:00", "to": "18:00"}]}],
        "otherwise": {"name": "night", "rate": "0.2"}},
    {"id": "spot", "type": "indexed", "multiplier": "1.1", "adder": "0.02"},
    {"id": "tiers", "type": "tiered", "allowance": "per_day", "tiers": [{"up_to": 5, "rate": "0.1"}, {"up_to": null, "rate": "0.2"}]},
    {"id": "packages", "type": "package", "size": 10, "price": 3},
    {"id": "steps", "type": "stairstep", "steps": [{"up_to": 10, "fee": 1}, {"up_to": null, "fee": 2}]},
    {"id": "daily", "type": "daily", "amount": "0.15"}, {"id": "monthly", "type": "monthly", "amount": 10}, {"id": "annual", "type": "annual", "amount": 99},
    {"id": "power", "type": "demand", "window_minutes": 60, "rate": 5, "minimum_kw": 2, "power_factor": {"reference": "0.9"}},
    {"id": "power_year", "type": "demand", "window_minutes": 360, "aggregation": "top_days_mean", "top_n": 2, "rate": 60, "rate_per": "year"},
    {"id": "coincident", "type": "coincident", "intervals_utc": ["2024-06-03T16:00:00Z"], "rate": 2},
    {"id": "reactive", "type": "reactive_excess", "free_share": "0.5", "rate": "0.03"},
    {"id": "agreed", "type": "contracted_power", "window_minutes": 360, "rule": "band", "low_percent": 85, "high_percent": 105, "excess_factor": 2,
        "otherwise": {"name": "all", "contracted_kw": 1, "rate_per_kw_day": "0.1"}},
    {"id": "squares", "type": "contracted_power", "window_minutes": 360, "rule": "root_sum_square", "excess_id": "over", "excess_rate": 7,
        "otherwise": {"name": "all", "contracted_kw": 1, "rate_per_kw_day": "0.1"}},
    {"id": "net", "type": "net_energy", "rate": "0.3", "expiry_cycles": 1, "expired_rate": "0.05"},
    {"id": "rebate", "type": "event_rebate", "event": "peak", "rate": 1, "lookback_days": 1, "highest": 1}"#;
const BILL_CHARGES: &str = r#"{"id": "vat", "type": "percent", "rate": "0.19"}, {"id": "levy", "type": "percent", "rate": "0.01", "per_line": true},
    {"id": "least", "type": "minimum", "amount": 90}, {"id": "most", "type": "maximum", "amount": 80},
    {"id": "cap", "type": "max_per_kwh", "rate": "0.3", "of": ["energy"]}"#;

#[test]
fn every_line_says_how_its_amount_came_about() {
    let mut world = World::new(CHARGES, "2024-06-03", "2024-06-05")
        .and(
            r#""events": [{"name": "peak", "date": "2024-06-04", "from": "06:00", "to": "12:00"}],
            "estimation": {"interval_minutes": 360, "linear_max_minutes": 360, "like_days": 1, "search_days": 7, "places": 3}"#,
        );
    world.zone = "Europe/Berlin";
    world.rounding = r#"{"scope": "line", "mode": "half_up", "places": 2}"#;
    world.tariff += &format!(r#", "bill_charges": [{BILL_CHARGES}]"#);
    let values = [
        "1,0,1", "6,0,4", "3,0.5,1", "9,0,4", "1,0,1", "2,0,0", ",,", "1,9,1",
    ];
    let load = rows(
        "start_utc,import_kwh,export_kwh,reactive_kvarh",
        "2024-06-02T22:00Z",
        360,
        &values,
    );
    world.load = Some(load);
    world.prices = Some(rows(
        "start_utc,price_per_mwh",
        "2024-06-02T22:00Z",
        720,
        &["100", "50", "-10", "80"],
    ));
    let bill = world.bill();
    let lines = bill["lines"].as_array().unwrap().iter();
    let found: Vec<String> = lines
        .map(|line| {
            format!(
                "{}: {}",
                line["id"].as_str().unwrap(),
                line["explanation"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(found.join("\n"), SENTENCES.join("\n"));
}

/// Export may lack a column (`RATING` 1.2): the line says so rather than look like an export of nothing.
#[test]
fn a_line_says_that_the_load_has_no_column_of_export() {
    let charges = r#"{"id": "x", "type": "energy", "register": "export", "sign": "-1", "rate": "0.08"},
        {"id": "t", "type": "tiered", "register": "export", "tiers": [{"up_to": null, "rate": 1}]}, {"id": "n", "type": "net_energy", "rate": 1}"#;
    let world = World::new(charges, "2024-06-03", "2024-06-04").with_load("2024-06-03T00:00Z", 1440, &["5"]);
    let bill = world.bill();
    let said = |line: usize| bill["lines"][line]["explanation"].as_str().unwrap();
    assert_eq!(
        said(0),
        "0 kWh of export (the load has no such column) x -0.08 per kWh = 0 EUR"
    );
    assert!(said(1).starts_with("0 kWh of export (the load has no such column) by the tiers"));
    assert!(said(2).starts_with(
        "5 kWh of import less 0 kWh of export (the load has no such column), 0 kWh from the bank"
    ));
}

const SENTENCES: &[&str] = &[
    "energy.day: 12.5 kWh of import in 4 intervals (1 of them estimated) x 0.333 per kWh = 4.1625, rounded to 4.16 EUR",
    "energy.night: 12 kWh of import in 4 intervals x 0.2 per kWh = 2.40 EUR",
    "spot: 24.5 kWh of import in 8 intervals (1 of them estimated), each at the price of its time x 1.1 + 0.02, 0.086 per kWh in the mean = 2.107, rounded to 2.11 EUR",
    "tiers: 24.5 kWh of import in 8 intervals (1 of them estimated) by the tiers of 2 days: 10 x 0.1 + 14.5 x 0.2 = 3.90 EUR",
    "packages: 24.5 kWh in 8 intervals (1 of them estimated) begin 3 packages of 10 kWh x 3 = 9.00 EUR",
    "steps: 24.5 kWh in 8 intervals (1 of them estimated): the fee of the highest step = 2.00 EUR",
    "daily: 2 days x 0.15 a day = 0.30 EUR",
    "monthly: 2 days, 0.06666667 of a month x 10 a month = 0.66666667, rounded to 0.67 EUR",
    "annual: 2 days, 0.00546448 of a year x 99 a year = 0.54098361, rounded to 0.54 EUR",
    "power: 1.51549169 kW over 60 minutes at 2024-06-03 18:00 with a power factor of 0.8908, billed as 2 kW x 5 per kW = 10.00 EUR",
    "power_year: 0.63888889 kW over 360 minutes at 2024-06-03 20:00 and 2024-06-04 02:00 x 60 per kW and year x 0.00546448 of one = 0.20947177, rounded to 0.21 EUR",
    "coincident: 1.5 kW in the mean of 2024-06-03 18:00 x 2 per kW = 3.00 EUR",
    "reactive: 12.5 kvarh less 0.5 free for each of 24.5 kWh: 0.25 kvarh x 0.03 per kvarh = 0.0075, rounded to 0.01 EUR",
    "agreed.all: 1.05555556 kW at most at 2024-06-03 20:00 against 1 kW contracted: 1.06666667 kW x 0.1 per kW and day x 2 days = 0.21333333, rounded to 0.21 EUR",
    "squares.all: 1 kW contracted x 0.1 per kW and day x 2 days = 0.20 EUR",
    "over.all: windows above 1 kW: 1; the root of their squared excesses is 0.05555556 kW x 7 per kW = 0.38888889, rounded to 0.39 EUR",
    "net: 24.5 kWh of import less 14 kWh of export, 0 kWh from the bank and 0 kWh into it: 10.5 kWh x 0.3 per kWh = 3.15 EUR",
    "net.expired: 0 kWh of the bank were not used in time x -0.05 per kWh = 0.00 EUR",
    "rebate: 2024-06-04: 2 kWh in place of 6; 4 kWh saved x -1 per kWh = -4.00 EUR",
    "vat: 19 % of 38.25 = 7.2675, rounded to 7.27 EUR",
    "levy: 1 % of each of 20 lines, 45.52 together = 0.44 EUR",
    "least: what 45.96 lacks to at least 90 = 44.04 EUR",
    "most: what 90 has above at most 80 = -10.00 EUR",
    "cap: what 6.56 has above 0.3 for each of 24.5 kWh of import = 0.00 EUR",
];
