//! Facts by name, as JSON.

use serde_json::{Map, Value, json};

use crate::exact::Exact;

/// What a line was computed from, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts(Map<String, Value>);

impl Facts {
    /// Of a kind of line.
    pub(crate) fn of(kind: &str) -> Self {
        Self(Map::new()).with("kind", kind)
    }

    /// With a fact.
    pub(crate) fn with(mut self, name: &str, fact: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), fact.into());
        self
    }

    /// With a number.
    pub(crate) fn with_number(self, name: &str, fact: &Exact) -> Self {
        self.with(name, number(fact))
    }

    /// With a number that may be absent.
    pub(crate) fn with_limit(self, name: &str, fact: Option<&Exact>) -> Self {
        self.with(name, limit(fact))
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// A number among facts.
pub(crate) fn number(number: &Exact) -> Value {
    json!(number.to_string())
}

/// A number that may be absent.
pub(crate) fn limit(limit: Option<&Exact>) -> Value {
    limit.map_or(Value::Null, number)
}
