//! A field whose text is JSON: in a JSON document it is what it says, not a text.

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, ser};
use serde_json::Value;

pub(crate) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let value: Value = serde_json::from_str(text).map_err(ser::Error::custom)?;
    value.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Value::deserialize(deserializer).map(|value| value.to_string())
}

#[cfg(test)]
mod tests;
