//! Named stretches of a local clock that somebody called out (`RATING` 3.13), and the calendar that rules look at.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::reader::{At, Problems};
use crate::rule::Clock;

/// An event on a local date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What rules call it.
    pub name: String,
    /// The local date on which it begins.
    pub date: NaiveDate,
    pub(crate) clock: Clock,
}

/// What a rule needs to know of days beside their date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Calendar {
    pub(crate) holidays: BTreeSet<NaiveDate>,
    pub(crate) events: Vec<Event>,
}

impl Event {
    pub(crate) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let name = fields.need("name", problems).and_then(|at| at.text(problems));
        let date = fields.need("date", problems).and_then(|at| at.date(problems));
        let clock = Clock::read(&mut fields, problems);
        let path = fields.path.clone();
        fields.finish(problems);
        if clock == Some(None) {
            problems.add(&path, "must say from when to when");
        }
        Some(Self {
            name: name?.to_owned(),
            date: date?,
            clock: clock??,
        })
    }

    /// Whether `day` at `minute` of the local clock lies inside; also after midnight, if it runs that long.
    pub(crate) fn holds(&self, day: NaiveDate, minute: u32) -> bool {
        self.clock.holds_on(self.date, day, minute)
    }
}

impl Calendar {
    pub(crate) fn is_holiday(&self, day: NaiveDate) -> bool {
        self.holidays.contains(&day)
    }

    pub(crate) fn is_event(&self, name: &str, day: NaiveDate, minute: u32) -> bool {
        self.named(name).any(|event| event.holds(day, minute))
    }

    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Event> {
        self.events.iter().filter(move |event| event.name == name)
    }
}
