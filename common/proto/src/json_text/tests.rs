use crate::billing::LineReads;

#[test]
fn it_is_an_object_in_json_and_a_text_on_the_wire() {
    let line = LineReads {
        line: "energy".to_owned(),
        how: r#"{"formula":"3 x 0.25"}"#.to_owned(),
        ..LineReads::default()
    };
    let shown = serde_json::to_value(&line).unwrap();
    assert_eq!(shown["how"]["formula"], "3 x 0.25");
    assert_eq!(serde_json::from_value::<LineReads>(shown).unwrap(), line);
    let none = LineReads::default();
    let shown = serde_json::to_value(&none).unwrap();
    assert!(shown.get("how").is_none(), "{shown}");
    assert_eq!(serde_json::from_value::<LineReads>(shown).unwrap(), none);
}
