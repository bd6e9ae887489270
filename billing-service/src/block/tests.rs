use proptest::prelude::*;

use super::*;

/// An entry as tests write it.
fn entry(offset_ms: u32, value: i64, received_s: u32) -> Entry {
    Entry {
        offset_ms,
        received_s,
        content: Content {
            value,
            interval_seconds: 900,
            quality: Quality::Actual,
            revision: 0,
        },
    }
}

/// Entries near each other, as meters send them, and wild ones.
fn any_entry() -> impl Strategy<Value = Entry> {
    let near = (0_u32..96, 0_i64..4, 0_u32..3, 0_usize..2, 0_u32..2, 0_u32..5);
    let near = near.prop_map(|(slot, value, interval, quality, revision, received)| Entry {
        offset_ms: slot * 900_000,
        received_s: 1_700_000_000 + received,
        content: Content {
            value: value * 100,
            interval_seconds: interval * 900,
            quality: Quality::ALL[quality],
            revision,
        },
    });
    let wild = (
        0_u32..86_400_000,
        any::<i64>(),
        any::<u32>(),
        0_usize..4,
        any::<u32>(),
        any::<u32>(),
    );
    let wild = wild.prop_map(
        |(offset_ms, value, interval_seconds, quality, revision, received_s)| Entry {
            offset_ms,
            received_s,
            content: Content {
                value,
                interval_seconds,
                quality: Quality::ALL[quality],
                revision,
            },
        },
    );
    prop_oneof![8 => near, 1 => wild]
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec(any_entry(), 0..150)
}

fn set(mut entries: Vec<Entry>) -> Vec<Entry> {
    canonical(&mut entries);
    entries
}

fn union(left: &[Entry], right: &[Entry]) -> Vec<u8> {
    encode(&set([left, right].concat())).unwrap()
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(entries in entries()) {
        let entries = set(entries);
        let mut decoded = vec![entry(5, 5, 5)];
        decode(&encode(&entries).unwrap(), &mut decoded).unwrap();
        prop_assert_eq!(&decoded[1..], entries.as_slice());
    }

    #[test]
    fn a_union_does_not_depend_on_order_or_repetition(a in entries(), b in entries(), c in entries()) {
        prop_assert_eq!(union(&a, &b), union(&b, &a));
        prop_assert_eq!(union(&a, &set([&b[..], &c].concat())), union(&set([&a[..], &b].concat()), &c));
        prop_assert_eq!(union(&a, &a), union(&a, &[]));
    }

    #[test]
    fn no_content_is_lost_and_the_first_receipt_stays(entries in entries()) {
        let found = set(entries.clone());
        for sent in &entries {
            let same = |kept: &&Entry| kept.offset_ms == sent.offset_ms && kept.content == sent.content;
            let first = entries.iter().filter(same).map(|entry| entry.received_s).min();
            let kept: Vec<_> = found.iter().filter(same).map(|entry| entry.received_s).collect();
            prop_assert_eq!(kept, Vec::from_iter(first));
        }
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), head in 0_u8..4) {
        let mut bytes = bytes;
        if head > 0 {
            // past the first checks, with a small number of entries
            for (to, from) in bytes.iter_mut().zip([SCHEMA, head, 40]) {
                *to = from;
            }
        }
        let mut decoded = Vec::new();
        let outcome = decode(&bytes, &mut decoded);
        prop_assert!(outcome.is_ok() || decoded.is_empty());
    }
}

/// The bytes of layout 1: they are in stores, so they must decode for ever, and be written so while the layout's number is 1.
#[test]
fn layout_1_stays_as_it_is() {
    let day: Vec<Entry> = [204_300, 204_300, 178_700, 171_100, 1_168_500, 163_700]
        .into_iter()
        .zip(0_u32..)
        .map(|(value, slot)| entry(slot * 900_000, value, 1_700_000_000 + slot * 900 + slot % 2))
        .collect();
    check(&day, LAYOUT_1_DAY);
    let mut versions = vec![entry(0, 1, 7), entry(0, 2, 8), entry(900_001, i64::MIN, u32::MAX)];
    versions[1].content.quality = Quality::Estimated;
    versions[2].content.revision = 3;
    canonical(&mut versions);
    check(&versions, LAYOUT_1_VERSIONS);
    check(&[], "0103000000000000000000");

    fn check(entries: &[Entry], expected: &str) {
        let hex: String = encode(entries)
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, expected);
    }
}

const LAYOUT_1_DAY: &str = "0107060100c0ee6d00880e0280c49fd50c012a12ca190e9681656009280140270000";
const LAYOUT_1_VERSIONS: &str = "01000303000014000010badb00880e0202010202000230030e022000000000f6ffffff0302023f0000000000000080feffffffffffff3f";

#[test]
fn what_no_writer_writes_is_refused() {
    let good = encode(&[entry(0, 1, 1), entry(900_000, 2, 1)]).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    check(&[], Malformed::CutOff);
    check(&good[..good.len() - 1], Malformed::CutOff);
    check(&[&good[..], &[0]].concat(), Malformed::Trailing);
    check(&with(0, 2), Malformed::Schema(2));
    check(&with(1, 8), Malformed::Range("flags"));
    check(&[1, 3, 0xff, 0xff, 0xff, 0x7f], Malformed::TooMany);
    // two starts of 0 with one content: not a set
    check(&[1, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0], Malformed::Order);
    // a start of -1
    check(&[1, 3, 1, 0, 1, 0, 0, 0, 0, 0, 0], Malformed::Range("start"));

    fn check(bytes: &[u8], expected: Malformed) {
        assert_eq!(decode(bytes, &mut Vec::new()), Err(expected), "{bytes:?}");
    }
}

/// A household's day of quarter-hours, as live meters send it: noisy values, received a few seconds after the end of the interval.
#[test]
fn a_residential_day_takes_less_than_two_bytes_a_reading() {
    let day: Vec<Entry> = (0..96_u32)
        .map(|slot| {
            let noise = i64::from(slot * 7919 % 101);
            let evening = if (70..88).contains(&slot) { 900 } else { 100 };
            entry(
                slot * 900_000,
                (evening + noise * 11) * 100,
                slot * 900 + 903 + slot * 31 % 7,
            )
        })
        .collect();
    let bytes = encode(&day).unwrap().len();
    assert!(bytes < 96 * 2, "{bytes} bytes");
}
