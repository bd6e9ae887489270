//! Stable hashes of readings: the same on every machine, in every version, for ever. They name receipts and choose shards, so a
//! change of this file is a migration of every store.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::reading::{Content, Series};

/// Hash of a meter's id.
#[must_use]
pub fn meter_hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

/// Which of `shards` (at least 1) the meter with this hash belongs to.
#[must_use]
pub fn shard_of(meter_hash: u64, shards: u16) -> u16 {
    let shard = meter_hash.checked_rem(u64::from(shards)).unwrap_or_default();
    u16::try_from(shard).unwrap_or_default()
}

/// Hash of a reading's identity: meter, series, start.
#[must_use]
pub fn identity_hash(meter_hash: u64, series: &Series, start_ms: i64) -> u64 {
    let (kind, code, name_hash) = match series {
        Series::Interval(channel) => (1_u8, channel.code(), 0),
        Series::Register(channel, name) => (2, channel.code(), xxh3_64(name.as_bytes())),
        Series::Telemetry(quantity) => (3, quantity.code(), 0),
    };
    let mut bytes = [0_u8; 29];
    let (meter, rest) = bytes.split_at_mut(8);
    let (start, rest) = rest.split_at_mut(8);
    let (name, rest) = rest.split_at_mut(8);
    let (kind_code, code_bytes) = rest.split_at_mut(1);
    meter.copy_from_slice(&meter_hash.to_le_bytes());
    start.copy_from_slice(&start_ms.to_le_bytes());
    name.copy_from_slice(&name_hash.to_le_bytes());
    kind_code.copy_from_slice(&[kind]);
    code_bytes.copy_from_slice(&code.to_le_bytes());
    xxh3_64(&bytes)
}

/// Hash of a reading's content. Conflicting contents are shown by the smaller one.
#[must_use]
pub fn content_hash(content: &Content) -> u64 {
    let mut bytes = [0_u8; 20];
    let (value, rest) = bytes.split_at_mut(8);
    let (interval, rest) = rest.split_at_mut(4);
    let (quality, revision) = rest.split_at_mut(4);
    value.copy_from_slice(&content.value.to_le_bytes());
    interval.copy_from_slice(&content.interval_seconds.to_le_bytes());
    quality.copy_from_slice(&content.quality.code().to_le_bytes());
    revision.copy_from_slice(&content.revision.to_le_bytes());
    // A seed of its own, so that a content never hashes like an identity.
    xxh3_64_with_seed(&bytes, 0x636f_6e74_656e_7431)
}

#[cfg(test)]
mod tests;
