//! Which period holds when: month, kind of day, hour (`RATING` 2.2).

use std::fmt;

use crate::exact::Exact;
use crate::reader::{At, Problem, Problems};

/// Months of a year.
const MONTHS: usize = 12;
/// Hours of a day.
const HOURS: usize = 24;

/// Periods by month and hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    weekday: Vec<Vec<usize>>,
    weekend: Vec<Vec<usize>>,
}

impl Schedule {
    /// One period, always.
    pub(super) fn constant() -> Self {
        Self {
            weekday: vec![vec![0; HOURS]; MONTHS],
            weekend: vec![vec![0; HOURS]; MONTHS],
        }
    }

    pub(super) fn of(weekday: Vec<Vec<usize>>, weekend: Vec<Vec<usize>>) -> Self {
        Self { weekday, weekend }
    }

    /// The periods that occur.
    pub(super) fn named(&self) -> Vec<usize> {
        let rows = self.weekday.iter().chain(&self.weekend);
        rows.flatten().copied().collect()
    }

    /// When each of so many periods holds in a month (0 to 11); nothing where there is one period.
    pub(super) fn hours(&self, month: usize, periods: usize) -> Vec<PeriodHours> {
        if periods < 2 {
            return Vec::new();
        }
        let row = |is_weekend, period| {
            let holds = |hour: usize| self.period(month, is_weekend, hour) == period;
            (0..HOURS).map(holds).collect()
        };
        let hours = |period| PeriodHours {
            weekday: row(false, period),
            weekend: row(true, period),
        };
        (0..periods).map(hours).collect()
    }

    /// The period of a month (0 to 11) and an hour (0 to 23).
    pub(super) fn period(&self, month: usize, is_weekend: bool, hour: usize) -> usize {
        let days = if is_weekend { &self.weekend } else { &self.weekday };
        days.get(month)
            .and_then(|hours| hours.get(hour))
            .copied()
            .unwrap_or_default()
    }
}

/// When a period holds in a month: hour by hour, whether it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeriodHours {
    weekday: Vec<bool>,
    weekend: Vec<bool>,
}

/// `mon-fri 08:00-20:00, sat sun 10:00-12:00`.
impl fmt::Display for PeriodHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [("mon-fri", &self.weekday), ("sat sun", &self.weekend)];
        if self.weekday == self.weekend {
            let every = runs(&self.weekday);
            return f.write_str(if every.is_empty() { "always" } else { &every });
        }
        let some = rows.into_iter().filter(|(_, row)| row.contains(&true));
        let told: Vec<String> = some
            .map(|(days, row)| match runs(row) {
                whole if whole.is_empty() => days.to_owned(),
                clock => format!("{days} {clock}"),
            })
            .collect();
        f.write_str(&told.join(", "))
    }
}

/// `06:00-09:00 and 17:00-22:00`; nothing where all hours are in.
fn runs(row: &[bool]) -> String {
    if !row.contains(&false) {
        return String::new();
    }
    let hours: Vec<(usize, bool)> = row.iter().copied().enumerate().collect();
    let runs = hours.chunk_by(|a, b| a.1 == b.1);
    let clocks = runs.filter_map(|run| match (run.first(), run.last()) {
        (Some((from, true)), Some((last, _))) => {
            Some(format!("{from:02}:00-{:02}:00", last.saturating_add(1)))
        }
        _ => None,
    });
    clocks.collect::<Vec<_>>().join(" and ")
}

/// 12 lists of 24 periods, each below `periods`.
pub(super) fn read(at: &At<'_>, periods: usize, problems: &mut Problems) -> Option<Vec<Vec<usize>>> {
    once(at, problems, |problems| {
        let months = at.several(problems, |at, problems| row(at, HOURS, periods, problems))?;
        if months.len() != MONTHS {
            return at.wrong(problems, "must have 12 months");
        }
        Some(months)
    })
}

/// 12 periods, each below `periods`.
pub(super) fn read_months(at: &At<'_>, periods: usize, problems: &mut Problems) -> Option<Vec<usize>> {
    once(at, problems, |problems| row(at, MONTHS, periods, problems))
}

/// What is wrong in the same way at several places of `at` is said once, at the first of them.
fn once<T>(at: &At<'_>, problems: &mut Problems, read: impl FnOnce(&mut Problems) -> Option<T>) -> Option<T> {
    let mut all = Problems::default();
    let value = read(&mut all);
    let same = |a: &Problem, b: &Problem| (a.code, &a.reason) == (b.code, &b.reason);
    for (index, first) in all.all().iter().enumerate() {
        if all.all().iter().take(index).any(|earlier| same(earlier, first)) {
            continue;
        }
        let count = all.all().iter().filter(|other| same(first, other)).count();
        let reason = match count {
            1 => first.reason.clone(),
            _ => format!("{}; the same at {count} places of {}", first.reason, at.path),
        };
        problems.add_as(first.code, &first.path, reason);
    }
    value
}

fn row(at: &At<'_>, length: usize, periods: usize, problems: &mut Problems) -> Option<Vec<usize>> {
    let row = at.several(problems, |at, problems| {
        // Entries may be written as floats: 1.0.
        let period = at
            .number(problems)?
            .to_whole()
            .and_then(|period| usize::try_from(period).ok());
        let period = period.filter(|period| *period < periods);
        period.or_else(|| at.wrong(problems, "is no period of the structure"))
    })?;
    if row.len() != length {
        return at.wrong(problems, &format!("must have {length} entries"));
    }
    Some(row)
}

/// Twelve numbers that are not below zero.
pub(super) fn read_numbers(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Exact>> {
    let numbers = at.several(problems, |at, problems| at.number_from_zero(problems))?;
    if numbers.len() != MONTHS {
        return at.wrong(problems, "must have 12 entries");
    }
    Some(numbers)
}
