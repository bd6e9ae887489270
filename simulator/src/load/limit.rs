//! A server that only counts: what tonic itself takes, measured by the same load in the same run, is the limit of the part.
//!
//! It decodes with the generated code and says ACCEPTED to everything, keeps nothing and checks nothing, a token neither.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;

use proto::meter::meter_gateway_server::{MeterGateway, MeterGatewayServer};
use proto::meter::{
    ColumnReceipts, ReadingColumns, Receipt, SendReadingRequest, SendReadingResponse, SendReadingsRequest,
    SendReadingsResponse, Verdict,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt as _};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Response, Status, Streaming};

use crate::error::Error;

/// The empty server, on threads of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct EmptyServer {
    address: SocketAddr,
    _end: DropGuard,
}

impl EmptyServer {
    /// Starts it on a free port of the loopback interface.
    ///
    /// # Errors
    /// [`Error::Connect`] when no port can be had.
    pub fn start() -> Result<Self, Error> {
        let failed = |source: std::io::Error| Error::Connect {
            endpoint: "127.0.0.1:0".to_owned(),
            source: source.into(),
        };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let end = CancellationToken::new();
        let ended = end.clone();
        let thread = std::thread::Builder::new().name("empty-server".to_owned());
        let serve = move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                let incoming = TcpListenerStream::new(listener).map(|socket| {
                    let socket = socket?;
                    socket.set_nodelay(true)?;
                    Ok::<_, std::io::Error>(socket)
                });
                let server =
                    tonic::transport::Server::builder().add_service(MeterGatewayServer::new(Counting));
                // a server that fails is seen by whoever calls it
                drop(
                    server
                        .serve_with_incoming_shutdown(incoming, ended.cancelled())
                        .await,
                );
            });
            runtime.shutdown_background();
        };
        drop(thread.spawn(serve).map_err(failed)?);
        Ok(Self {
            address,
            _end: end.drop_guard(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Says ACCEPTED.
#[derive(Debug, Clone, Copy)]
struct Counting;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn accepted() -> Receipt {
    Receipt {
        verdict: Verdict::Accepted.into(),
        ..Receipt::default()
    }
}

fn readings(request: &SendReadingsRequest) -> SendReadingsResponse {
    SendReadingsResponse {
        receipts: vec![accepted(); request.readings.len()],
        server_time: None,
    }
}

fn columns(request: &ReadingColumns) -> ColumnReceipts {
    ColumnReceipts {
        rows: u32::try_from(request.rows()).unwrap_or_default(),
        verdict: vec![Verdict::Accepted as u32],
        ..ColumnReceipts::default()
    }
}

#[tonic::async_trait]
impl MeterGateway for Counting {
    async fn send_reading(
        &self,
        _: Request<SendReadingRequest>,
    ) -> Result<Response<SendReadingResponse>, Status> {
        Ok(Response::new(SendReadingResponse {
            receipt: Some(accepted()),
            server_time: None,
        }))
    }

    async fn send_readings(
        &self,
        request: Request<SendReadingsRequest>,
    ) -> Result<Response<SendReadingsResponse>, Status> {
        Ok(Response::new(readings(request.get_ref())))
    }

    type StreamReadingsStream = Answers<SendReadingsResponse>;

    async fn stream_readings(
        &self,
        request: Request<Streaming<SendReadingsRequest>>,
    ) -> Result<Response<Self::StreamReadingsStream>, Status> {
        let answers = request
            .into_inner()
            .map(|message| message.map(|message| readings(&message)));
        Ok(Response::new(Box::pin(answers)))
    }

    type StreamColumnsStream = Answers<ColumnReceipts>;

    async fn stream_columns(
        &self,
        request: Request<Streaming<ReadingColumns>>,
    ) -> Result<Response<Self::StreamColumnsStream>, Status> {
        let answers = request
            .into_inner()
            .map(|message| message.map(|message| columns(&message)));
        Ok(Response::new(Box::pin(answers)))
    }
}
