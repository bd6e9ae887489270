//! Numbers of a few bits each, side by side in bytes, the lowest bit first.

/// Adds the lowest `width` bits (at most 64) of every number; the last byte is filled up with zeros.
pub(super) fn push_bits(bytes: &mut Vec<u8>, width: u32, numbers: impl Iterator<Item = u64>) {
    let mut waiting = 0_u128;
    let mut have = 0;
    for number in numbers {
        waiting |= u128::from(number) << have;
        have += width;
        while have >= 8 {
            bytes.push(waiting.to_le_bytes()[0]);
            waiting >>= 8;
            have -= 8;
        }
    }
    if have > 0 {
        bytes.push(waiting.to_le_bytes()[0]);
    }
}

/// Reads what [`push_bits`] wrote; past the end come zeros.
pub(super) struct BitReader<'a> {
    words: std::slice::ChunksExact<'a, u8>,
    waiting: u128,
    have: u32,
    width: u32,
    mask: u64,
}

impl<'a> BitReader<'a> {
    /// `width` is at most 64.
    pub(super) fn new(bytes: &'a [u8], width: u32) -> Self {
        Self {
            words: bytes.chunks_exact(8),
            waiting: 0,
            have: 0,
            width,
            mask: u64::MAX.checked_shr(u64::BITS - width).unwrap_or(0),
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        if self.have < self.width {
            self.waiting |= u128::from(self.word()) << self.have;
            self.have += u64::BITS;
        }
        let number = low_half(self.waiting) & self.mask;
        self.waiting >>= self.width;
        self.have -= self.width;
        number
    }

    /// The next eight bytes, a word at a time because a byte at a time is four times as slow.
    fn word(&mut self) -> u64 {
        let mut word = [0; 8];
        if let Some(whole) = self.words.next() {
            word.copy_from_slice(whole);
        } else {
            let rest = self.words.remainder();
            word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        }
        u64::from_le_bytes(word)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn low_half(wide: u128) -> u64 {
    wide as u64
}
