//! `docs/tariff.schema.json` says what the parser says: of every tariff in the repository, and of every key at every place.

mod validator;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tariff_engine::Tariff;
use validator::Schema;

/// A tariff with every kind of charge and every key.
const EVERY_KIND: &str = include_str!("../data/every_kind.json");
/// Texts to people, which may stand anywhere.
const NOTES: [&str; 6] = ["title", "note", "notes", "comment", "description", "source"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schema() -> Schema {
    let text = std::fs::read_to_string(root().join("docs/tariff.schema.json")).unwrap();
    Schema::new(serde_json::from_str(&text).unwrap())
}

/// Every neutral tariff that stands in a file, and the example of the page about tariffs.
fn tariffs() -> Vec<(String, Value)> {
    let mut tariffs = vec![("every_kind.json".to_owned(), EVERY_KIND.to_owned())];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tariffs/neutral");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        tariffs.push((
            path.display().to_string(),
            std::fs::read_to_string(&path).unwrap(),
        ));
    }
    let page = std::fs::read_to_string(root().join("docs/tariffs.md")).unwrap();
    for example in page.split("```json\n").skip(1) {
        tariffs.push((
            "docs/tariffs.md".to_owned(),
            example.split("```").next().unwrap().to_owned(),
        ));
    }
    tariffs
        .into_iter()
        .map(|(name, text)| (name, serde_json::from_str(&text).unwrap()))
        .collect()
}

#[test]
fn every_tariff_in_the_repository_is_valid() {
    let (schema, tariffs) = (schema(), tariffs());
    assert!(tariffs.len() > 12);
    for (name, tariff) in tariffs {
        assert_eq!(schema.check(&tariff), Vec::<String>::new(), "{name}");
        Tariff::parse(&tariff.to_string()).unwrap_or_else(|problems| panic!("{name}: {problems}"));
    }
}

#[test]
fn what_the_schema_refuses_is_named() {
    let schema = schema();
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut tariff: Value = serde_json::from_str(EVERY_KIND).unwrap();
        change(&mut tariff);
        let faults = schema.check(&tariff).join("; ");
        assert!(faults.contains(expected), "{faults}");
        assert!(
            Tariff::parse(&tariff.to_string()).is_err(),
            "the parser refuses it, too"
        );
    };
    check(
        &|tariff| tariff["colour"] = Value::from("red"),
        "colour: unknown key",
    );
    check(
        &|tariff| tariff["currency"] = Value::from("euro"),
        "currency: does not match",
    );
    check(
        &|tariff| tariff["versions"][0]["charges"][0]["rate"] = Value::from("a lot"),
        "versions[0].charges[0]",
    );
    check(
        &|tariff| tariff["versions"][0]["charges"][0]["rate"]["param"] = Value::from(" "),
        "versions[0].charges[0]",
    );
    check(
        &|tariff| {
            tariff["versions"][0]["charges"][1]["bands"][0]["when"][0]["days"][0] = Value::from("Monday")
        },
        "versions[0].charges[1]",
    );
    check(
        &|tariff| drop(tariff.as_object_mut().unwrap().remove("timezone")),
        "none of the alternatives",
    );
}

/// What the sample leaves out the other tests do not see.
#[test]
fn the_sample_has_every_key_of_the_schema() {
    let tariff: Value = serde_json::from_str(EVERY_KIND).unwrap();
    let mut objects = Vec::new();
    find_objects(&tariff, String::new(), &mut objects);
    let keys_at = |pointer: &String| tariff.pointer(pointer).unwrap().as_object().unwrap().keys();
    let mut used: BTreeSet<String> = objects.iter().flat_map(keys_at).cloned().collect();
    // One of two that exclude each other, and what stands for a number.
    used.extend(["charges", "utc_offset_hours", "param"].map(str::to_owned));
    let missing: Vec<String> = schema()
        .keys()
        .into_iter()
        .filter(|key| !used.contains(key))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
    let again = Tariff::parse(EVERY_KIND).unwrap();
    let again = Tariff::parse(again.canonical()).unwrap();
    let canonical: Value = serde_json::from_str(again.canonical()).unwrap();
    assert_eq!(canonical, tariff);
}

/// At every place where an object stands, parser and schema know the same keys.
#[test]
fn parser_and_schema_know_the_same_keys() {
    let schema = schema();
    let tariff: Value = serde_json::from_str(EVERY_KIND).unwrap();
    let mut keys = literals();
    keys.extend(schema.keys());
    assert!(keys.len() > 100, "{} keys", keys.len());
    let mut objects = Vec::new();
    find_objects(&tariff, String::new(), &mut objects);
    for pointer in objects {
        let known = schema.known_at(&tariff, &pointer);
        let object = tariff.pointer(&pointer).unwrap().as_object().unwrap();
        for key in keys
            .iter()
            .filter(|key| !object.contains_key(*key) && !NOTES.contains(&key.as_str()))
        {
            let mut changed = tariff.clone();
            changed.pointer_mut(&pointer).unwrap()[key] = Value::Null;
            let takes = parser_knows(&changed, key);
            assert_eq!(takes, known.contains(key), "{key} at {pointer}: parser {takes}");
        }
    }
}

fn parser_knows(tariff: &Value, key: &str) -> bool {
    let Err(problems) = Tariff::parse(&tariff.to_string()) else {
        return true;
    };
    let is_unknown = |problem: &tariff_engine::Problem| {
        problem.code == "KEY_UNKNOWN" && problem.path.rsplit('.').next() == Some(key)
    };
    !problems.all().iter().any(is_unknown)
}

/// Pointers of all objects but values by name.
fn find_objects(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(pairs) if !pairs.contains_key("param") => {
            for (key, value) in pairs {
                find_objects(value, format!("{pointer}/{key}"), found);
            }
            found.push(pointer);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_objects(item, format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Every text in the engine's source that could be a key.
fn literals() -> BTreeSet<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let is_key = |text: &&str| {
                    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                };
                found.extend(text.split('"').filter(is_key).map(str::to_owned));
            }
        }
    }
    found
}
