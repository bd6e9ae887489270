use std::collections::BTreeMap;

use proptest::prelude::*;
use proto::columns::{KIND_INTERVAL, KIND_TELEMETRY};

use super::*;
use crate::assess::{Rules, assess};
use crate::judge::Limits;

const SHARDS: u16 = 4;
const LAST: i64 = 1_000_000;

fn rules() -> Rules<'static> {
    Rules {
        limits: Limits {
            first_ms: 0,
            last_ms: LAST,
        },
        shards: SHARDS,
        is_known: None,
    }
}

/// A row as it can be compared wherever it stands: names in place of indexes, measurements beside it.
type Shown = (String, Row, String, Vec<(u32, i64)>);

fn shown(columns: &ReadingColumns) -> Vec<Shown> {
    let meters: Vec<&str> = columns.meter_ids().collect();
    let registers: Vec<&str> = columns.register_names().collect();
    let show = |at: usize| {
        let row = columns.row(at);
        let register = match row.kind {
            KIND_REGISTER => registers[row.register as usize],
            _ => "",
        };
        let measured = columns.telemetry().filter(|(of, _, _)| *of as usize == at);
        let measured = measured.map(|(_, kind, value)| (kind, value)).collect();
        let meter = meters[row.meter as usize].to_owned();
        let nameless = Row {
            meter: 0,
            register: 0,
            ..row
        };
        (meter, nameless, register.to_owned(), measured)
    };
    (0..columns.rows()).map(show).collect()
}

fn batches() -> impl Strategy<Value = Vec<ReadingColumns>> {
    let row = (
        0_u32..6,
        0..LAST + 100_000,
        1_u32..=3,
        0_u32..2,
        0_i64..9,
        prop::collection::vec((1_u32..=6, -9_i64..9), 0..3),
    );
    let batch = prop::collection::vec(row, 1..20).prop_map(|rows| {
        let mut columns = ReadingColumns::default();
        for meter in 0..6 {
            columns.push_meter_id(&format!("meter-{meter}"));
        }
        columns.push_register_name("day");
        columns.push_register_name("night");
        for (meter, start_ms, kind, register, value, measured) in rows {
            let kind = if measured.is_empty() && kind == KIND_TELEMETRY {
                KIND_INTERVAL
            } else {
                kind
            };
            columns.push(&Row {
                meter,
                start_ms,
                kind,
                channel: 1,
                register: if kind == KIND_REGISTER { register } else { 0 },
                value,
                interval_seconds: 0,
                quality: 1,
                revision: 0,
                sequence: 0,
            });
            for (kind, value) in measured {
                columns.push_telemetry(kind, value);
            }
        }
        columns.squeeze();
        columns
    });
    prop::collection::vec(batch, 1..6)
}

proptest! {
    /// Every good row arrives in the message of its shard, in order, with everything it says, and is found at its place.
    #[test]
    fn nothing_is_lost_added_or_changed(batches in batches(), again in any::<bool>()) {
        let mut spare = Spare::default();
        if again {
            let mut used = Group::default();
            for columns in &batches {
                used.add(columns, &assess(columns, &rules()), SHARDS, &mut spare);
            }
            spare.give(used.drafts, 8);
        }
        let mut group = Group::default();
        let mut expected: BTreeMap<u16, Vec<Shown>> = BTreeMap::new();
        for columns in &batches {
            let assessment = assess(columns, &rules());
            let places = group.add(columns, &assessment, SHARDS, &mut spare);
            for (at, row) in shown(columns).into_iter().enumerate() {
                if assessment.identity[at] == 0 {
                    continue;
                }
                let shard = assessment.meters[columns.meter[at] as usize].shard;
                prop_assert!(places[usize::from(shard)].is_some());
                expected.entry(shard).or_default().push(row);
            }
        }
        let rows: usize = expected.values().map(Vec::len).sum();
        prop_assert_eq!(group.rows, rows);
        let mut found: BTreeMap<u16, Vec<Shown>> = BTreeMap::new();
        for draft in &mut group.drafts {
            draft.columns.squeeze();
            prop_assert_eq!(draft.columns.check(), Ok(()));
            prop_assert_eq!(draft.identity.len(), draft.columns.rows());
            prop_assert_eq!(draft.marks.len(), draft.columns.rows());
            let ids: Vec<&str> = draft.columns.meter_ids().collect();
            prop_assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
            found.entry(draft.shard).or_default().extend(shown(&draft.columns));
        }
        prop_assert_eq!(found, expected);
    }

    /// The cost is never less than what a message takes on the wire.
    #[test]
    fn the_cost_is_an_upper_bound(batches in batches()) {
        let mut group = Group::default();
        for columns in &batches {
            group.add(columns, &assess(columns, &rules()), SHARDS, &mut Spare::default());
        }
        for draft in &group.drafts {
            prop_assert!(prost::Message::encoded_len(&draft.columns) <= draft.cost + 256);
        }
    }
}

#[test]
fn a_full_message_is_followed_by_another() {
    let columns = of_one_meter(1_000);
    let mut group = Group::default();
    let assessment = assess(&columns, &rules());
    let mut last = (0, 0);
    for _ in 0..40 {
        let places = group.add(&columns, &assessment, SHARDS, &mut Spare::default());
        last = places.into_iter().flatten().next().unwrap();
    }
    assert_eq!(group.drafts.len(), 2);
    assert_eq!(last.0, 1);
    assert!(
        group
            .drafts
            .iter()
            .all(|draft| draft.cost < FULL_BYTES + cost(&columns))
    );
}

fn context(number: usize) -> Context {
    let text = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{number:016x}-01");
    text.parse().unwrap()
}

/// `rows` readings of one meter, and so of one shard.
fn of_one_meter(rows: i64) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    columns.push_meter_id("meter-1");
    for start_ms in 0..rows {
        columns.push(&Row {
            meter: 0,
            start_ms,
            kind: KIND_INTERVAL,
            channel: 1,
            register: 0,
            value: 1,
            interval_seconds: 0,
            quality: 1,
            revision: 0,
            sequence: 0,
        });
    }
    columns
}

#[test]
fn a_traced_call_is_told_apart_within_its_message_up_to_the_bound() {
    let (mut group, mut spare) = (Group::default(), Spare::default());
    for number in 1..=2 * MAX_TRACED {
        for (rows, traced) in [(2, false), (3, true)] {
            let columns = of_one_meter(rows);
            let assessment = assess(&columns, &rules());
            let places = group.add(&columns, &assessment, SHARDS, &mut spare);
            if traced {
                group.follow(&places, &context(number));
            }
        }
    }
    let [draft] = &mut group.drafts[..] else {
        panic!("{:?}", group.drafts)
    };
    let found: Vec<(Context, u32, u32)> = (draft.followed.iter())
        .map(|followed| (followed.context.clone(), followed.first, followed.rows))
        .collect();
    let expected: Vec<(Context, u32, u32)> = (0_u32..)
        .zip(1..=MAX_TRACED)
        .map(|(before, number)| (context(number), before * 5 + 2, 3))
        .collect();
    assert_eq!(found, expected);
    draft.reset(0);
    assert!(draft.followed.is_empty(), "used again, it is of nobody");
}
