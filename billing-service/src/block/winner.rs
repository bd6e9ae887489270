//! Which of several contents of one identity counts (`DESIGN` 4). Never the order of arrival.

use model::{Content, content_hash};

use super::Entry;

/// What counts of one identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Winner {
    /// The entry that counts.
    pub entry: Entry,
    /// Contents of the highest rank differ: nobody but staff can say which is right.
    pub conflict: bool,
}

/// The identities of a canonical set, in order of start: each a group of its contents, never empty.
pub(crate) fn identities(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    entries.chunk_by(|left, right| left.offset_ms == right.offset_ms)
}

/// Of energy: the highest revision, then a value that is not estimated; what is left and differs is a conflict, shown with the
/// smaller hash. `None` for no entries.
pub(crate) fn of_energy(identity: &[Entry]) -> Option<Winner> {
    if let [entry] = identity {
        return Some(Winner {
            entry: *entry,
            conflict: false,
        });
    }
    let rank = identity.iter().map(|entry| entry.content.rank()).max()?;
    let highest = || identity.iter().filter(|entry| entry.content.rank() == rank);
    let entry = highest().min_by_key(|entry| hash_order(&entry.content))?;
    Some(Winner {
        entry: *entry,
        conflict: highest().nth(1).is_some(),
    })
}

/// Of telemetry: the highest revision, then the larger hash; it never conflicts.
pub(crate) fn of_telemetry(identity: &[Entry]) -> Option<Winner> {
    let entry = identity
        .iter()
        .max_by_key(|entry| (entry.content.revision, hash_order(&entry.content)))?;
    Some(Winner {
        entry: *entry,
        conflict: false,
    })
}

/// Whether contents of equal rank differ, or intervals claim the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dispute {
    /// At the highest rank: a conflict.
    Open,
    /// At a lower rank only: there was a conflict, and a higher rank decided it.
    Settled,
    /// Intervals of the block may [overlap](super::crowd), or did.
    Overlap,
}

/// The starts in `of` (a subset of `entries`; both canonical) whose identity is, or was, in conflict in `entries`.
pub(crate) fn disputes(entries: &[Entry], of: &[Entry]) -> impl Iterator<Item = (u32, Dispute)> {
    let mut of = of.iter().map(|entry| entry.offset_ms).peekable();
    identities(entries).filter_map(move |identity| {
        let start = identity.first()?.offset_ms;
        while of.next_if(|wanted| *wanted < start).is_some() {}
        let wanted = of.peek() == Some(&start);
        Some((start, wanted.then(|| dispute(identity))??))
    })
}

fn dispute(identity: &[Entry]) -> Option<Dispute> {
    let mut dispute = None;
    // canonical entries have the revisions in order, so a later one of the same rank or above outranks what was found
    for revision in identity.chunk_by(|left, right| left.content.revision == right.content.revision) {
        let firm = revision.iter().filter(|entry| entry.content.rank().1).count();
        let estimated = revision.len() - firm;
        dispute = match (firm, estimated) {
            (2.., _) | (0, 2..) => Some(Dispute::Open),
            (_, 2..) => Some(Dispute::Settled),
            _ => dispute.map(|_| Dispute::Settled),
        };
    }
    dispute
}

/// By hash; should two contents ever share one, by value, so that the choice is still a function of the set.
fn hash_order(content: &Content) -> (u64, i64, u32, u32) {
    let Content {
        value,
        interval_seconds,
        quality,
        ..
    } = *content;
    (content_hash(content), value, interval_seconds, quality.code())
}

#[cfg(test)]
mod tests;
