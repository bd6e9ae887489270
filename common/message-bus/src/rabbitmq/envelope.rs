//! A message as the broker carries it: properties and headers that a stranger can read.
//!
//! `message_id` is the id in 32 hexadecimal digits, `type` the kind, `timestamp` the time in seconds as AMQP has it. Headers:
//! `gridtally-time-ms` the exact time, `gridtally-position` the publisher's stamp, and on copies for analytics `gridtally-publisher`
//! and `gridtally-sequence`, the publisher's number of the message in its topic. Of a message with readings that are traced `traceparent` is the
//! W3C context of the first, and `gridtally-traced` that of each with the rows it is about. Other headers are left alone.

use bytes::Bytes;
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};

use super::cursor::Arrival;
use crate::{Message, Position, Traced, trace};

const TIME: &str = "gridtally-time-ms";
const POSITION: &str = "gridtally-position";
const PUBLISHER: &str = "gridtally-publisher";
const SEQUENCE: &str = "gridtally-sequence";
const TRACEPARENT: &str = "traceparent";
const TRACED: &str = "gridtally-traced";
/// What every body is; [`Message::kind`] says which message.
const CONTENT_TYPE: &str = "application/x-protobuf";
/// AMQP's number for: keep it on disk.
const PERSISTENT: u8 = 2;

/// A message of ours or a stranger's, taken out of its delivery.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) arrival: Arrival,
    pub(super) id: u128,
    pub(super) kind: String,
    pub(super) time_ms: i64,
    pub(super) traced: Vec<Traced>,
    pub(super) body: Bytes,
}

/// The id as it stands in `message_id`.
pub(super) fn id_text(id: u128) -> String {
    format!("{id:032x}")
}

/// What goes with the body of `message`.
pub(super) fn properties(
    message: &Message,
    stamp: Position,
    numbered: Option<(u64, u64)>,
) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert(TIME.into(), AMQPValue::LongLongInt(message.time_ms));
    headers.insert(POSITION.into(), number(stamp));
    if let Some((publisher, sequence)) = numbered {
        headers.insert(
            PUBLISHER.into(),
            AMQPValue::LongString(format!("{publisher:016x}").into()),
        );
        headers.insert(SEQUENCE.into(), number(sequence));
    }
    if let Some(first) = message.traced.first() {
        let parts = trace::text(&message.traced);
        headers.insert(
            TRACEPARENT.into(),
            AMQPValue::LongString(first.parent.as_str().into()),
        );
        headers.insert(TRACED.into(), AMQPValue::LongString(parts.into()));
    }
    BasicProperties::default()
        .with_message_id(id_text(message.id).into())
        .with_type(message.kind.into())
        .with_timestamp(u64::try_from(message.time_ms).unwrap_or_default() / 1000)
        .with_content_type(CONTENT_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers)
}

impl From<Delivery> for Envelope {
    fn from(delivery: Delivery) -> Self {
        let properties = &delivery.properties;
        let header = |name| properties.headers().as_ref()?.inner().get(name);
        let id = properties.message_id().as_ref();
        let id = id.and_then(|id| u128::from_str_radix(id.as_str(), 16).ok());
        let seconds = properties.timestamp().unwrap_or_default();
        let seconds_ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        let publisher = header(PUBLISHER).and_then(text);
        let publisher = publisher.and_then(|publisher| u64::from_str_radix(publisher, 16).ok());
        let arrival = Arrival {
            tag: delivery.delivery_tag,
            stamp: header(POSITION).and_then(unsigned).unwrap_or_default(),
            numbered: publisher.zip(header(SEQUENCE).and_then(unsigned)),
            redelivered: delivery.redelivered,
        };
        Self {
            arrival,
            // A stranger's message has an id of its content, so that a repetition is one.
            id: id.unwrap_or_else(|| u128::from(crc32c::crc32c(&delivery.data))),
            kind: properties
                .kind()
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            time_ms: header(TIME).and_then(signed).unwrap_or(seconds_ms),
            traced: header(TRACED)
                .and_then(text)
                .map(trace::parse)
                .unwrap_or_default(),
            body: Bytes::from(delivery.data),
        }
    }
}

fn number(number: u64) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(number).unwrap_or(i64::MAX))
}

fn signed(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::LongLongInt(number) => Some(*number),
        AMQPValue::LongInt(number) => Some(i64::from(*number)),
        _ => None,
    }
}

fn unsigned(value: &AMQPValue) -> Option<u64> {
    signed(value).and_then(|number| u64::try_from(number).ok())
}

fn text(value: &AMQPValue) -> Option<&str> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
