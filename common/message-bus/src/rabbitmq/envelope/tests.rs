//! What is put on the wire comes off it again, and strangers are understood as far as possible.

use lapin::message::Delivery;

use super::*;
use crate::Topic;

fn delivered(properties: BasicProperties, body: &[u8]) -> Envelope {
    let mut delivery = Delivery::mock(9, "".into(), "".into(), true, body.to_vec());
    delivery.properties = properties;
    delivery.into()
}

fn traced(trace: &str, first: u32) -> Traced {
    Traced {
        parent: format!("00-0af7651916cd43dd8448eb211c8031{trace}-b7ad6b7169203331-01"),
        first,
        rows: 3,
    }
}

#[test]
fn traces_are_headers_that_strangers_know_and_are_absent_without_one() {
    let message = |traced| Message {
        topic: Topic::Events,
        id: 1,
        kind: "bill.issued",
        time_ms: 0,
        traced,
        body: Bytes::new(),
    };
    let headers = |traced| properties(&message(traced), 0, None).headers().clone().unwrap();
    let with = headers(vec![traced("01", 0), traced("02", 4)]);
    assert_eq!(
        with.inner().get(TRACEPARENT).and_then(text),
        Some(&*traced("01", 0).parent)
    );
    let without = headers(Vec::new());
    assert!(!without.contains_key(TRACEPARENT) && !without.contains_key(TRACED));
}

#[test]
fn a_message_comes_through_whole() {
    let message = Message {
        topic: Topic::Readings { shard: 3 },
        id: u128::MAX - 5,
        kind: "gridtally.meter.v1.ReadingColumns",
        time_ms: 1_800_000_000_123,
        traced: vec![traced("01", 0), traced("02", 4)],
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
    assert_eq!(envelope.traced, message.traced);
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
