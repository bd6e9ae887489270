//! Which readings were published lately: a table of fixed size that chooses the word of an answer. Pure.
//!
//! It decides nothing else. It forgets what is oldest in its place, is empty after a start, and tells readings apart by hashes; whether a
//! reading counts, or contradicts another, is the store's business.

/// What a sender is told about a reading that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// As far as is remembered, nothing was known for this identity, or only what has another rank.
    Accepted,
    /// The same reading was published before.
    Duplicate,
    /// Another content of the same rank was published before, and no higher rank.
    Conflict,
}

/// What is remembered of a reading beside its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Half of the content's hash is enough to tell the few contents of one identity apart.
    pub(crate) content: u32,
    /// Contents of equal rank contradict each other; the higher rank wins.
    pub(crate) rank: u32,
}

/// The rank of telemetry alone, which never contradicts anything.
const TELEMETRY: u32 = 0;

impl Mark {
    /// Of a value: a higher revision outranks a lower one, and any value an estimated one of the same revision (`model::Content::rank`).
    pub(crate) fn of_value(content: u64, rank: (u32, bool)) -> Self {
        let (revision, measured) = rank;
        // Revisions beyond 2^30 count as one here; only the word of the answer is coarser by it.
        let rank = (revision.min(1 << 30) << 1) + u32::from(measured) + 1;
        Self {
            content: half(content),
            rank,
        }
    }

    /// Of telemetry alone.
    pub(crate) fn of_telemetry(content: u64) -> Self {
        Self {
            content: half(content),
            rank: TELEMETRY,
        }
    }
}

fn half(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

const WAYS: usize = 4;

/// The entries that share one place: a cache line, so that a look costs one access to memory. The youngest first; identity 0 is free.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Set {
    identity: [u64; WAYS],
    content: [u32; WAYS],
    rank: [u32; WAYS],
}

/// The table.
#[derive(Debug)]
pub(crate) struct Memory {
    sets: Box<[Set]>,
}

impl Memory {
    /// At most `bytes`, and at least one set.
    pub(crate) fn new(bytes: u64) -> Self {
        let sets = usize::try_from(bytes).unwrap_or(usize::MAX) / size_of::<Set>();
        let sets = sets.max(1);
        // The largest power of two that fits.
        let sets = 1_usize << (usize::BITS - 1 - sets.leading_zeros());
        Self {
            sets: vec![Set::default(); sets].into_boxed_slice(),
        }
    }

    /// The word for a reading that is published now, which is remembered from here on.
    pub(crate) fn learn(&mut self, identity: u64, mark: Mark) -> Word {
        let Some(set) = self.set(identity) else {
            return Word::Accepted;
        };
        let identity = identity.max(1);
        let word = set.word(identity, mark);
        if word != Word::Duplicate {
            set.insert(identity, mark);
        }
        word
    }

    /// Undoes [`Self::learn`] for a reading whose publishing failed; not to be called for one that was a duplicate then.
    pub(crate) fn forget(&mut self, identity: u64, mark: Mark) {
        let Some(set) = self.set(identity) else {
            return;
        };
        let known =
            (set.identity.iter_mut().zip(&set.content).zip(&set.rank)).find(|((known, content), rank)| {
                **known == identity.max(1) && **content == mark.content && **rank == mark.rank
            });
        if let Some(((known, _), _)) = known {
            *known = 0;
        }
    }

    fn set(&mut self, identity: u64) -> Option<&mut Set> {
        let mask = self.sets.len().saturating_sub(1);
        let at = usize::try_from(identity).unwrap_or_default() & mask;
        self.sets.get_mut(at)
    }
}

impl Set {
    fn word(&self, identity: u64, mark: Mark) -> Word {
        let mut highest = None;
        for ((known, content), rank) in self.identity.iter().zip(&self.content).zip(&self.rank) {
            if *known != identity {
                continue;
            }
            if *content == mark.content && *rank == mark.rank {
                return Word::Duplicate;
            }
            highest = highest.max(Some(*rank));
        }
        if highest == Some(mark.rank) && mark.rank != TELEMETRY {
            Word::Conflict
        } else {
            Word::Accepted
        }
    }

    fn insert(&mut self, identity: u64, mark: Mark) {
        self.identity.rotate_right(1);
        self.content.rotate_right(1);
        self.rank.rotate_right(1);
        self.identity[0] = identity;
        self.content[0] = mark.content;
        self.rank[0] = mark.rank;
    }
}

#[cfg(test)]
mod tests;
