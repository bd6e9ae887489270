//! As much of JSON Schema (2020-12) as the schema of tariffs uses; a word it does not know is a panic, not a guess.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Words that say nothing about what is valid.
const TEXTS: [&str; 4] = ["$schema", "$defs", "title", "description"];

pub(super) struct Schema(Value);

impl Schema {
    pub(super) fn new(schema: Value) -> Self {
        Self(schema)
    }

    /// What is wrong with a document.
    pub(super) fn check(&self, document: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.valid(&self.0, document, "", &mut faults);
        faults
    }

    /// Every key that it names anywhere.
    pub(super) fn keys(&self) -> BTreeSet<String> {
        fn collect(schema: &Value, found: &mut BTreeSet<String>) {
            let properties = schema.get("properties").and_then(Value::as_object);
            found.extend(properties.into_iter().flat_map(Map::keys).cloned());
            match schema {
                Value::Object(pairs) => pairs.values().for_each(|value| collect(value, found)),
                Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        collect(&self.0, &mut found);
        found
    }

    /// The keys of the object at a place of a valid document.
    pub(super) fn known_at(&self, document: &Value, pointer: &str) -> BTreeSet<String> {
        let mut schema = &self.0;
        let mut value = document;
        for step in pointer.split('/').skip(1) {
            let branch = self.branch(schema, value);
            (schema, value) = match value {
                Value::Array(items) => (&branch["items"], &items[step.parse::<usize>().unwrap()]),
                value => (&branch["properties"][step], &value[step]),
            };
        }
        let branch = self.branch(schema, value);
        branch["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }

    /// The schema behind references and, of alternatives, the one for which `value` is valid.
    fn branch<'s>(&'s self, schema: &'s Value, value: &Value) -> &'s Value {
        if let Some(name) = schema.get("$ref") {
            return self.branch(self.definition(name), value);
        }
        let alternatives = schema.get("oneOf").and_then(Value::as_array);
        match alternatives.filter(|_| schema.get("properties").is_none()) {
            Some(all) => {
                let fits = all.iter().find(|one| self.is_valid(one, value));
                self.branch(fits.expect("the document is valid"), value)
            }
            None => schema,
        }
    }

    fn definition(&self, name: &Value) -> &Value {
        let name = name.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
        self.0["$defs"]
            .get(name)
            .unwrap_or_else(|| panic!("no definition {name}"))
    }

    fn is_valid(&self, schema: &Value, value: &Value) -> bool {
        let mut faults = Vec::new();
        self.valid(schema, value, "", &mut faults);
        faults.is_empty()
    }

    fn valid(&self, schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
        for (word, rule) in schema.as_object().unwrap() {
            match word.as_str() {
                text if TEXTS.contains(&text) => {}
                "$ref" => self.valid(self.definition(rule), value, path, faults),
                "allOf" => {
                    for one in rule.as_array().unwrap() {
                        self.valid(one, value, path, faults);
                    }
                }
                "oneOf" | "anyOf" => {
                    let all = rule.as_array().unwrap().iter();
                    let count = all.filter(|one| self.is_valid(one, value)).count();
                    if count == 0 || (word == "oneOf" && count > 1) {
                        faults.push(format!("{path}: is none of the alternatives, or more than one"));
                    }
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.valid(rule, item, &format!("{path}[{index}]"), faults);
                    }
                }
                "properties" => {
                    for (key, value) in value.as_object().into_iter().flatten() {
                        if let Some(schema) = rule.get(key) {
                            self.valid(schema, value, &joined(path, key), faults);
                        }
                    }
                }
                "patternProperties" => {}
                "additionalProperties" => {
                    assert_eq!(rule, &Value::Bool(false));
                    faults.extend(
                        unknown_keys(schema, value).map(|key| format!("{}: unknown key", joined(path, key))),
                    );
                }
                word => faults.extend(fault(word, rule, value).map(|fault| format!("{path}: {fault}"))),
            }
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    let dot = if path.is_empty() { "" } else { "." };
    format!("{path}{dot}{key}")
}

/// Keys that are neither properties nor notes.
fn unknown_keys<'v>(schema: &'v Value, value: &'v Value) -> impl Iterator<Item = &'v String> {
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    let is_note = move |key: &str, value: &Value| {
        let mut patterns = patterns.into_iter().flatten();
        value.is_string() && patterns.any(|(pattern, _)| matches(pattern, key))
    };
    let pairs = value.as_object().into_iter().flatten();
    let unknown =
        pairs.filter(move |(key, value)| schema["properties"].get(*key).is_none() && !is_note(key, value));
    unknown.map(|(key, _)| key)
}

/// What a word that looks at the value alone has against it.
fn fault(word: &str, rule: &Value, value: &Value) -> Option<String> {
    let length = value.as_array().map(|items| u64::try_from(items.len()).unwrap());
    let (is_good, fault) = match word {
        "type" => (is_type(rule.as_str().unwrap(), value), "has another type"),
        "const" => (rule == value, "is something else"),
        "enum" => (rule.as_array().unwrap().contains(value), "is none of the words"),
        "pattern" => {
            let good = value
                .as_str()
                .is_none_or(|text| matches(rule.as_str().unwrap(), text));
            (good, "does not match")
        }
        "minimum" => (value.as_i64() >= rule.as_i64(), "is too small"),
        "maximum" => (value.as_i64() <= rule.as_i64(), "is too large"),
        "minItems" => (length >= rule.as_u64(), "has too few items"),
        "maxItems" => (length <= rule.as_u64(), "has too many items"),
        "required" => {
            let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
            (rule.as_array().unwrap().iter().all(has), "lacks a key")
        }
        other => panic!("the validator does not know {other}"),
    };
    (!is_good).then(|| fault.to_owned())
}

fn is_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("no type {other}"),
    }
}

/// The patterns of the schema, each in other words.
fn matches(pattern: &str, text: &str) -> bool {
    let all = |allowed: &str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || allowed.as_bytes().contains(&byte))
    };
    match pattern {
        "^[A-Z]{3}$" => text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
        "^[A-Za-z0-9_:-]{1,64}$" => all("_:-"),
        "^[A-Za-z0-9._:-]{1,64}$" => all("._:-"),
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" => text.parse::<chrono::NaiveDate>().is_ok(),
        r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$" => text.parse::<tariff_engine::Exact>().is_ok(),
        "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$" => {
            text == "24:00" || chrono::NaiveTime::parse_from_str(text, "%H:%M").is_ok()
        }
        r"\S" => !text.trim().is_empty(),
        "^(title|note|notes|comment|description|source)$" => super::NOTES.contains(&text),
        other => panic!("the validator does not know {other}"),
    }
}
