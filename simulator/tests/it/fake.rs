//! A receiver that keeps what it gets and answers as it is told.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::meter::meter_gateway_server::{MeterGateway, MeterGatewayServer};
use proto::meter::*;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Request, Response, Status, Streaming};

/// What to do with a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// Keep it and say so.
    Accept,
    /// Fail the call; nothing is kept.
    Fail(Code),
    /// Keep it, and fail the call: the sender cannot know.
    KeepAndFail,
    /// Keep every second reading, and say RETRY for the others.
    RetryHalf,
    /// Refuse every reading.
    Reject,
    /// Wait, then keep it.
    Stall(Duration),
}

type Behaviour = Arc<dyn Fn(usize) -> Answer + Send + Sync>;

/// What the receiver has, and how it answers batch number n.
#[derive(Clone)]
pub(crate) struct Fake {
    behaviour: Behaviour,
    state: Arc<Mutex<State>>,
    arrived: Arc<Notify>,
}

#[derive(Default)]
struct State {
    batches: usize,
    kept: Vec<Reading>,
    tokens: Vec<Option<String>>,
}

/// A running receiver.
pub(crate) struct Running {
    pub(crate) endpoint: String,
    pub(crate) fake: Fake,
    _server: JoinSet<()>,
}

/// Identity and content of a reading as text, so that two can be compared.
pub(crate) fn fingerprint(reading: &Reading) -> (String, String) {
    let start = reading.timestamp.map(|time| (time.seconds, time.nanos));
    (
        format!("{} {} {start:?}", reading.device_id, reading.channel),
        format!("{reading:?}"),
    )
}

impl Fake {
    pub(crate) async fn start(behaviour: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Running {
        let fake = Self {
            behaviour: Arc::new(behaviour),
            state: Arc::default(),
            arrived: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let service = MeterGatewayServer::new(fake.clone());
        let mut server = JoinSet::new();
        server.spawn(async move {
            let server = tonic::transport::Server::builder().add_service(service);
            server
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Running {
            endpoint,
            fake,
            _server: server,
        }
    }

    /// Waits until something was kept.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    /// Everything kept, in order of arrival.
    pub(crate) fn kept(&self) -> Vec<Reading> {
        self.state.lock().unwrap().kept.clone()
    }

    /// Everything kept by identity; the same identity with other content would be a fault of the sender.
    pub(crate) fn distinct(&self) -> BTreeMap<String, String> {
        let mut distinct = BTreeMap::new();
        for reading in self.kept() {
            let (identity, content) = fingerprint(&reading);
            let before = distinct.insert(identity, content.clone());
            assert!(
                before.is_none_or(|before| before == content),
                "the same reading was sent with other content"
            );
        }
        distinct
    }

    pub(crate) fn tokens(&self) -> Vec<Option<String>> {
        self.state.lock().unwrap().tokens.clone()
    }

    async fn take(&self, readings: Vec<Reading>) -> Result<Vec<Receipt>, Status> {
        let answer = {
            let mut state = self.state.lock().unwrap();
            state.batches += 1;
            (self.behaviour)(state.batches - 1)
        };
        if let Answer::Stall(pause) = answer {
            tokio::time::sleep(pause).await;
        }
        let receipt = |verdict: Verdict| Receipt {
            id: "0123456789abcdef0123456789abcdef".to_owned(),
            verdict: verdict.into(),
            reason: if verdict == Verdict::Rejected {
                "TOO_OLD".to_owned()
            } else {
                String::new()
            },
            message: String::new(),
        };
        let verdict = |index: usize| match answer {
            Answer::Reject => Verdict::Rejected,
            Answer::RetryHalf if index % 2 == 1 => Verdict::Retry,
            _ => Verdict::Accepted,
        };
        if let Answer::Fail(code) = answer {
            return Err(Status::new(code, "as told"));
        }
        let verdicts: Vec<Verdict> = (0..readings.len()).map(verdict).collect();
        let kept = readings
            .into_iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| **verdict == Verdict::Accepted);
        self.state
            .lock()
            .unwrap()
            .kept
            .extend(kept.map(|(reading, _)| reading));
        self.arrived.notify_one();
        if matches!(answer, Answer::KeepAndFail) {
            return Err(Status::unavailable("the answer was lost"));
        }
        Ok(verdicts.into_iter().map(receipt).collect())
    }

    fn note_token<T>(&self, request: &Request<T>) {
        let token = request
            .metadata()
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned());
        self.state.lock().unwrap().tokens.push(token);
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl MeterGateway for Fake {
    async fn send_reading(
        &self,
        request: Request<SendReadingRequest>,
    ) -> Result<Response<SendReadingResponse>, Status> {
        self.note_token(&request);
        let reading = request.into_inner().reading.unwrap();
        let receipt = self.take(vec![reading]).await?.into_iter().next();
        Ok(Response::new(SendReadingResponse {
            receipt,
            server_time: None,
        }))
    }

    async fn send_readings(
        &self,
        request: Request<SendReadingsRequest>,
    ) -> Result<Response<SendReadingsResponse>, Status> {
        self.note_token(&request);
        let receipts = self.take(request.into_inner().readings).await?;
        Ok(Response::new(SendReadingsResponse {
            receipts,
            server_time: None,
        }))
    }

    type StreamReadingsStream = Answers<SendReadingsResponse>;

    async fn stream_readings(
        &self,
        request: Request<Streaming<SendReadingsRequest>>,
    ) -> Result<Response<Self::StreamReadingsStream>, Status> {
        self.note_token(&request);
        let fake = self.clone();
        let answers = request.into_inner().then(move |message| {
            let fake = fake.clone();
            async move {
                let receipts = fake.take(message?.readings).await?;
                Ok(SendReadingsResponse {
                    receipts,
                    server_time: None,
                })
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    type StreamColumnsStream = Answers<ColumnReceipts>;

    async fn stream_columns(
        &self,
        _: Request<Streaming<ReadingColumns>>,
    ) -> Result<Response<Self::StreamColumnsStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}
