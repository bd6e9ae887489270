//! The register is changed for a time that was issued already: no day is billed twice, staff see which bill is in the way, and when
//! the change is undone nothing is left of it.

use proto::billing::{Bill, Calendar};

use super::*;

const IN_THE_WAY: (&str, &str) = (
    "ISSUED_OVERLAP",
    "some of this period is in the issued bill a.2024-03-15.0, which is from 2024-03-15T00:00:00+01:00 to 2024-04-15T00:00:00+02:00",
);

/// A household whose first bill is issued, some days into the cycle after the next.
async fn billed(folder: &std::path::Path) -> World {
    let world = World::open(folder).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    assert_eq!(world.run().await.unwrap().issued, 1);
    world.clock.set("2024-05-20T12:00:00Z");
    world
}

/// Ids of drafts, as staff list them, with whether the issued bill is in their way.
async fn drafts(world: &World) -> Vec<(String, bool)> {
    let request = proto::billing::ListBillsRequest {
        status: "draft".to_owned(),
        ..Default::default()
    };
    let service = world.service();
    let list = proto::billing::billing_server::Billing::list_bills(&service, tonic::Request::new(request));
    let in_the_way = |bill: &Bill| reasons(bill).contains(&IN_THE_WAY);
    let bills = list.await.unwrap().into_inner().items;
    bills
        .into_iter()
        .map(|bill| (bill.id.clone(), in_the_way(&bill)))
        .collect()
}

fn shown(drafts: &[(String, bool)]) -> Vec<(&str, bool)> {
    drafts
        .iter()
        .map(|(id, in_the_way)| (id.as_str(), *in_the_way))
        .collect()
}

#[tokio::test]
async fn a_calendar_changed_after_issue_bills_no_day_twice() {
    let folder = tempfile::tempdir().unwrap();
    let world = billed(folder.path()).await;
    let calendar = |billing_day| Calendar {
        id: "day15".to_owned(),
        billing_day,
        ..Calendar::default()
    };
    world.put(Object::Calendar(calendar(1))).await.unwrap();
    assert_eq!(shown(&drafts(&world).await), [("a.2024-04-01.0", true)]);
    let answer = world.run().await.unwrap();
    assert_eq!(
        (answer.issued, answer.already_issued, answer.held),
        (0, 1, 1),
        "the bill from 15 March on is issued"
    );
    world.put(Object::Calendar(calendar(15))).await.unwrap();
    assert_eq!(shown(&drafts(&world).await), [("a.2024-04-15.0", false)]);
}

#[tokio::test]
async fn a_tariff_assigned_for_a_time_that_was_issued_bills_no_day_twice() {
    let folder = tempfile::tempdir().unwrap();
    let world = billed(folder.path()).await;
    world
        .put(Object::Tariff(tariff("dear", &TARIFF.replace("0.40", "0.80"))))
        .await
        .unwrap();
    let before = agreement("a", "p", "2024-03-15T00:00:00+01:00", "");
    let cut = Agreement {
        assignments: vec![assignment("", "t"), assignment("2024-04-01", "dear")],
        ..before.clone()
    };
    world.put(Object::Agreement(cut)).await.unwrap();
    let found = drafts(&world).await;
    assert_eq!(
        shown(&found),
        [("a.2024-04-01.0", true), ("a.2024-04-15.0", false)]
    );
    world.put(Object::Agreement(before)).await.unwrap();
    assert_eq!(shown(&drafts(&world).await), [("a.2024-04-15.0", false)]);
}

#[tokio::test]
async fn an_agreement_that_begins_later_than_it_was_billed_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let world = billed(folder.path()).await;
    let from = |from: &str| Object::Agreement(agreement("a", "p", from, ""));
    world.put(from("2024-03-20T00:00:00+01:00")).await.unwrap();
    let found = drafts(&world).await;
    assert_eq!(
        shown(&found),
        [("a.2024-03-20.0", true), ("a.2024-04-15.0", false)]
    );
    world.put(from("2024-03-15T00:00:00+01:00")).await.unwrap();
    assert_eq!(shown(&drafts(&world).await), [("a.2024-04-15.0", false)]);
}

/// Who moved in is not billed for what the one before paid, until the date is set right.
#[tokio::test]
async fn a_move_dated_back_bills_nobody_for_the_same_days() {
    let folder = tempfile::tempdir().unwrap();
    let world = billed(folder.path()).await;
    let moved = async |at: &str, order: [&str; 2]| {
        for id in order {
            let object = if id == "a" {
                agreement("a", "p", "2024-03-15T00:00:00+01:00", at)
            } else {
                agreement("b", "p", at, "")
            };
            world.put(Object::Agreement(object)).await.unwrap();
        }
        drafts(&world).await
    };
    let found = moved("2024-04-01T00:00:00+02:00", ["a", "b"]).await;
    assert_eq!(
        shown(&found),
        [("b.2024-04-01.0", true), ("b.2024-04-15.0", false)]
    );
    assert_eq!(world.run().await.unwrap().issued, 0);
    let found = moved("2024-04-15T00:00:00+02:00", ["b", "a"]).await;
    assert_eq!(shown(&found), [("b.2024-04-15.0", false)]);
}
