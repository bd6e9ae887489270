use super::*;

#[test]
fn everything_that_was_written_is_shown() {
    let outline = Outline::of(
        r#"{"currency": "EUR", "timezone": "UTC", "rounding": {"scope": "line", "mode": "half_up", "places": 2}, "versions": [
            {"name": "first", "valid_from": "2026-01-01", "valid_to": "2027-01-01", "charges": [{"id": "e", "type": "energy", "bands": [
                {"name": "peak", "rate": "0.4", "when": [{"days": ["mon", "fri"], "from": "16:00"}, {"months": [7]}, {"event": "hot"}, {}]}],
                "otherwise": {"name": "rest", "rate": 0.20}}]},
            {"valid_from": "2027-01-01", "valid_to": null, "charges": [{"id": "t", "type": "tiered", "tiers": [{"up_to": 9, "rate": 1}, {"up_to": null, "rate": 2}]}]}],
            "bill_charges": [{"id": "vat", "type": "percent", "rate": "0.19", "of": ["e", "t"]}]}"#,
    )
    .unwrap();
    let terms: Vec<String> = outline
        .terms
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(
        terms,
        [
            "currency=EUR",
            "timezone=UTC",
            "rounding=scope line, mode half_up, places 2"
        ]
    );
    let versions: Vec<[&str; 3]> = outline
        .versions
        .iter()
        .map(|version| [&version.name, &version.valid_from, &version.valid_to].map(String::as_str))
        .collect();
    assert_eq!(
        versions,
        [["first", "2026-01-01", "2027-01-01"], ["", "2027-01-01", ""]]
    );
    let rows: Vec<String> = outline
        .charges
        .iter()
        .map(|row| format!("{}|{}|{}|{}", row.version, row.id, row.kind, row.words))
        .collect();
    assert_eq!(
        rows,
        [
            "2026-01-01|e|energy|bands (name peak, rate 0.4, when mon fri 16:00-24:00 or in month 7 or during hot or always), otherwise (name rest, rate 0.20)",
            "2027-01-01|t|tiered|tiers (up_to 9, rate 1) (up_to no limit, rate 2)",
            "|vat|percent|rate 0.19, of e t",
        ]
    );
}
