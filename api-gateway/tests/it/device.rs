//! The device port over real gRPC, before an ingestion that does what the test says.

mod bounds;
mod calls;
mod streams;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_gateway::auth::{Grant, Keys, Role};
use api_gateway::{Config, Running};
use bytes::{Buf, BufMut, Bytes};
use prometheus::Registry;
use proto::ingestion::SubmitResponse;
use proto::ingestion::ingestion_server::Ingestion;
use proto::meter::meter_gateway_client::MeterGatewayClient;
use proto::meter::{Reading, ReadingColumns, Receipt, RowFault, SendReadingsRequest, Verdict};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use crate::behind;
use crate::fakes::Fakes;
use crate::world::{config, deps, now};

/// What becomes of one batch.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// All accepted.
    Accepted,
    /// Accepted, once the test lets it.
    Held,
    /// The verdict of each row has the number of its value in milliwatt-hours.
    ByValue,
    /// The call fails.
    Failed(Status),
}

#[derive(Default)]
pub(crate) struct Script {
    /// Of the next batches; after the last one all are accepted.
    fates: Mutex<VecDeque<Fate>>,
    submitted: Mutex<Vec<ReadingColumns>>,
    let_go: Option<Semaphore>,
}

#[async_trait::async_trait]
impl Ingestion for Script {
    async fn submit(&self, request: Request<ReadingColumns>) -> Result<Response<SubmitResponse>, Status> {
        let columns = request.into_inner();
        assert_eq!(columns.check(), Ok(()));
        assert!(columns.rows() > 0, "nothing to judge");
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Accepted);
        self.submitted.lock().unwrap().push(columns.clone());
        let verdict = match fate {
            Fate::Failed(status) => return Err(status),
            Fate::Held => {
                self.let_go.as_ref().unwrap().acquire().await.unwrap().forget();
                vec![1]
            }
            Fate::Accepted => vec![1],
            Fate::ByValue => (0..columns.rows())
                .map(|at| u32::try_from(columns.row(at).value).unwrap())
                .collect(),
        };
        let faults = (0_u32..)
            .zip(&verdict)
            .filter(|(_, verdict)| **verdict > 1)
            .map(|(row, verdict)| RowFault {
                row,
                reason: format!("REASON_{verdict}"),
                message: "so it is".to_owned(),
            });
        Ok(Response::new(SubmitResponse {
            faults: faults.collect(),
            verdict,
            identity: (0..columns.rows())
                .map(|at| columns.row(at).start_ms.unsigned_abs())
                .collect(),
            content: (0..columns.rows())
                .map(|at| columns.row(at).value.unsigned_abs())
                .collect(),
        }))
    }
}

pub(crate) struct Port {
    pub(crate) gateway: Running,
    pub(crate) script: Arc<Script>,
    pub(crate) registry: Registry,
    keys: TempDir,
}

impl Port {
    pub(crate) async fn open(fates: &[Fate]) -> Self {
        Self::with(fates, |_| ()).await
    }

    pub(crate) async fn with(fates: &[Fate], change: fn(&mut Config)) -> Self {
        let keys = TempDir::new().unwrap();
        let registry = Registry::new();
        let script = Arc::new(Script {
            fates: Mutex::new(fates.iter().cloned().collect()),
            let_go: Some(Semaphore::new(0)),
            ..Script::default()
        });
        let mut deps = deps(&Arc::new(Fakes::default()), &registry, &keys).await;
        deps.ingestion = behind::ingestion(&script).await;
        let mut config = config();
        change(&mut config);
        Self {
            gateway: api_gateway::start(config, deps).await.unwrap(),
            script,
            registry,
            keys,
        }
    }

    pub(crate) fn token(&self, role: Role, subject: &str, lifetime: Option<Duration>) -> String {
        let grant = Grant {
            role,
            subject: subject.to_owned(),
            lifetime,
        };
        let keys = Keys::open(self.keys.path()).unwrap();
        format!("Bearer {}", keys.issue(&grant, now()).unwrap())
    }

    pub(crate) async fn channel(&self) -> Channel {
        let url = format!("http://{}", self.gateway.device_addr());
        Endpoint::from_shared(url).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn client(&self) -> MeterGatewayClient<Channel> {
        MeterGatewayClient::new(self.channel().await)
    }

    /// A request of the device `m-*`.
    pub(crate) fn signed<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = self.token(Role::Device, "m-*", None);
        request
            .metadata_mut()
            .insert("authorization", token.parse().unwrap());
        request
    }

    pub(crate) fn submitted(&self) -> Vec<ReadingColumns> {
        self.script.submitted.lock().unwrap().clone()
    }

    pub(crate) fn let_go(&self, batches: usize) {
        self.script.let_go.as_ref().unwrap().add_permits(batches);
    }
}

pub(crate) fn reading(device_id: &str, second: i64, usage_kwh: f64) -> Reading {
    Reading {
        device_id: device_id.to_owned(),
        timestamp: Some(prost_types::Timestamp {
            seconds: second,
            nanos: 0,
        }),
        usage_kwh: Some(usage_kwh),
        ..Reading::default()
    }
}

pub(crate) fn batch(readings: Vec<Reading>) -> SendReadingsRequest {
    SendReadingsRequest { readings }
}

pub(crate) fn verdicts(receipts: &[Receipt]) -> Vec<(Verdict, &str)> {
    receipts
        .iter()
        .map(|receipt| (receipt.verdict(), receipt.reason.as_str()))
        .collect()
}

/// Bytes as they are, in both directions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, bytes: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(bytes);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
