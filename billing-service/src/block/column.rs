//! One column of a block: whole numbers, written in whichever of five ways is shortest.
//!
//! All arithmetic is modulo 2^64, so that every list of 64-bit numbers has a form. A column begins with a byte: the way in the low
//! three bits, the power of ten all numbers were divided by in the high five.

mod bits;

use bits::{BitReader, push_bits};

use super::Malformed;

/// The same number everywhere.
const CONSTANT: u8 = 0;
/// A first number and a step.
const STRIDE: u8 = 1;
/// Distances from the smallest, in as many bits as the largest needs.
const PACKED: u8 = 2;
/// A first number, then steps packed as above.
const STEPS: u8 = 3;
/// Numbers that repeat: a column of numbers and a column of how often.
const RUNS: u8 = 4;
/// 10^18 is the largest power of ten in 64 bits.
const MAX_TENS: u8 = 18;

/// Bytes of a block being made.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

/// What packing a list of numbers takes.
#[derive(Clone, Copy)]
struct Span {
    smallest: i64,
    width: u32,
}

impl Span {
    fn of(numbers: impl Iterator<Item = i64>) -> Self {
        let (smallest, largest) = numbers.fold((i64::MAX, i64::MIN), |(low, high), number| {
            (low.min(number), high.max(number))
        });
        Self {
            smallest,
            width: u64::BITS - distance(smallest, largest).leading_zeros(),
        }
    }

    /// Bytes of `count` numbers after the way's byte.
    fn len(self, count: usize) -> usize {
        let width = usize::try_from(self.width).unwrap_or(64);
        varint_len(zigzag(self.smallest)) + 1 + (count * width).div_ceil(8)
    }
}

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the lowest first.
    pub(super) fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.byte(number.to_le_bytes()[0]);
    }

    fn signed(&mut self, number: i64) {
        self.varint(zigzag(number));
    }

    /// Writes `numbers`; how many there are is the reader's to know.
    pub(super) fn column(&mut self, numbers: &[i64]) {
        let (Some(first), Some(second)) = (numbers.first(), numbers.get(1)) else {
            self.byte(CONSTANT);
            return self.signed(numbers.first().copied().unwrap_or_default());
        };
        let step = second.wrapping_sub(*first);
        if steps(numbers).all(|found| found == step) {
            self.byte(if step == 0 { CONSTANT } else { STRIDE });
            self.signed(*first);
            if step != 0 {
                self.signed(step);
            }
            return;
        }
        let repeats = steps(numbers).filter(|step| *step == 0).count();
        if repeats * 2 >= numbers.len() {
            let mut runs = Self::default();
            runs.runs(numbers);
            let mut whole = Self::default();
            whole.scaled(numbers);
            let shorter = if runs.bytes.len() < whole.bytes.len() {
                runs
            } else {
                whole
            };
            return self.bytes(&shorter.bytes);
        }
        self.scaled(numbers);
    }

    /// The numbers as they are or as steps, with the powers of ten that all share taken out.
    fn scaled(&mut self, numbers: &[i64]) {
        let tens = shared_tens(numbers);
        if tens == 0 {
            return self.packed(numbers, 0);
        }
        let divisor = 10_i64.pow(u32::from(tens));
        let scaled: Vec<i64> = numbers.iter().map(|number| number / divisor).collect();
        self.packed(&scaled, tens << 3);
    }

    fn packed(&mut self, numbers: &[i64], tens: u8) {
        let first = numbers.first().copied().unwrap_or_default();
        let whole = Span::of(numbers.iter().copied());
        let by_step = Span::of(steps(numbers));
        let count = numbers.len();
        let steps_len = varint_len(zigzag(first)) + by_step.len(count.saturating_sub(1));
        if steps_len < whole.len(count) {
            self.byte(STEPS | tens);
            self.signed(first);
            self.span(by_step, steps(numbers));
        } else {
            self.byte(PACKED | tens);
            self.span(whole, numbers.iter().copied());
        }
    }

    fn span(&mut self, span: Span, numbers: impl Iterator<Item = i64>) {
        self.signed(span.smallest);
        self.byte(u8::try_from(span.width).unwrap_or(64));
        let distances = numbers.map(|number| distance(span.smallest, number));
        push_bits(&mut self.bytes, span.width, distances);
    }

    fn runs(&mut self, numbers: &[i64]) {
        let runs = || numbers.chunk_by(|left, right| left == right);
        let values: Vec<i64> = runs().filter_map(|run| run.first().copied()).collect();
        let lengths: Vec<i64> = runs().map(|run| i64::try_from(run.len()).unwrap_or(0)).collect();
        self.byte(RUNS);
        self.varint(u64::try_from(values.len()).unwrap_or(0));
        self.scaled(&values);
        if lengths.iter().all(|length| lengths.first() == Some(length)) {
            self.byte(CONSTANT);
            self.signed(lengths.first().copied().unwrap_or_default());
        } else {
            self.packed(&lengths, 0);
        }
    }
}

/// Bytes of a block being read.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.bytes.split_first().ok_or(Malformed::CutOff)?;
        self.bytes = rest;
        Ok(*first)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            number |= part << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed::Range("varint"))
    }

    fn signed(&mut self) -> Result<i64, Malformed> {
        let coded = self.varint()?;
        Ok((coded >> 1).cast_signed() ^ (coded & 1).cast_signed().wrapping_neg())
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(Malformed::Trailing)
        }
    }

    /// Hands the `count` numbers of a column to `put`, in order. `name` is for the error alone.
    pub(super) fn column(
        &mut self,
        count: usize,
        name: &'static str,
        put: &mut impl FnMut(i64),
    ) -> Result<(), Malformed> {
        if self.bytes.first() != Some(&RUNS) {
            return self.flat(count, name, put);
        }
        self.byte()?;
        let runs = usize::try_from(self.varint()?).map_err(|_| Malformed::Range(name))?;
        if runs > count {
            return Err(Malformed::Range(name));
        }
        let mut values = Vec::with_capacity(runs);
        self.flat(runs, name, &mut |value| values.push(value))?;
        let mut left = count;
        let mut values = values.into_iter();
        self.flat(runs, name, &mut |length| {
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(left);
            left -= length;
            if let Some(value) = values.next() {
                (0..length).for_each(|_| put(value));
            }
        })?;
        if left == 0 {
            Ok(())
        } else {
            Err(Malformed::Range(name))
        }
    }

    /// A column that is not one of runs.
    fn flat(&mut self, count: usize, name: &'static str, put: &mut impl FnMut(i64)) -> Result<(), Malformed> {
        let head = self.byte()?;
        let (way, tens) = (head & 7, head >> 3);
        if tens > MAX_TENS || (tens > 0 && way != PACKED && way != STEPS) {
            return Err(Malformed::Range(name));
        }
        let scale = 10_i64.pow(u32::from(tens));
        match way {
            CONSTANT => {
                let value = self.signed()?;
                (0..count).for_each(|_| put(value));
                Ok(())
            }
            STRIDE => {
                let (mut value, step) = (self.signed()?, self.signed()?);
                for _ in 0..count {
                    put(value);
                    value = value.wrapping_add(step);
                }
                Ok(())
            }
            PACKED => self.span(count, name, &mut |value| put(value.wrapping_mul(scale))),
            STEPS => {
                let mut value = self.signed()?;
                put(value.wrapping_mul(scale));
                self.span(count.saturating_sub(1), name, &mut |step| {
                    value = value.wrapping_add(step);
                    put(value.wrapping_mul(scale));
                })
            }
            _ => Err(Malformed::Range(name)),
        }
    }

    fn span(&mut self, count: usize, name: &'static str, put: &mut impl FnMut(i64)) -> Result<(), Malformed> {
        let smallest = self.signed()?;
        let width = u32::from(self.byte()?);
        if width > u64::BITS {
            return Err(Malformed::Range(name));
        }
        let len = usize::try_from(width)
            .ok()
            .and_then(|width| width.checked_mul(count))
            .ok_or(Malformed::TooMany)?
            .div_ceil(8);
        let (packed, rest) = self.bytes.split_at_checked(len).ok_or(Malformed::CutOff)?;
        self.bytes = rest;
        let mut bits = BitReader::new(packed, width);
        (0..count).for_each(|_| put(smallest.wrapping_add(bits.next().cast_signed())));
        Ok(())
    }
}

fn steps(numbers: &[i64]) -> impl Iterator<Item = i64> {
    numbers
        .iter()
        .zip(numbers.iter().skip(1))
        .map(|(from, to)| to.wrapping_sub(*from))
}

/// How far `to` is above `from`, modulo 2^64.
fn distance(from: i64, to: i64) -> u64 {
    to.wrapping_sub(from).cast_unsigned()
}

/// Small numbers of either sign as small numbers.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn varint_len(number: u64) -> usize {
    usize::try_from((u64::BITS - (number | 1).leading_zeros()).div_ceil(7)).unwrap_or(10)
}

/// The largest power of ten that divides every number, unless all are 0.
fn shared_tens(numbers: &[i64]) -> u8 {
    let mut tens = 0;
    let mut divisor = 10_i64;
    while tens < MAX_TENS && numbers.iter().all(|number| number % divisor == 0) {
        tens += 1;
        divisor = divisor.saturating_mul(10);
    }
    if numbers.iter().all(|number| *number == 0) {
        0
    } else {
        tens
    }
}

#[cfg(test)]
mod tests;
