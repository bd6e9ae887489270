//! Counts the verdicts of an answer without decoding the rest of it.

use std::collections::BTreeMap;

use proto::meter::Verdict;

use super::Mode;
use crate::error::Error;

/// What one answer says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Verdicts {
    pub(super) accepted: u64,
    pub(super) duplicate: u64,
    pub(super) conflict: u64,
    pub(super) rejected: u64,
    pub(super) retry: u64,
    pub(super) reasons: BTreeMap<String, u64>,
}

/// An answer that is not the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Garbled;

impl From<Garbled> for Error {
    fn from(_: Garbled) -> Self {
        Self::Protocol("an answer that does not fit what was sent".to_owned())
    }
}

impl Verdicts {
    /// Reads the answer to a message of `rows` readings.
    pub(super) fn of(mode: Mode, message: &[u8], rows: u32) -> Result<Self, Garbled> {
        let mut verdicts = Self::default();
        match mode {
            Mode::Unary | Mode::Stream => verdicts.receipts(message)?,
            Mode::Columns => verdicts.columns(message, rows)?,
        }
        if verdicts.total() == u64::from(rows) {
            Ok(verdicts)
        } else {
            Err(Garbled)
        }
    }

    const fn total(&self) -> u64 {
        self.accepted + self.duplicate + self.conflict + self.rejected + self.retry
    }

    /// `receipt` of `SendReadingResponse`, or `receipts` of `SendReadingsResponse`: both are field 1.
    fn receipts(&mut self, message: &[u8]) -> Result<(), Garbled> {
        let mut fields = Fields(message);
        while let Some(field) = fields.next()? {
            if let (1, Value::Bytes(receipt)) = field {
                self.receipt(receipt)?;
            }
        }
        Ok(())
    }

    fn receipt(&mut self, receipt: &[u8]) -> Result<(), Garbled> {
        let (mut verdict, mut reason) = (0, [].as_slice());
        let mut fields = Fields(receipt);
        while let Some(field) = fields.next()? {
            match field {
                (2, Value::Number(number)) => verdict = number,
                (3, Value::Bytes(text)) => reason = text,
                _ => {}
            }
        }
        self.count(verdict, 1);
        if !reason.is_empty() {
            self.reason(reason);
        }
        Ok(())
    }

    /// `ColumnReceipts`.
    fn columns(&mut self, message: &[u8], rows: u32) -> Result<(), Garbled> {
        let mut fields = Fields(message);
        while let Some(field) = fields.next()? {
            match field {
                (1, Value::Number(found)) if found != u64::from(rows) => return Err(Garbled),
                (2, Value::Bytes(packed)) => self.packed(packed, rows)?,
                (2, Value::Number(verdict)) => self.count(verdict, u64::from(rows)),
                (3, Value::Bytes(fault)) => self.fault(fault)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn packed(&mut self, packed: &[u8], rows: u32) -> Result<(), Garbled> {
        if let [only] = packed {
            self.count(u64::from(*only), u64::from(rows));
            return Ok(());
        }
        let mut rest = Fields(packed);
        while !rest.0.is_empty() {
            let verdict = rest.varint()?;
            self.count(verdict, 1);
        }
        Ok(())
    }

    fn fault(&mut self, fault: &[u8]) -> Result<(), Garbled> {
        let mut fields = Fields(fault);
        while let Some(field) = fields.next()? {
            if let (2, Value::Bytes(reason)) = field {
                self.reason(reason);
            }
        }
        Ok(())
    }

    fn count(&mut self, verdict: u64, times: u64) {
        let verdict = i32::try_from(verdict)
            .ok()
            .and_then(|number| Verdict::try_from(number).ok());
        let counter = match verdict.unwrap_or_default() {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Duplicate => &mut self.duplicate,
            Verdict::Conflict => &mut self.conflict,
            Verdict::Rejected => &mut self.rejected,
            Verdict::Retry | Verdict::Unspecified => &mut self.retry,
        };
        *counter += times;
    }

    fn reason(&mut self, reason: &[u8]) {
        let reason = String::from_utf8_lossy(reason).into_owned();
        *self.reasons.entry(reason).or_default() += 1;
    }
}

/// What a field holds.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message that are still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Number and value of the next field; fixed-width fields are passed over.
    fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Garbled> {
        while !self.0.is_empty() {
            let tag = self.varint()?;
            match tag & 7 {
                0 => return Ok(Some((tag >> 3, Value::Number(self.varint()?)))),
                1 => self.take(8)?,
                2 => {
                    let length = usize::try_from(self.varint()?).map_err(|_| Garbled)?;
                    return Ok(Some((tag >> 3, Value::Bytes(self.take(length)?))));
                }
                5 => self.take(4)?,
                _ => return Err(Garbled),
            };
        }
        Ok(None)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Garbled> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Garbled)?;
        self.0 = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Garbled> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Garbled)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Garbled)
    }
}

#[cfg(test)]
mod tests;
