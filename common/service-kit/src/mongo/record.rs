//! A document as it lies in the database: `{_id, schema, data, view}`. The bytes in `data` alone count; `view` says the same to people.

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, RawBsonRef, RawDocument, doc};
use serde_json::Value;

use super::MongoError;

/// The layout of every document; one with another is refused.
pub const SCHEMA: i32 = 1;
/// Beside more bytes than this there is no `view`, so that a document stays far below the 16 MiB that the server takes.
const MAX_VIEWED_BYTES: usize = 1 << 20;

/// What is kept under an id.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its `_id`.
    pub id: String,
    /// The bytes that count.
    pub data: Vec<u8>,
    /// The same in words and numbers, for people with a shell; never read.
    pub view: Option<Value>,
}

impl Record {
    /// Bytes that nobody looks at.
    #[must_use]
    pub fn new(id: impl Into<String>, data: Vec<u8>) -> Self {
        Self {
            id: id.into(),
            data,
            view: None,
        }
    }

    pub(super) fn document(&self) -> Document {
        let data = Binary {
            subtype: BinarySubtype::Generic,
            bytes: self.data.clone(),
        };
        let mut document = doc! { "_id": &self.id, "schema": SCHEMA, "data": data };
        if let Some(view) = self.view.as_ref().filter(|_| self.data.len() <= MAX_VIEWED_BYTES) {
            document.insert("view", readable(view));
        }
        document
    }
}

/// JSON as every server takes it: no number beyond 64 bits with a sign, no list directly in a list, no key that looks like an operator
/// or a path.
pub(super) fn readable(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(truth) => Bson::Boolean(*truth),
        Value::String(text) => Bson::String(text.replace('\0', "\u{fffd}")),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Bson::Int64(whole),
            (None, Some(fraction)) if !number.is_u64() => Bson::Double(fraction),
            _ => Bson::String(number.to_string()),
        },
        Value::Array(items) => Bson::Array(items.iter().map(item).collect()),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| (plain_key(key), readable(value));
            Bson::Document(fields.iter().map(field).collect())
        }
    }
}

fn item(value: &Value) -> Bson {
    match value {
        Value::Array(_) => Bson::String(value.to_string()),
        value => readable(value),
    }
}

fn plain_key(key: &str) -> String {
    if key.is_empty() {
        return "\u{2205}".to_owned();
    }
    // the same characters in full width, as MongoDB's own manual advises
    key.replace('.', "\u{ff0e}")
        .replace('$', "\u{ff04}")
        .replace('\0', "\u{fffd}")
}

/// The id and the bytes of a document.
pub(super) fn read(collection: &str, document: &RawDocument) -> Result<(String, Vec<u8>), MongoError> {
    let id = document.get_str("_id").unwrap_or("without a text as id");
    let damaged = |reason: String| MongoError::Damaged {
        collection: collection.to_owned(),
        id: id.to_owned(),
        reason,
    };
    let schema = match document.get("schema") {
        Ok(Some(RawBsonRef::Int32(schema))) => i64::from(schema),
        Ok(Some(RawBsonRef::Int64(schema))) => schema,
        _ => return Err(damaged("it has no schema number".to_owned())),
    };
    if schema != i64::from(SCHEMA) {
        return Err(damaged(format!("schema {schema} is unknown")));
    }
    match document.get_binary("data") {
        Ok(data) => Ok((id.to_owned(), data.bytes.to_vec())),
        Err(_) => Err(damaged("it has no data".to_owned())),
    }
}
