//! What is answered: a receipt per reading, in order. Pure.

use bytes::BufMut;
use model::Reason;
use proto::ingestion::SubmitResponse;
use proto::meter::{ColumnReceipts, RowFault, SendReadingsResponse, Verdict};

use super::batch::Batch;

/// The bytes of most receipts, so that the buffer seldom grows.
const USUAL_BYTES: usize = 38;

/// The answer to a batch: what the door refused, merged with what ingestion said about the rest.
#[derive(Debug)]
pub(crate) struct Receipts {
    readings: usize,
    refused: Vec<(u32, Reason)>,
    ingested: SubmitResponse,
    server_time_ms: i64,
}

/// One receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt<'a> {
    /// Identity and content; absent unless kept.
    pub(crate) id: Option<(u64, u64)>,
    pub(crate) verdict: Verdict,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

impl Receipts {
    /// Of `batch` without its columns; ingestion answered `ingested` about those.
    pub(crate) fn new(batch: Batch, ingested: SubmitResponse, server_time_ms: i64) -> Self {
        Self {
            readings: batch.readings,
            refused: batch.refused,
            ingested,
            server_time_ms,
        }
    }

    /// In the order of the readings.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Receipt<'_>> {
        let mut refused = self.refused.iter().peekable();
        let mut faults = self.ingested.faults.iter().peekable();
        let mut row = 0_usize;
        (0..self.readings).map(move |at| {
            if let Some((_, reason)) = refused.next_if(|(number, _)| *number as usize == at) {
                return rejected(*reason);
            }
            let fault = faults.next_if(|fault| fault.row as usize == row);
            let receipt = self.ingested(row, fault);
            row = row.saturating_add(1);
            receipt
        })
    }

    fn ingested<'a>(&self, row: usize, fault: Option<&'a RowFault>) -> Receipt<'a> {
        let code = match self.ingested.verdict.as_slice() {
            [one] => Some(one),
            many => many.get(row),
        };
        let verdict = code
            .and_then(|code| i32::try_from(*code).ok())
            .and_then(|code| Verdict::try_from(code).ok())
            .filter(|verdict| *verdict != Verdict::Unspecified);
        let Some(verdict) = verdict else {
            // An answer without a verdict for this row: nothing is known.
            return receipt(Verdict::Retry, Reason::OutcomeUnknown);
        };
        let kept = matches!(
            verdict,
            Verdict::Accepted | Verdict::Duplicate | Verdict::Conflict
        );
        let hashes = self
            .ingested
            .identity
            .get(row)
            .zip(self.ingested.content.get(row));
        Receipt {
            id: hashes
                .filter(|_| kept)
                .map(|(identity, content)| (*identity, *content)),
            verdict,
            reason: fault.map_or("", |fault| &fault.reason),
            message: fault.map_or("", |fault| &fault.message),
        }
    }

    /// Whether every reading was simply accepted.
    pub(crate) fn all_accepted(&self) -> bool {
        self.refused.is_empty()
            && self.ingested.verdict == [u32::try_from(i32::from(Verdict::Accepted)).unwrap_or(0)]
    }

    /// How many readings are answered.
    pub(crate) fn readings(&self) -> usize {
        self.readings
    }

    /// Writes a `SendReadingsResponse`, or a `SendReadingResponse` when there is one reading: both have the same fields.
    pub(super) fn encode(&self, to: &mut impl BufMut) {
        for receipt in self.iter() {
            put_receipt(&receipt, to);
        }
        put_server_time(self.server_time_ms, to);
    }

    /// About how many bytes [`Self::encode`] writes.
    pub(super) fn usual_len(&self) -> usize {
        self.readings.saturating_mul(USUAL_BYTES).saturating_add(16)
    }

    /// As the message that [`Self::encode`] writes.
    pub(crate) fn into_message(self) -> SendReadingsResponse {
        let message = |receipt: Receipt<'_>| proto::meter::Receipt {
            id: receipt
                .id
                .map(|id| String::from_utf8_lossy(&hex(id)).into_owned())
                .unwrap_or_default(),
            verdict: i32::from(receipt.verdict),
            reason: receipt.reason.to_owned(),
            message: receipt.message.to_owned(),
        };
        SendReadingsResponse {
            receipts: self.iter().map(message).collect(),
            server_time: Some(prost_types::Timestamp {
                seconds: self.server_time_ms.div_euclid(1_000),
                nanos: i32::try_from(self.server_time_ms.rem_euclid(1_000))
                    .unwrap_or_default()
                    .saturating_mul(1_000_000),
            }),
        }
    }

    /// The denser form for columns.
    pub(crate) fn into_columns(self) -> ColumnReceipts {
        let rows = u32::try_from(self.readings).unwrap_or(u32::MAX);
        if self.all_accepted() {
            return ColumnReceipts {
                rows,
                verdict: self.ingested.verdict,
                faults: Vec::new(),
                server_time_ms: self.server_time_ms,
            };
        }
        let mut verdict = Vec::with_capacity(self.readings);
        let mut faults = Vec::new();
        for (row, receipt) in (0_u32..).zip(self.iter()) {
            verdict.push(u32::try_from(i32::from(receipt.verdict)).unwrap_or_default());
            if !receipt.reason.is_empty() {
                faults.push(RowFault {
                    row,
                    reason: receipt.reason.to_owned(),
                    message: receipt.message.to_owned(),
                });
            }
        }
        ColumnReceipts {
            rows,
            verdict,
            faults,
            server_time_ms: self.server_time_ms,
        }
    }
}

fn rejected(reason: Reason) -> Receipt<'static> {
    receipt(Verdict::Rejected, reason)
}

fn receipt(verdict: Verdict, reason: Reason) -> Receipt<'static> {
    Receipt {
        id: None,
        verdict,
        reason: reason.code(),
        message: reason.message(),
    }
}

/// 32 hexadecimal digits.
pub(crate) fn hex((identity, content): (u64, u64)) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 32];
    let hash = (u128::from(identity) << 64) | u128::from(content);
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.to_be_bytes()) {
        if let [high, low] = pair {
            *high = DIGITS.get(usize::from(byte >> 4)).copied().unwrap_or_default();
            *low = DIGITS.get(usize::from(byte & 15)).copied().unwrap_or_default();
        }
    }
    digits
}

// Field numbers and wire types of the messages, as one byte each.
const RECEIPT: u8 = (1 << 3) | 2;
const SERVER_TIME: u8 = (2 << 3) | 2;
const ID: u8 = (1 << 3) | 2;
const VERDICT: u8 = 2 << 3;
const REASON: u8 = (3 << 3) | 2;
const MESSAGE: u8 = (4 << 3) | 2;
const SECONDS: u8 = 1 << 3;
const NANOS: u8 = 2 << 3;

fn put_receipt(receipt: &Receipt<'_>, to: &mut impl BufMut) {
    let verdict = u8::try_from(i32::from(receipt.verdict)).unwrap_or_default();
    match receipt.id {
        // By far the most receipts.
        Some(id) if receipt.reason.is_empty() && receipt.message.is_empty() => {
            let mut bytes = [0_u8; USUAL_BYTES];
            let (head, rest) = bytes.split_at_mut(4);
            let (digits, tail) = rest.split_at_mut(32);
            head.copy_from_slice(&[RECEIPT, 36, ID, 32]);
            digits.copy_from_slice(&hex(id));
            tail.copy_from_slice(&[VERDICT, verdict]);
            to.put_slice(&bytes);
        }
        id => {
            let text = |text: &str| {
                if text.is_empty() {
                    0
                } else {
                    1 + varint_len(text.len()) + text.len()
                }
            };
            let id_len = if id.is_some() { 34 } else { 0 };
            to.put_u8(RECEIPT);
            put_varint(id_len + 2 + text(receipt.reason) + text(receipt.message), to);
            if let Some(id) = id {
                to.put_slice(&[ID, 32]);
                to.put_slice(&hex(id));
            }
            to.put_slice(&[VERDICT, verdict]);
            put_text(REASON, receipt.reason, to);
            put_text(MESSAGE, receipt.message, to);
        }
    }
}

fn put_text(key: u8, text: &str, to: &mut impl BufMut) {
    if !text.is_empty() {
        to.put_u8(key);
        put_varint(text.len(), to);
        to.put_slice(text.as_bytes());
    }
}

fn put_server_time(ms: i64, to: &mut impl BufMut) {
    let seconds = ms.div_euclid(1_000).cast_unsigned();
    let nanos = ms.rem_euclid(1_000).unsigned_abs().saturating_mul(1_000_000);
    let (seconds, nanos) = (
        usize::try_from(seconds).unwrap_or_default(),
        usize::try_from(nanos).unwrap_or_default(),
    );
    let field = |number: usize| if number == 0 { 0 } else { 1 + varint_len(number) };
    to.put_u8(SERVER_TIME);
    put_varint(field(seconds) + field(nanos), to);
    for (key, number) in [(SECONDS, seconds), (NANOS, nanos)] {
        if number != 0 {
            to.put_u8(key);
            put_varint(number, to);
        }
    }
}

fn varint_len(number: usize) -> usize {
    let bits = usize::BITS.saturating_sub(number.leading_zeros()).max(1);
    bits.div_ceil(7) as usize
}

fn put_varint(mut number: usize, to: &mut impl BufMut) {
    while number >= 0x80 {
        to.put_u8(((number & 0x7f) | 0x80) as u8);
        number >>= 7;
    }
    to.put_u8(number as u8);
}

#[cfg(test)]
mod tests;
