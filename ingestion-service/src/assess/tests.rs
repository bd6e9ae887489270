use proptest::prelude::*;
use proto::columns::KIND_INTERVAL;

use super::*;

const NOW: i64 = 1_790_000_000_000;

fn rules<'a>(is_known: Option<&'a (dyn Fn(&str) -> bool + Send + Sync)>) -> Rules<'a> {
    Rules {
        limits: Limits {
            first_ms: 0,
            last_ms: NOW,
        },
        shards: 4,
        is_known,
    }
}

fn row(meter: u32, start_ms: i64) -> Row {
    Row {
        meter,
        start_ms,
        kind: KIND_INTERVAL,
        channel: 1,
        register: 0,
        value: 5,
        interval_seconds: 900,
        quality: 1,
        revision: 0,
        sequence: 0,
    }
}

fn batch(ids: &[&str], rows: &[Row]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    ids.iter().for_each(|id| columns.push_meter_id(id));
    columns.push_register_name("import");
    rows.iter().for_each(|row| columns.push(row));
    columns
}

#[test]
fn one_bad_row_costs_no_other() {
    let columns = batch(
        &["a", "b d", "c"],
        &[row(0, 1), row(1, 1), row(0, NOW + 1), row(2, 1), row(0, -1)],
    );
    let found = assess(&columns, &rules(None));
    assert_eq!(
        found.refused,
        [(1, Reason::BadId), (2, Reason::InFuture), (4, Reason::TooOld)]
    );
    let hashed: Vec<bool> = found.identity.iter().map(|hash| *hash != 0).collect();
    assert_eq!(hashed, [true, false, false, true, false]);
}

#[test]
fn unknown_meters_are_refused_where_asked() {
    let columns = batch(&["a", "b"], &[row(0, 1), row(1, 1)]);
    let found = assess(&columns, &rules(Some(&|id| id == "a")));
    assert_eq!(found.refused, [(1, Reason::UnknownMeter)]);
}

#[test]
fn a_register_is_an_identity_of_its_own() {
    let register = |name: &str| {
        let mut columns = ReadingColumns::default();
        columns.push_meter_id("a");
        columns.push_register_name(name);
        columns.push(&Row {
            kind: KIND_REGISTER,
            ..row(0, 1)
        });
        let found = assess(&columns, &rules(None));
        assert!(found.refused.is_empty());
        found.identity
    };
    assert_eq!(register("day"), register("day"));
    assert_ne!(register("day"), register("night"));
    assert_ne!(
        register("day"),
        assess(&batch(&["a"], &[row(0, 1)]), &rules(None)).identity
    );
}

#[test]
fn telemetry_alone_is_known_by_what_it_measured() {
    let measured = |kind: u32, value: i64| {
        let mut columns = batch(&["a"], &[]);
        columns.push(&Row {
            kind: KIND_TELEMETRY,
            value: 0,
            ..row(0, 1)
        });
        columns.push_telemetry(kind, value);
        let found = assess(&columns, &rules(None));
        assert!(found.refused.is_empty());
        (found.identity, found.content)
    };
    let (identity, content) = measured(2, 230_000);
    assert_eq!(measured(2, 230_000), (identity.clone(), content.clone()));
    assert_eq!(measured(2, 231_000).0, identity);
    assert_ne!(measured(2, 231_000).1, content);
    assert_ne!(measured(5, 230_000).0, identity);
    let nothing = batch(
        &["a"],
        &[Row {
            kind: KIND_TELEMETRY,
            ..row(0, 1)
        }],
    );
    assert_eq!(assess(&nothing, &rules(None)).refused, [(0, Reason::NoValue)]);
}

#[test]
fn a_measurement_beyond_its_range_costs_its_row() {
    let mut columns = batch(&["a"], &[]);
    columns.push(&row(0, 1));
    columns.push_telemetry(1, i64::MAX);
    columns.push(&row(0, 2));
    columns.push_telemetry(1, 7);
    assert_eq!(assess(&columns, &rules(None)).refused, [(0, Reason::TooLarge)]);
}

proptest! {
    /// Hashes are a function of the reading alone: neither of its place, nor of what else is in the batch.
    #[test]
    fn hashes_do_not_depend_on_company(starts in prop::collection::vec((0_u32..5, 0_i64..NOW), 1..20)) {
        let ids = ["a", "b", "c", "d", "e"];
        let rows: Vec<Row> = starts.iter().map(|(meter, start)| row(*meter, *start)).collect();
        let columns = batch(&ids, &rows);
        let together = assess(&columns, &rules(None));
        for (at, (meter, start)) in starts.iter().enumerate() {
            let columns = batch(&[ids[*meter as usize]], &[row(0, *start)]);
            let alone = assess(&columns, &rules(None));
            prop_assert_eq!(alone.identity[0], together.identity[at]);
            prop_assert_eq!(alone.content[0], together.content[at]);
        }
    }
}
