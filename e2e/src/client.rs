//! Clients that see only the wire: gRPC with a token, and the smallest HTTP client that can read an answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::str::FromStr as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use proto::billing::billing_client::BillingClient;
use proto::billing::register_client::RegisterClient;
use proto::billing::{RegisterObject, register_object::Object};
use proto::meter::meter_gateway_client::MeterGatewayClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Adds the token to every call.
#[derive(Debug, Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A connection with a token.
pub type Authorized = InterceptedService<Channel, Bearer>;

async fn connect(address: &str, token: &str) -> Result<Authorized> {
    let endpoint = Endpoint::from_str(&format!("http://{address}"))?.connect_timeout(Duration::from_secs(10));
    let channel = endpoint
        .connect()
        .await
        .with_context(|| format!("cannot connect to {address}"))?;
    let value = MetadataValue::from_str(&format!("Bearer {token}"))?;
    Ok(InterceptedService::new(channel, Bearer(value)))
}

/// A device.
///
/// # Errors
/// When nobody listens there.
pub async fn device(address: &str, token: &str) -> Result<MeterGatewayClient<Authorized>> {
    Ok(MeterGatewayClient::new(connect(address, token).await?))
}

/// Staff who look at bills and reads.
///
/// # Errors
/// When nobody listens there.
pub async fn billing(address: &str, token: &str) -> Result<BillingClient<Authorized>> {
    Ok(BillingClient::new(connect(address, token).await?).max_decoding_message_size(64 << 20))
}

/// Staff who keep the register.
///
/// # Errors
/// When nobody listens there.
pub async fn register(address: &str, token: &str) -> Result<RegisterClient<Authorized>> {
    Ok(RegisterClient::new(connect(address, token).await?))
}

/// One unary call with `body` as the message, whatever it is.
///
/// # Errors
/// The status of the call; UNKNOWN when there is no connection.
pub async fn raw_call(address: &str, token: &str, method: &str, body: &[u8]) -> Result<(), Status> {
    let connection = connect(address, token)
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    let mut grpc = tonic::client::Grpc::new(connection);
    grpc.ready()
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    let path = method.parse().map_err(|_| Status::unknown("no path"))?;
    grpc.unary(Request::new(body.to_vec()), path, raw::Codec)
        .await
        .map(drop)
}

/// Bytes as they are, in place of a message.
mod raw {
    use bytes::{Buf as _, BufMut as _};
    use tonic::Status;
    use tonic::codec::{DecodeBuf, Decoder, EncodeBuf, Encoder};

    #[derive(Default)]
    pub(super) struct Codec;

    impl tonic::codec::Codec for Codec {
        type Encode = Vec<u8>;
        type Decode = Vec<u8>;
        type Encoder = Self;
        type Decoder = Self;

        fn encoder(&mut self) -> Self {
            Self
        }

        fn decoder(&mut self) -> Self {
            Self
        }
    }

    impl Encoder for Codec {
        type Item = Vec<u8>;
        type Error = Status;

        fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
            buffer.put_slice(&item);
            Ok(())
        }
    }

    impl Decoder for Codec {
        type Item = Vec<u8>;
        type Error = Status;

        fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
            Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
        }
    }
}

/// Puts `objects` in their order.
///
/// # Errors
/// The first refusal.
pub async fn put_all(client: &mut RegisterClient<Authorized>, objects: Vec<Object>) -> Result<()> {
    for object in objects {
        let shown = format!("{object:?}");
        client
            .put(RegisterObject { object: Some(object) })
            .await
            .with_context(|| format!("refused: {shown}"))?;
    }
    Ok(())
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    /// 200, 404 ...
    pub status: u16,
    /// As sent, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.body).with_context(|| format!("{} is no JSON: {}", self.status, self.body))
    }
}

/// GET `path` of `address`, with a token unless it is empty.
///
/// # Errors
/// When no complete answer comes.
pub fn get(address: &str, path: &str, token: &str) -> Result<Answer> {
    let authorization = if token.is_empty() {
        String::new()
    } else {
        format!("Authorization: Bearer {token}\r\n")
    };
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{authorization}Connection: close\r\n\r\n");
    exchange(address, &request)
}

/// POST of JSON to `path` of `address`, with a token and another header.
///
/// # Errors
/// When no complete answer comes.
pub fn post(address: &str, path: &str, token: &str, header: &str, json: &str) -> Result<Answer> {
    let length = json.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{header}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{json}"
    );
    exchange(address, &request)
}

fn exchange(address: &str, request: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text
        .split_once("\r\n\r\n")
        .with_context(|| format!("half an answer: {text}"))?;
    let head = head.to_ascii_lowercase();
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    let body = if head.contains("transfer-encoding: chunked") {
        unchunked(body)?
    } else {
        body.to_owned()
    };
    Ok(Answer { status, head, body })
}

fn unchunked(mut rest: &str) -> Result<String> {
    let mut body = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n").context("no chunk size")?;
        let size = usize::from_str_radix(size.trim(), 16)?;
        if size == 0 {
            return Ok(body);
        }
        let Some((chunk, after)) = after.split_at_checked(size) else {
            bail!("half a chunk")
        };
        body.push_str(chunk);
        rest = after.trim_start_matches("\r\n");
    }
}
