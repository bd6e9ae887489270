use serde_json::json;

use super::{cell, flatten, table};

fn rows() -> Vec<serde_json::Value> {
    vec![
        json!({"id": "m-1", "kwh": "12.5", "latest": {"at": "noon"}, "note": "a,\"b\""}),
        json!({"id": "meter-2", "kwh": "3", "latest": null}),
    ]
}

fn printed(print: impl Fn(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    print(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn tables_align_text_left_and_numbers_right() {
    let columns = [("METER", "id"), ("KWH", "kwh"), ("AT", "latest.at")];
    let text = printed(|out| table(out, &columns, &rows()));
    assert_eq!(text, "METER     KWH  AT\nm-1      12.5  noon\nmeter-2     3\n");
}

#[test]
fn a_missing_field_is_an_empty_cell() {
    assert_eq!(cell(&json!({"a": {"b": 1}}), "a.c.d"), "");
}

#[test]
fn one_thing_is_shown_field_by_field() {
    let mut fields = Vec::new();
    flatten(
        "",
        &json!({"id": "b", "lines": [{"id": "x"}], "empty": "", "at": {"from": "1"}}),
        &mut fields,
    );
    let shown: Vec<(&str, &str)> = fields
        .iter()
        .map(|(field, value)| (field.as_str(), value.as_str()))
        .collect();
    assert_eq!(shown, [("at.from", "1"), ("id", "b"), ("lines[0]", "id=x")]);
}
