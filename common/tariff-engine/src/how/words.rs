//! What sentences have in common: times, counts, and where energy comes from.

use std::fmt::{self, Display};

use chrono::{DateTime, Days, NaiveDate};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::{ReadUse, Source, StepHow, Windows};
use crate::exact::Exact;
use crate::explanation::{Facts, listed, mode, number, said, term};
use crate::local;
use crate::period::Period;
use crate::statement::Line;

/// `2026-01-31 18:15` on the clock of the zone; where it shows that twice, `2026-10-25 02:30 (UTC+01:00)`.
pub(crate) fn moment(zone: Tz, at: i64) -> String {
    let offset = local::offset_ms(zone, at).unwrap_or_default();
    let shown = clock(at.saturating_add(offset));
    if !local::is_twice(zone, at) {
        return shown;
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let ahead = clock(offset.saturating_abs());
    format!(
        "{shown} (UTC{sign}{})",
        ahead.rsplit(' ').next().unwrap_or_default()
    )
}

/// `2026-01-31 18:15` of the milliseconds of a local clock.
pub(crate) fn clock(local: i64) -> String {
    let clock = DateTime::from_timestamp_millis(local).map(|at| at.naive_utc().to_string());
    let clock = clock.unwrap_or_default();
    clock.strip_suffix(":00").unwrap_or(&clock).to_owned()
}

/// The date that begins at an instant; `None` inside a day.
fn begun(zone: Tz, at: i64) -> Option<NaiveDate> {
    local::date(zone, at).filter(|date| local::midnight(zone, *date) == Some(at))
}

/// The first day, or time, and the one after the last.
pub(crate) fn stretch(period: &Period) -> (String, String) {
    let edge =
        |at: i64| begun(period.zone, at).map_or_else(|| moment(period.zone, at), |date| date.to_string());
    (edge(period.start_ms), edge(period.end_ms))
}

/// The first and the last day; times where it begins or ends inside a day.
pub(crate) fn span(period: &Period) -> String {
    let edge = |at: i64| begun(period.zone, at);
    let last = edge(period.end_ms).and_then(|date| date.pred_opt());
    match (edge(period.start_ms), last) {
        (Some(first), Some(last)) if first == last => first.to_string(),
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => {
            let at = |at: i64| moment(period.zone, at);
            format!("{} to {}", at(period.start_ms), at(period.end_ms))
        }
    }
}

/// A number of things, `1 day` or `2 days`.
pub(super) fn count<T: Display + PartialEq + From<u8>>(number: T, thing: &'static str) -> impl Display {
    let plural = if number == T::from(1) { "" } else { "s" };
    Counted(number, thing, plural)
}

struct Counted<T>(T, &'static str, &'static str);

impl<T: Display> Display for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, self.2)
    }
}

/// `2 days of 2024-06-03 to 2024-06-04`.
pub(super) fn days(line: &Line, days: usize) -> String {
    format!("{} of {}", count(days, "day"), span(&line.period))
}

/// Days of some months, as `(first, last)` of every run of them.
pub(super) fn days_in(line: &Line, months: &[u32]) -> Vec<(NaiveDate, NaiveDate)> {
    let mut runs: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for (first, next) in super::days::months(&line.period) {
        let last = next.checked_sub_days(Days::new(1)).unwrap_or(first);
        let is_in = months.contains(&chrono::Datelike::month(&first));
        match runs.last_mut().filter(|run| run.1.succ_opt() == Some(first)) {
            Some(run) if is_in => run.1 = last,
            _ if is_in => runs.push((first, last)),
            _ => {}
        }
    }
    runs
}

/// Start and kW of windows.
pub(super) fn windows(line: &Line, windows: &[(i64, Exact)]) -> String {
    let window = |(at, kw): &(i64, Exact)| format!("{} kW at {}", said(kw), moment(line.period.zone, *at));
    listed(windows.iter().map(window))
}

impl Windows {
    /// `60-minute windows every 15 minutes of 2024-06-03 to 2024-06-04 that begin mon-fri 08:00-20:00`.
    pub(super) fn words(&self, line: &Line) -> String {
        let minutes = self.minutes;
        let slide = if self.slide_minutes == minutes {
            String::new()
        } else {
            format!(" every {} minutes", self.slide_minutes)
        };
        let hours = self.hours.as_ref().map(|hours| &*hours.words);
        let begin = if hours.is_some() { " that begin " } else { "" };
        let without = if self.estimated == 0 {
            ""
        } else {
            " without an estimated interval"
        };
        format!(
            "{minutes}-minute windows{slide}{without} of {}{begin}{}",
            span(&line.period),
            hours.unwrap_or_default()
        )
    }

    /// The same by name.
    pub(super) fn add_to(&self, facts: Facts) -> Facts {
        facts
            .with("window_minutes", self.minutes)
            .with("slide_minutes", self.slide_minutes)
            .with("hours", self.hours.as_ref().and_then(|hours| hours.facts()))
            .with("estimated_intervals", self.estimated)
    }
}

impl Source {
    /// `12.5 kWh of import in 4 intervals (3 given, 1 estimated with 2.5 kWh) of 2024-06-03 to 2024-06-04 that begin 06:00-18:00`.
    pub(super) fn words(&self, line: &Line) -> String {
        let (kwh, unit, register) = (said(&self.kwh), self.unit(), self.register.name());
        if self.mix.no_column {
            return format!("{kwh} {unit} of {register} (the load has no such column)");
        }
        if !self.reads.is_empty() {
            let reads = listed(self.reads.iter().map(ReadUse::words));
            // Reads may be about more days than the line; those of a whole bill stand on it.
            let days = line.version.map(|_| format!(" on {}", span(&line.period)));
            return format!(
                "{kwh} {unit} of {register}{} by {reads}",
                days.unwrap_or_default()
            );
        }
        if self.mix.intervals == 0 {
            return format!("{kwh} {unit} of {register}");
        }
        let intervals = count(self.mix.intervals, "interval");
        let span = span(&line.period);
        let hours = self.hours.as_ref().map_or("", |hours| &*hours.words);
        let begin = if hours.is_empty() { "" } else { " that begin " };
        let qualities = match self.mix.estimated {
            0 => String::new(),
            some => format!(
                " ({} given, {some} estimated with {} {unit})",
                self.mix.given(),
                said(&self.estimated_kwh)
            ),
        };
        let rounded = match self.rounding {
            None => String::new(),
            Some((0, how)) => format!(", each rounded {} to whole {unit}", mode(how)),
            Some((1, how)) => format!(", each rounded {} to 1 place", mode(how)),
            Some((places, how)) => format!(", each rounded {} to {places} places", mode(how)),
        };
        format!("{kwh} {unit} of {register} in {intervals}{qualities} of {span}{begin}{hours}{rounded}")
    }

    /// `kWh`, or `kvarh`.
    pub(super) fn unit(&self) -> &'static str {
        self.register.unit().word()
    }

    /// The same by name.
    pub(super) fn facts(&self) -> Value {
        let mut facts = Map::new();
        let mut fact = |name: &str, fact: Value| facts.insert(name.to_owned(), fact);
        fact("register", json!(self.register.name()));
        fact("kwh", number(&self.kwh));
        if self.mix.no_column {
            fact("no_such_column", json!(true));
        } else if self.reads.is_empty() {
            fact("intervals", json!(self.mix.intervals));
            fact("estimated", json!(self.mix.estimated));
        } else {
            fact("reads", self.reads.iter().map(ReadUse::facts).collect());
        }
        fact("qualities", self.qualities());
        if let Some(hours) = self.hours.as_ref().and_then(|hours| hours.facts()) {
            fact("hours", hours);
        }
        if let Some((places, mode)) = self.rounding {
            fact(
                "interval_kwh_rounding",
                json!({"mode": mode.name(), "places": places}),
            );
        }
        Value::Object(facts)
    }

    /// Energy by what it is worth; what there is nothing of is left out. Of intervals `given` by the load and `estimated` for it: what
    /// the load's own column says of them is for people (`RATING` 1.2). Of reads `actual` and `estimated`.
    fn qualities(&self) -> Value {
        let mut qualities = Vec::new();
        if self.reads.is_empty() {
            let given = self.kwh.minus(&self.estimated_kwh);
            let some = [
                ("given", self.mix.given(), &given),
                ("estimated", self.mix.estimated, &self.estimated_kwh),
            ];
            for (quality, intervals, kwh) in some.into_iter().filter(|(_, intervals, _)| *intervals > 0) {
                qualities.push(json!({"quality": quality, "intervals": intervals, "kwh": number(kwh)}));
            }
        }
        for estimated in [false, true] {
            let mine = self.reads.iter().filter(|read| read.estimated == estimated);
            let kwh: Vec<Exact> = mine.map(ReadUse::kwh).collect();
            if !kwh.is_empty() {
                let quality = ReadUse::quality(estimated);
                qualities.push(json!({"quality": quality, "kwh": number(&Exact::sum(&kwh))}));
            }
        }
        Value::Array(qualities)
    }
}

impl ReadUse {
    /// What of the use it gives, as a formula.
    fn formula(&self) -> String {
        let difference = match &self.rollover {
            Some(rollover) => format!("({} - {} + {rollover})", self.later, self.earlier),
            None => format!("({} - {})", self.later, self.earlier),
        };
        let times = if self.multiplier == Exact::ONE {
            String::new()
        } else {
            format!(" x {}", term(&self.multiplier))
        };
        let days = if self.days == self.of_days {
            String::new()
        } else {
            format!(" x {}/{}", self.days, self.of_days)
        };
        format!("{difference}{times}{days}")
    }

    const fn quality(estimated: bool) -> &'static str {
        if estimated { "estimated" } else { "actual" }
    }

    fn words(&self) -> String {
        let estimated = if self.estimated { " (estimated)" } else { "" };
        format!(
            "{} of meter {} from {} to {}{estimated}",
            self.formula(),
            self.meter,
            self.from,
            self.to
        )
    }

    fn facts(&self) -> Value {
        json!({
            "meter": self.meter, "from": self.from.to_string(), "to": self.to.to_string(), "earlier": number(&self.earlier),
            "later": number(&self.later), "rollover": self.rollover.as_ref().map(number), "multiplier": number(&self.multiplier),
            "estimated": self.estimated, "quality": Self::quality(self.estimated), "kwh": number(&self.kwh()),
            "days": self.days.to_string(), "of_days": self.of_days.to_string(), "formula": self.formula(),
        })
    }
}

impl StepHow {
    /// A limit is inside its step.
    pub(super) fn inclusive(&self, unit: &str) -> String {
        match (&self.above, &self.up_to) {
            (None, None) => "of any size".to_owned(),
            (None, Some(up_to)) => format!("up to {up_to} {unit}"),
            (Some(above), Some(up_to)) => format!("above {above} and up to {up_to} {unit}"),
            (Some(above), None) => format!("above {above} {unit}"),
        }
    }

    /// A limit belongs to the next step.
    pub(super) fn exclusive(&self, unit: &str) -> String {
        match (&self.above, &self.up_to) {
            (None, None) => "of any size".to_owned(),
            (None, Some(up_to)) => format!("below {up_to} {unit}"),
            (Some(above), Some(up_to)) => format!("from {above} to below {up_to} {unit}"),
            (Some(above), None) => format!("from {above} {unit} on"),
        }
    }
}
