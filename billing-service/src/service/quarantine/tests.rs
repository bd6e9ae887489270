use bytes::Bytes;
use proto::billing::quarantine_server::Quarantine as _;

use super::*;
use crate::reads::{Consequences as _, Unusable};
use crate::world::World;

const KIND: &str = "gridtally.meter.v1.ReadingColumns";

fn unusable(position: u64, kind: &str) -> Unusable {
    Unusable {
        shard: 1,
        position,
        id: u128::from(position) << 100,
        kind: kind.to_owned(),
        time_ms: 1_700_000_000_000,
        body: Bytes::from_static(b"not a batch"),
        reason: "the batch cannot be decoded".to_owned(),
    }
}

async fn quarantine(messages: &[(u64, &str)]) -> (tempfile::TempDir, World, Quarantine) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    for (position, kind) in messages {
        world.watcher.quarantine(unusable(*position, kind)).await.unwrap();
    }
    let service = Quarantine::new(Arc::clone(&world.office), Arc::clone(&world.bus) as Arc<dyn Bus>);
    (folder, world, service)
}

async fn listed(service: &Quarantine) -> Vec<QuarantinedMessage> {
    let request = Request::new(ListQuarantinedRequest::default());
    service
        .list_quarantined(request)
        .await
        .unwrap()
        .into_inner()
        .items
}

async fn replay(service: &Quarantine, id: &str) -> Result<u32, Status> {
    let request = Request::new(ReplayQuarantinedRequest { id: id.to_owned() });
    Ok(service.replay_quarantined(request).await?.into_inner().replayed)
}

#[tokio::test]
async fn messages_are_listed_with_their_reason_in_pages() {
    let (_folder, _world, service) = quarantine(&[(7, KIND), (8, KIND), (12, KIND)]).await;
    let request = ListQuarantinedRequest {
        limit: 2,
        ..Default::default()
    };
    let page = service
        .list_quarantined(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    let positions: Vec<u64> = page.items.iter().map(|item| item.position).collect();
    assert_eq!(positions, [7, 8]);
    assert_eq!(page.items[0].reason, "the batch cannot be decoded");
    assert_eq!(page.items[0].bytes, 11);
    let request = ListQuarantinedRequest {
        cursor: page.next_cursor.unwrap(),
        ..Default::default()
    };
    let rest = service
        .list_quarantined(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((rest.items.len(), rest.next_cursor), (1, None));
}

#[tokio::test]
async fn a_replayed_message_is_published_as_it_was_and_its_exception_closed() {
    let (_folder, world, service) = quarantine(&[(7, KIND), (8, KIND)]).await;
    let id = listed(&service).await[0].id.clone();
    assert_eq!(replay(&service, &id).await.unwrap(), 1);
    {
        let published = world.bus.published.lock().unwrap();
        assert_eq!(published.len(), 1);
        assert_eq!(published[0].topic, Topic::Readings { shard: 1 });
        assert_eq!(
            (published[0].id, published[0].time_ms),
            (7 << 100, 1_700_000_000_000)
        );
        assert_eq!(published[0].body, "not a batch");
    }
    assert_eq!(listed(&service).await.len(), 1);
    let exceptions = world
        .office
        .exceptions
        .list(Some(Kind::Quarantined), "", None, 10)
        .await
        .unwrap();
    let statuses: Vec<&str> = exceptions
        .iter()
        .map(|exception| exception.status.as_str())
        .collect();
    assert_eq!(statuses, ["closed", "open"]);
    assert_eq!(replay(&service, "").await.unwrap(), 1);
    assert!(listed(&service).await.is_empty());
    assert_eq!(
        replay(&service, &id).await.unwrap_err().code(),
        tonic::Code::NotFound
    );
}

#[tokio::test]
async fn nothing_is_forgotten_that_was_not_published() {
    let (_folder, world, service) = quarantine(&[(7, KIND), (8, "gridtally.unheard.of")]).await;
    world.bus.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        replay(&service, "").await.unwrap_err().code(),
        tonic::Code::Unavailable
    );
    assert_eq!(listed(&service).await.len(), 2);
    world.bus.broken.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        replay(&service, "").await.unwrap_err().code(),
        tonic::Code::InvalidArgument
    );
    assert_eq!(listed(&service).await.len(), 1, "what nothing processes stays");
}
