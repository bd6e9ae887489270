use super::*;

#[test]
fn the_canonical_text_depends_on_content_alone() {
    let check = |text: &str, expected: &str| assert_eq!(Node::parse(text).unwrap().canonical(), expected);
    check(
        "{ \"b\": [1.50, \"x\\u0041\\n\"],\n \"a\": {\"d\": null, \"c\": true} }",
        r#"{"a":{"c":true,"d":null},"b":[1.50,"xA\n"]}"#,
    );
    check("[ ]", "[]");
    check(
        "100000000000000000000000.000000000000000001",
        "100000000000000000000000.000000000000000001",
    );
}

#[test]
fn what_is_no_json_or_too_deep_is_refused() {
    assert!(Node::parse("{").is_err());
    assert!(Node::parse("").is_err());
    assert!(Node::parse("{} {}").is_err());
    assert!(Node::parse(&"[".repeat(100_000)).is_err());
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(Node::parse(&deep), Err("nested too deep".to_owned()));
}
