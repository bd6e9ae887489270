use proptest::prelude::*;
use prost::Message;
use proto::meter::{Reading, SendReadingRequest, SendReadingsRequest};

use super::super::batch::{Batch, Builder, NoBatch, single};
use super::super::claim::Claim;
use super::*;
use crate::auth::Identity;

/// What our decoder makes of a message with many readings.
fn many(message: &[u8]) -> Result<Batch, NoBatch> {
    Builder::new(Identity::anybody()).many(message)
}

/// What our decoder makes of a message with one reading.
fn one(message: &[u8]) -> Result<Batch, NoBatch> {
    single(message, &Identity::anybody())
}

/// What `prost` makes of a message, through the same judgement.
fn theirs<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Result<Batch, NoBatch> {
    let mut builder = Builder::new(Identity::anybody());
    for reading in readings {
        builder.add(&Claim::from(reading))?;
    }
    Ok(builder.finish())
}

fn agree_on_many(message: &[u8]) {
    match SendReadingsRequest::decode(message) {
        Ok(decoded) => assert_eq!(many(message), theirs(&decoded.readings)),
        Err(_) => assert_eq!(many(message), Err(NoBatch::Malformed)),
    }
}

fn agree_on_one(message: &[u8]) {
    match SendReadingRequest::decode(message) {
        Ok(decoded) => {
            let expected = match &decoded.reading {
                Some(reading) => theirs([reading]),
                None => Ok(Batch {
                    refused: vec![(0, model::Reason::NoReading)],
                    readings: 1,
                    ..Batch::default()
                }),
            };
            assert_eq!(one(message), expected);
        }
        Err(_) => assert_eq!(one(message), Err(NoBatch::Malformed)),
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..100.0_f64,
        1 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(-0.0),
        1 => Just(f64::INFINITY),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z0-9.:-]{1,12}", 1 => ".{0,70}", 1 => Just(String::new())]
}

prop_compose! {
    fn reading()(
        device_id in text(),
        timestamp in prop::option::weighted(0.9, (any::<i32>(), -5..1_000_000_005_i32)),
        numbers in prop::collection::vec(prop::option::of(number()), 8),
        register in text(),
        interval_seconds in prop_oneof![Just(0), Just(900), any::<u32>()],
        channel in prop_oneof![4 => 0..4_i32, 1 => any::<i32>()],
        quality in prop_oneof![4 => 0..5_i32, 1 => any::<i32>()],
        revision in prop_oneof![Just(0), any::<u32>()],
        sequence in prop_oneof![Just(0), any::<u64>()],
        mostly_plain in prop::bool::weighted(0.6),
    ) -> Reading {
        let at = |index: usize| if mostly_plain && index != 0 { None } else { numbers[index] };
        Reading {
            device_id,
            timestamp: timestamp.map(|(seconds, nanos)| prost_types::Timestamp { seconds: seconds.into(), nanos }),
            usage_kwh: at(0),
            register_kwh: at(1),
            register,
            interval_seconds,
            channel,
            quality,
            revision,
            sequence,
            power_w: at(2),
            voltage_v: at(3),
            current_a: at(4),
            power_factor: at(5),
            temperature_c: at(6),
            pressure_kpa: at(7),
        }
    }
}

/// Fields of any number and wire type, well-formed or not, around and inside the ones that we know.
fn fields(depth: u32) -> BoxedStrategy<Vec<u8>> {
    let key = |number: u32, wire_type: u32| {
        let mut bytes = Vec::new();
        prost::encoding::encode_varint(u64::from((number << 3) | wire_type), &mut bytes);
        bytes
    };
    let number = prop_oneof![4 => 1_u32..18, 1 => 1_u32..1 << 29];
    let leaf = (
        number.clone(),
        0_u32..8,
        prop::collection::vec(any::<u8>(), 0..12),
    )
        .prop_map(move |(number, wire_type, bytes)| {
            let mut field = key(number, wire_type);
            if wire_type == 2 {
                prost::encoding::encode_varint(bytes.len() as u64, &mut field);
            }
            field.extend(bytes);
            field
        });
    let varint = (number.clone(), any::<u64>()).prop_map(move |(number, value)| {
        let mut field = key(number, 0);
        prost::encoding::encode_varint(value, &mut field);
        field
    });
    let fixed = (number.clone(), any::<u64>()).prop_map(move |(number, value)| {
        let mut field = key(number, 1);
        field.extend(value.to_le_bytes());
        field
    });
    if depth == 0 {
        let field = prop_oneof![1 => leaf, 4 => varint, 4 => fixed];
        return prop::collection::vec(field, 0..6)
            .prop_map(|fields| fields.concat())
            .boxed();
    }
    let group = (number.clone(), fields(depth - 1))
        .prop_map(move |(number, inner)| [key(number, 3), inner, key(number, 4)].concat());
    let nested = (number, fields(depth - 1)).prop_map(move |(number, inner)| {
        let mut field = key(number, 2);
        prost::encoding::encode_varint(inner.len() as u64, &mut field);
        [field, inner].concat()
    });
    let field = prop_oneof![1 => leaf, 3 => varint, 3 => fixed, 1 => group, 3 => nested];
    prop::collection::vec(field, 0..6)
        .prop_map(|fields| fields.concat())
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn readings_mean_what_prost_says(readings in prop::collection::vec(reading(), 0..6)) {
        agree_on_many(&SendReadingsRequest { readings: readings.clone() }.encode_to_vec());
        for reading in readings {
            agree_on_one(&SendReadingRequest { reading: Some(reading) }.encode_to_vec());
        }
    }

    #[test]
    fn any_fields_are_read_or_refused_as_by_prost(message in fields(3)) {
        agree_on_many(&message);
        agree_on_one(&message);
    }

    /// Two encoded messages in one are their merger.
    #[test]
    fn merged_messages_agree(parts in prop::collection::vec(reading(), 1..4), odd in fields(1)) {
        let mut message: Vec<u8> = parts
            .into_iter()
            .flat_map(|reading| SendReadingRequest { reading: Some(reading) }.encode_to_vec())
            .collect();
        agree_on_many(&message);
        agree_on_one(&message);
        message.extend(odd);
        agree_on_many(&message);
        agree_on_one(&message);
    }

    #[test]
    fn damaged_messages_agree(
        readings in prop::collection::vec(reading(), 1..4),
        hurts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut message = SendReadingsRequest { readings }.encode_to_vec();
        for (at, byte) in hurts {
            let at = at.index(message.len());
            message[at] = byte;
        }
        if let Some(cut) = cut {
            message.truncate(cut.index(message.len()));
        }
        agree_on_many(&message);
        agree_on_one(&message);
    }

    #[test]
    fn any_bytes_agree(message in prop::collection::vec(any::<u8>(), 0..64)) {
        agree_on_many(&message);
        agree_on_one(&message);
    }
}

#[test]
fn groups_nest_exactly_as_deep_as_for_prost() {
    for depth in [1_usize, 97, 98, 99, 100, 101, 102] {
        // Around nothing, and around a field.
        for inside in [&[][..], &[0x58, 1][..]] {
            let group = [[0xfb, 1].repeat(depth), inside.to_vec(), [0xfc, 1].repeat(depth)].concat();
            agree_on_many(&group);
            let mut nested = vec![0x0a];
            prost::encoding::encode_varint(group.len() as u64, &mut nested);
            nested.extend(&group);
            agree_on_many(&nested);
            agree_on_one(&nested);
            let mut timestamp = vec![0x12];
            prost::encoding::encode_varint(group.len() as u64, &mut timestamp);
            timestamp.extend(&group);
            let mut deepest = vec![0x0a];
            prost::encoding::encode_varint(timestamp.len() as u64, &mut deepest);
            deepest.extend(&timestamp);
            agree_on_many(&deepest);
            agree_on_one(&deepest);
        }
    }
}

#[test]
fn varints_are_at_most_64_bits() {
    for bytes in [
        &[0x50, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01][..],
        &[0x50, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        &[0x50, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
        &[
            0x50, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00,
        ],
        &[0x50, 0x80],
        &[0x50],
    ] {
        agree_on_many(bytes);
        agree_on_one(&[&[0x0a, u8::try_from(bytes.len()).unwrap()], bytes].concat());
    }
    let mut fields = Fields::of(&[0x50, 0xac, 0x02], 0);
    assert_eq!(fields.next(), Ok(Some((10, Value::Varint(300)))));
    assert_eq!(fields.next(), Ok(None));
}
