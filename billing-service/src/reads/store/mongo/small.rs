//! Small documents beside the chains: numbers, and what is only there or not.

use std::ops::Bound;

use service_kit::mongo::{Mongo, Record, after_prefix};

use super::STATE;
use crate::error::StoreError;

/// Documents inserted or listed at once.
pub(super) const AT_ONCE: usize = 1_000;

/// A number under an id.
pub(super) fn small(id: String, value: u64) -> Record {
    Record {
        id,
        data: value.to_string().into_bytes(),
        view: Some(value.into()),
    }
}

pub(super) fn number(what: &'static str, data: &[u8]) -> Result<u64, StoreError> {
    let text = std::str::from_utf8(data).ok();
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| StoreError::Damaged {
            what,
            reason: format!("{data:02x?} is no number"),
        })
}

/// The number recorded under a name: `value` if this is the first to ask.
pub(super) async fn recorded(mongo: &Mongo, name: &str, value: u64) -> Result<u64, StoreError> {
    mongo.insert(STATE, &[small(name.to_owned(), value)]).await?;
    match mongo.get(STATE, name).await? {
        Some(recorded) => number("state", &recorded),
        None => Err(StoreError::Contended),
    }
}

/// Every small document whose id begins with `prefix`: the rest of the id, and the data.
pub(super) async fn listed(
    mongo: &Mongo,
    collection: &str,
    prefix: &str,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let end = after_prefix(prefix);
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let from = match &after {
            Some(after) => Bound::Excluded(after.as_str()),
            None => Bound::Included(prefix),
        };
        let page = mongo.range(collection, from, end.as_deref(), AT_ONCE).await?;
        let full = page.len() == AT_ONCE;
        after = page.last().map(|(id, _)| id.clone());
        let rest =
            |(id, data): (String, Vec<u8>)| (id.get(prefix.len()..).unwrap_or_default().to_owned(), data);
        all.extend(page.into_iter().map(rest));
        if !full {
            return Ok(all);
        }
    }
}

/// Where the position of a shard is.
pub(super) fn position_id(shard: u16) -> String {
    format!("position|{shard}")
}
