//! Reads of several meters as the intervals of one bill, and whether they are complete.

use model::{Channel, Content, Energy, Quality};
use proto::billing::Hold;
use tariff_engine::{Interval, Register};

use super::{channel, hold};
use crate::reads::{IntervalRead, VersionedRead};
use crate::store::{Contest, Rival, Sent, Term};
use crate::time;

/// The runs of reads in order of start: reads at one distance with the same properties are one run, as long as possible.
pub(crate) fn sent(reads: impl IntoIterator<Item = IntervalRead>) -> Vec<Sent> {
    let mut runs: Vec<Sent> = Vec::new();
    let mut next_ms = None;
    // not a `for` loop: a month comes in pieces, and each piece is a loop of its own this way
    reads.into_iter().for_each(|read| {
        let content = &read.content;
        if let Some(run) = runs.last_mut() {
            let alike = run.interval_seconds == content.interval_seconds
                && run.quality == content.quality.code()
                && run.revision == content.revision;
            if alike && run.values.len() == 1 {
                run.step_ms = u32::try_from(read.start_ms.saturating_sub(run.start_ms)).unwrap_or_default();
                next_ms = (run.step_ms > 0).then_some(read.start_ms);
            }
            if alike && next_ms == Some(read.start_ms) {
                run.values.push(content.value);
                next_ms = read.start_ms.checked_add(i64::from(run.step_ms));
                return;
            }
            if run.values.len() == 1 {
                run.step_ms = 0;
            }
        }
        next_ms = None;
        runs.push(Sent {
            start_ms: read.start_ms,
            step_ms: 0,
            interval_seconds: content.interval_seconds,
            quality: content.quality.code(),
            revision: content.revision,
            values: vec![content.value],
        });
    });
    runs
}

/// The starts in conflict, each with every content that may count. In the order of a set: however they arrived, they are the same.
pub(crate) fn contests(reads: &[VersionedRead]) -> Vec<Contest> {
    let contest = |read: &VersionedRead| {
        let rank = read.versions.first()?.content.rank();
        let highest = read.versions.iter().map(|version| version.content);
        let mut rivals: Vec<Rival> = highest
            .filter(|content| content.rank() == rank)
            .map(|content| Rival {
                value: content.value,
                interval_seconds: content.interval_seconds,
                quality: content.quality.code(),
            })
            .collect();
        rivals.sort_unstable();
        Some(Contest {
            start_ms: read.start_ms,
            rivals,
        })
    };
    reads
        .iter()
        .filter(|read| read.conflict)
        .filter_map(contest)
        .collect()
}

/// Start, length in milliseconds and value of every read of a term, in order of start.
fn reads(term: &Term) -> impl Iterator<Item = (i64, i64, i64)> {
    term.sent.iter().flat_map(|run| {
        let seconds = if run.interval_seconds == 0 {
            term.default_seconds
        } else {
            run.interval_seconds
        };
        let starts = (0_i64..).map(|k| {
            run.start_ms
                .saturating_add(k.saturating_mul(i64::from(run.step_ms)))
        });
        starts
            .zip(&run.values)
            .map(move |(start, value)| (start, i64::from(seconds).saturating_mul(1000), *value))
    })
}

/// The reads of a term as they were billed.
pub(crate) fn billed(term: &Term) -> impl Iterator<Item = IntervalRead> {
    term.sent.iter().flat_map(|run| {
        let starts = (0_i64..).map(|k| {
            run.start_ms
                .saturating_add(k.saturating_mul(i64::from(run.step_ms)))
        });
        starts.zip(&run.values).map(|(start_ms, value)| IntervalRead {
            start_ms,
            content: Content {
                value: *value,
                interval_seconds: run.interval_seconds,
                quality: Quality::from_code(run.quality).unwrap_or(Quality::Actual),
                revision: run.revision,
            },
            received_ms: 0,
            conflict: false,
            versions: 1,
        })
    })
}

/// The register that a term adds to; reactive energy is not billed.
pub(crate) fn register(term: &Term) -> Option<Register> {
    match channel(term) {
        Channel::Import => Some(Register::Import),
        Channel::Export => Some(Register::Export),
        Channel::Reactive => None,
    }
}

/// The sum of all terms, by start, in order.
pub(crate) fn intervals(terms: &[Term]) -> Vec<Interval> {
    let count = terms
        .iter()
        .flat_map(|term| &term.sent)
        .map(|run| run.values.len())
        .sum();
    let mut intervals: Vec<Interval> = Vec::with_capacity(count);
    for term in terms {
        let Some(register) = register(term) else { continue };
        reads(term).for_each(|(start_ms, length_ms, value)| {
            // Values are at most 100 MWh and terms few: a sum stays far below 64 bits.
            let energy = Energy::from_milliwatt_hours(value.saturating_mul(i64::from(term.sign)));
            let minutes = u32::try_from(length_ms.div_euclid(60_000)).unwrap_or_default();
            let (import, export) = if register == Register::Export {
                (Energy::ZERO, energy)
            } else {
                (energy, Energy::ZERO)
            };
            intervals.push(Interval {
                start_ms,
                minutes,
                import,
                export,
            });
        });
    }
    if terms.len() > 1 {
        intervals.sort_by_key(|interval| interval.start_ms);
        intervals.dedup_by(|later, sum| {
            let same = later.start_ms == sum.start_ms;
            if same {
                sum.import = sum.import.checked_add(later.import).unwrap_or(sum.import);
                sum.export = sum.export.checked_add(later.export).unwrap_or(sum.export);
                sum.minutes = sum.minutes.max(later.minutes);
            }
            same
        });
    }
    intervals
}

/// A hold if some interval's sum is below zero (`BILLING` 1).
pub(crate) fn negative(terms: &[Term]) -> Option<Hold> {
    if terms.iter().all(|term| term.sign > 0) {
        return None;
    }
    let intervals = intervals(terms);
    let below = |interval: &&Interval| interval.import < Energy::ZERO || interval.export < Energy::ZERO;
    let first = intervals.iter().find(below)?;
    let count = intervals.iter().filter(below).count();
    let detail = format!(
        "{count} intervals have a sum below zero, the first at {}",
        time::utc(first.start_ms)
    );
    Some(hold("NEGATIVE_NET", detail))
}

/// What keeps a term from being complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Completeness {
    pub(crate) missing: u64,
    pub(crate) first_missing_ms: Option<i64>,
    pub(crate) overlaps: u64,
    pub(crate) first_overlap_ms: Option<i64>,
    /// Where the last read ends.
    pub(crate) end_ms: i64,
}

/// Whether the reads of a term cover it from its beginning to `upto_ms` without gap or overlap. `covered_ms` is where a read that
/// began before the term ends. Missing intervals are counted in the meter's configured length.
pub(crate) fn completeness(term: &Term, covered_ms: i64, upto_ms: i64) -> Completeness {
    let length_ms = i64::from(term.default_seconds.max(1)).saturating_mul(1000);
    let mut found = Completeness {
        end_ms: term.from_ms.max(covered_ms),
        ..Completeness::default()
    };
    let miss = |found: &mut Completeness, to_ms: i64| {
        let gap = to_ms.saturating_sub(found.end_ms);
        if gap > 0 {
            let count = gap
                .saturating_add(length_ms)
                .saturating_sub(1)
                .div_euclid(length_ms);
            found.missing = found.missing.saturating_add(count.unsigned_abs());
            found.first_missing_ms.get_or_insert(found.end_ms);
        }
    };
    reads(term).for_each(|(start_ms, length_ms, _)| {
        if start_ms < found.end_ms {
            found.overlaps = found.overlaps.saturating_add(1);
            found.first_overlap_ms.get_or_insert(start_ms);
        }
        miss(&mut found, start_ms);
        found.end_ms = found.end_ms.max(start_ms.saturating_add(length_ms));
    });
    miss(&mut found, upto_ms);
    found
}

/// The first instant before `upto_ms` at which no meter adds import; the terms are those of the whole period.
pub(crate) fn unmetered(terms: &[Term], start_ms: i64, upto_ms: i64) -> Option<i64> {
    let mut stays: Vec<(i64, i64)> = terms
        .iter()
        .filter(|term| term.sign > 0 && channel(term) == Channel::Import)
        .map(|term| (term.from_ms, term.to_ms))
        .collect();
    stays.sort_unstable();
    let mut covered = start_ms;
    for (from, to) in stays {
        if from > covered {
            break;
        }
        covered = covered.max(to);
    }
    (covered < upto_ms).then_some(covered)
}

#[cfg(test)]
mod tests;
