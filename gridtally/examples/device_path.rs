//! What the way from a device's bytes to the bus costs by itself: gateway and ingestion in front of a bus that keeps nothing.
//!
//! `cargo run --release -p gridtally --example device_path -- [SECONDS] [THREADS] [SCENARIO...]`. Sender and server share the machine; the
//! processor time of the server's threads is counted apart. For the whole path see `gridtally-simulator load`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement prints, and fails by panicking"
)]

#[path = "../../api-gateway/tests/it/fakes.rs"]
#[expect(dead_code, reason = "only the services are needed here")]
mod fakes;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api_gateway::auth::{Grant, Keys, Role};
use bytes::{Buf, BufMut, Bytes};
use message_bus::{Bus, BusError, Group, Health, Message, Position, Subscription, Topic};
use model::SystemClock;
use prometheus::Registry;
use prost::Message as _;
use proto::columns::Row;
use proto::meter::{Reading, ReadingColumns, SendReadingRequest, SendReadingsRequest};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Keeps nothing, at once.
struct NoBus;

#[async_trait::async_trait]
impl Bus for NoBus {
    fn shards(&self) -> u16 {
        4
    }

    async fn publish(&self, _: Vec<Message>) -> Result<(), BusError> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _: Group,
        _: Topic,
        _: Option<Position>,
    ) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Unavailable("nobody reads here".to_owned()))
    }

    fn health(&self) -> Health {
        Health::default()
    }

    async fn close(&self) -> Result<(), BusError> {
        Ok(())
    }
}

/// Bytes as they are: the sender should cost as little as possible.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = usize;
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
    type Item = usize;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<usize>, Status> {
        let len = from.remaining();
        from.advance(len);
        Ok(Some(len))
    }
}

const START: i64 = 1_735_689_600;

fn reading(meter: u64, interval: i64) -> Reading {
    Reading {
        device_id: format!("meter-{meter:06}"),
        timestamp: Some(prost_types::Timestamp {
            seconds: START + interval * 900,
            nanos: 0,
        }),
        usage_kwh: Some(0.25 + f64::from(u32::try_from(meter % 100).unwrap()) / 1_000.0),
        ..Reading::default()
    }
}

fn strings(at: u64) -> Bytes {
    let readings = (0..1_000).map(|row| reading((at * 1_000 + row) % 100_000, (at / 100).cast_signed()));
    SendReadingsRequest {
        readings: readings.collect(),
    }
    .encode_to_vec()
    .into()
}

fn columns(at: u64) -> Bytes {
    let mut columns = ReadingColumns::default();
    for row in 0..1_000_u64 {
        let reading = reading((at * 1_000 + row) % 100_000, (at / 100).cast_signed());
        columns.push_meter_id(&reading.device_id);
        columns.push(&Row {
            meter: u32::try_from(row).unwrap(),
            start_ms: reading.timestamp.unwrap().seconds * 1_000,
            kind: 1,
            channel: 1,
            register: 0,
            value: 250_000 + i64::try_from(row).unwrap(),
            interval_seconds: 0,
            quality: 1,
            revision: 0,
            sequence: 0,
        });
    }
    columns.squeeze();
    columns.encode_to_vec().into()
}

struct Target {
    url: String,
    token: String,
    seconds: f64,
}

impl Target {
    async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.url.clone()).unwrap();
        endpoint
            .tcp_nodelay(true)
            .initial_connection_window_size(4 << 20)
            .initial_stream_window_size(1 << 20)
            .connect()
            .await
            .unwrap()
    }

    fn signed<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", self.token.parse().unwrap());
        request
    }

    /// Calls one after the other in each of `lanes` tasks on `connections`; latencies in microseconds.
    async fn unary(self: Arc<Self>, connections: usize, lanes: usize) -> (u64, Vec<u32>) {
        let path = http::uri::PathAndQuery::from_static("/gridtally.meter.v1.MeterGateway/SendReading");
        let ends = Instant::now() + Duration::from_secs_f64(self.seconds);
        let next = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let channel = self.channel().await;
            for _ in 0..lanes / connections {
                let (this, path, next) = (Arc::clone(&self), path.clone(), Arc::clone(&next));
                let mut client = Grpc::new(channel.clone());
                tasks.spawn(async move {
                    let mut latencies = Vec::new();
                    while Instant::now() < ends {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let one = SendReadingRequest {
                            reading: Some(reading(at % 100_000, (at / 100_000).cast_signed())),
                        };
                        let since = Instant::now();
                        client.ready().await.unwrap();
                        let request = this.signed(Bytes::from(one.encode_to_vec()));
                        client.unary(request, path.clone(), Raw).await.unwrap();
                        latencies.push(u32::try_from(since.elapsed().as_micros()).unwrap());
                    }
                    latencies
                });
            }
        }
        let mut latencies: Vec<u32> = tasks.join_all().await.concat();
        latencies.sort_unstable();
        (latencies.len() as u64, latencies)
    }

    /// Streams of batches of 1,000, 8 sent ahead of the answers.
    async fn streams(
        self: Arc<Self>,
        method: &'static str,
        streams: usize,
        batch: fn(u64) -> Bytes,
    ) -> (u64, Vec<u32>) {
        // Made before, and the same for every stream but for its offset: only what the server does shall count.
        let batches: Arc<Vec<Bytes>> = Arc::new((0..400).map(batch).collect());
        let over = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..streams {
            let (this, over, batches, next) = (
                Arc::clone(&self),
                Arc::clone(&over),
                Arc::clone(&batches),
                Arc::clone(&next),
            );
            tasks.spawn(async move {
                let (send, queued) = tokio::sync::mpsc::channel(8);
                let feeder = async {
                    while !over.load(Ordering::Relaxed) {
                        let at =
                            usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap() % batches.len();
                        let Some(batch) = batches.get(at) else { break };
                        if send.send(batch.clone()).await.is_err() {
                            break;
                        }
                    }
                    drop(send);
                };
                let mut client = Grpc::new(this.channel().await);
                client.ready().await.unwrap();
                let path = http::uri::PathAndQuery::from_static(method);
                let request = this.signed(tokio_stream::wrappers::ReceiverStream::new(queued));
                let reader = async {
                    let mut answers = client.streaming(request, path, Raw).await.unwrap().into_inner();
                    let mut count = 0;
                    while answers.message().await.unwrap().is_some() {
                        count += 1_000;
                    }
                    count
                };
                tokio::join!(feeder, reader).1
            });
        }
        tokio::time::sleep(Duration::from_secs_f64(self.seconds)).await;
        over.store(true, Ordering::Relaxed);
        let counts: Vec<u64> = tasks.join_all().await;
        (counts.into_iter().sum(), Vec::new())
    }
}

/// Processor seconds of this process's threads by name.
fn cpu() -> Vec<(String, f64)> {
    let mut threads: Vec<(String, f64)> = Vec::new();
    for entry in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let (head, fields) = stat.rsplit_once(')').unwrap();
        let name = head.split_once('(').unwrap().1.to_owned();
        let ticks: Vec<f64> = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse().unwrap())
            .collect();
        let seconds = ticks.iter().sum::<f64>() / 100.0;
        match threads.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += seconds,
            None => threads.push((name, seconds)),
        }
    }
    threads
}

fn report(scenario: &str, seconds: f64, answered: u64, latencies: &[u32], before: &[(String, f64)]) {
    let rate = answered as f64 / seconds;
    let at = |share: f64| {
        latencies
            .get((latencies.len() as f64 * share) as usize)
            .copied()
            .unwrap_or(0)
    };
    print!("{scenario:<22} {rate:>10.0} readings/s");
    if !latencies.is_empty() {
        print!(
            "   p50 {:.3} ms   p99 {:.3} ms",
            f64::from(at(0.5)) / 1e3,
            f64::from(at(0.99)) / 1e3
        );
    }
    for (name, now) in cpu() {
        let then = before
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(0.0, |(_, seconds)| *seconds);
        if now - then > 0.05 {
            print!("   {name} {:.2} us", (now - then) / answered as f64 * 1e6);
        }
    }
    println!();
}

/// Ingestion before the bus that keeps nothing, and a gateway before it.
async fn serve(threads: usize, keys: PathBuf) -> (ingestion_service::Running, api_gateway::Running) {
    let deps = ingestion_service::Deps {
        bus: Arc::new(NoBus),
        clock: Arc::new(SystemClock),
        registry: Registry::new(),
        is_known: None,
        failed: CancellationToken::new(),
    };
    let ingestion = ingestion_service::start(ingestion_service::Config::default(), deps)
        .await
        .unwrap();
    let fakes = Arc::new(fakes::Fakes::default());
    let deps = api_gateway::Deps {
        ingestion: ingestion.ingestion(),
        billing: Arc::clone(&fakes) as _,
        register: Arc::clone(&fakes) as _,
        quarantine: Arc::clone(&fakes) as _,
        analytics: fakes,
        clock: Arc::new(SystemClock),
        registry: Registry::new(),
        keys,
        failed: CancellationToken::new(),
    };
    let mut config = api_gateway::Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        staff_listen: "127.0.0.1:0".parse().unwrap(),
        ..api_gateway::Config::default()
    };
    config.device.threads = threads;
    let gateway = api_gateway::start(config, deps).await.unwrap();
    (ingestion, gateway)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds: f64 = arguments.next().map_or(5.0, |text| text.parse().unwrap());
    let threads: usize = arguments.next().map_or(2, |text| text.parse().unwrap());
    let wanted: Vec<String> = arguments.collect();
    let process = tokio::runtime::Builder::new_multi_thread()
        .thread_name("process")
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let keys = tempfile::TempDir::new().unwrap();
    let (ingestion, gateway) = process.block_on(serve(threads, keys.path().to_owned()));
    let grant = Grant {
        role: Role::Device,
        subject: "meter-*".to_owned(),
        lifetime: None,
    };
    let token = Keys::open(keys.path())
        .unwrap()
        .issue(&grant, chrono::Utc::now())
        .unwrap();
    let target = Arc::new(Target {
        url: format!("http://{}", gateway.device_addr()),
        token: format!("Bearer {token}"),
        seconds,
    });
    let sender = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let scenario = |name: &str, measured: std::pin::Pin<Box<dyn Future<Output = (u64, Vec<u32>)>>>| {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let before = cpu();
            let (answered, latencies) = sender.block_on(measured);
            report(name, seconds, answered, &latencies, &before);
        }
    };
    const READINGS: &str = "/gridtally.meter.v1.MeterGateway/StreamReadings";
    const COLUMNS: &str = "/gridtally.meter.v1.MeterGateway/StreamColumns";
    scenario("unary-1", Box::pin(Arc::clone(&target).unary(1, 1)));
    scenario("unary-256", Box::pin(Arc::clone(&target).unary(8, 256)));
    scenario("unary-256-1conn", Box::pin(Arc::clone(&target).unary(1, 256)));
    scenario(
        "stream-strings",
        Box::pin(Arc::clone(&target).streams(READINGS, 4, strings)),
    );
    scenario(
        "stream-columns",
        Box::pin(Arc::clone(&target).streams(COLUMNS, 4, columns)),
    );
    process.block_on(async {
        gateway.stop(Duration::from_secs(5)).await;
        ingestion.stop(Duration::from_secs(5)).await;
    });
}
