use serde_json::json;

use super::*;

#[test]
fn what_needs_quotes_has_them() {
    let rows = [
        json!({"id": "m-1", "note": "a,\"b\""}),
        json!({"id": "meter-2", "latest": null}),
    ];
    let mut out = Vec::new();
    write(&mut out, &[("", "id"), ("", "note")], &rows).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text, "id,note\nm-1,\"a,\"\"b\"\"\"\nmeter-2,\n");
}

#[test]
fn no_text_becomes_a_formula() {
    let check = |text: &str, expected: &str| assert_eq!(field(text), expected);
    check("=1+1", "'=1+1");
    check("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    check("@SUM(A1)", "'@SUM(A1)");
    check("+49 30 1234", "'+49 30 1234");
    check("-x", "'-x");
    check("-1-1", "'-1-1");
    check("-inf", "'-inf");
    check("-1e5", "'-1e5");
    check("\tx", "'\tx");
    check("\rx", "\"'\rx\"");
    check("a=b", "a=b");
}

#[test]
fn numbers_stay_numbers() {
    for number in ["-12.50", "-0.000001", "+3", "-7", "0.25", ""] {
        assert_eq!(field(number), number);
    }
}
