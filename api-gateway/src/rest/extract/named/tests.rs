use serde::Deserialize;

use super::Named;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    id: String,
    number: Option<i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    first: Option<Inner>,
    many: Vec<Inner>,
    boxed: Option<Box<Inner>>,
}

fn read(text: &str) -> Result<Outer, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    Outer::deserialize(Named(&mut json)).map_err(|error| error.to_string())
}

#[test]
fn objects_are_read_as_ever() {
    let inner = |id: &str, number| Inner {
        id: id.to_owned(),
        number,
    };
    let text =
        r#"{"first":{"id":"a","number":-1},"many":[{"number":null,"id":"b"},{"id":"c"}],"boxed":{"id":"d"}}"#;
    let expected = Outer {
        first: Some(inner("a", Some(-1))),
        many: vec![inner("b", None), inner("c", None)],
        boxed: Some(Box::new(inner("d", None))),
    };
    assert_eq!(read(text), Ok(expected));
}

#[test]
fn values_by_position_are_refused_at_every_depth() {
    for text in [
        r#"[null,[],null]"#,
        r#"{"first":["a",1],"many":[]}"#,
        r#"{"many":[["a",1]]}"#,
        r#"{"many":[{"id":"a"},["b",1]]}"#,
        r#"{"many":[],"boxed":["a",1]}"#,
    ] {
        let refused = read(text).unwrap_err();
        assert!(
            refused.contains("invalid type: sequence, expected struct"),
            "{text}: {refused}"
        );
    }
}

#[test]
fn what_else_is_wrong_is_still_found() {
    for (text, said) in [
        (r#"{"many":[{"id":"a","id":"b"}]}"#, "duplicate field `id`"),
        (r#"{"many":[{"id":"a","x":1}]}"#, "unknown field `x`"),
        (r#"{"many":[{}]}"#, "missing field `id`"),
    ] {
        let refused = read(text).unwrap_err();
        assert!(refused.contains(said), "{text}: {refused}");
    }
}
