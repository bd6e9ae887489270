//! Issued bills as canonical JSON: the same bills have the same bytes, on whatever backend they were made.

use std::collections::BTreeMap;

use proto::billing::Bill;
use serde_json::Value;

use crate::bill::statement_only;

/// How much of a bill is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// What the bill says: without number, status, times and actors.
    Statement,
    /// Everything.
    Full,
}

/// A bill on one line: keys in order of their bytes, no spaces, no line break.
#[must_use]
pub fn line(bill: &Bill, form: Form) -> String {
    let value = match form {
        Form::Full => serde_json::to_value(bill),
        Form::Statement => serde_json::to_value(statement_only(bill)).map(|mut value| {
            if let Value::Object(fields) = &mut value {
                for absent in ["number", "status", "issued_at", "history"] {
                    fields.remove(absent);
                }
            }
            value
        }),
    };
    let mut out = String::new();
    write(&value.unwrap_or_default(), &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push_str(if fields.is_empty() { "{}" } else { "}" });
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                write(item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string())
        }
    }
}

#[cfg(test)]
mod tests;
