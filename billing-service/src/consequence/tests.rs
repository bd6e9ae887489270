use bytes::Bytes;
use proto::billing::register_object::Object;

use super::*;
use crate::world::{World, agreement, batch, installation, load, meter, point};

#[tokio::test]
async fn a_stranger_is_an_exception_until_somebody_registers_it() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.deliver(&batch("late", &load())).await;
    world.checkpoint().await;
    world.deliver(&batch("late", &load()[..10])).await;
    world.checkpoint().await;
    let strangers = world.exceptions(Kind::UnknownMeter).await;
    assert_eq!(
        strangers
            .iter()
            .map(|exception| exception.id.as_str())
            .collect::<Vec<_>>(),
        ["UNKNOWN_METER|late"]
    );

    let service = world.service();
    let put = async |object| {
        let object = proto::billing::RegisterObject { object: Some(object) };
        proto::billing::register_server::Register::put(&service, tonic::Request::new(object))
            .await
            .unwrap();
    };
    put(Object::ServicePoint(point("q"))).await;
    put(Object::Meter(meter("late"))).await;
    assert_eq!(world.exceptions(Kind::UnknownMeter).await, []);
    put(Object::Installation(installation(
        "j",
        "late",
        "q",
        "2024-03-01T00:00:00Z",
        "",
    )))
    .await;
    put(Object::Agreement(agreement(
        "b",
        "q",
        "2024-03-15T00:00:00+01:00",
        "",
    )))
    .await;
    assert_eq!(world.office.bill("b.2024-03-15.0").await.unwrap().total, "132.11");
}

#[tokio::test]
async fn a_conflict_is_open_until_a_higher_revision_decides() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let rows = load();
    world.deliver(&batch("m", &rows)).await;
    world.checkpoint().await;
    assert_eq!(world.exceptions(Kind::ReadingConflict).await, []);
    world
        .deliver(&batch("m", &[(rows[7].0, 5, 0), (rows[8].0, 6, 0)]))
        .await;
    world.checkpoint().await;
    let open = world.exceptions(Kind::ReadingConflict).await;
    let subjects: Vec<_> = open.iter().map(|exception| exception.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["m|IMPORT|2024-03-15T00:45:00Z", "m|IMPORT|2024-03-15T01:00:00Z"]
    );
    world.deliver(&batch("m", &[(rows[7].0, 5, 1)])).await;
    world.checkpoint().await;
    assert_eq!(world.exceptions(Kind::ReadingConflict).await.len(), 1);
    world.deliver(&batch("m", &[(rows[8].0, 6, 1)])).await;
    world.checkpoint().await;
    assert_eq!(world.exceptions(Kind::ReadingConflict).await, []);
    assert_eq!(world.office.bill("a.2024-03-15.0").await.unwrap().holds, []);
}

#[tokio::test]
async fn a_message_nobody_can_read_is_kept_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    let message = Unusable {
        shard: 1,
        position: 42,
        id: 7,
        kind: "nonsense".to_owned(),
        time_ms: 0,
        body: Bytes::from_static(b"?"),
        reason: "not a batch".to_owned(),
    };
    world.watcher.quarantine(message.clone()).await.unwrap();
    world.watcher.quarantine(message).await.unwrap();
    let kept = world.office.store.list::<Quarantined>("", None, 9).await.unwrap();
    assert_eq!(
        kept.iter()
            .map(|kept| (kept.position, kept.body.as_slice()))
            .collect::<Vec<_>>(),
        [(42, &b"?"[..])]
    );
    assert_eq!(world.exceptions(Kind::Quarantined).await[0].detail, "not a batch");
}

#[tokio::test]
async fn agreements_with_new_reads_are_dirty() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    assert!(world.office.drafts.take(10).is_empty());
    world.deliver(&batch("m", &load()[..4])).await;
    world.checkpoint().await;
    assert_eq!(
        world
            .office
            .drafts
            .take(10)
            .iter()
            .map(|id| &**id)
            .collect::<Vec<_>>(),
        ["a"]
    );
    assert!(world.office.drafts.take(10).is_empty());
    world.office.refresh(10).await.unwrap();
}
