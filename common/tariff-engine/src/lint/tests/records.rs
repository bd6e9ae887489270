use super::*;

#[test]
fn rate_records_are_looked_at_too() {
    let record =
        |energy: &str| format!(r#"{{"energyratestructure": {energy}, "fixedchargefirstmeter": -1}}"#);
    assert_eq!(
        found(&record(
            r#"[[{"max": 10, "rate": 0.1}, {"max": 10, "rate": 0.2}, {"rate": 0.3}]]"#
        )),
        [
            "warning TIER_UNREACHABLE energyratestructure[0][1]",
            "warning PRICE_NEGATIVE fixedchargefirstmeter"
        ]
    );
    let hours = format!("[{}]", vec!["0"; 24].join(","));
    let year = format!("[{}]", vec![hours; 12].join(","));
    let two = format!(
        r#"{{"energyratestructure": [[{{"rate": 1}}], [{{"rate": 1}}]], "energyweekdayschedule": {year}, "energyweekendschedule": {year}}}"#
    );
    assert_eq!(found(&two), ["warning PERIOD_UNUSED energyratestructure[1]"]);
    assert_eq!(
        found(&record(r#"[[{"max": 10, "rate": 0.1}, {"max": 5}]]"#)),
        ["error TIERS_NOT_ASCENDING energyratestructure[0]"]
    );
    assert_eq!(
        found(&record(r#"[[{"max": 0.0, "rate": 0.1}, {"rate": 0.3}]]"#).replace("-1", "1")),
        ["warning TIER_UNREACHABLE energyratestructure[0][0]"]
    );
    let mixed = r#"[[{"max": 10, "unit": "kWh daily", "rate": 1}, {"max": 5, "unit": "kWh", "rate": 1}, {"rate": 1, "unit": "kWh/kW"}]]"#;
    assert_eq!(
        found(&record(mixed).replace("-1", "1")),
        ["warning TIER_UNREACHABLE energyratestructure[0]"]
    );
    let same_number = mixed.replace(r#""max": 5"#, r#""max": 10"#);
    assert_eq!(
        found(&record(&same_number).replace("-1", "1")),
        ["warning TIER_UNREACHABLE energyratestructure[0]"]
    );
    let alike = mixed
        .replace(r#""kWh""#, r#""KWH DAILY""#)
        .replace(r#""max": 5"#, r#""max": 15"#);
    assert!(found(&record(&alike).replace("-1", "1")).is_empty());
    assert_eq!(
        found(&record(r#"[[{"rate": null, "adj": 0.1, "max": null}]]"#).replace("-1", "null")),
        ["warning PRICE_NULL energyratestructure[0][0].rate"]
    );
}

#[test]
fn what_rate_refuses_of_a_record_is_found() {
    let without_energy = r#"{"fixedchargefirstmeter": 5}"#;
    assert_eq!(
        found(without_energy),
        ["warning ENERGY_MISSING energyratestructure"]
    );
    let ratchet = |keys: &str| format!(r#"{{"energyratestructure": [[{{"rate": 1}}]], {keys}}}"#);
    assert_eq!(
        found(&ratchet(r#""lookbackPercent": 80, "lookbackRange": 12"#)),
        ["warning RATCHET lookbackPercent"]
    );
    assert_eq!(
        found(&ratchet(r#""demandratchetpercentage": [0, 80]"#)),
        ["warning RATCHET demandratchetpercentage"]
    );
    assert!(found(&ratchet(r#""lookbackPercent": 80, "lookbackRange": 0"#)).is_empty());
    let limited = r#"{"energyratestructure": [[{"max": 10, "rate": 1}, {"max": 20, "rate": 2}]], "demandratestructure": [[{"max": 1e38, "rate": 1}]],
        "flatDemandStructure": [[{"max": 5, "rate": 1}]]}"#;
    assert_eq!(
        found(limited),
        [
            "warning STEP_GAP energyratestructure[0]",
            "warning STEP_GAP flatdemandstructure[0]"
        ]
    );
}

#[test]
fn tiers_without_a_rate_and_periods_without_a_structure() {
    let tiers = r#"{"energyratestructure": [[{"max": 100, "Rate": 0.1}, {"unit": "kWh"}]], "flatDemandStructure": [[{"adj": 1}]]}"#;
    assert_eq!(
        found(tiers),
        [
            "warning PRICE_NULL energyratestructure[0][1]",
            "warning PRICE_NULL flatDemandStructure[0][0]"
        ]
    );
    let year = |period: &str| {
        let day = format!("[{}]", [period; 24].join(","));
        format!("[{}]", vec![day; 12].join(","))
    };
    let record = |weekday: &str, months: &str| {
        format!(
            r#"{{"energyratestructure": [[{{"rate": 1}}]], "demandweekdayschedule": {}, "flatDemandMonths": [{months}], "flatdemandstructure": null}}"#,
            year(weekday)
        )
    };
    assert!(found(&record("0", "0,0,0,0,0,0,0,0,0,0,0,0")).is_empty());
    let text = record("7", "0,0,0,0,0,0,0,0,0,0,3.0,0");
    assert_eq!(
        found(&text),
        [
            "warning PERIOD_MISSING demandweekdayschedule",
            "warning PERIOD_MISSING flatDemandMonths"
        ]
    );
    let first = lint(&text).remove(0);
    assert!(
        first.text.starts_with("288 entries name a period other than 0"),
        "{}",
        first.text
    );
}
