use proptest::prelude::*;
use prost::Message as _;

use super::*;

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0_i64..1_000_000_000,
        1_u32..=3,
        1_u32..=3,
        any::<i64>(),
        0_u32..=3600,
        1_u32..=4,
        any::<u32>(),
        any::<u64>(),
    );
    let row = row.prop_map(
        |(start_ms, kind, channel, value, interval_seconds, quality, revision, sequence)| Row {
            meter: 0,
            start_ms,
            kind,
            channel,
            register: 0,
            value,
            interval_seconds,
            quality,
            revision,
            sequence,
        },
    );
    (prop::collection::vec(row.clone(), 0..40), row, any::<bool>()).prop_map(|(mut rows, one, same)| {
        if same {
            rows.fill(one);
        }
        rows
    })
}

fn batch(rows: &[Row]) -> ReadingColumns {
    let mut columns = ReadingColumns {
        schema: SCHEMA,
        ..ReadingColumns::default()
    };
    columns.push_meter_id("m-1");
    columns.push_register_name("import");
    rows.iter().for_each(|row| columns.push(row));
    columns
}

proptest! {
    /// What is pushed, squeezed, encoded and decoded is what is read.
    #[test]
    fn rows_survive_squeezing_and_the_wire(rows in rows()) {
        let mut columns = batch(&rows);
        columns.squeeze();
        let read = ReadingColumns::decode(columns.encode_to_vec().as_slice()).unwrap();
        prop_assert_eq!(read.check(), Ok(()));
        let found: Vec<Row> = (0..read.rows()).map(|row| read.row(row)).collect();
        prop_assert_eq!(found, rows);
    }

    /// Every name has one index, in order of its first use, whatever the hashes; also after a clear.
    #[test]
    fn a_dictionary_knows_each_name_once(names in prop::collection::vec("[a-c]{1,3}", 0..80), bits in 0_u32..64) {
        let mut dictionary = Dictionary::default();
        for _ in 0..2 {
            let mut joined = String::new();
            let mut expected: Vec<&str> = Vec::new();
            for name in &names {
                let hash = name.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())) >> bits;
                let at = expected.iter().position(|known| known == name).unwrap_or_else(|| {
                    expected.push(name);
                    expected.len() - 1
                });
                prop_assert_eq!(dictionary.index(&mut joined, name, hash) as usize, at);
            }
            prop_assert_eq!(super::names(&joined).collect::<Vec<_>>(), expected);
            dictionary.clear();
        }
    }

    /// Whatever bytes arrive: reading a batch that passed its check never goes wrong, and one that fails is refused by name.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(columns) = ReadingColumns::decode(bytes.as_slice())
            && columns.check().is_ok()
        {
            let meters = columns.meter_ids().count();
            prop_assert!((0..columns.rows()).all(|row| (columns.row(row).meter as usize) < meters));
        }
    }
}

#[test]
fn each_fault_is_named() {
    let row = batch(&[]).row(0);
    let good = batch(
        &[Row {
            kind: KIND_INTERVAL,
            channel: 1,
            quality: 1,
            ..row
        }; 3],
    );
    let check = |spoil: fn(&mut ReadingColumns), expected| {
        let mut columns = good.clone();
        spoil(&mut columns);
        assert_eq!(columns.check(), Err(expected));
    };
    assert_eq!(good.check(), Ok(()));
    check(|c| c.schema = 2, Malformed::Schema(2));
    check(|c| c.value = vec![1, 2], Malformed::Length("value"));
    check(|c| c.meter = vec![0, 0, 1], Malformed::Range("meter"));
    check(|c| c.kind = vec![4], Malformed::Range("kind"));
    check(|c| c.channel = vec![4], Malformed::Range("channel"));
    check(|c| c.quality = vec![5], Malformed::Range("quality"));
    check(|c| c.register = vec![1], Malformed::Range("register"));
    check(|c| c.telemetry_row = vec![0], Malformed::Length("telemetry"));
    check(
        |c| (c.base_ms, c.offset_ms) = (i64::MAX, vec![1]),
        Malformed::Time,
    );
}
