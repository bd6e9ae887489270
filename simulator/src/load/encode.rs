//! Messages as bytes, framed for gRPC, without building them as objects first. The field numbers are those of `meter.proto` and
//! `columns.proto`; a test decodes what is written here with the generated code.

use bytes::{BufMut, Bytes, BytesMut};

use super::values::Values;
use super::{Load, Mode};
use crate::span::Interval;

/// A gRPC frame begins with a flag (not compressed) and the length of the message.
const FRAME_HEADER: usize = 5;
/// What a reading needs beside its id, at most.
const READING_ROOM: usize = 40;

/// The id of meter number `number`: always equally long, so that all readings are.
pub(super) fn meter_id(prefix: &str, number: u32) -> String {
    format!("{prefix}{number:07}")
}

/// Writes the messages of a load.
#[derive(Debug)]
pub(super) struct Encoder {
    mode: Mode,
    meters: u32,
    batch: u32,
    first_ms: i64,
    interval: Interval,
    values: Values,
    /// By meter: the field `device_id`.
    id_fields: Vec<Box<[u8]>>,
    /// By block of meters: everything of a batch of columns that is the same in every round.
    dictionaries: Vec<Bytes>,
}

impl Encoder {
    pub(super) fn new(load: &Load, values: Values) -> Self {
        let ids = (0..load.meters).map(|number| meter_id(&load.prefix, number));
        let columns = load.mode == Mode::Columns;
        let id_fields = if columns {
            Vec::new()
        } else {
            ids.clone().map(|id| id_field(&id)).collect()
        };
        let ids: Vec<String> = if columns { ids.collect() } else { Vec::new() };
        let dictionaries = ids.chunks(load.batch as usize).map(dictionary).collect();
        Self {
            mode: load.mode,
            meters: load.meters,
            batch: load.batch,
            first_ms: load.first_ms,
            interval: load.interval,
            values,
            id_fields,
            dictionaries,
        }
    }

    /// How many readings message `number` has: a batch, or what is left of the meters.
    pub(super) fn rows(&self, number: u64) -> u32 {
        let (_, block) = self.place(number);
        self.batch.min(self.meters - block * self.batch)
    }

    /// Which round message `number` belongs to, and which block of meters: first every meter's first interval, then the second.
    fn place(&self, number: u64) -> (u64, u32) {
        let blocks = u64::from(self.meters.div_ceil(self.batch));
        (
            number / blocks,
            u32::try_from(number % blocks).unwrap_or_default(),
        )
    }

    /// Message `number`, framed.
    pub(super) fn frame(&self, number: u64) -> Bytes {
        let (round, block) = self.place(number);
        let meters = block * self.batch..block * self.batch + self.rows(number);
        let start_ms = self.first_ms + self.interval.as_millis() * i64::try_from(round).unwrap_or_default();
        let mut frame = match self.mode {
            Mode::Unary | Mode::Stream => self.readings(meters, round, start_ms),
            Mode::Columns => self.columns(block, meters, round, start_ms),
        };
        let length = u32::try_from(frame.len() - FRAME_HEADER).unwrap_or_default();
        if let Some((header, _)) = frame.split_first_chunk_mut::<FRAME_HEADER>() {
            let [_, rest @ ..] = header;
            *rest = length.to_be_bytes();
        }
        frame.freeze()
    }

    /// `readings` (of `SendReadingsRequest`) or `reading` (of `SendReadingRequest`): both are field 1.
    fn readings(&self, meters: std::ops::Range<u32>, round: u64, start_ms: i64) -> BytesMut {
        let id_room = self.id_fields.first().map_or(0, |field| field.len());
        let mut frame = BytesMut::with_capacity(FRAME_HEADER + meters.len() * (id_room + READING_ROOM));
        frame.put_bytes(0, FRAME_HEADER);
        let (time, interval) = (timestamp_field(start_ms), interval_field(self.interval, 0x30));
        for meter in meters {
            let id = self
                .id_fields
                .get(meter as usize)
                .map(AsRef::as_ref)
                .unwrap_or_default();
            let length = id.len() + time.len() + 9 + interval.len();
            frame.put_u8(0x0a);
            // an id has at most 64 bytes, so the length is below 128: one byte
            frame.put_u8(u8::try_from(length).unwrap_or_default());
            frame.put_slice(id);
            frame.put_slice(&time);
            frame.put_u8(0x19);
            frame.put_f64_le(f64::from(self.values.at(meter, round)) / 1e6);
            frame.put_slice(&interval);
        }
        frame
    }

    /// `ReadingColumns`.
    fn columns(&self, block: u32, meters: std::ops::Range<u32>, round: u64, start_ms: i64) -> BytesMut {
        let dictionary = self
            .dictionaries
            .get(block as usize)
            .map(AsRef::as_ref)
            .unwrap_or_default();
        let mut frame = BytesMut::with_capacity(FRAME_HEADER + dictionary.len() + 32 + meters.len() * 6);
        frame.put_bytes(0, FRAME_HEADER);
        frame.put_slice(dictionary);
        frame.put_u8(0x20);
        put_varint(&mut frame, start_ms.cast_unsigned());
        let mut values = BytesMut::with_capacity(meters.len() * 5);
        for meter in meters {
            put_varint(&mut values, u64::from(self.values.at(meter, round)) << 1); // zigzag of a number that is not negative
        }
        frame.put_u8(0x52);
        put_varint(&mut frame, values.len() as u64);
        frame.put_slice(&values);
        let interval = interval_field(self.interval, 0);
        if let Some((_, seconds)) = interval.split_first() {
            frame.put_u8(0x5a);
            put_varint(&mut frame, seconds.len() as u64);
            frame.put_slice(seconds);
        }
        frame
    }
}

/// Field 1 of `Reading`.
fn id_field(id: &str) -> Box<[u8]> {
    let mut field = BytesMut::with_capacity(id.len() + 2);
    field.put_u8(0x0a);
    put_varint(&mut field, id.len() as u64);
    field.put_slice(id.as_bytes());
    field.to_vec().into_boxed_slice()
}

/// Field 2 of `Reading`; loads start at whole seconds.
fn timestamp_field(start_ms: i64) -> BytesMut {
    let mut seconds = BytesMut::with_capacity(10);
    put_varint(&mut seconds, start_ms.div_euclid(1_000).cast_unsigned());
    let mut field = BytesMut::with_capacity(16);
    field.put_slice(&[0x12, u8::try_from(seconds.len() + 1).unwrap_or_default(), 0x08]);
    field.put_slice(&seconds);
    field
}

/// `interval_seconds` under `tag`; nothing for the quarter of an hour that meters have unless told otherwise.
fn interval_field(interval: Interval, tag: u8) -> BytesMut {
    let mut field = BytesMut::with_capacity(8);
    if interval != Interval::QUARTER_HOUR {
        field.put_u8(tag);
        put_varint(&mut field, u64::from(interval.as_secs()));
    }
    field
}

/// `schema`, `meters` and `meter` of a block: the same in every round.
fn dictionary(ids: &[String]) -> Bytes {
    let joined = ids.join("\n");
    let mut indices = BytesMut::with_capacity(ids.len() * 2);
    (0..ids.len()).for_each(|index| put_varint(&mut indices, index as u64));
    let mut fields = BytesMut::with_capacity(joined.len() + indices.len() + 16);
    fields.put_slice(&[0x08, 0x01, 0x12]);
    put_varint(&mut fields, joined.len() as u64);
    fields.put_slice(joined.as_bytes());
    fields.put_u8(0x2a);
    put_varint(&mut fields, indices.len() as u64);
    fields.put_slice(&indices);
    fields.freeze()
}

fn put_varint(out: &mut BytesMut, mut number: u64) {
    while number >= 0x80 {
        out.put_u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.put_u8(number as u8);
}

#[cfg(test)]
mod tests;
