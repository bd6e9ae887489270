//! Between gRPC messages and batches: bytes become columns, receipts become bytes, with no message type in between.

use bytes::Buf as _;
use model::ErrorKind;
use prost::Message as _;
use proto::meter::{ColumnReceipts, ReadingColumns};
use service_kit::{Fault, status_of};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::batch::{Batch, Builder, MAX_READINGS, NoBatch, of_columns};
use super::receipts::Receipts;
use super::unary::MAX_MESSAGE_BYTES;
use crate::auth::Identity;

/// tonic hands on encoded answers once this many bytes wait.
const YIELD_BYTES: usize = 32 << 10;
/// A batch of 1,000 readings, or its receipts, fits in one piece.
const BUFFER_BYTES: usize = 64 << 10;

/// What a message that is no batch means for the call.
pub(crate) fn no_batch(why: NoBatch) -> Status {
    let fault = match why {
        NoBatch::Malformed => Fault::new(ErrorKind::Invalid, "MALFORMED", "the message cannot be decoded"),
        NoBatch::TooMany => Fault::new(
            ErrorKind::Invalid,
            "TOO_MANY_READINGS",
            format!("send at most {MAX_READINGS} readings in a message"),
        ),
        NoBatch::TooLarge => Fault::new(
            ErrorKind::Invalid,
            "MESSAGE_TOO_LARGE",
            format!("a message has at most {MAX_MESSAGE_BYTES} bytes (and {MAX_READINGS} readings)"),
        ),
    };
    status_of(&fault)
}

/// Decodes readings that one sender sends, and encodes receipts.
#[derive(Debug)]
pub(crate) struct ReadingCodec {
    pub(crate) identity: Identity,
}

impl Codec for ReadingCodec {
    type Encode = Receipts;
    type Decode = Batch;
    type Encoder = ReceiptEncoder;
    type Decoder = ReadingDecoder;

    fn encoder(&mut self) -> ReceiptEncoder {
        ReceiptEncoder
    }

    fn decoder(&mut self) -> ReadingDecoder {
        ReadingDecoder(Builder::new(self.identity.clone()))
    }
}

#[derive(Debug)]
pub(crate) struct ReadingDecoder(Builder);

impl Decoder for ReadingDecoder {
    type Item = Batch;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Batch>, Status> {
        let len = from.remaining();
        // tonic's buffer is one piece; were it not, this would join the pieces.
        let joined;
        let message = match from.chunk() {
            whole if whole.len() == len => whole,
            _ => {
                joined = from.copy_to_bytes(len);
                &joined
            }
        };
        let batch = self.0.many(message);
        from.advance(from.remaining());
        batch.map(Some).map_err(no_batch)
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffers()
    }
}

/// See [`ReadingCodec`].
#[derive(Debug)]
pub(crate) struct ReceiptEncoder;

impl Encoder for ReceiptEncoder {
    type Item = Receipts;
    type Error = Status;

    fn encode(&mut self, receipts: Receipts, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.reserve(receipts.usual_len());
        receipts.encode(to);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffers()
    }
}

fn buffers() -> BufferSettings {
    BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
}

/// Decodes columns that one sender sends, and encodes their receipts.
#[derive(Debug)]
pub(crate) struct ColumnCodec {
    pub(crate) identity: Identity,
}

impl Codec for ColumnCodec {
    type Encode = ColumnReceipts;
    type Decode = Batch;
    type Encoder = ColumnReceiptEncoder;
    type Decoder = ColumnDecoder;

    fn encoder(&mut self) -> ColumnReceiptEncoder {
        ColumnReceiptEncoder
    }

    fn decoder(&mut self) -> ColumnDecoder {
        ColumnDecoder(self.identity.clone())
    }
}

#[derive(Debug)]
pub(crate) struct ColumnDecoder(Identity);

impl Decoder for ColumnDecoder {
    type Item = Batch;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Batch>, Status> {
        let columns = ReadingColumns::decode(&mut *from).map_err(|_| no_batch(NoBatch::Malformed))?;
        of_columns(columns, &self.0).map(Some).map_err(no_batch)
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffers()
    }
}

/// See [`ColumnCodec`].
#[derive(Debug)]
pub(crate) struct ColumnReceiptEncoder;

impl Encoder for ColumnReceiptEncoder {
    type Item = ColumnReceipts;
    type Error = Status;

    fn encode(&mut self, receipts: ColumnReceipts, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        receipts
            .encode(to)
            .map_err(|error| Status::internal(error.to_string()))
    }
}
