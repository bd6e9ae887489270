//! Rules in words, and as the tariff writes them.

use std::fmt;

use chrono::Weekday;
use serde_json::{Map, Value, json};

use super::{Clock, DayName, Rule, When};

/// The name of a holiday among days.
const HOLIDAY: &str = "hol";
/// Days of a week in their order, and after them the holidays.
const DAYS: [(DayName, &str); 8] = [
    (DayName::Week(Weekday::Mon), "mon"),
    (DayName::Week(Weekday::Tue), "tue"),
    (DayName::Week(Weekday::Wed), "wed"),
    (DayName::Week(Weekday::Thu), "thu"),
    (DayName::Week(Weekday::Fri), "fri"),
    (DayName::Week(Weekday::Sat), "sat"),
    (DayName::Week(Weekday::Sun), "sun"),
    (DayName::Holiday, HOLIDAY),
];
/// As many in a row are written as the first and the last.
const RUN: usize = 3;

impl When {
    /// As the tariff writes it.
    pub(crate) fn facts(&self) -> Value {
        self.0.iter().map(Rule::facts).collect()
    }
}

/// `mon-fri 16:00-21:00 in months 6-9 or sat`.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" or ")?;
            }
            rule.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.days.as_ref().map(|days| runs(&named(days), " "));
        let clock = self.clock.map(|clock| clock.to_string());
        let months = self.months.as_ref().map(|list| format!("in {}", months(list)));
        let event = self.event.as_ref().map(|event| format!("during {event}"));
        let parts: Vec<String> = [days, clock, months, event].into_iter().flatten().collect();
        if parts.is_empty() {
            return f.write_str("always");
        }
        f.write_str(&parts.join(" "))
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes.div_euclid(60), minutes.rem_euclid(60));
        write!(f, "{}-{}", clock(self.from), clock(self.to))
    }
}

impl Rule {
    fn facts(&self) -> Value {
        let mut facts = Map::new();
        if let Some(months) = &self.months {
            facts.insert("months".to_owned(), json!(months));
        }
        if let Some(days) = &self.days {
            let names = days
                .iter()
                .filter_map(|day| Some(DAYS.iter().find(|(name, _)| name == day)?.1));
            facts.insert("days".to_owned(), names.collect());
        }
        if let Some(clock) = self.clock {
            let text = clock.to_string();
            if let Some((from, to)) = text.split_once('-') {
                facts.insert("from".to_owned(), json!(from));
                facts.insert("to".to_owned(), json!(to));
            }
        }
        if let Some(event) = &self.event {
            facts.insert("event".to_owned(), json!(event));
        }
        Value::Object(facts)
    }
}

/// `month 5`, `months 1 and 6-9`.
pub(crate) fn months(months: &[u32]) -> String {
    let named: Vec<(bool, String)> = (1..=12)
        .map(|month| (months.contains(&month), month.to_string()))
        .collect();
    let plural = if named.iter().filter(|(is_in, _)| *is_in).count() == 1 {
        ""
    } else {
        "s"
    };
    format!("month{plural} {}", runs(&named, " and "))
}

fn named(days: &[DayName]) -> Vec<(bool, String)> {
    let day = |(day, name): &(DayName, &str)| (days.contains(day), (*name).to_owned());
    DAYS.iter().map(day).collect()
}

/// Those of a row that are in, three or more that follow each other as `first-last`. Holidays follow no day: a holiday has no other name.
fn runs(row: &[(bool, String)], between: &str) -> String {
    let follow = |a: &(bool, String), b: &(bool, String)| a.0 && b.0 && b.1 != HOLIDAY;
    let runs = row
        .chunk_by(follow)
        .filter(|run| run.iter().all(|(is_in, _)| *is_in));
    let mut told: Vec<String> = Vec::new();
    for run in runs {
        match run {
            [(_, first), .., (_, last)] if run.len() >= RUN => told.push(format!("{first}-{last}")),
            few => told.extend(few.iter().map(|(_, name)| name.clone())),
        }
    }
    told.join(between)
}
