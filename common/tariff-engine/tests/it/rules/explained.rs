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
    check(&[world.bill()], include_str!("explained/every_kind.txt"));
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
        "0 kWh of export (the load has no such column), at -0.08 per kWh: 0 x -0.08 = 0 EUR"
    );
    assert!(
        said(1).starts_with("0 kWh of export (the load has no such column), by tiers: without limit at 1")
    );
    assert!(said(2).starts_with(
        "5 kWh of import in 1 interval of 2024-06-03, less 0 kWh of export (the load has no such column), from the bank nothing"
    ));
}

/// Reactive energy is counted in kvarh, in every kind of charge and in the bill.
#[test]
fn reactive_energy_is_in_kvarh() {
    let charge = |kind: &str, keys: &str| {
        format!(r#"{{"id": "{kind}", "type": "{kind}", "register": "reactive", {keys}}}"#)
    };
    let charges = [
        charge("energy", r#""rate": 2"#),
        charge("indexed", r#""adder": 1"#),
        charge(
            "tiered",
            r#""allowance": "per_day", "tiers": [{"up_to": 5, "rate": 1}, {"up_to": null, "rate": 2}]"#,
        ),
        charge("package", r#""size": 4, "price": 3"#),
        charge(
            "stairstep",
            r#""steps": [{"up_to": 100, "fee": 7}, {"up_to": null, "fee": 8}]"#,
        ),
    ];
    let mut world = World::new(&charges.join(", "), "2024-06-03", "2024-06-04");
    world.tariff += r#", "bill_charges": [{"id": "cap", "type": "max_per_kwh", "register": "reactive", "rate": 9, "of": ["energy"]}]"#;
    let header = "start_utc,import_kwh,export_kwh,reactive_kvarh";
    world.load = Some(rows(header, "2024-06-03T00:00Z", 720, &["1,0,4", "1,0,6"]));
    world.prices = Some(rows(
        "start_utc,price_per_mwh",
        "2024-06-03T00:00Z",
        720,
        &["100", "100"],
    ));
    let bill = world.bill();
    let of = |line: usize, key: &str| bill["lines"][line][key].as_str().unwrap().to_owned();
    let amount = "10 kvarh of reactive in 2 intervals of 2024-06-03";
    let sentences: Vec<String> = (0..6).map(|line| of(line, "explanation")).collect();
    assert_eq!(
        sentences,
        [
            format!("{amount}, at 2 per kvarh: 10 x 2 = 20 EUR"),
            format!(
                "{amount}, each interval's kvarh at the market's price of its time, together 1 (0.1 per kvarh in the mean); that x 1, and 1 for each kvarh: 1 x 1 + 10 x 1 = 11 EUR"
            ),
            format!("{amount}, by tiers: up to 5 x 1 day = 5 kvarh at 1, above at 2: 5 x 1 + 5 x 2 = 15 EUR"),
            format!("{amount}, in packages of 4 kvarh, of which 3 are begun, at 3 each: up(10 / 4) x 3 = 9 EUR"),
            format!("{amount}; the fee for a use up to 100 kvarh: 7 EUR"),
            "what the sum of energy has above 9 for each of 10 kvarh of reactive: -max(0, 20 - 9 x 10) = 0 EUR".to_owned(),
        ]
    );
    let units: Vec<String> = (0..5).map(|line| of(line, "unit")).collect();
    assert_eq!(units, ["kvarh", "kvarh", "kvarh", "packages", "kvarh"]);
}

/// A ratchet looks at kW with the power factor, and without minimum and ratchet.
#[test]
fn power_with_a_power_factor_is_said_to_be_so() {
    let charge = r#"{"id": "p", "type": "demand", "window_minutes": 1440, "rate": 1, "minimum_kw": 3, "power_factor": {"reference": "0.9"},
        "ratchet": {"percent": 100, "cycles_back": 1}}"#;
    let mut world = World::new(charge, "2024-06-03", "2024-06-04");
    world.case = r#""cycles": [{"from": "2024-06-03", "to": "2024-06-04"}, {"from": "2024-06-04", "to": "2024-06-05"}]"#.to_owned();
    let header = "start_utc,import_kwh,export_kwh,reactive_kvarh";
    let days = ["72,0,96", "24,0,0"]; // 3 kW at a factor of 0.6, 1 kW at 1
    world.load = Some(rows(header, "2024-06-03T00:00Z", 1440, &days));
    let bills = world.bills().unwrap();
    let said = |bill: usize| bills[bill]["lines"][0]["explanation"].as_str().unwrap();
    assert_eq!(
        said(0),
        "the highest mean of 1440-minute windows of 2024-06-03 is 3 kW at 2024-06-03 00:00, the power factor round(72 / root(72 x 72 + 96 x 96), 4) = 0.6 \
         is below 0.9, so x 0.9 / 0.6 = 4.5 kW with its power factor, at least 3 kW, at least 100 % of the kW with their power factor in the 1 cycle before (none), \
         at 1 per kW: max(3 x 0.9 / 0.6, 3) x 1 = 4.5 EUR"
    );
    assert_eq!(
        said(1),
        "the highest mean of 1440-minute windows of 2024-06-04 is 1 kW at 2024-06-04 00:00, the power factor round(24 / root(24 x 24 + 0 x 0), 4) = 1 \
         is not below 0.9, at least 3 kW, at least 100 % of the kW with their power factor in the 1 cycle before (4.5 kW of 2024-06), billed as 4.5 kW, \
         at 1 per kW: max(1, 3, 4.5 x 1) x 1 = 4.5 EUR"
    );
}

/// Months of May and June 2024, 1 kWh in every hour but one of each.
fn two_months(charges: &str) -> World {
    let mut hours = vec!["1"; 61 * 24];
    (hours[40], hours[41], hours[1000]) = ("3.25", "2.5", "2");
    let mut world =
        World::new(charges, "2024-05-01", "2024-06-01").with_load("2024-05-01T00:00Z", 60, &hours);
    world.case = r#""cycles": [{"from": "2024-05-01", "to": "2024-06-01"}, {"from": "2024-06-01", "to": "2024-07-01"}]"#.to_owned();
    world.rounding = r#"{"scope": "line", "mode": "half_even", "places": 2}"#;
    world
}

#[test]
fn every_way_of_power_and_tiers_is_told() {
    let charges = r#"{"id": "ratchet", "type": "demand", "window_minutes": 60, "rate": 5, "minimum_kw": 2.5, "ratchet": {"percent": 80, "cycles_back": 2, "months": [4, 5]}},
        {"id": "rolling", "type": "demand", "window_minutes": 120, "rate": 3, "minimum_kw": 1, "rolling_mean_with_kw": [4, "0.5"]},
        {"id": "fee_by_power", "type": "demand", "window_minutes": 60, "steps": [{"up_to": 2, "fee": 7}, {"up_to": 3, "fee": 9}, {"up_to": 5, "fee": 12}]},
        {"id": "volume", "type": "tiered", "mode": "volume", "allowance": "per_30_days", "tiers": [{"up_to": 100, "rate": "0.1"}, {"up_to": 1000, "rate": "0.2"}, {"up_to": null, "rate": "0.3"}]},
        {"id": "limits", "type": "tiered", "allowance": "per_30_days", "tiers": [{"up_to": 100, "rate": "0.1"}, {"up_to": 400, "rate": "0.2"}, {"up_to": null, "rate": "0.3"}]},
        {"id": "seasons", "type": "tiered", "seasons": [{"name": "may", "months": [5], "tiers": [{"up_to": 10, "rate": 1}, {"up_to": null, "rate": 2}]},
            {"name": "rest", "months": [1,2,3,4,6,7,8,9,10,11,12], "tiers": [{"up_to": null, "rate": 3}]}]},
        {"id": "step", "type": "stairstep", "steps": [{"up_to": 10, "fee": 1}, {"up_to": 1000, "fee": 2}, {"up_to": null, "fee": 3}]},
        {"id": "rounded", "type": "energy", "rate": "0.015", "interval_kwh_rounding": {"mode": "half_up", "places": 0}},
        {"id": "agreed", "type": "contracted_power", "window_minutes": 60, "rule": "band", "low_percent": 85, "high_percent": 105, "excess_factor": 2,
            "otherwise": {"name": "all", "contracted_kw": 100, "rate_per_kw_day": "0.0123"}}"#;
    let world = two_months(charges)
        .and(r#""history_kw": {"ratchet": [{"month": "2024-03", "kw": 9}, {"month": "2024-04", "kw": 3}]}"#);
    check(
        &world.bills().unwrap(),
        include_str!("explained/power_and_tiers.txt"),
    );
}

/// Who does not have the tariff at hand sees which windows, hours and days were looked at.
#[test]
fn when_power_bands_and_seasons_count_is_told() {
    let weekdays = r#"[{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "20:00"}]"#;
    let night = r#"[{"from": "22:00", "to": "06:00"}, {"days": ["sun", "hol"]}]"#;
    let bands = |what: &str| {
        format!(
            r#""bands": [{{"name": "peak", {what}, "when": {weekdays}}}, {{"name": "night", {what}, "when": {night}}}], "otherwise": {{"name": "rest", {what}}}"#
        )
    };
    let (energy, power) = (
        bands(r#""rate": "0.2""#),
        bands(r#""contracted_kw": 3, "rate_per_kw_day": "0.1""#),
    );
    let charges = format!(
        r#"{{"id": "energy", "type": "energy", {energy}}},
        {{"id": "sliding", "type": "demand", "window_minutes": 120, "slide_minutes": 60, "when": {weekdays}, "rate": 5, "ratchet": {{"percent": 50, "cycles_back": 1}}}},
        {{"id": "never", "type": "demand", "window_minutes": 60, "when": [{{"months": [1, 2, 3, 7]}}], "rate": 5}},
        {{"id": "one_day", "type": "demand", "window_minutes": 60, "aggregation": "top_days_mean", "top_n": 2, "when": [{{"days": ["sat"], "months": [6]}}], "rate": 5}},
        {{"id": "agreed", "type": "contracted_power", "window_minutes": 60, "rule": "band", "low_percent": 50, "high_percent": 105, "excess_factor": 2, {power}}},
        {{"id": "squares", "type": "contracted_power", "window_minutes": 60, "slide_minutes": 30, "rule": "root_sum_square", "excess_id": "over", "excess_rate": 7, {power}}},
        {{"id": "seasons", "type": "tiered", "allowance": "per_day", "seasons": [{{"name": "spring", "months": [3, 4, 5], "tiers": [{{"up_to": 5, "rate": 1}}, {{"up_to": null, "rate": 2}}]}},
            {{"name": "rest", "months": [1,2,6,7,8,9,10,11,12], "tiers": [{{"up_to": null, "rate": 3}}]}}]}},
        {{"id": "coincident", "type": "coincident", "intervals_utc": ["2024-05-31T17:00:00Z", "2024-06-01T17:00:00Z", "2024-06-03T17:00:00Z"], "rate": 2}}"#
    );
    let hours: Vec<String> = (0..72).map(|hour| format!("{}.5", (hour * 5) % 7)).collect();
    let mut hours: Vec<&str> = hours.iter().map(String::as_str).collect();
    hours[41] = "";
    let world = World::new(&charges, "2024-05-31", "2024-06-03")
        .with_load("2024-05-31T00:00Z", 60, &hours)
        .and(
            r#""estimation": {"interval_minutes": 60, "linear_max_minutes": 60, "like_days": 1, "search_days": 7, "places": 3},
            "history_kw": {"sliding": [{"month": "2024-04", "kw": 20}]}"#,
        );
    let bill = world.bill();
    let how = |id: &str| {
        let lines = bill["lines"].as_array().unwrap();
        lines.iter().find(|line| line["id"] == id).unwrap()["how"].clone()
    };
    let rule =
        serde_json::json!([{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "20:00"}]);
    assert_eq!(how("sliding")["hours"]["when"], rule);
    assert_eq!(how("sliding")["slide_minutes"], 60);
    assert_eq!(
        how("agreed.night")["hours"]["outside"][0],
        serde_json::json!({"band": "peak", "when": rule})
    );
    assert_eq!(
        how("energy.rest")["energy"]["qualities"],
        serde_json::json!([
            {"quality": "given", "intervals": 19, "kwh": "57.5"}, {"quality": "estimated", "intervals": 1, "kwh": "2.5"},
        ])
    );
    let season =
        serde_json::json!({"months": [3, 4, 5], "days": [{"first": "2024-05-31", "last": "2024-05-31"}]});
    assert_eq!(how("seasons.spring")["season"], season);
    assert_eq!(
        how("coincident")["estimated"],
        serde_json::json!(["2024-06-01T17:00:00Z"])
    );
    check(&[bill], include_str!("explained/hours.txt"));
}

#[test]
fn what_banks_and_versions_do_is_told() {
    let charges = r#"{"id": "net", "type": "net_energy", "rate": "0.3", "expiry_cycles": 2, "expired_rate": "0.05"}, {"id": "fee", "type": "monthly", "amount": 10},
        {"id": "feed_in", "type": "indexed", "register": "export", "sign": "-1", "multiplier": "0.9"}"#;
    let mut world = World::new("", "2024-05-01", "2024-06-01")
        .and(r#""opening_bank": {"net": [{"cycles_ago": 2, "kwh": 14}, {"cycles_ago": 1, "kwh": 3}]}"#);
    world.tariff = format!(
        r#""versions": [{{"valid_from": "2024-01-01", "valid_to": "2024-05-11", "charges": [{charges}]}}, {{"valid_from": "2024-05-11", "charges": [{charges}]}}],
        "bill_charges": [{{"id": "bonus", "type": "percent", "rate": "-0.1", "of": ["net"]}}]"#
    );
    let days: Vec<String> = (1..=31)
        .map(|day| {
            if day == 5 {
                "5.5,1".to_owned()
            } else {
                format!("{},{}", day % 2, day / 20)
            }
        })
        .collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    world.load = Some(rows(
        "start_utc,import_kwh,export_kwh",
        "2024-05-01T00:00Z",
        1440,
        &days,
    ));
    world.prices = Some(rows(
        "start_utc,price_per_mwh",
        "2024-05-01T00:00Z",
        1440,
        &["77.7"; 31],
    ));
    check(
        &world.bills().unwrap(),
        include_str!("explained/banks_and_versions.txt"),
    );
}

#[test]
fn what_registers_showed_is_told() {
    let charges = r#"{"id": "energy", "type": "energy", "rate": "0.3"}, {"id": "tiers", "type": "tiered", "tiers": [{"up_to": 100, "rate": "0.1"}, {"up_to": null, "rate": "0.2"}]},
        {"id": "fee", "type": "daily", "amount": 1}"#;
    let mut world = World::new(charges, "2024-06-01", "2024-07-01").and(
        r#""kind": "registers", "estimated_reads": "trueup", "meters": [{"id": "A", "dials": 4, "multiplier": 2}, {"id": "B", "dials": 6}], "reads": [
            {"date": "2024-06-01", "meter": "A", "register": "import", "value": "9900", "kind": "actual"},
            {"date": "2024-06-11", "meter": "A", "register": "import", "value": "50", "kind": "estimated"},
            {"date": "2024-06-21", "meter": "A", "register": "import", "value": "40", "kind": "final"},
            {"date": "2024-06-21", "meter": "B", "register": "import", "value": "0", "kind": "initial"},
            {"date": "2024-07-11", "meter": "B", "register": "import", "value": "77", "kind": "actual"}]"#,
    );
    world.case = world.case.replace(
        r#"[{"from": "2024-06-01", "to": "2024-07-01"}]"#,
        r#"[{"from": "2024-06-01", "to": "2024-06-11"}, {"from": "2024-06-11", "to": "2024-07-11"}]"#,
    );
    check(&world.bills().unwrap(), include_str!("explained/registers.txt"));
}

#[test]
fn what_a_balance_lost_is_told() {
    let charges = r#"{"id": "energy", "type": "energy", "bands": [{"name": "day", "rate": "0.333", "when": [{"from": "06:00", "to": "18:00"}]}],
        "otherwise": {"name": "night", "rate": "0.2"}}, {"id": "standing", "type": "daily", "amount": "0.15"}"#;
    let world = World::new(charges, "2024-06-03", "2024-06-05")
        .with_load(
            "2024-06-03T00:00Z",
            360,
            &["1", "6", "3", "9", "1", "2.75", "5", "7"],
        )
        .and(r#""kind": "prepayment", "opening_balance": 3"#);
    check(&world.bills().unwrap(), include_str!("explained/prepayment.txt"));
}

/// Line by line, bill by bill.
#[track_caller]
pub(super) fn check(bills: &[Value], expected: &str) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let said = |line: &Value| format!("{}: {}\n", text(&line["id"]), text(&line["explanation"]));
    let lines = bills.iter().flat_map(|bill| bill["lines"].as_array().unwrap());
    let found: String = lines.map(said).collect();
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found, expected);
}
