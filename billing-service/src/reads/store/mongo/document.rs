//! What one document of a chain holds: blocks of several meters and series, of one day. A message of its own, so that a stranger can
//! take it apart: `common/proto` knows nothing of how reads are kept.

use std::collections::BTreeMap;

use model::{Channel, MeasuredQuantity, Series};
use prost::Message;

use crate::block;
use crate::error::StoreError;

/// Bytes of blocks in one document; far below the 16 MiB that the server takes, also where it keeps them as text.
const MAX_BYTES: usize = 4 << 20;
/// `kind` of an interval channel.
const INTERVAL: u32 = 1;
/// `kind` of a register.
const REGISTER: u32 = 2;
/// `kind` of telemetry.
const TELEMETRY: u32 = 3;

/// The blocks of a document, in order of meter and series.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Blocks {
    #[prost(message, repeated, tag = "1")]
    pub(super) blocks: Vec<StoredBlock>,
}

/// A block and what it is of.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct StoredBlock {
    /// The meter's id.
    #[prost(string, tag = "1")]
    pub(super) meter: String,
    #[prost(uint32, tag = "2")]
    kind: u32,
    /// Of the channel, or of the quantity.
    #[prost(uint32, tag = "3")]
    code: u32,
    /// The register's name.
    #[prost(string, tag = "4")]
    register: String,
    /// As [`block::encode`] makes them.
    #[prost(bytes = "vec", tag = "5")]
    pub(super) entries: Vec<u8>,
}

impl StoredBlock {
    pub(super) fn new(meter: &str, series: &Series, entries: Vec<u8>) -> Self {
        let (kind, code, register) = match series {
            Series::Interval(channel) => (INTERVAL, channel.code(), ""),
            Series::Register(channel, name) => (REGISTER, channel.code(), &**name),
            Series::Telemetry(quantity) => (TELEMETRY, quantity.code(), ""),
        };
        Self {
            meter: meter.to_owned(),
            kind,
            code,
            register: register.to_owned(),
            entries,
        }
    }

    /// Which of the meter's streams it is of.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub(super) fn series(&self) -> Result<Series, StoreError> {
        let channel = || Channel::from_code(self.code);
        let series = match self.kind {
            INTERVAL => channel().map(Series::Interval),
            REGISTER => channel().map(|channel| Series::Register(channel, self.register.as_str().into())),
            TELEMETRY => MeasuredQuantity::from_code(self.code).map(Series::Telemetry),
            _ => None,
        };
        series.ok_or_else(|| {
            damaged(format!(
                "meter {}: kind {} code {}",
                self.meter, self.kind, self.code
            ))
        })
    }

    /// Whether it is of the same stream as `other`.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    fn key(&self) -> (&str, u32, u32, &str) {
        (&self.meter, self.kind, self.code, &self.register)
    }

    fn bytes(&self) -> usize {
        self.meter.len() + self.register.len() + self.entries.len()
    }
}

/// As few documents as hold `blocks`; of the same blocks the same bytes.
pub(super) fn encode(mut blocks: Vec<StoredBlock>) -> Vec<Vec<u8>> {
    blocks.sort_by(|left, right| left.key().cmp(&right.key()));
    let mut documents = Vec::new();
    let mut document = Blocks::default();
    let mut bytes = 0;
    for block in blocks {
        if bytes > 0 && bytes + block.bytes() > MAX_BYTES {
            documents.push(document.encode_to_vec());
            (document, bytes) = (Blocks::default(), 0);
        }
        bytes += block.bytes();
        document.blocks.push(block);
    }
    documents.push(document.encode_to_vec());
    documents
}

/// The blocks of a document.
///
/// # Errors
/// [`StoreError::Damaged`].
pub(super) fn decode(document: &[u8]) -> Result<Vec<StoredBlock>, StoreError> {
    let blocks = Blocks::decode(document).map_err(|error| damaged(error.to_string()))?;
    Ok(blocks.blocks)
}

/// The union of documents, in as few as hold it. The same in any order, split in any way, is the same to the byte.
///
/// # Errors
/// [`StoreError::Damaged`].
pub(super) fn join(documents: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut by_key: BTreeMap<(String, u32, u32, String), Vec<Vec<u8>>> = BTreeMap::new();
    for document in documents {
        for block in decode(document)? {
            let key = (block.meter, block.kind, block.code, block.register);
            by_key.entry(key).or_default().push(block.entries);
        }
    }
    let mut joined = Vec::with_capacity(by_key.len());
    for ((meter, kind, code, register), parts) in by_key {
        let mut entries = Vec::new();
        for part in &parts {
            block::decode(part, &mut entries).map_err(|error| unreadable(&meter, error))?;
        }
        block::canonical(&mut entries);
        let entries = block::encode(&entries).map_err(|error| unreadable(&meter, error))?;
        joined.push(StoredBlock {
            meter,
            kind,
            code,
            register,
            entries,
        });
    }
    Ok(encode(joined))
}

/// That a block of a meter is none.
pub(super) fn unreadable(meter: &str, error: block::Malformed) -> StoreError {
    StoreError::Damaged {
        what: "block",
        reason: format!("meter {meter}: {error}"),
    }
}

fn damaged(reason: String) -> StoreError {
    StoreError::Damaged {
        what: "document of reads",
        reason,
    }
}

#[cfg(test)]
mod tests;
