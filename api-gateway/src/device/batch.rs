//! Readings of one message as one batch in columns, with what was refused at the door. Pure.

use model::{MeasuredQuantity, Reason, is_valid_id, meter_hash};
use proto::columns::{Dictionary, KIND_REGISTER, KIND_TELEMETRY, Row};
use proto::meter::ReadingColumns;

use super::claim::{Claim, Claimed};
use super::wire::{Fields, Malformed};
use crate::auth::Identity;

/// The most readings of one message.
pub(crate) const MAX_READINGS: usize = 1_000;

/// Why a message is no batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoBatch {
    /// The bytes are not the message.
    Malformed,
    /// More than [`MAX_READINGS`].
    TooMany,
    /// More bytes than a message may have; what is in them nobody looked at.
    TooLarge,
}

impl From<Malformed> for NoBatch {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The readings of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Batch {
    /// Those that may be taken, in order.
    pub(crate) columns: ReadingColumns,
    /// Which readings are refused already, in order.
    pub(crate) refused: Vec<(u32, Reason)>,
    /// How many there were.
    pub(crate) readings: usize,
}

/// Puts batches together. Keeps its tables from one to the next.
#[derive(Debug)]
pub(crate) struct Builder {
    identity: Identity,
    batch: Batch,
    meters: Dictionary,
    registers: Dictionary,
}

impl Builder {
    /// For readings that `identity` sends.
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity,
            batch: Batch::default(),
            meters: Dictionary::default(),
            registers: Dictionary::default(),
        }
    }

    /// The batch of an encoded `SendReadingsRequest`.
    pub(super) fn many(&mut self, message: &[u8]) -> Result<Batch, NoBatch> {
        let mut fields = Fields::of(message, 0);
        while let Some((number, value)) = fields.next()? {
            if number == 1 {
                let mut claim = Claim::default();
                claim.merge(value.bytes()?, 1)?;
                self.add(&claim)?;
            }
        }
        Ok(self.finish())
    }

    /// Adds a reading, good or bad.
    pub(crate) fn add(&mut self, claim: &Claim<'_>) -> Result<(), NoBatch> {
        if self.batch.readings >= MAX_READINGS {
            self.finish();
            return Err(NoBatch::TooMany);
        }
        match claim.judge(&self.identity) {
            Ok(claimed) => self.push(&claimed),
            Err(reason) => {
                let at = u32::try_from(self.batch.readings).unwrap_or(u32::MAX);
                self.batch.refused.push((at, reason));
            }
        }
        self.batch.readings = self.batch.readings.saturating_add(1);
        Ok(())
    }

    fn push(&mut self, claimed: &Claimed<'_>) {
        let columns = &mut self.batch.columns;
        let id = claimed.device_id;
        let meter = self.meters.index(&mut columns.meters, id, meter_hash(id));
        let register = match claimed.register {
            "" => 0,
            name => self
                .registers
                .index(&mut columns.registers, name, meter_hash(name)),
        };
        push(columns, meter, register, claimed);
    }

    /// What was added; the next batch begins empty.
    pub(crate) fn finish(&mut self) -> Batch {
        self.meters.clear();
        self.registers.clear();
        std::mem::take(&mut self.batch)
    }
}

/// The batch of an encoded `SendReadingRequest`: always of one reading, which is refused if it is absent. No table is needed for it.
pub(super) fn single(message: &[u8], identity: &Identity) -> Result<Batch, NoBatch> {
    let mut fields = Fields::of(message, 0);
    let mut claim = Claim::default();
    let mut is_there = false;
    while let Some((number, value)) = fields.next()? {
        if number == 1 {
            claim.merge(value.bytes()?, 1)?;
            is_there = true;
        }
    }
    let mut batch = Batch {
        readings: 1,
        ..Batch::default()
    };
    let judged = match is_there {
        true => claim.judge(identity),
        false => Err(Reason::NoReading),
    };
    match judged {
        Ok(claimed) => {
            batch.columns.push_meter_id(claimed.device_id);
            if !claimed.register.is_empty() {
                batch.columns.push_register_name(claimed.register);
            }
            push(&mut batch.columns, 0, 0, &claimed);
        }
        Err(reason) => batch.refused.push((0, reason)),
    }
    Ok(batch)
}

/// Adds the row of a reading whose names have these indexes.
fn push(columns: &mut ReadingColumns, meter: u32, register: u32, claimed: &Claimed<'_>) {
    columns.push(&Row {
        meter,
        start_ms: claimed.start_ms,
        kind: claimed.kind,
        channel: claimed.channel,
        register,
        value: claimed.value,
        interval_seconds: claimed.interval_seconds,
        quality: claimed.quality,
        revision: claimed.revision,
        sequence: claimed.sequence,
    });
    if claimed.measured != [None; 6] {
        for (quantity, value) in MeasuredQuantity::ALL.iter().zip(claimed.measured) {
            if let Some(value) = value {
                columns.push_telemetry(quantity.code(), value);
            }
        }
    }
}

/// The batch of columns that a sender filled itself: what may be taken of it, and what is refused.
///
/// # Errors
/// [`NoBatch`] when the columns contradict each other or are too long.
pub(crate) fn of_columns(columns: ReadingColumns, identity: &Identity) -> Result<Batch, NoBatch> {
    let readings = columns.rows();
    if readings > MAX_READINGS {
        return Err(NoBatch::TooMany);
    }
    if readings == 0 {
        return Ok(Batch::default());
    }
    columns.check().map_err(|_| NoBatch::Malformed)?;
    let meters: Vec<Option<Reason>> = columns
        .meter_ids()
        .map(|id| refused_meter(id, identity))
        .collect();
    let registers: Vec<bool> = columns.register_names().map(is_valid_id).collect();
    let mut measured = vec![false; readings];
    for (row, _, _) in columns.telemetry() {
        if let Some(measured) = measured.get_mut(row as usize) {
            *measured = true;
        }
    }
    let judge = |at: usize| {
        let row = columns.row(at);
        let bad_register =
            row.kind == KIND_REGISTER && registers.get(row.register as usize).copied() != Some(true);
        let nothing = row.kind == KIND_TELEMETRY && measured.get(at) != Some(&true);
        let bad_meter = meters
            .get(row.meter as usize)
            .copied()
            .unwrap_or(Some(Reason::BadId));
        let bad_revision = row.revision > identity.max_revision();
        bad_meter
            .or(bad_revision.then_some(Reason::BadRevision))
            .or(bad_register.then_some(Reason::BadRegister))
            .or(nothing.then_some(Reason::NoValue))
    };
    let refused: Vec<(u32, Reason)> = (0..readings)
        .filter_map(|at| Some((u32::try_from(at).ok()?, judge(at)?)))
        .collect();
    let columns = if refused.is_empty() {
        columns
    } else {
        without(&columns, &refused)
    };
    Ok(Batch {
        columns,
        refused,
        readings,
    })
}

fn refused_meter(id: &str, identity: &Identity) -> Option<Reason> {
    if !is_valid_id(id) {
        Some(Reason::BadId)
    } else if identity.may_speak_for(id) {
        None
    } else {
        Some(Reason::NotYours)
    }
}

/// `columns` without the rows that are refused. The names that only they used stay out too.
fn without(columns: &ReadingColumns, refused: &[(u32, Reason)]) -> ReadingColumns {
    let mut kept = ReadingColumns::default();
    let (mut meters, mut registers) = (Dictionary::default(), Dictionary::default());
    let ids: Vec<&str> = columns.meter_ids().collect();
    let names: Vec<&str> = columns.register_names().collect();
    let mut refused = refused.iter().peekable();
    let mut telemetry = columns.telemetry().peekable();
    for (at, number) in (0..columns.rows()).zip(0_u32..) {
        let is_refused = refused.next_if(|(row, _)| *row == number).is_some();
        let row = columns.row(at);
        if let (false, Some(id)) = (is_refused, ids.get(row.meter as usize)) {
            let register = match names.get(row.register as usize) {
                Some(name) if row.kind == KIND_REGISTER => {
                    registers.index(&mut kept.registers, name, meter_hash(name))
                }
                _ => 0,
            };
            let meter = meters.index(&mut kept.meters, id, meter_hash(id));
            kept.push(&Row {
                meter,
                register,
                ..row
            });
        }
        while let Some((_, kind, value)) = telemetry.next_if(|(row, _, _)| *row == number) {
            if !is_refused {
                kept.push_telemetry(kind, value);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests;
