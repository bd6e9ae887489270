use proto::billing::{Account, Agreement, Assignment, Installation, Meter, Seller, ServicePoint, Tariff};

use super::*;

fn object(object: Object) -> RegisterObject {
    RegisterObject { object: Some(object) }
}

fn meter(id: usize) -> RegisterObject {
    object(Object::Meter(Meter {
        id: format!("m{id}"),
        ..Meter::default()
    }))
}

fn point(id: usize) -> RegisterObject {
    object(Object::ServicePoint(ServicePoint {
        id: format!("p{id}"),
        ..ServicePoint::default()
    }))
}

fn installation(id: usize, meter: usize, point: usize) -> RegisterObject {
    object(Object::Installation(Installation {
        id: format!("i{id}"),
        meter_id: format!("m{meter}"),
        service_point_id: format!("p{point}"),
        ..Installation::default()
    }))
}

fn large(bytes: usize) -> RegisterObject {
    object(Object::Tariff(Tariff {
        id: "t".to_owned(),
        body: "x".repeat(bytes),
        ..Tariff::default()
    }))
}

fn sent(batches: &[Batch]) -> Vec<Vec<usize>> {
    batches.iter().map(|batch| batch.sent.clone()).collect()
}

/// Every object is judged once, and both bounds are kept.
fn check_bounds(objects: &[RegisterObject], batches: &[Batch]) {
    let judged: Vec<usize> = batches.iter().flat_map(|batch| batch.judged.clone()).collect();
    assert_eq!(judged, (0..objects.len()).collect::<Vec<_>>());
    for batch in batches {
        assert!(batch.sent.len() <= MAX_OBJECTS);
        assert!(batch.sent.is_sorted_by(|a, b| a < b));
        assert!(batch.judged.clone().all(|index| batch.sent.contains(&index)));
        let bytes: usize = batch.sent.iter().map(|index| objects[*index].encoded_len()).sum();
        assert!(bytes <= MAX_BYTES || batch.sent.len() == 1);
    }
}

#[test]
fn a_call_is_full_by_number_or_by_bytes() {
    let many: Vec<_> = (0..MAX_OBJECTS * 2 + 1).map(meter).collect();
    let batches = in_order(&many);
    check_bounds(&many, &batches);
    assert_eq!(batches.len(), 3);
    let mixed = [
        large(MAX_BYTES),
        meter(0),
        large(MAX_BYTES / 2),
        large(MAX_BYTES / 3),
        large(MAX_BYTES / 3),
    ];
    let batches = in_order(&mixed);
    check_bounds(&mixed, &batches);
    assert_eq!(sent(&batches), [vec![0], vec![1, 2, 3], vec![4]]);
    assert_eq!(in_order(&[]), []);
}

#[test]
fn a_dry_call_carries_what_its_objects_depend_on() {
    let count = MAX_OBJECTS;
    let all: Vec<_> = (0..count)
        .map(meter)
        .chain((0..count).map(point))
        .chain((0..count).map(|id| installation(id, id, id)))
        .collect();
    let batches = with_what_they_name(&all);
    check_bounds(&all, &batches);
    // 333 installations with their meters and points
    assert_eq!(batches.len(), 2 + 4);
    for batch in &batches {
        for index in batch.judged.clone().filter(|index| *index >= 2 * count) {
            assert!(batch.sent.contains(&(index - 2 * count)) && batch.sent.contains(&(index - count)));
        }
    }
    // nothing twice when all fits in one
    let few = [meter(0), point(0), installation(0, 0, 0)];
    assert_eq!(sent(&with_what_they_name(&few)), [[0, 1, 2]]);
}

#[test]
fn what_may_exclude_each_other_is_judged_together() {
    let padding = || (10..10 + MAX_OBJECTS).map(meter);
    let agreement = |id: &str| {
        object(Object::Agreement(Agreement {
            id: id.to_owned(),
            account_id: "c".to_owned(),
            service_point_id: "p0".to_owned(),
            assignments: vec![Assignment {
                tariff_id: "t".to_owned(),
                ..Assignment::default()
            }],
            ..Agreement::default()
        }))
    };
    let seller = |id: &str| {
        object(Object::Seller(Seller {
            id: id.to_owned(),
            ..Seller::default()
        }))
    };
    let account = Object::Account(Account {
        id: "c".to_owned(),
        ..Account::default()
    });
    let mut all = vec![
        meter(0),
        point(0),
        point(1),
        installation(0, 0, 0),
        object(account),
        large(9),
    ];
    all.extend([agreement("a"), seller("s")]);
    all.extend(padding());
    let first = all.len();
    all.extend([installation(1, 0, 1), agreement("b"), seller("z"), point(0)]);
    let batches = with_what_they_name(&all);
    check_bounds(&all, &batches);
    let with = |index: usize| {
        let batch = batches
            .iter()
            .find(|batch| batch.judged.contains(&index))
            .unwrap();
        batch
            .sent
            .iter()
            .copied()
            .filter(|index| *index < 8)
            .collect::<Vec<_>>()
    };
    assert!([0, 1, 2, 3].iter().all(|index| with(first).contains(index)));
    assert!([1, 4, 5, 6].iter().all(|index| with(first + 1).contains(index)));
    assert!(with(first + 2).contains(&7));
    assert!([1, 6].iter().all(|index| with(first + 3).contains(index)));
}
