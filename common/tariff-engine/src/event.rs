//! Named stretches of a local clock that somebody called out (`RATING` 3.13), and the calendar that rules look at.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::reader::{self, At, Problems};
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
    /// Reads events as a case lists them: `[{"name", "date", "from", "to"}]`.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong, each with its path.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Problems> {
        reader::document(text, Self::read_list)
    }

    pub(crate) fn read_list(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Self>> {
        let items = at.list(problems)?;
        let read: Vec<_> = items.iter().map(|at| Self::read(at, problems)).collect();
        let mut seen = BTreeMap::new();
        for (item, event) in items.iter().zip(&read) {
            let Some(event) = event else { continue };
            let key = (&event.name, event.date, event.clock.from, event.clock.to);
            match seen.entry(key) {
                Entry::Vacant(entry) => drop(entry.insert(&item.path)),
                // It would be paid for twice.
                Entry::Occupied(entry) => problems.add(&item.path, format!("is {} again", entry.get())),
            }
        }
        read.into_iter().collect()
    }

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

/// Whether what is known of events is enough for a tariff that calls them by `names`: a list, in which there may be none of a name, but
/// none whose name differs from one of `names` in capitals alone.
///
/// # Errors
/// [`Problems`]: nothing is known of events, or a name is misspelt.
pub(crate) fn check(names: &BTreeSet<String>, events: Option<&Vec<Event>>) -> Result<(), Problems> {
    let mut problems = Problems::default();
    if events.is_none() && !names.is_empty() {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let reason = format!(
            "must be given, because the tariff is about {}; an empty list if there were none",
            names.join(", ")
        );
        problems.add("events", reason);
    }
    for (index, event) in events.into_iter().flatten().enumerate() {
        let is_near = |name: &&String| **name != event.name && name.eq_ignore_ascii_case(&event.name);
        if let Some(name) = names
            .iter()
            .find(is_near)
            .filter(|_| !names.contains(&event.name))
        {
            let reason = format!("is {}, and the tariff is about {name}", event.name);
            problems.add(&format!("events[{index}].name"), reason);
        }
    }
    if problems.all().is_empty() {
        Ok(())
    } else {
        Err(problems)
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
