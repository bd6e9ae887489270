use crate::case::check_tariff;

/// How often a tariff with these bill charges is warned about.
fn warned(bill_charges: &str) -> usize {
    let text = format!(
        r#"{{"currency": "EUR", "timezone": "UTC", "rounding": {{"scope": "line", "mode": "half_up", "places": 2}},
            "charges": [{{"id": "base", "type": "daily", "amount": 1}}], "bill_charges": [{bill_charges}]}}"#
    );
    check_tariff(&text).unwrap().len()
}

#[test]
fn a_tariff_without_a_tax_category_is_warned_about() {
    assert_eq!(warned(""), 1);
    assert_eq!(warned(r#"{"id": "vat", "type": "percent", "rate": "0.2"}"#), 1);
    assert_eq!(
        warned(r#"{"id": "vat", "type": "percent", "rate": "0.2", "tax": {"category": "S"}}"#),
        0
    );
    let exempt =
        r#"{"id": "vat", "type": "percent", "rate": 0, "tax": {"category": "E", "exemption": "why"}}"#;
    assert_eq!(warned(exempt), 0);
}
