use bytes::Bytes;

use super::*;

fn message() -> Message {
    Message {
        topic: Topic::Readings { shard: 3 },
        id: 0x0123_4567_89ab_cdef,
        kind: "gridtally.test.v1.Thing",
        time_ms: -5,
        traced: Vec::new(),
        body: Bytes::from_static(b"some body"),
    }
}

#[test]
fn heads_come_back_and_no_flipped_byte_passes() {
    let segment = SegmentHead {
        shards: 4,
        journal: 77,
        number: 3,
        first: 1000,
        previous_bytes: 4096,
        previous_chain: 0xdead_beef,
    };
    let raw = segment.encode();
    assert_eq!(SegmentHead::decode(&raw).map(|(head, _)| head), Some(segment));
    for at in 0..raw.len() {
        let mut damaged = raw;
        damaged[at] ^= 0x10;
        assert_eq!(SegmentHead::decode(&damaged), None, "byte {at}");
    }
    let group = GroupHead {
        journal: 77,
        bytes: 500,
        count: 4,
        first: 1000,
        previous_chain: 12,
        records_crc: 13,
    };
    let raw = group.encode();
    assert_eq!(GroupHead::decode(&raw), Some((group, group_chain(&raw))));
    for at in 0..raw.len() {
        let mut damaged = raw;
        damaged[at] ^= 0x01;
        assert_eq!(GroupHead::decode(&damaged), None, "byte {at}");
    }
}

#[test]
fn a_record_comes_back_and_no_flipped_byte_passes() {
    let message = message();
    let mut raw = Vec::new();
    encode_record(&mut raw, &message, 42);
    assert_eq!(raw.len(), record_bytes(&message));
    let record = Record::decode(&Bytes::from(raw.clone())).unwrap();
    let fields = (record.position, record.topic, record.id, record.time_ms);
    assert_eq!(fields, (42, message.topic, message.id, message.time_ms));
    assert_eq!((record.kind.as_str(), record.body), (message.kind, message.body));
    for at in 0..raw.len() {
        let mut damaged = raw.clone();
        damaged[at] ^= 0x80;
        assert_eq!(Record::decode(&Bytes::from(damaged)), None, "byte {at}");
    }
}
