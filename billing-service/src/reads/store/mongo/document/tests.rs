use model::Quality;
use proptest::prelude::*;

use super::*;
use crate::block::Entry;

fn block(meter: &str, series: &Series, entries: &mut Vec<Entry>) -> StoredBlock {
    block::canonical(entries);
    StoredBlock::new(meter, series, block::encode(entries).unwrap())
}

fn entry() -> impl Strategy<Value = Entry> {
    (0_u32..96, 0_u32..3, 0_i64..3).prop_map(|(slot, received_s, value)| Entry {
        offset_ms: slot * 900_000,
        received_s,
        content: model::Content {
            value,
            interval_seconds: 900,
            quality: Quality::Actual,
            revision: 0,
        },
    })
}

fn all_series() -> Vec<Series> {
    vec![
        Series::Interval(Channel::Export),
        Series::Register(Channel::Import, "day".into()),
        Series::Telemetry(MeasuredQuantity::Voltage),
    ]
}

proptest! {
    #[test]
    fn joined_is_the_union_whatever_the_order(
        parts in prop::collection::vec((0_usize..3, 0_usize..3, prop::collection::vec(entry(), 1..5)), 1..12),
        turn in any::<prop::sample::Index>(),
    ) {
        let mut expected: BTreeMap<(String, String), Vec<Entry>> = BTreeMap::new();
        let mut documents = Vec::new();
        for (meter, series, mut entries) in parts.clone() {
            let (meter, series) = (format!("m{meter}"), &all_series()[series]);
            documents.extend(encode(vec![block(&meter, series, &mut entries)]));
            expected.entry((meter, format!("{series:?}"))).or_default().extend(entries);
        }
        expected.values_mut().for_each(block::canonical);
        let joined = join(&documents).unwrap();
        documents.rotate_left(turn.index(parts.len()));
        documents.extend(joined.clone());
        prop_assert_eq!(&join(&documents).unwrap(), &joined);
        let mut found = BTreeMap::new();
        for stored in decode(&joined[0]).unwrap() {
            let mut entries = Vec::new();
            block::decode(&stored.entries, &mut entries).unwrap();
            found.insert((stored.meter.clone(), format!("{:?}", stored.series().unwrap())), entries);
        }
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn many_blocks_become_several_documents_none_too_large() {
    let series = Series::Interval(Channel::Import);
    let blocks = (0..100).map(|meter| StoredBlock::new(&format!("m{meter}"), &series, vec![7; 100_000]));
    let documents = encode(blocks.collect());
    assert_eq!(documents.len(), 3);
    assert!(
        documents
            .iter()
            .all(|document| document.len() < MAX_BYTES + 100_000)
    );
    let all: usize = documents
        .iter()
        .map(|document| decode(document).unwrap().len())
        .sum();
    assert_eq!(all, 100);
}

#[test]
fn garbage_is_refused() {
    assert!(decode(&[0xff, 1]).is_err());
    let mut odd = StoredBlock::new("m", &Series::Interval(Channel::Import), Vec::new());
    odd.kind = 9;
    assert!(odd.series().is_err());
    assert!(
        join(&encode(vec![StoredBlock::new(
            "m",
            &Series::Interval(Channel::Import),
            vec![9]
        )]))
        .is_err()
    );
}
