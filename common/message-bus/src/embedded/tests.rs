use bytes::Bytes;

use super::*;
use crate::Delivery;

#[tokio::test]
async fn published_is_delivered_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(folder.path().join("journal"), 4);
    let journal = Journal::open(options.clone(), CancellationToken::new()).unwrap();
    let topic = Topic::Readings { shard: 1 };
    let message = Message {
        topic,
        id: 7,
        kind: "test",
        time_ms: 1,
        body: Bytes::from_static(b"hello"),
    };
    journal.publish(vec![message]).await.unwrap();
    let mut reader = journal.subscribe(Group::Billing, topic, None).await.unwrap();
    let Delivery::Message { position, body, .. } = reader.next().await.unwrap() else {
        panic!("a gap")
    };
    assert_eq!(body.as_ref(), b"hello");
    journal.close().await.unwrap();
    let journal = Journal::open(options, CancellationToken::new()).unwrap();
    let mut reader = journal.subscribe(Group::Billing, topic, None).await.unwrap();
    let Delivery::Message { position: again, .. } = reader.next().await.unwrap() else {
        panic!("a gap")
    };
    assert_eq!(position, again);
    reader.ack(position).await.unwrap();
    assert_eq!(reader.try_next().await.unwrap(), None);
    journal.close().await.unwrap();
}
