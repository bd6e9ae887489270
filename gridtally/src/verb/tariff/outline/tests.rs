use super::*;

const TEXT: &str = r#"{"currency": "EUR", "timezone": "Europe/Berlin", "holidays": ["2026-10-03", "2026-12-25"],
    "rounding": {"scope": "line", "mode": "half_up", "places": 2}, "estimated_reads": "trueup",
    "estimation": {"interval_minutes": 15, "linear_max_minutes": 60, "like_days": 2, "search_days": 9, "places": 4}, "versions": [
        {"name": "winter", "valid_from": "2026-01-01", "valid_to": "2026-06-01", "charges": [{"id": "e", "type": "energy", "rate": "0.3"}]},
        {"valid_from": "2026-07-01", "charges": []}]}"#;

/// The gap of June shows in all of them.
#[test]
fn programs_are_told_what_the_table_says() {
    let outline = Outline::of(TEXT).unwrap();
    let all = [
        ("", "edition", outline.edition.as_str()),
        ("", "currency", "EUR"),
        ("", "timezone", "Europe/Berlin"),
        ("", "holidays", "2026-10-03 2026-12-25"),
        ("", "rounding", "scope line, mode half_up, places 2"),
        ("", "estimated_reads", "trueup"),
        (
            "",
            "estimation",
            "interval_minutes 15, linear_max_minutes 60, like_days 2, search_days 9, places 4",
        ),
        (
            "2026-01-01",
            "version",
            "name winter, valid_from 2026-01-01, valid_to 2026-06-01",
        ),
        ("2026-07-01", "version", "valid_from 2026-07-01"),
    ];
    let expected =
        all.map(|(from, key, words)| json!({"version": from, "id": "", "type": key, "terms": words}));
    assert_eq!(terms(&outline), expected);
    let energy = json!({"version": "2026-01-01", "id": "e", "type": "energy", "terms": "rate 0.3"});
    assert_eq!(charges(&outline), std::slice::from_ref(&energy));
    let terms: Map<_, _> = all[1..7]
        .iter()
        .map(|(_, key, words)| ((*key).to_owned(), json!(words)))
        .collect();
    let object = object(&outline);
    assert_eq!(
        object,
        json!({
            "edition": outline.edition, "terms": terms, "charges": [energy],
            "versions": [
                {"name": "winter", "valid_from": "2026-01-01", "valid_to": "2026-06-01"},
                {"name": "", "valid_from": "2026-07-01", "valid_to": ""},
            ],
        })
    );
}
