use super::*;

const TARIFF: &str = r#"{"currency": "EUR", "timezone": "Europe/Berlin", "rounding": {"scope": "none"}, "holidays": ["2026-05-01"],
    "versions": [
        {"valid_from": "2025-01-01", "valid_to": "2026-01-01", "charges": [{"id": "old", "type": "energy", "rate": "0.5"}]},
        {"valid_from": "2026-01-01", "charges": [
            {"id": "e", "type": "energy", "bands": [
                {"name": "peak", "rate": "0.4", "when": [{"days": ["mon", "tue", "wed", "thu", "fri"], "months": [7], "from": "16:30", "to": "20:00"}]}],
                "otherwise": {"name": "rest", "rate": "0.2"}},
            {"id": "levy", "type": "energy", "rate": "0.05"}, {"id": "fee", "type": "daily", "amount": 1}]}]}"#;

#[test]
fn alike_days_share_a_page_and_prices_add_up() {
    let picture = Picture::of(TARIFF, None).unwrap();
    let days: Vec<_> = picture.pages.iter().map(|page| page.days.join(" ")).collect();
    assert_eq!(days, ["mon tue wed thu fri", "sat sun hol"]);
    let prices: Vec<_> = picture
        .prices
        .iter()
        .map(|price| (price.name.as_str(), price.rate.to_string()))
        .collect();
    assert_eq!(
        prices,
        [
            ("e.rest + levy", "0.25".to_owned()),
            ("e.peak + levy", "0.45".to_owned())
        ]
    );
    assert_eq!(picture.beside, [Beside::charge("fee")]);
    let july = &picture.pages[0].hours[6];
    let hour = |price, changes| Hour { price, changes };
    assert_eq!(july[15], hour(0, false));
    assert_eq!(july[16], hour(0, true)); // from 16:30
    assert_eq!(july[17], hour(1, false));
    assert_eq!(july[20], hour(0, false));
    assert!(
        picture.pages[1]
            .hours
            .iter()
            .flatten()
            .all(|other| *other == hour(0, false))
    );
}

#[test]
fn a_version_is_found_by_a_day() {
    let old = Picture::of(TARIFF, Some("2025-06-01".parse().unwrap())).unwrap();
    assert_eq!(old.prices[0].name, "old");
    let problems = Picture::of(TARIFF, Some("2024-06-01".parse().unwrap())).unwrap_err();
    assert_eq!(problems.to_string(), "versions: no version covers the day");
}

#[test]
fn a_record_has_weekdays_and_weekends() {
    let weekday = format!(
        "[{}]",
        vec![format!("[{},1,1,1,1]", vec!["0"; 20].join(",")); 12].join(",")
    );
    let weekend = format!(
        "[{}]",
        vec![format!("[{}]", vec!["0"; 24].join(",")); 12].join(",")
    );
    let record = format!(
        r#"{{"energyratestructure": [[{{"max": 100, "rate": 0.1, "adj": 0.01}}, {{"rate": 0.2}}], [{{"rate": 0.3}}]], "fixedchargefirstmeter": 5,
            "energyweekdayschedule": {weekday}, "energyweekendschedule": {weekend}}}"#
    );
    let picture = Picture::of(&record, None).unwrap();
    assert_eq!(picture.pages.len(), 2);
    let prices: Vec<_> = picture
        .prices
        .iter()
        .map(|price| (price.name.as_str(), price.rate.to_string()))
        .collect();
    assert_eq!(
        prices,
        [
            ("period 0, first of 2 tiers", "0.11".to_owned()),
            ("period 1", "0.3".to_owned())
        ]
    );
    assert_eq!(picture.beside, [Beside::charge("fixed")]);
}

/// Names and prices that occur, and what is not in the picture.
fn seen(charges: &str) -> (Vec<String>, Vec<String>) {
    let head = r#""currency": "EUR", "timezone": "Europe/Berlin", "rounding": {"scope": "none"}"#;
    let picture = Picture::of(&format!(r#"{{{head}, "charges": [{charges}]}}"#), None).unwrap();
    let price = |price: &Price| format!("{} {}", price.text(), price.name);
    let beside = |beside: &Beside| format!("{}: {}", beside.name, beside.reason.clone().unwrap_or_default());
    let prices = picture.prices.iter().map(price);
    (prices.collect(), picture.beside.iter().map(beside).collect())
}

#[test]
fn a_price_that_depends_on_a_value_is_no_number() {
    let band = |rate: &str| {
        format!(
            r#"{{"id": "e", "type": "energy", "bands": [{{"name": "x", "rate": {rate}, "when": [{{"to": "06:00"}}]}}], "otherwise": {{"name": "y", "rate": 2}}}}"#
        )
    };
    let levy = r#"{"id": "levy", "type": "energy", "rate": "0.05"}"#;
    let (prices, _) = seen(&format!("{}, {levy}", band(r#"{"param": "p"}"#)));
    assert_eq!(prices, ["{p} + 0.05 e.x + levy", "2.05 e.y + levy"]);
    let credit = r#"{"id": "c", "type": "energy", "sign": "-1", "rate": {"param": "q"}}"#;
    let signed = r#"{"id": "s", "type": "energy", "sign": {"param": "s"}, "rate": 3}"#;
    let (prices, _) = seen(&format!("{credit}, {signed}"));
    assert_eq!(prices, ["-{q} + {s} x 3 c + s"]);
    assert_eq!(seen(&band("3")).0, ["3 e.x", "2 e.y"]);
}

#[test]
fn a_band_that_depends_on_a_value_or_an_event_is_named_beside() {
    let band = |when: &str| {
        format!(
            r#"{{"id": "e", "type": "energy", "bands": [{{"name": "x", "rate": 9, "when": [{when}]}}], "otherwise": {{"name": "y", "rate": 2}}}}"#
        )
    };
    let check = |when: &str, prices: &[&str], reason: &[&str]| {
        let (found, beside) = seen(&band(when));
        assert_eq!(found, prices);
        assert_eq!(beside, reason);
    };
    let value = r#"{"months": [{"param": "m"}]}"#;
    check(value, &["2 e.y"], &["e.x: its hours depend on the value m"]);
    check(
        r#"{"event": "c"}"#,
        &["2 e.y"],
        &["e.x: its hours depend on events c"],
    );
    // What is known of it is in the picture.
    check(
        &format!(r#"{value}, {{"to": "06:00"}}"#),
        &["9 e.x", "2 e.y"],
        &["e.x: its hours depend on the value m"],
    );
    check(r#"{"to": "06:00"}"#, &["9 e.x", "2 e.y"], &[]);
}
