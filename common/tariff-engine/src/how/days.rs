//! Amounts by days, in words.

use std::fmt::{self, Display};

use chrono::{Datelike, Months, NaiveDate};
use serde_json::{Value, json};

use super::words;
use crate::exact::Exact;
use crate::explanation::{Facts, Told, group, listed, term};
use crate::local::{days_of_month, days_of_year};
use crate::period::Period;
use crate::statement::Line;

/// Days of one month or year.
struct Run {
    first: NaiveDate,
    by_year: bool,
    days: i64,
    of_days: u32,
}

/// `2024-06` or `2024`.
struct Of<'a>(&'a Run);

impl Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.0.first;
        if self.0.by_year {
            return first.year().fmt(f);
        }
        write!(f, "{:04}-{:02}", first.year(), first.month())
    }
}

/// A fee by days.
pub(super) fn told(line: &Line, every: &str, amount: &Exact) -> Told {
    let (words, formula) = share(line, every);
    Told::new(
        format!("{words} at {amount} a {every}"),
        format!("{} x {formula}", term(amount)),
    )
}

/// The same by name.
pub(super) fn facts(line: &Line, every: &str, amount: &Exact) -> Facts {
    Facts::of("days")
        .with("every", every)
        .with_number("price_of_one", amount)
        .with("days", share_facts(line, every))
}

/// How many days, months or years a line is for: in words, and as a formula.
pub(super) fn share(line: &Line, every: &str) -> (String, String) {
    if every == "day" {
        let days = line.days();
        return (words::days(line, days), days.to_string());
    }
    let runs = runs(&line.period, every == "year");
    if runs.is_empty() {
        return ("no day".to_owned(), "0".to_owned());
    }
    let word = |run: &Run| format!("{} of {} days of {}", run.days, run.of_days, Of(run));
    let part = |run: &Run| format!("{}/{}", run.days, run.of_days);
    (listed(runs.iter().map(word)), group(runs.iter().map(part)))
}

/// The same by name.
pub(super) fn share_facts(line: &Line, every: &str) -> Value {
    if every == "day" {
        return json!(line.days());
    }
    let fact = |run: &Run| json!({"of": Of(run).to_string(), "days": run.days, "of_days": run.of_days});
    runs(&line.period, every == "year").iter().map(fact).collect()
}

/// The days of a period by calendar month: the first of them, and the day after the last.
pub(super) fn months(period: &Period) -> Vec<(NaiveDate, NaiveDate)> {
    let Some((mut first, end)) = period.day_span() else {
        return Vec::new();
    };
    let mut months = Vec::new();
    while first < end {
        let next = first
            .with_day(1)
            .and_then(|first| first.checked_add_months(Months::new(1)));
        let next = next.map_or(end, |next| next.min(end));
        months.push((first, next));
        first = next;
    }
    months
}

fn runs(period: &Period, by_year: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (first, next) in months(period) {
        let days = next.signed_duration_since(first).num_days();
        match runs
            .last_mut()
            .filter(|run| run.by_year && run.first.year() == first.year())
        {
            Some(run) => run.days = run.days.saturating_add(days),
            None => runs.push(Run {
                first,
                by_year,
                days,
                of_days: if by_year {
                    days_of_year(first)
                } else {
                    days_of_month(first)
                },
            }),
        }
    }
    runs
}
