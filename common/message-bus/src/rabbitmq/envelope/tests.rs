//! What is put on the wire comes off it again, and strangers are understood as far as possible.

use lapin::message::Delivery;

use super::*;
use crate::Topic;

fn delivered(properties: BasicProperties, body: &[u8]) -> Envelope {
    let mut delivery = Delivery::mock(9, "".into(), "".into(), true, body.to_vec());
    delivery.properties = properties;
    delivery.into()
}

#[test]
fn a_message_comes_through_whole() {
    let message = Message {
        topic: Topic::Readings { shard: 3 },
        id: u128::MAX - 5,
        kind: "gridtally.meter.v1.ReadingColumns",
        time_ms: 1_800_000_000_123,
        body: Bytes::from_static(b"body"),
    };
    let numbered = Some((u64::MAX, 17));
    let envelope = delivered(
        properties(&message, 1_800_000_000_123_456, numbered),
        &message.body,
    );
    assert_eq!(
        (
            envelope.id,
            envelope.kind.as_str(),
            envelope.time_ms,
            envelope.body
        ),
        (message.id, message.kind, message.time_ms, message.body)
    );
    let arrival = envelope.arrival;
    assert_eq!(
        (arrival.tag, arrival.stamp, arrival.numbered, arrival.redelivered),
        (9, 1_800_000_000_123_456, numbered, true)
    );
}

#[test]
fn a_strangers_message_is_taken_as_it_is() {
    let properties = BasicProperties::default()
        .with_message_id("order 66".into())
        .with_timestamp(1_800_000_000);
    let envelope = delivered(properties, b"hello");
    assert_eq!(
        (envelope.kind.as_str(), envelope.time_ms),
        ("", 1_800_000_000_000)
    );
    assert_eq!((envelope.arrival.stamp, envelope.arrival.numbered), (0, None));
    let again = delivered(BasicProperties::default(), b"hello");
    assert_eq!(envelope.id, again.id, "the same content, the same id");
    assert_ne!(envelope.id, delivered(BasicProperties::default(), b"hullo").id);
}
