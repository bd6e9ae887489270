//! What sentences have in common: times, and where energy comes from.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::{ReadUse, Source, StepHow};
use crate::exact::Exact;
use crate::explanation::{listed, mode, number, said, term};
use crate::instant;
use crate::local;
use crate::period::Period;
use crate::scene::Mix;
use crate::statement::{Line, Register};

/// `2026-01-31 18:15` on the clock of the zone.
pub(crate) fn moment(zone: Tz, at: i64) -> String {
    let local = at.saturating_add(local::offset_ms(zone, at).unwrap_or_default());
    let text = instant::show(local).replace('T', " ");
    text.trim_end_matches(":00Z").trim_end_matches('Z').to_owned()
}

/// The first day, or time, and the one after the last.
pub(crate) fn stretch(period: &Period) -> (String, String) {
    let edge = |at: i64| {
        let date: Option<NaiveDate> = local::date(period.zone, at);
        let whole = date.filter(|date| local::midnight(period.zone, *date) == Some(at));
        whole.map_or_else(|| moment(period.zone, at), |date| date.to_string())
    };
    (edge(period.start_ms), edge(period.end_ms))
}

/// `2 days of 2024-06-03 to 2024-06-05`.
pub(super) fn days(line: &Line, count: usize) -> String {
    let (from, to) = stretch(&line.period);
    format!("{count} days of {from} to {to}")
}

/// Start and kW of windows.
pub(super) fn windows(line: &Line, windows: &[(i64, Exact)]) -> String {
    let window = |(at, kw): &(i64, Exact)| format!("{} kW at {}", said(kw), moment(line.period.zone, *at));
    listed(windows.iter().map(window))
}

impl Source {
    /// `12.5 kWh of import in 4 intervals (1 of them estimated) of 2024-06-03 to 2024-06-05`.
    pub(super) fn words(&self, line: &Line) -> String {
        let unit = if self.register == Register::Reactive {
            "kvarh"
        } else {
            "kWh"
        };
        let what = format!("{} {unit} of {}", said(&self.kwh), self.register.name());
        if self.mix.no_column {
            return format!("{what} (the load has no such column)");
        }
        if !self.reads.is_empty() {
            return format!("{what} by {}", listed(self.reads.iter().map(ReadUse::words)));
        }
        let Mix {
            intervals, estimated, ..
        } = self.mix;
        if intervals == 0 {
            return what;
        }
        let (from, to) = stretch(&line.period);
        let plural = if intervals == 1 { "" } else { "s" };
        let some = if estimated == 0 {
            String::new()
        } else {
            format!(" ({estimated} of them estimated)")
        };
        let rounded = self
            .rounding
            .map(|(places, how)| format!(", each rounded {} to {places} places", mode(how)));
        format!(
            "{what} in {intervals} interval{plural}{some} of {from} to {to}{}",
            rounded.unwrap_or_default()
        )
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
        if let Some((places, mode)) = self.rounding {
            fact(
                "interval_kwh_rounding",
                json!({"mode": mode.name(), "places": places}),
            );
        }
        Value::Object(facts)
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

    fn words(&self) -> String {
        let estimated = if self.estimated { ", estimated" } else { "" };
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
            "estimated": self.estimated, "days": self.days.to_string(), "of_days": self.of_days.to_string(), "formula": self.formula(),
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
