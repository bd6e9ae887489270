//! Chance as a pure function: every draw is named by what it is for, so that asking again, in any order, gives the same.

/// A place in the tree of draws: a seed and the names followed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The root of everything that follows from `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The draw below this one that `name` names.
    pub(crate) const fn with(self, name: u64) -> Self {
        Self(mix(self.0 ^ mix(name)))
    }

    /// As [`Self::with`] for a number that may be negative, such as a time.
    pub(crate) const fn at(self, name: i64) -> Self {
        self.with(name.cast_unsigned())
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(self) -> f64 {
        const STEPS: f64 = (1_u64 << 53) as f64;
        (self.0 >> 11) as f64 / STEPS
    }

    /// Uniform in [`low`, `high`).
    pub(crate) fn between(self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0..`end`; 0 when `end` is 0.
    pub(crate) const fn below(self, end: u64) -> u64 {
        // the high half of the product: no division, and a bias below 2^-40 for the ends used here
        ((self.0 as u128 * end as u128) >> 64) as u64
    }

    /// Whether something of probability `rate` happens here.
    pub(crate) fn happens(self, rate: f64) -> bool {
        self.unit() < rate
    }

    /// Around 0, in (-1, 1), small values likelier than large ones.
    pub(crate) fn noise(self) -> f64 {
        self.with(1).unit() - self.with(2).unit()
    }
}

/// The finalizer of `SplitMix64` (Steele, Lea, Flood 2014) after one step of its sequence.
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
