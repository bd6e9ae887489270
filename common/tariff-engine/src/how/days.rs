//! Amounts by days, in words.

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use super::words;
use crate::exact::Exact;
use crate::explanation::{Told, sum, term};
use crate::local::{days_of_month, days_of_year};
use crate::statement::Line;

/// Days of one month or year.
struct Run {
    /// `2024-06` or `2024`.
    of: String,
    days: usize,
    of_days: u32,
}

/// A fee by days.
pub(super) fn told(line: &Line, every: &str, amount: &Exact) -> Told {
    let (words, formula, runs) = share(line, every);
    let words = format!("{words} at {amount} a {every}");
    let formula = format!("{} x {formula}", term(amount));
    let told = Told::new("days", words, formula)
        .with("every", every)
        .with_number("price_of_one", amount);
    told.with("days", runs)
}

/// How many days, months or years a line is for: in words, as a formula, and by name.
pub(super) fn share(line: &Line, every: &str) -> (String, String, Value) {
    let days = line.period.days().unwrap_or_default();
    if every == "day" {
        let count = days.len();
        return (words::days(line, count), count.to_string(), json!(count));
    }
    let mut runs: Vec<Run> = Vec::new();
    for day in days {
        let (of, of_days) = part(day, every);
        match runs.last_mut().filter(|run| run.of == of) {
            Some(run) => run.days = run.days.saturating_add(1),
            None => runs.push(Run { of, days: 1, of_days }),
        }
    }
    let words = runs
        .iter()
        .map(|run| format!("{} of {} days of {}", run.days, run.of_days, run.of));
    let words: Vec<String> = words.collect();
    let words = if words.is_empty() {
        "no day".to_owned()
    } else {
        words.join(", ")
    };
    let parts = sum(runs.iter().map(|run| format!("{}/{}", run.days, run.of_days)));
    let formula = if runs.len() > 1 {
        format!("({parts})")
    } else {
        parts
    };
    let facts = runs
        .iter()
        .map(|run| json!({"of": run.of, "days": run.days, "of_days": run.of_days}));
    (words, formula, facts.collect())
}

/// The month or year of a day, and its days.
fn part(day: NaiveDate, every: &str) -> (String, u32) {
    if every == "year" {
        return (day.year().to_string(), days_of_year(day));
    }
    (day.format("%Y-%m").to_string(), days_of_month(day))
}
