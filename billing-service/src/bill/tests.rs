mod conflicts;
mod retroactive;
mod withdrawn;

use model::Channel;
use proptest::prelude::*;
use proto::billing::register_object::Object;
use proto::billing::{Agreement, Assignment, RecipeTerm};

use crate::cache::Cache;
use crate::export::{Form, line};
use crate::world::{
    TARIFF, UNTAXED, World, agreement, assignment, batch, installation, load, meter, ms, point, reasons,
    tariff,
};

const BILL: &str = "a.2024-03-15.0";

async fn bill_after(deliveries: &[&[(i64, i64, u32)]], checkpoints: &[bool]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    for (index, rows) in deliveries.iter().enumerate() {
        world.deliver(&batch("m", rows)).await;
        if checkpoints.get(index).copied().unwrap_or_default() {
            world.checkpoint().await;
        }
    }
    let bill = world.office.bill(BILL).await.unwrap();
    (bill.inputs_hash.clone(), line(&bill, Form::Full))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Any order and any duplication of deliveries gives the same hash and the same bytes, checkpoints in between or not.
    #[test]
    fn the_order_of_deliveries_does_not_matter(
        order in Just((0..30_usize).collect::<Vec<_>>()).prop_shuffle(),
        repeats in prop::collection::vec(0..30_usize, 0..20),
        checkpoints in prop::collection::vec(any::<bool>(), 50),
        corrected in 0..2900_usize,
    ) {
        let mut rows = load();
        let (start, value, _) = rows[corrected];
        rows.push((start, value + 500, 2));
        rows.push((start, value + 400, 1));
        let chunks: Vec<&[(i64, i64, u32)]> = rows.chunks(rows.len().div_ceil(30)).collect();
        let shuffled: Vec<_> = order.iter().chain(&repeats).filter_map(|index| chunks.get(*index).copied()).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let straight = runtime.block_on(bill_after(&chunks, &[]));
        let mixed = runtime.block_on(bill_after(&shuffled, &checkpoints));
        prop_assert_eq!(straight, mixed);
    }
}

#[tokio::test]
async fn a_bill_to_date_grows_and_then_becomes_a_draft() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let rows = load();
    let look = async |now: &str, upto: &str| {
        world.clock.set(now);
        let rows: Vec<_> = rows.iter().copied().filter(|row| row.0 < ms(upto)).collect();
        world.deliver(&batch("m", &rows)).await;
        world.office.bill(BILL).await.unwrap()
    };
    let early = look("2024-03-16T11:00:00Z", "2024-03-16T10:45:00Z").await;
    assert_eq!(
        (early.status.as_str(), early.days, early.to.as_str()),
        ("open", 2, "2024-03-17")
    );
    assert_eq!(reasons(&early), []);
    let later = look("2024-04-01T11:00:00Z", "2024-04-01T10:45:00Z").await;
    assert_eq!((later.status.as_str(), later.days), ("open", 18));
    assert_ne!(early.inputs_hash, later.inputs_hash);
    let done = look("2024-04-15T11:00:00Z", "2024-04-14T22:00:00Z").await;
    assert_eq!(
        (done.status.as_str(), done.days, done.total.as_str()),
        ("draft", 31, "132.11")
    );
    assert_eq!(reasons(&done), []);
    assert_eq!(
        world.run().await.unwrap().issued,
        0,
        "not due before three days are over"
    );
    world.clock.set("2024-04-18T04:00:00Z");
    assert_eq!(world.run().await.unwrap().issued, 1);
}

/// A cache that is worse than none: it forgets, and answers what it was never given.
struct Liar;

#[async_trait::async_trait]
impl Cache for Liar {
    async fn get(&self, key: &str) -> Option<bytes::Bytes> {
        key.len()
            .is_multiple_of(2)
            .then(|| bytes::Bytes::from_static(b"\x01\xff nonsense"))
    }

    async fn put(&self, _: String, _: bytes::Bytes, _: std::time::Duration) {}
}

#[tokio::test]
async fn answers_are_right_whatever_the_cache_does() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open_with(folder.path(), |documents| documents, std::sync::Arc::new(Liar)).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    for _ in 0..2 {
        assert_eq!(world.office.bill(BILL).await.unwrap().total, "132.11");
    }
    world.run().await.unwrap();
    assert_eq!(
        world.office.bill(BILL).await.unwrap().number,
        "GT-INV-2024-000001"
    );
}

#[tokio::test]
async fn a_new_tariff_cuts_the_cycle_into_two_bills() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world
        .put(Object::Tariff(tariff("dear", &TARIFF.replace("0.40", "0.80"))))
        .await
        .unwrap();
    let cut = Agreement {
        assignments: vec![assignment("", "t"), assignment("2024-04-01", "dear")],
        ..agreement("a", "p", "2024-03-15T00:00:00+01:00", "")
    };
    world.put(Object::Agreement(cut)).await.unwrap();
    world.deliver(&batch("m", &load())).await;
    let bills = world.run().await.unwrap().bills;
    let shown: Vec<_> = bills
        .iter()
        .map(|bill| (bill.from.as_str(), bill.to.as_str(), bill.days))
        .collect();
    assert_eq!(
        shown,
        [("2024-03-15", "2024-04-01", 17), ("2024-04-01", "2024-04-15", 14)]
    );
    let tariffs: Vec<_> = bills.iter().map(|bill| bill.tariff_id.as_str()).collect();
    assert_eq!(tariffs, ["t", "dear"]);
}

#[tokio::test]
async fn what_is_found_in_the_register_holds_a_bill() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    let gone = installation(
        "i",
        "m",
        "p",
        "2024-03-01T00:00:00+01:00",
        "2024-04-01T00:00:00+02:00",
    );
    world.put(Object::Installation(gone)).await.unwrap();
    let bill = world.office.bill(BILL).await.unwrap();
    assert_eq!(
        reasons(&bill),
        [(
            "NO_METER",
            "no meter measures import from 2024-04-01T00:00:00+02:00 on"
        )]
    );
    // the next meter takes over without a gap
    world.put(Object::Meter(meter("m2"))).await.unwrap();
    world
        .put(Object::Installation(installation(
            "i2",
            "m2",
            "p",
            "2024-04-01T00:00:00+02:00",
            "",
        )))
        .await
        .unwrap();
    let bill = world.office.bill(BILL).await.unwrap();
    assert_eq!(bill.holds[0].reason, "MISSING_INTERVALS");
    let april: Vec<_> = load()
        .into_iter()
        .filter(|row| row.0 >= ms("2024-03-31T22:00:00Z"))
        .collect();
    world.deliver(&batch("m2", &april)).await;
    let bill = world.office.bill(BILL).await.unwrap();
    assert_eq!((reasons(&bill), bill.total.as_str()), (vec![], "132.11"));
}

#[tokio::test]
async fn a_tariff_that_may_not_be_issued_holds_the_bill() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    let reason_with = async |body: &str| {
        world.put(Object::Tariff(tariff("t", body))).await.unwrap();
        let bill = world.office.bill(BILL).await.unwrap();
        bill.holds
            .iter()
            .map(|hold| hold.reason.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        reason_with(&TARIFF.replace(r#""places": 2"#, r#""places": 3"#)).await,
        ["ROUNDING"]
    );
    assert_eq!(reason_with(UNTAXED).await, ["TAX"]);
    let fees_only = r#"{"currency": "EUR", "timezone": "Europe/Berlin", "rounding": {"scope": "line", "mode": "half_up", "places": 2},
        "charges": [{"id": "base", "type": "monthly", "amount": 10}]"#;
    assert_eq!(reason_with(&format!("{fees_only}}}")).await, ["TAX"]);
    let exempt = r#", "bill_charges": [{"id": "vat", "type": "percent", "rate": 0, "tax": {"category": "E", "exemption": "not a business"}}]}"#;
    assert_eq!(
        reason_with(&format!("{fees_only}{exempt}")).await,
        Vec::<String>::new()
    );
    let partly = UNTAXED.replace(
        r#""rate": "0.20""#,
        r#""rate": "0.20", "of": ["energy"], "tax": {"category": "S"}"#,
    );
    assert_eq!(reason_with(&partly).await, ["TAX"]);
    let whole = UNTAXED.replace(r#""rate": "0.20""#, r#""rate": "0.20", "tax": {"category": "S"}"#);
    assert_eq!(reason_with(&whole).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_recipe_takes_sub_meters_off() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.put(Object::ServicePoint(point("flat"))).await.unwrap();
    world.put(Object::Meter(meter("sub"))).await.unwrap();
    world
        .put(Object::Installation(installation(
            "i-sub",
            "sub",
            "flat",
            "2024-03-01T00:00:00Z",
            "",
        )))
        .await
        .unwrap();
    let term = |sign, meter: &str| RecipeTerm {
        sign,
        meter_id: meter.to_owned(),
        channel: Channel::Import.word().to_owned(),
    };
    let rest = Assignment {
        recipe: vec![term(1, "m"), term(-1, "sub")],
        ..assignment("", "t")
    };
    let with_recipe = Agreement {
        assignments: vec![rest],
        ..agreement("a", "p", "2024-03-15T00:00:00+01:00", "")
    };
    world.put(Object::Agreement(with_recipe)).await.unwrap();
    let rows = load();
    let tenth: Vec<_> = rows
        .iter()
        .map(|(start, value, _)| (*start, value / 10, 0))
        .collect();
    world.deliver(&batch("m", &rows)).await;
    world.deliver(&batch("sub", &tenth)).await;
    let bill = world.office.bill(BILL).await.unwrap();
    assert_eq!(reasons(&bill), []);
    let kwh: f64 = bill.totals["import"].parse().unwrap();
    assert!((284.7..284.9).contains(&kwh), "{kwh}");
    world.deliver(&batch("sub", &[(rows[5].0, 9_000_000, 1)])).await;
    let bill = world.office.bill(BILL).await.unwrap();
    assert_eq!(
        reasons(&bill),
        [(
            "NEGATIVE_NET",
            "1 intervals have a sum below zero, the first at 2024-03-15T00:15:00Z"
        )]
    );
}

#[tokio::test]
async fn moving_in_at_noon_bills_from_that_interval_on() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let left = agreement("a", "p", "2024-03-15T00:00:00+01:00", "2024-03-20T12:00:00+01:00");
    world.put(Object::Agreement(left)).await.unwrap();
    world
        .put(Object::Agreement(agreement(
            "b",
            "p",
            "2024-03-20T12:00:00+01:00",
            "",
        )))
        .await
        .unwrap();
    world.deliver(&batch("m", &load())).await;
    let (old, new) = (
        world.office.bill(BILL).await.unwrap(),
        world.office.bill("b.2024-03-20.0").await.unwrap(),
    );
    assert_eq!(
        (old.to.as_str(), old.days, old.intervals),
        ("2024-03-21", 6, 5 * 96 + 48)
    );
    assert_eq!((new.from.as_str(), new.days), ("2024-03-20", 25));
    assert_eq!(old.intervals + new.intervals, 2972);
    assert_eq!(old.days + new.days, 31);
}

/// Written down on the first day: bills issued then must keep their hash.
#[tokio::test]
async fn the_hash_of_inputs_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.put(Object::Tariff(tariff("t", UNTAXED))).await.unwrap();
    world.deliver(&batch("m", &load())).await;
    let bill = world.office.bill(BILL).await.unwrap();
    assert_eq!(
        bill.inputs_hash,
        "ab33f41d99500eb800caeeb589f2c48c18f9a3599bc3a896760542672310b482"
    );
}
