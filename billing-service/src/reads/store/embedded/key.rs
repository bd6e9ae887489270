//! Keys of the embedded engine: numbers with the highest byte first, so that they sort as the numbers do.

use model::{Channel, MeasuredQuantity, Series};

use super::super::BlockKey;

/// First byte of an interval channel's series.
const INTERVAL: u8 = 1;
/// First byte of a register's series; its name follows the channel.
const REGISTER: u8 = 2;
/// First byte of telemetry's series.
const TELEMETRY: u8 = 3;

/// Day, shard, meter, series.
pub(super) fn of_block(shard: u16, key: &BlockKey) -> Vec<u8> {
    let mut bytes = of_meter(shard, key.day, key.meter);
    let (kind, code, name) = match &key.series {
        Series::Interval(channel) => (INTERVAL, channel.code(), ""),
        Series::Register(channel, name) => (REGISTER, channel.code(), &**name),
        Series::Telemetry(quantity) => (TELEMETRY, quantity.code(), ""),
    };
    bytes.push(kind);
    bytes.push(code.to_le_bytes()[0]);
    bytes.extend_from_slice(name.as_bytes());
    bytes
}

/// Before every series of a meter on a day.
pub(super) fn of_meter(shard: u16, day: i32, meter: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(12);
    bytes.extend_from_slice(&(day.cast_unsigned() ^ 1 << 31).to_be_bytes()); // negative days before positive ones
    bytes.extend_from_slice(&shard.to_be_bytes());
    bytes.extend_from_slice(&meter.to_be_bytes());
    bytes
}

/// The shard and the key that [`of_block`] wrote.
pub(super) fn parse(bytes: &[u8]) -> Option<(u16, BlockKey)> {
    let (day, rest) = bytes.split_first_chunk::<4>()?;
    let (shard, rest) = rest.split_first_chunk::<2>()?;
    let (meter, rest) = rest.split_first_chunk::<4>()?;
    let ([kind, code], name) = rest.split_first_chunk::<2>()?;
    let code = u32::from(*code);
    let series = match *kind {
        INTERVAL => Series::Interval(Channel::from_code(code)?),
        REGISTER => Series::Register(Channel::from_code(code)?, std::str::from_utf8(name).ok()?.into()),
        TELEMETRY => Series::Telemetry(MeasuredQuantity::from_code(code)?),
        _ => return None,
    };
    let key = BlockKey {
        day: (u32::from_be_bytes(*day) ^ 1 << 31).cast_signed(),
        meter: u32::from_be_bytes(*meter),
        series,
    };
    Some((u16::from_be_bytes(*shard), key))
}

/// Of a shard's position, and before its meters.
pub(super) fn of_shard(shard: u16) -> [u8; 2] {
    shard.to_be_bytes()
}

/// Of a meter's id.
pub(super) fn of_dictionary(shard: u16, number: u32) -> Vec<u8> {
    [&shard.to_be_bytes()[..], &number.to_be_bytes()[..]].concat()
}

/// The meter's number in what [`of_dictionary`] wrote.
pub(super) fn parse_dictionary(bytes: &[u8]) -> Option<u32> {
    let number = bytes.get(2..)?;
    Some(u32::from_be_bytes(number.try_into().ok()?))
}
