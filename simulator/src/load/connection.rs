//! One HTTP/2 connection that speaks gRPC in bytes.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tonic::Code;

use crate::error::Error;
use crate::gateway::{Token, may_retry};

/// Room for answers that were not read yet, per stream and per connection: never the limit.
const STREAM_WINDOW: u32 = 8 << 20;
const CONNECTION_WINDOW: u32 = 64 << 20;
/// How long to wait when the receiver does not say.
const PAUSE: Duration = Duration::from_millis(100);
const FRAME_HEADER: usize = 5;
/// The longest answer: a thousand receipts need a tenth of it.
const MAX_MESSAGE: usize = 4 << 20;

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Send the same again after the pause.
    Later(Duration),
    /// It is of no use.
    Fatal(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

/// A connection; clones share it.
#[derive(Clone)]
pub(super) struct Connection {
    endpoint: String,
    requests: SendRequest<Bytes>,
    headers: HeaderMap,
    base: String,
}

impl Connection {
    /// Connects to `http://host:port`; what drives the connection runs among `drivers`.
    pub(super) async fn open(
        endpoint: &str,
        token: Option<&Token>,
        drivers: &mut JoinSet<()>,
    ) -> Result<Self, Error> {
        let address = endpoint
            .strip_prefix("http://")
            .unwrap_or(endpoint)
            .trim_end_matches('/');
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Connect {
            endpoint: endpoint.to_owned(),
            source,
        };
        let socket = TcpStream::connect(address)
            .await
            .map_err(|error| failed(error.into()))?;
        socket.set_nodelay(true).map_err(|error| failed(error.into()))?;
        let mut builder = h2::client::Builder::new();
        builder
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .enable_push(false);
        let (requests, driver) = builder
            .handshake(socket)
            .await
            .map_err(|error| failed(error.into()))?;
        // when the connection breaks, every call on it fails and says so
        drivers.spawn(async move { drop(driver.await) });
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        headers.insert("te", HeaderValue::from_static("trailers"));
        if let Some(token) = token.and_then(|token| HeaderValue::from_bytes(token.header()).ok()) {
            headers.insert("authorization", token);
        }
        Ok(Self {
            endpoint: endpoint.to_owned(),
            requests,
            headers,
            base: format!("http://{address}"),
        })
    }

    /// The request that opens a call of `method` of the gateway's service; made once, cloned per call.
    pub(super) fn request(&self, method: &str) -> Result<Request<()>, Error> {
        let path = format!("{}/gridtally.meter.v1.MeterGateway/{method}", self.base);
        let uri: Uri = path
            .parse()
            .map_err(|error: http::uri::InvalidUri| Error::Connect {
                endpoint: self.endpoint.clone(),
                source: error.into(),
            })?;
        let mut request = Request::new(());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = uri;
        *request.version_mut() = http::Version::HTTP_2;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }

    /// Opens a call, as soon as the receiver admits another one on this connection.
    pub(super) async fn start(
        &self,
        request: &Request<()>,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), Failure> {
        let mut ready = self
            .requests
            .clone()
            .ready()
            .await
            .map_err(|error| self.failure(error))?;
        ready
            .send_request(request.clone(), false)
            .map_err(|error| self.failure(error))
    }

    /// One message, one answer.
    pub(super) async fn unary(&self, request: &Request<()>, frame: Bytes) -> Result<Bytes, Failure> {
        let (response, mut send) = self.start(request).await?;
        send.send_data(frame, true).map_err(|error| self.failure(error))?;
        let mut body = self.head(response).await?;
        let mut frames = Frames::default();
        while let Some(chunk) = self.chunk(&mut body).await? {
            frames.push(&chunk);
        }
        self.end(&mut body).await?;
        let message = frames.next()?;
        message.ok_or_else(|| Failure::Fatal(Error::Protocol("a success without an answer".to_owned())))
    }

    /// The body of the answer, once its head has come.
    pub(super) async fn head(&self, response: ResponseFuture) -> Result<RecvStream, Failure> {
        let response: Response<RecvStream> = response.await.map_err(|error| self.failure(error))?;
        if response.status() != http::StatusCode::OK {
            return Err(Error::Protocol(format!("HTTP status {}", response.status())).into());
        }
        if response.headers().contains_key("grpc-status") {
            judge(response.headers())?;
        }
        Ok(response.into_body())
    }

    /// The next piece of the answer; none at its end.
    pub(super) async fn chunk(&self, body: &mut RecvStream) -> Result<Option<Bytes>, Failure> {
        let Some(chunk) = body.data().await else {
            return Ok(None);
        };
        let chunk = chunk.map_err(|error| self.failure(error))?;
        body.flow_control()
            .release_capacity(chunk.len())
            .map_err(|error| self.failure(error))?;
        Ok(Some(chunk))
    }

    /// The status at the end of the answer.
    pub(super) async fn end(&self, body: &mut RecvStream) -> Result<(), Failure> {
        match body.trailers().await.map_err(|error| self.failure(error))? {
            Some(trailers) => judge(&trailers),
            None => Err(Error::Protocol("an answer without a status".to_owned()).into()),
        }
    }

    /// A call that was reset may be made again; a connection that broke ends the measurement.
    fn failure(&self, error: h2::Error) -> Failure {
        if error.is_reset() {
            Failure::Later(PAUSE)
        } else {
            Failure::Fatal(Error::Connect {
                endpoint: self.endpoint.clone(),
                source: error.into(),
            })
        }
    }
}

/// What the gRPC status in `headers` means.
fn judge(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let code = Code::from_bytes(text("grpc-status").unwrap_or_default().as_bytes());
    if code == Code::Ok {
        return Ok(());
    }
    if may_retry(code) {
        let asked = text("retry-after-ms")
            .and_then(|text| text.parse().ok())
            .map(Duration::from_millis);
        return Err(Failure::Later(asked.unwrap_or(PAUSE)));
    }
    let message = text("grpc-message").unwrap_or_default().replace("%20", " ");
    Err(Error::Refused { code, message }.into())
}

/// Cuts what arrives into messages.
#[derive(Debug, Default)]
pub(super) struct Frames(BytesMut);

impl Frames {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.0.extend_from_slice(chunk);
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let Some(([compressed, length @ ..], rest)) = self.0.split_first_chunk::<FRAME_HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if *compressed != 0 || length > MAX_MESSAGE {
            return Err(Error::Protocol("a frame that was not asked for".to_owned()).into());
        }
        if rest.len() < length {
            return Ok(None);
        }
        let mut frame = self.0.split_to(FRAME_HEADER + length);
        Ok(Some(frame.split_off(FRAME_HEADER).freeze()))
    }
}
