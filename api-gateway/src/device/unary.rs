//! Unary calls, read and answered without tonic's streaming machinery: for one message in and one out, its buffers and states would cost
//! more than the reading.
//!
//! What is on the wire is the same: a length-prefixed message in, one out, and trailers with the status.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::body::{Body as HttpBody, Frame};
use tonic::Status;
use tonic::body::Body;

use super::batch::{Builder, NoBatch, single};
use super::codec::no_batch;
use super::intake::Intake;
use super::receipts::Receipts;
use crate::auth::Identity;

/// 1,000 readings with every field at its longest take 255 KB, and fields that come later need room too; the 256 KiB that would do for
/// usual batches (57 KB) would refuse those.
pub(crate) const MAX_MESSAGE_BYTES: usize = 512 << 10;
/// A byte that says whether the message is compressed, and its length.
const PREFIX_BYTES: usize = 5;
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPT_ENCODING: &str = "grpc-accept-encoding";
const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Which message carries the readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `SendReadingRequest`.
    One,
    /// `SendReadingsRequest`.
    Many,
}

/// Answers a call of `identity`.
pub(super) async fn answer(
    intake: &Intake,
    request: Request<Body>,
    identity: Identity,
    form: Form,
) -> Response<Body> {
    let answered = async {
        refuse_compression(request.headers())?;
        let message = read(request.into_body()).await?;
        let batch = match form {
            Form::One => single(&message, &identity),
            Form::Many => Builder::new(identity).many(&message),
        };
        drop(message);
        intake.take(batch.map_err(no_batch)?).await
    };
    match answered.await {
        Ok(receipts) => response(&receipts),
        Err(status) => status.into_http(),
    }
}

fn refuse_compression(headers: &HeaderMap) -> Result<(), Status> {
    match headers.get(ENCODING) {
        Some(encoding) if encoding != "identity" => Err(compressed()),
        _ => Ok(()),
    }
}

fn compressed() -> Status {
    let mut status = Status::unimplemented("compressed messages are not accepted");
    let accepted = tonic::metadata::MetadataValue::from_static("identity");
    status.metadata_mut().insert(ACCEPT_ENCODING, accepted);
    status
}

/// The message of a body. Most arrive in one piece, which is not copied.
async fn read(body: Body) -> Result<Bytes, Status> {
    let mut body = pin!(body);
    let mut whole = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        if whole.is_empty() && joined.is_empty() {
            whole = data;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut whole));
            joined.extend_from_slice(&data);
        }
        let so_far = if joined.is_empty() {
            &whole[..]
        } else {
            &joined[..]
        };
        check(so_far)?;
    }
    let mut message = if joined.is_empty() { whole } else { joined.freeze() };
    if announced(&message) != Some(message.len().saturating_sub(PREFIX_BYTES)) {
        return Err(no_batch(NoBatch::Malformed));
    }
    message.advance(PREFIX_BYTES);
    Ok(message)
}

/// Refuses what can never become a message that we take, as soon as that is clear.
fn check(so_far: &[u8]) -> Result<(), Status> {
    let most = announced(so_far).unwrap_or(MAX_MESSAGE_BYTES);
    if most > MAX_MESSAGE_BYTES {
        return Err(no_batch(NoBatch::TooLarge));
    }
    if so_far.len() > most.saturating_add(PREFIX_BYTES) {
        return Err(no_batch(NoBatch::Malformed));
    }
    match so_far.first() {
        None | Some(0) => Ok(()),
        Some(1) => Err(compressed()),
        Some(_) => Err(no_batch(NoBatch::Malformed)),
    }
}

/// The length that the prefix names, once it is there.
fn announced(bytes: &[u8]) -> Option<usize> {
    let (_, rest) = bytes.split_first()?;
    let length = rest.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*length)).ok()
}

fn response(receipts: &Receipts) -> Response<Body> {
    let mut bytes = BytesMut::with_capacity(receipts.usual_len().saturating_add(PREFIX_BYTES));
    bytes.put_bytes(0, PREFIX_BYTES);
    receipts.encode(&mut bytes);
    let length = u32::try_from(bytes.len().saturating_sub(PREFIX_BYTES)).unwrap_or(u32::MAX);
    if let Some(prefix) = bytes.get_mut(1..PREFIX_BYTES) {
        prefix.copy_from_slice(&length.to_be_bytes());
    }
    let mut response = Response::new(Body::new(Message {
        data: Some(bytes.freeze()),
        ended: false,
    }));
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// A message, then the trailers of success.
struct Message {
    data: Option<Bytes>,
    ended: bool,
}

impl HttpBody for Message {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        self.ended = true;
        let mut trailers = HeaderMap::with_capacity(1);
        trailers.insert(STATUS, HeaderValue::from_static("0"));
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
