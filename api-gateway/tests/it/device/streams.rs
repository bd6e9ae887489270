//! Streams: answers in order, several batches at a time, and every way to end.

use std::time::Duration;

use api_gateway::auth::Role;
use proto::columns::Row;
use proto::meter::{ReadingColumns, SendReadingsRequest, SendReadingsResponse, Verdict};
use service_kit::REASON_KEY;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status, Streaming};

use super::{Fate, Port, batch, reading, verdicts};

type Open = (Sender<SendReadingsRequest>, Streaming<SendReadingsResponse>);

async fn open(port: &Port) -> Open {
    let token = port.token(Role::Device, "m-*", None);
    open_with(port, &token).await.unwrap()
}

async fn open_with(port: &Port, token: &str) -> Result<Open, Status> {
    let (send, batches) = mpsc::channel(64);
    let mut request = Request::new(ReceiverStream::new(batches));
    request
        .metadata_mut()
        .insert("authorization", token.parse().unwrap());
    let answers = port.client().await.stream_readings(request).await?;
    Ok((send, answers.into_inner()))
}

fn numbered(second: i64) -> SendReadingsRequest {
    batch(vec![reading("m-1", second, 1.0), reading("n-1", second, 1.0)])
}

#[tokio::test]
async fn batches_are_answered_in_order() {
    let port = Port::open(&[]).await;
    let (send, mut answers) = open(&port).await;
    for second in 0..100 {
        send.send(numbered(second)).await.unwrap();
        if second % 7 == 0 {
            send.send(batch(Vec::new())).await.unwrap();
        }
    }
    drop(send);
    for second in 0..100 {
        let answer = answers.message().await.unwrap().unwrap();
        let expected = [(Verdict::Accepted, ""), (Verdict::Rejected, "NOT_YOURS")];
        assert_eq!(verdicts(&answer.receipts), expected);
        assert!(
            answer.receipts[0]
                .id
                .starts_with(&format!("{:016x}", second * 1_000))
        );
        assert!(answer.server_time.is_some());
        if second % 7 == 0 {
            assert!(answers.message().await.unwrap().unwrap().receipts.is_empty());
        }
    }
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn several_batches_wait_together_and_no_more_than_allowed() {
    let port = Port::open(&vec![Fate::Held; 20]).await;
    let (send, mut answers) = open(&port).await;
    for second in 0..20 {
        send.send(numbered(second)).await.unwrap();
    }
    while port.submitted().len() < 8 {
        tokio::task::yield_now().await;
    }
    // The ninth would have come at once, were it let in.
    let early = tokio::time::timeout(Duration::from_millis(50), answers.message()).await;
    assert!(early.is_err());
    assert_eq!(port.submitted().len(), 8);
    port.let_go(20);
    drop(send);
    for _ in 0..20 {
        assert!(answers.message().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_batch_that_is_none_ends_the_stream_after_the_answers_before_it() {
    let port = Port::open(&[]).await;
    let (send, mut answers) = open(&port).await;
    send.send(numbered(1)).await.unwrap();
    send.send(batch(vec![reading("m-1", 1, 1.0); 1_001]))
        .await
        .unwrap();
    assert!(answers.message().await.unwrap().is_some());
    let status = answers.message().await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.metadata().get(REASON_KEY).unwrap(), "TOO_MANY_READINGS");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let port = Port::open(&[]).await;
    let token = port.token(Role::Device, "m-*", Some(Duration::from_secs(1)));
    let (send, mut answers) = open_with(&port, &token).await.unwrap();
    send.send(numbered(1)).await.unwrap();
    assert!(answers.message().await.unwrap().is_some());
    let status = answers.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(status.metadata().get(REASON_KEY).unwrap(), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn idle_and_old_streams_end_without_an_error() {
    let idle = Port::with(&[], |config| {
        config.device.stream_idle = Duration::from_millis(100)
    })
    .await;
    let old = Port::with(&[], |config| {
        config.device.stream_life = Duration::from_millis(100)
    })
    .await;
    for port in [idle, old] {
        let (send, mut answers) = open(&port).await;
        send.send(numbered(1)).await.unwrap();
        assert!(answers.message().await.unwrap().is_some());
        assert!(answers.message().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn stopping_answers_what_was_read_and_ends_the_stream() {
    let port = Port::open(&[Fate::Held]).await;
    let (send, mut answers) = open(&port).await;
    send.send(numbered(1)).await.unwrap();
    while port.submitted().is_empty() {
        tokio::task::yield_now().await;
    }
    let Port { gateway, script, .. } = port;
    let stopping = async {
        let stopped = gateway.stop(Duration::from_secs(20)).await;
        assert!(stopped);
    };
    let client = async {
        // Not before the gateway has begun to stop.
        tokio::time::sleep(Duration::from_millis(50)).await;
        script.let_go.as_ref().unwrap().add_permits(1);
        assert!(answers.message().await.unwrap().is_some());
        assert!(answers.message().await.unwrap().is_none());
        drop(send);
    };
    tokio::join!(stopping, client);
}

#[tokio::test]
async fn a_failing_ingestion_ends_the_stream() {
    let port = Port::open(&[Fate::Accepted, Fate::Failed(Status::unavailable("gone"))]).await;
    let (send, mut answers) = open(&port).await;
    for second in 0..3 {
        send.send(numbered(second)).await.unwrap();
    }
    assert!(answers.message().await.unwrap().is_some());
    assert_eq!(answers.message().await.unwrap_err().code(), Code::Unavailable);
    let unauthorised = open_with(&port, "Bearer nonsense").await;
    assert_eq!(unauthorised.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn columns_are_the_same_in_another_form() {
    let port = Port::open(&[Fate::ByValue, Fate::Accepted]).await;
    let columns = |rows: &[(u32, i64)]| {
        let mut columns = ReadingColumns::default();
        ["m-1", "n-1"].iter().for_each(|id| columns.push_meter_id(id));
        for (meter, value) in rows {
            columns.push(&Row {
                meter: *meter,
                start_ms: 1_000,
                kind: 1,
                channel: 1,
                register: 0,
                value: *value,
                interval_seconds: 0,
                quality: 1,
                revision: 0,
                sequence: 0,
            });
        }
        columns
    };
    let sent = vec![
        columns(&[(0, 1), (1, 1), (0, 2), (0, 5)]),
        columns(&[(0, 1), (0, 1)]),
        columns(&[]),
        ReadingColumns {
            schema: 9,
            ..columns(&[(0, 1)])
        },
    ];
    let request = port.signed(tokio_stream::iter(sent));
    let mut answers = port
        .client()
        .await
        .stream_columns(request)
        .await
        .unwrap()
        .into_inner();
    let mixed = answers.message().await.unwrap().unwrap();
    assert_eq!((mixed.rows, mixed.verdict), (4, vec![1, 4, 2, 5]));
    let reasons: Vec<(u32, &str)> = mixed
        .faults
        .iter()
        .map(|fault| (fault.row, fault.reason.as_str()))
        .collect();
    assert_eq!(reasons, [(1, "NOT_YOURS"), (2, "REASON_2"), (3, "REASON_5")]);
    let uniform = answers.message().await.unwrap().unwrap();
    assert_eq!(
        (uniform.rows, uniform.verdict, uniform.faults.len()),
        (2, vec![1], 0)
    );
    assert_eq!(answers.message().await.unwrap().unwrap().rows, 0);
    assert_eq!(answers.message().await.unwrap_err().code(), Code::InvalidArgument);
}
