//! The device port: one accepting task, and threads of their own that serve.
//!
//! Each thread runs a current-thread runtime: for calls as small as one reading, moving work between threads costs more than the work.
//! Connections are dealt out in turn, bounded in all and per address; one that does not begin to speak HTTP/2 is closed.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream as StdStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::StreamExt as _;
use prometheus::IntGauge;
use service_kit::listen::Prompt;
use service_kit::{OnFailure, Tasks};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use super::Config;
use super::door::Door;
use super::metrics::{Metrics, NO_ROOM, TOO_MANY_FROM_ADDRESS};

/// Connections dealt to a thread that it has not begun to serve.
const BACKLOG: usize = 256;
/// Pause after a failed accept: without file descriptors the next one fails at once too.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a client may take to begin to speak HTTP/2.
const PREFACE_WITHIN: Duration = Duration::from_secs(10);
/// How long open calls may take to end once we stop. A client that never answers would otherwise hold the end for ever.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// Calls and streams open at a time on one connection.
const STREAMS_PER_CONNECTION: u32 = 256;
/// Bytes that a client may send ahead of our reading: some batches per stream, and twice that per connection.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// A token has at most 4 KiB; what else is in a header is small.
const HEADER_LIST_BYTES: u32 = 8 << 10;
const FRAME_BYTES: u32 = 16 << 10;
const KEEPALIVE_EVERY: Duration = Duration::from_secs(30);
const KEEPALIVE_WITHIN: Duration = Duration::from_secs(10);
/// A client that opens streams and resets them at once is cut off after this many.
const PENDING_RESETS: usize = 20;

/// Serves `door` on `listener` as tasks of `tasks`, until they stop. `door_of` makes the door of one thread.
pub(crate) fn serve(
    listener: TcpListener,
    config: &Config,
    door: &Door,
    metrics: &Metrics,
    tasks: &Tasks,
) -> io::Result<()> {
    let mut lanes = Vec::new();
    for _ in 0..config.threads {
        let (lane, connections) = mpsc::channel(BACKLOG);
        lanes.push(lane);
        let ended = spawn_thread(connections, door.clone(), tasks.stop_token())?;
        tasks.spawn("device port thread", OnFailure::StopProcess, async move {
            ended.await.unwrap_or_else(|_| Err("the thread died".to_owned()))
        });
    }
    let acceptor = Acceptor {
        listener,
        lanes,
        slots: Arc::new(Semaphore::new(config.connections)),
        addresses: Arc::default(),
        per_address: config.connections_per_address,
        metrics: metrics.clone(),
    };
    let stop = tasks.stop_token();
    tasks.spawn("device port", OnFailure::StopProcess, async move {
        // Ending the task closes the listener: new clients are refused at once.
        stop.run_until_cancelled(acceptor.run()).await;
        Ok::<(), String>(())
    });
    Ok(())
}

type Ended = oneshot::Receiver<Result<(), String>>;

fn spawn_thread(
    connections: mpsc::Receiver<Dealt>,
    door: Door,
    stop: CancellationToken,
) -> io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (tell, ended) = oneshot::channel();
    thread::Builder::new()
        .name("device-port".to_owned())
        .spawn(move || {
            let outcome = runtime.block_on(serve_connections(connections, door, stop));
            // Cuts what did not end in time.
            drop(runtime);
            // Nobody listens when the process is past caring.
            drop(tell.send(outcome));
        })?;
    Ok(ended)
}

async fn serve_connections(
    connections: mpsc::Receiver<Dealt>,
    door: Door,
    stop: CancellationToken,
) -> Result<(), String> {
    let incoming = ReceiverStream::new(connections).map(Dealt::open);
    let serving = Server::builder()
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(HEADER_LIST_BYTES)
        .max_frame_size(FRAME_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
        .http2_keepalive_timeout(Some(KEEPALIVE_WITHIN))
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .serve_with_incoming_shutdown(door, incoming, stop.cancelled());
    tokio::select! {
        served = serving => served.map_err(|error| error.to_string()),
        () = overdue(&stop) => {
            tracing::warn!("device connections cut, because they did not end in time");
            Ok(())
        }
    }
}

async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(DRAIN_WITHIN).await;
}

/// Accepts connections and deals them to the threads in turn.
struct Acceptor {
    listener: TcpListener,
    lanes: Vec<mpsc::Sender<Dealt>>,
    slots: Arc<Semaphore>,
    addresses: Addresses,
    per_address: usize,
    metrics: Metrics,
}

impl Acceptor {
    async fn run(self) {
        for lane in self.lanes.iter().cycle() {
            // Beyond the bound, clients wait in the kernel's queue.
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                return;
            };
            let (stream, peer) = self.accept().await;
            let Some(place) = Place::take(&self.addresses, peer.ip(), self.per_address) else {
                self.metrics.connection_refused(TOO_MANY_FROM_ADDRESS);
                continue;
            };
            let dealt = stream.into_std().map(|stream| Dealt {
                stream,
                hold: Hold::new(slot, place, self.metrics.connections()),
            });
            match dealt.map(|dealt| lane.try_send(dealt)) {
                Ok(Ok(())) => {}
                Ok(Err(_)) => self.metrics.connection_refused(NO_ROOM),
                Err(error) => tracing::debug!(%error, "connection lost before it was served"),
            }
        }
    }

    async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::warn!(%error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Open connections per address; as many entries as there are connections at most.
type Addresses = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// One of the connections of an address.
#[derive(Debug)]
struct Place {
    addresses: Addresses,
    ip: IpAddr,
}

impl Place {
    fn take(addresses: &Addresses, ip: IpAddr, most: usize) -> Option<Self> {
        let mut counts = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(ip).or_default();
        if *count >= most {
            return None;
        }
        *count = count.saturating_add(1);
        drop(counts);
        Some(Self {
            addresses: Arc::clone(addresses),
            ip,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.ip) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.ip);
            }
        }
    }
}

/// What a connection takes up, freed when it ends.
#[derive(Debug)]
struct Hold {
    _slot: OwnedSemaphorePermit,
    _place: Place,
    open: IntGauge,
}

impl Hold {
    fn new(slot: OwnedSemaphorePermit, place: Place, open: &IntGauge) -> Self {
        open.inc();
        Self {
            _slot: slot,
            _place: place,
            open: open.clone(),
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.open.dec();
    }
}

/// A connection on its way to its thread.
#[derive(Debug)]
struct Dealt {
    stream: StdStream,
    hold: Hold,
}

impl Dealt {
    fn open(self) -> io::Result<Prompt<TcpStream, Hold>> {
        let stream = TcpStream::from_std(self.stream)?;
        // Answers are small and complete: waiting for more to send only adds latency.
        stream.set_nodelay(true)?;
        Ok(Prompt::new(stream, PREFACE_WITHIN, self.hold))
    }
}
