//! JSON as it was written: numbers keep their digits, objects their order, and a key that comes twice is seen.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a tariff may nest; more is no tariff, and recursion stays bounded.
const MAX_DEPTH: usize = 16;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// The digits as written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads `text`. A byte order mark before it is no part of it (RFC 8259, section 8.1).
    ///
    /// # Errors
    /// A sentence saying where it is not JSON.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Self::from_raw(raw, MAX_DEPTH)
    }

    fn from_raw(raw: &RawValue, depth: usize) -> Result<Self, String> {
        let text = raw.get();
        let deeper = depth.checked_sub(1).ok_or("nested too deep")?;
        Ok(match text.bytes().next() {
            Some(b'{') => {
                let Pairs(pairs) = serde_json::from_str(text).map_err(|error| error.to_string())?;
                let read = |(key, raw): (String, &RawValue)| Ok((key, Self::from_raw(raw, deeper)?));
                Self::Object(pairs.into_iter().map(read).collect::<Result<_, String>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| error.to_string())?;
                let read = |raw| Self::from_raw(raw, deeper);
                Self::List(items.into_iter().map(read).collect::<Result<_, String>>()?)
            }
            Some(b'"') => Self::Text(serde_json::from_str(text).map_err(|error| error.to_string())?),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            _ => Self::Number(text.to_owned()),
        })
    }

    /// An item of a list.
    pub(crate) fn item(&self, index: usize) -> Option<&Self> {
        match self {
            Self::List(items) => items.get(index),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => None,
        }
    }

    /// The value of a key, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
            Self::Object(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, node)| node),
        }
    }

    /// The texts that stand under such a key in any object of it.
    pub(crate) fn texts_of(&self, key: &str) -> BTreeSet<String> {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => BTreeSet::new(),
            Self::List(items) => items.iter().flat_map(|item| item.texts_of(key)).collect(),
            Self::Object(pairs) => {
                let found = pairs.iter().flat_map(|(name, node)| match node {
                    Self::Text(text) if name == key => BTreeSet::from([text.clone()]),
                    Self::Null
                    | Self::Bool(_)
                    | Self::Number(_)
                    | Self::Text(_)
                    | Self::List(_)
                    | Self::Object(_) => node.texts_of(key),
                });
                found.collect()
            }
        }
    }

    /// The canonical text: keys in order of their bytes, no spaces, numbers with the digits as written.
    pub(crate) fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => push_text(out, text),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(pairs) => {
                let mut sorted: Vec<_> = pairs.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
                out.push('{');
                for (index, (key, value)) in sorted.into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    push_text(out, key);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn push_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// The pairs of an object, also those whose key came before.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

#[cfg(test)]
mod tests;
