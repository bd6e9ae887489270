use proptest::prelude::*;
use prost::Message as _;

use super::*;

fn columns() -> impl Strategy<Value = GroupMinutes> {
    let unit = prop::sample::select(vec![1_i64, 10, 1000, 1_000_000]);
    let cell = (0..2000_i64, prop_oneof![Just(0_i64), 0..50_i64], 1..4_u32);
    let minutes = prop::collection::btree_map(0..1440_u32, cell, 0..40);
    (unit, minutes).prop_map(|(unit, minutes)| GroupMinutes {
        group: Some(Group {
            region: "north".to_owned(),
            ..Group::default()
        }),
        minute: minutes.keys().copied().collect(),
        import: minutes.values().map(|(import, ..)| import * unit).collect(),
        export: minutes.values().map(|(_, export, _)| export * unit).collect(),
        readings: minutes.values().map(|(.., readings)| *readings).collect(),
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(columns in columns()) {
        let written = CompactGroup::new(columns.clone()).encode_to_vec();
        let read = CompactGroup::decode(written.as_slice()).unwrap();
        prop_assert_eq!(read.into_minutes(), Some(columns));
    }
}

#[test]
fn the_largest_sums_are_read_again() {
    let columns = GroupMinutes {
        group: None,
        minute: vec![0, 1439],
        import: vec![i64::MAX, i64::MIN],
        export: vec![0, i64::MAX],
        readings: vec![u32::MAX, 1],
    };
    assert_eq!(CompactGroup::new(columns.clone()).into_minutes(), Some(columns));
}

#[test]
fn a_fleet_of_quarters_takes_few_bytes() {
    let columns = GroupMinutes {
        group: None,
        minute: (0..96).map(|quarter| quarter * 15).collect(),
        import: (0..96).map(|quarter| 5_000_000 + quarter * 731_000).collect(),
        export: vec![0; 96],
        readings: vec![40; 96],
    };
    let bytes = CompactGroup::new(columns).encoded_len();
    assert!(bytes <= 96 * 3 + 20, "{bytes}");
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let group = CompactGroup {
        import: vec![1, 2, 3],
        export: vec![1, 2],
        readings: vec![1],
        step: vec![1],
        ..CompactGroup::default()
    };
    assert_eq!(group.into_minutes(), None);
}
