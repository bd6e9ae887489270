//! The fields of a protobuf message, read from its bytes without building it.
//!
//! Accepts and refuses exactly what `prost` does, which a test proves: unknown fields are skipped, groups too, to the same depth.

/// Bytes that are no protobuf message of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// How deep groups may nest, the outermost message included.
const DEPTH: u32 = 100;

/// The value of a field, by its wire type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    /// Of a type that none of our fields has; it was skipped.
    Other,
}

impl<'a> Value<'a> {
    /// As an unsigned or signed integer or an enum: the field's type takes the low bits, as protobuf prescribes.
    pub(super) fn varint(self) -> Result<u64, Malformed> {
        match self {
            Self::Varint(number) => Ok(number),
            Self::Fixed64(_) | Self::Bytes(_) | Self::Other => Err(Malformed),
        }
    }

    pub(super) fn double(self) -> Result<f64, Malformed> {
        match self {
            Self::Fixed64(bits) => Ok(f64::from_bits(bits)),
            Self::Varint(_) | Self::Bytes(_) | Self::Other => Err(Malformed),
        }
    }

    pub(super) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Varint(_) | Self::Fixed64(_) | Self::Other => Err(Malformed),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }
}

/// What is left of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    depth: u32,
}

impl<'a> Fields<'a> {
    /// A message; `nesting` counts the messages around it.
    pub(super) fn of(message: &'a [u8], nesting: u32) -> Self {
        Self {
            rest: message,
            depth: DEPTH.saturating_sub(nesting),
        }
    }

    /// The number and value of the next field.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = key(&mut self.rest)?;
        let value = match wire_type {
            0 => Value::Varint(varint(&mut self.rest)?),
            1 => Value::Fixed64(u64::from_le_bytes(*chunk(&mut self.rest)?)),
            2 => Value::Bytes(delimited(&mut self.rest)?),
            _ => {
                skip(&mut self.rest, number, wire_type, self.depth)?;
                Value::Other
            }
        };
        Ok(Some((number, value)))
    }
}

/// The number and wire type of a field.
#[inline]
fn key(rest: &mut &[u8]) -> Result<(u32, u32), Malformed> {
    let key = u32::try_from(varint(rest)?).map_err(|_| Malformed)?;
    let (number, wire_type) = (key >> 3, key & 7);
    if number == 0 || wire_type > 5 {
        return Err(Malformed);
    }
    Ok((number, wire_type))
}

/// Passes over a value; `depth` is how many groups may still open.
fn skip(rest: &mut &[u8], number: u32, wire_type: u32, depth: u32) -> Result<(), Malformed> {
    if depth == 0 {
        return Err(Malformed);
    }
    match wire_type {
        0 => varint(rest).map(drop),
        1 => chunk::<8>(rest).map(drop),
        2 => delimited(rest).map(drop),
        3 => loop {
            match key(rest)? {
                (end, 4) if end == number => return Ok(()),
                (_, 4) => return Err(Malformed),
                (inner, wire_type) => skip(rest, inner, wire_type, depth.saturating_sub(1))?,
            }
        },
        5 => chunk::<4>(rest).map(drop),
        // The end of a group that never began.
        _ => Err(Malformed),
    }
}

#[inline]
fn chunk<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Malformed> {
    let (chunk, tail) = rest.split_first_chunk().ok_or(Malformed)?;
    *rest = tail;
    Ok(chunk)
}

#[inline]
fn delimited<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(varint(rest)?).map_err(|_| Malformed)?;
    let (bytes, tail) = rest.split_at_checked(len).ok_or(Malformed)?;
    *rest = tail;
    Ok(bytes)
}

#[inline]
fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    match *rest {
        [byte, tail @ ..] if *byte < 0x80 => {
            *rest = tail;
            Ok(u64::from(*byte))
        }
        _ => long_varint(rest),
    }
}

fn long_varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0_u64;
    let mut left = *rest;
    for shift in (0..70).step_by(7) {
        let (byte, tail) = left.split_first().ok_or(Malformed)?;
        left = tail;
        // The tenth byte has room for one bit.
        if shift == 63 && *byte > 1 {
            return Err(Malformed);
        }
        number |= u64::from(*byte & 0x7f) << shift;
        if *byte < 0x80 {
            *rest = left;
            return Ok(number);
        }
    }
    Err(Malformed)
}

#[cfg(test)]
mod tests;
