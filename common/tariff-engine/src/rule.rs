//! When a price holds (`RATING` 3.2): rules over month, day and local clock.

mod hours;
mod open;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, Weekday};

use crate::event::Calendar;
use crate::reader::{At, Fields, Problems};
pub use hours::Hours;
pub(crate) use open::Open;
pub(crate) use words::months;

/// Minutes of a clock's day.
pub(crate) const DAY_MINUTES: u32 = 1440;

/// A name of a day in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayName {
    Week(Weekday),
    Holiday,
}

/// The clock of a rule, minutes since 00:00; `to` is exclusive and may lie before `from`, past midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// One rule: all its parts must hold; a part that is absent holds always.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    months: Option<Vec<u32>>,
    days: Option<Vec<DayName>>,
    clock: Option<Clock>,
    event: Option<String>,
}

/// A list of rules, one of which must hold. A copy is a reference to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When(Arc<[Rule]>);

impl When {
    pub(crate) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let items = at.list(problems)?;
        if items.is_empty() {
            return at.wrong(problems, "must have a rule: an empty list never holds");
        }
        let rules: Vec<_> = items.iter().map(|item| Rule::read(item, problems)).collect();
        Some(Self(rules.into_iter().collect::<Option<_>>()?))
    }

    /// In some months.
    pub(crate) fn of_months(months: Vec<u32>) -> Self {
        let rule = Rule {
            months: Some(months),
            days: None,
            clock: None,
            event: None,
        };
        Self(Arc::new([rule]))
    }

    /// Of a band: one that is `ruled` must have it, `otherwise` has none.
    pub(crate) fn of_band(
        ruled: bool,
        fields: &mut Fields<'_>,
        problems: &mut Problems,
    ) -> Option<Option<Self>> {
        if !ruled {
            return Some(None);
        }
        let at = fields.need("when", problems)?;
        Self::read(&at, problems).map(Some)
    }

    /// Whether it holds for an interval that starts on `day` at `minute` of the local clock.
    pub(crate) fn holds(&self, day: NaiveDate, minute: u32, calendar: &Calendar) -> bool {
        self.0.iter().any(|rule| rule.holds(day, minute, calendar))
    }

    /// Whether events may make it hold.
    pub(crate) fn is_called(&self) -> bool {
        self.0.iter().any(|rule| rule.event.is_some())
    }

    /// The names of those events.
    pub(crate) fn events(&self) -> BTreeSet<&str> {
        self.0.iter().filter_map(|rule| rule.event.as_deref()).collect()
    }

    /// The minutes of the clock at which the answer may change.
    pub(crate) fn edges(&self, calendar: &Calendar) -> Vec<u32> {
        let events = |rule: &Rule| {
            let name = rule.event.clone().unwrap_or_default();
            calendar.named(&name).map(|event| event.clock).collect::<Vec<_>>()
        };
        let clocks = self.0.iter().flat_map(|rule| {
            let own = rule.clock.into_iter();
            own.chain(events(rule)).collect::<Vec<_>>()
        });
        clocks.flat_map(|clock| [clock.from, clock.to]).collect()
    }
}

impl Rule {
    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let months = fields.maybe("months", problems, |at, problems| {
            at.several(problems, read_month)
        });
        let days = fields.maybe("days", problems, |at, problems| at.several(problems, read_day));
        let clock = Clock::read(&mut fields, problems);
        let event = fields.maybe("event", problems, |at, problems| {
            at.text(problems).map(str::to_owned)
        });
        fields.finish(problems);
        Some(Self {
            months: months?,
            days: days?,
            clock: clock?,
            event: event?,
        })
    }

    fn holds(&self, day: NaiveDate, minute: u32, calendar: &Calendar) -> bool {
        let date = day;
        let month = self
            .months
            .as_ref()
            .is_none_or(|months| months.contains(&day.month()));
        let name = if calendar.is_holiday(day) {
            DayName::Holiday
        } else {
            DayName::Week(day.weekday())
        };
        let day = self.days.as_ref().is_none_or(|days| days.contains(&name));
        let event = self
            .event
            .as_ref()
            .is_none_or(|name| calendar.is_event(name, date, minute));
        month && day && event && self.clock.is_none_or(|clock| clock.holds(minute))
    }
}

impl Clock {
    pub(crate) fn holds(self, minute: u32) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }

    /// Whether `minute` of `day` lies in the one stretch that begins on `date`.
    pub(crate) fn holds_on(self, date: NaiveDate, day: NaiveDate, minute: u32) -> bool {
        if self.from < self.to {
            day == date && (self.from..self.to).contains(&minute)
        } else {
            (day == date && minute >= self.from) || (date.succ_opt() == Some(day) && minute < self.to)
        }
    }

    /// `Some(None)` = there is no clock.
    pub(crate) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Option<Self>> {
        let path = fields.path.clone();
        let from = fields.get("from").map(|at| read_time(&at, problems));
        let to = fields.get("to").map(|at| read_time(&at, problems));
        if from.is_none() && to.is_none() {
            return Some(None);
        }
        let mut clock = Self {
            from: from.unwrap_or(Some(0))?,
            to: to.unwrap_or(Some(DAY_MINUTES))?,
        };
        if clock.from == DAY_MINUTES && clock.to != DAY_MINUTES {
            clock.from = 0; // the end of a day is the beginning of the next
        }
        if clock.from == clock.to {
            problems.add(
                &path,
                "from and to leave it open whether this is nothing or the whole day",
            );
            return None;
        }
        Some(Some(clock))
    }
}

pub(crate) fn read_month(at: &At<'_>, problems: &mut Problems) -> Option<u32> {
    let month = at
        .number(problems)?
        .to_whole()
        .and_then(|month| u32::try_from(month).ok());
    let month = month.filter(|month| (1..=12).contains(month));
    month.or_else(|| at.wrong(problems, "must be a month, 1 to 12"))
}

fn read_day(at: &At<'_>, problems: &mut Problems) -> Option<DayName> {
    Some(match at.text(problems)? {
        "mon" => DayName::Week(Weekday::Mon),
        "tue" => DayName::Week(Weekday::Tue),
        "wed" => DayName::Week(Weekday::Wed),
        "thu" => DayName::Week(Weekday::Thu),
        "fri" => DayName::Week(Weekday::Fri),
        "sat" => DayName::Week(Weekday::Sat),
        "sun" => DayName::Week(Weekday::Sun),
        "hol" => DayName::Holiday,
        _ => return at.wrong(problems, "must be mon, tue, wed, thu, fri, sat, sun or hol"),
    })
}

/// `HH:MM` from 00:00 to 24:00, as minutes.
fn read_time(at: &At<'_>, problems: &mut Problems) -> Option<u32> {
    let text = at.text(problems)?;
    let parse = || {
        let (hours, minutes) = text.split_once(':')?;
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(hours) || !digits(minutes) {
            return None;
        }
        let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let total = hours.checked_mul(60)?.checked_add(minutes)?;
        (minutes < 60 && total <= DAY_MINUTES).then_some(total)
    };
    parse().or_else(|| at.wrong(problems, "must be a clock time from 00:00 to 24:00"))
}

#[cfg(test)]
mod tests;
