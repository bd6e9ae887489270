//! What a case says of the time before its first cycle: measured powers for ratchets (`RATING` 3.7), lots of banks (`RATING` 3.10).

use chrono::NaiveDate;

use crate::carry::{Carry, Lot, Peak};
use crate::compiled::Compiled;
use crate::reader::{At, Fields, Problems};
use crate::tariff::Tariff;

/// The oldest lot, in cycles: a century of months.
const MAX_AGE: u32 = 1200;
/// Days of the shortest month. Where every cycle is as long, no two begin in one month.
const SHORTEST_MONTH: i64 = 28;

/// Reads `history_kw` and `opening_bank`.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Carry> {
    let mut carry = Carry::default();
    let peaks = fields.maybe("history_kw", problems, |at, problems| {
        by_charge(at, problems, read_peaks, |id, peaks| carry.add_peaks(id, peaks))
    });
    let lots = fields.maybe("opening_bank", problems, |at, problems| {
        by_charge(at, problems, read_lots, |id, lots| carry.add_lots(id, lots))
    });
    peaks?;
    lots?;
    Some(carry)
}

/// What of a history cannot be, given the tariff and its first cycle; `shortest_days` are those of the shortest cycle.
pub(super) fn check(
    carry: &Carry,
    tariff: &Tariff,
    first: Option<&Compiled>,
    shortest_days: i64,
) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let charges = || tariff.versions.iter().flat_map(|version| &version.charges);
    for (id, carried) in &carry.charges {
        let mut mine = charges().filter(|charge| charge.id == *id).peekable();
        let known = mine.peek().is_some();
        let (powers, banks) = (format!("history_kw.{id}"), format!("opening_bank.{id}"));
        // The powers that a rolling mean takes stand in the tariff: a ratchet alone looks at a history.
        let mut demands = mine
            .clone()
            .filter(|charge| charge.pricing().is_demand())
            .peekable();
        let is_demand = demands.peek().is_some();
        if !carried.peaks.is_empty() && !demands.any(|charge| charge.pricing().carries()) {
            let what = match (known, is_demand) {
                (_, true) => "is a charge on demand without a ratchet, which takes no history",
                (true, false) => "is no charge on demand",
                (false, false) => "is no charge of the tariff",
            };
            problems.add(&powers, what);
        }
        if !carried.lots.is_empty() && !mine.any(|charge| charge.pricing().keeps(1).is_some()) {
            let what = if known {
                "is no charge on net energy"
            } else {
                "is no charge of the tariff"
            };
            problems.add(&banks, what);
        }
        let Some(first) = first else { continue };
        check_months(
            &carried.peaks,
            first.from(),
            shortest_days,
            &powers,
            &mut problems,
        );
        let expiries = || first.charges().filter(|charge| charge.id == *id);
        for lot in &carried.lots {
            let keeps: Vec<bool> = expiries()
                .filter_map(|charge| charge.pricing().keeps(lot.cycles_ago))
                .collect();
            if !keeps.is_empty() && !keeps.contains(&true) {
                let reason = format!(
                    "a lot of {} cycles ago has expired before the first bill",
                    lot.cycles_ago
                );
                problems.add(&banks, reason);
            }
        }
    }
    if problems.all().is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// The months of cycles before the one that begins on `from`.
fn check_months(peaks: &[Peak], from: NaiveDate, shortest_days: i64, path: &str, problems: &mut Problems) {
    if let Some(late) = peaks.iter().find(|peak| peak.month >= from) {
        let month = late.month.format("%Y-%m");
        problems.add(
            path,
            format!("{month} is not before the first cycle, which begins on {from}"),
        );
    }
    let again = peaks
        .windows(2)
        .find(|pair| matches!(pair, [a, b] if a.month == b.month));
    if let Some([peak, _]) = again.filter(|_| shortest_days >= SHORTEST_MONTH) {
        let month = peak.month.format("%Y-%m");
        problems.add(
            path,
            format!("{month} comes twice, and every cycle is as long as a month"),
        );
    }
}

/// An object of lists by charge id.
fn by_charge<T>(
    at: &At<'_>,
    problems: &mut Problems,
    read: fn(&At<'_>, &mut Problems) -> Option<Vec<T>>,
    mut add: impl FnMut(&str, Vec<T>),
) -> Option<()> {
    let mut is_good = true;
    for (id, at) in at.pairs(problems)? {
        match read(&at, problems) {
            Some(items) => add(&id, items),
            None => is_good = false,
        }
    }
    is_good.then_some(())
}

fn read_peaks(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Peak>> {
    let peaks = read_all(at, problems, read_peak)?;
    if !peaks.is_sorted_by_key(|peak| peak.month) {
        return at.wrong(problems, "must be in order of time, the oldest first");
    }
    Some(peaks)
}

fn read_lots(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Lot>> {
    let lots = read_all(at, problems, read_lot)?;
    if !lots.is_sorted_by_key(|lot| std::cmp::Reverse(lot.cycles_ago)) {
        return at.wrong(problems, "must be in order of time, the oldest first");
    }
    Some(lots)
}

fn read_all<T>(
    at: &At<'_>,
    problems: &mut Problems,
    read: fn(&At<'_>, &mut Problems) -> Option<T>,
) -> Option<Vec<T>> {
    let items: Vec<_> = at.list(problems)?.iter().map(|at| read(at, problems)).collect();
    items.into_iter().collect()
}

/// `month` as `2024-09`.
fn read_peak(at: &At<'_>, problems: &mut Problems) -> Option<Peak> {
    let mut fields = at.object(problems)?;
    let month = fields.need("month", problems).and_then(|at| {
        let first = format!("{}-01", at.text(problems)?);
        let date = first.parse().ok();
        date.or_else(|| at.wrong(problems, "must be a month like 2024-09"))
    });
    let kw = fields
        .need("kw", problems)
        .and_then(|at| at.number_from_zero(problems));
    fields.finish(problems);
    Some(Peak {
        month: month?,
        kw: kw?,
    })
}

fn read_lot(at: &At<'_>, problems: &mut Problems) -> Option<Lot> {
    let mut fields = at.object(problems)?;
    let cycles_ago =
        fields
            .need("cycles_ago", problems)
            .and_then(|at| match at.count(MAX_AGE, problems)? {
                0 => at.wrong(problems, "must be at least 1, the cycle just before the first"),
                age => Some(age),
            });
    let kwh = fields
        .need("kwh", problems)
        .and_then(|at| at.number_from_zero(problems));
    fields.finish(problems);
    Some(Lot {
        cycles_ago: cycles_ago?,
        kwh: kwh?,
    })
}
