//! A tariff as a calendar: what a kilowatt-hour of import costs in every hour of every month. For people; nothing is billed by it.
//! Values by name stand in it by their names, and what holds only by a value or in an event is named beside.

mod bands;

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};

use crate::charge::Charge;
use crate::event::Calendar;
use crate::exact::Exact;
use crate::reader::Problems;
use crate::statement::Register;
use crate::tariff::{Tariff, Version};
use crate::urdb::Record;
use bands::Bands;

/// Months of a year.
const MONTHS: u32 = 12;
/// Hours of a day.
const HOURS: u32 = 24;
/// A year that begins on a Monday, in which days are looked for if nothing else says so.
const YEAR: i32 = 2024;

/// The prices of a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// One for every group of days that are alike.
    pub pages: Vec<Page>,
    /// The prices that occur.
    pub prices: Vec<Price>,
    /// What is not in the picture.
    pub beside: Vec<Beside>,
}

/// What is not in the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The id of a charge (tiers, demand, fees ...), with that of a band.
    pub name: String,
    /// Why a band holds at times that nobody knows; `None` for a charge that is no price of imported energy by the clock.
    pub reason: Option<String>,
}

impl Beside {
    fn charge(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            reason: None,
        }
    }
}

/// The hours of the year on days that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// `mon` .. `sun`, `hol`.
    pub days: Vec<&'static str>,
    /// By month and hour.
    pub hours: Vec<Vec<Hour>>,
}

/// One hour of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    /// Index into the prices: the one at its beginning.
    pub price: usize,
    /// Another price begins inside.
    pub changes: bool,
}

/// A price and its bands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Of a kilowatt-hour, without what values by name add.
    pub rate: Exact,
    /// What they add: `{day_price}`, or `-{day_price}`.
    pub values: Vec<String>,
    /// The bands or periods it is made of, joined by ` + `.
    pub name: String,
}

impl Price {
    /// `0.25`, or `{day_price} + 0.05`.
    #[must_use]
    pub fn text(&self) -> String {
        let known = Some(self.rate.to_string()).filter(|_| self.values.is_empty() || !self.rate.is_zero());
        let parts: Vec<String> = self.values.iter().cloned().chain(known).collect();
        parts.join(" + ")
    }
}

/// Kinds of days.
const DAYS: [(&str, Option<Weekday>); 8] = [
    ("mon", Some(Weekday::Mon)),
    ("tue", Some(Weekday::Tue)),
    ("wed", Some(Weekday::Wed)),
    ("thu", Some(Weekday::Thu)),
    ("fri", Some(Weekday::Fri)),
    ("sat", Some(Weekday::Sat)),
    ("sun", Some(Weekday::Sun)),
    ("hol", None),
];

impl Picture {
    /// Of the text of a tariff, neutral or a rate record: the version that holds on `on`, otherwise the last.
    ///
    /// # Errors
    /// [`Problems`] of the text, or that no version holds on `on`.
    pub fn of(text: &str, on: Option<NaiveDate>) -> Result<Self, Problems> {
        if Record::looks_like(text) {
            return Ok(Self::of_record(&Record::parse(text)?));
        }
        let tariff = Tariff::parse(text)?;
        let holds = |version: &&Version| match on {
            Some(on) => version.from.is_none_or(|from| on >= from) && version.to.is_none_or(|to| on < to),
            None => true,
        };
        let Some(version) = tariff.versions.iter().rfind(holds) else {
            let mut problems = Problems::default();
            problems.add_as("VERSION_GAP", "versions", "no version covers the day");
            return Err(problems);
        };
        Ok(Self::of_version(&tariff, version))
    }

    fn of_version(tariff: &Tariff, version: &Version) -> Self {
        let is_import = |charge: &Charge| {
            let energy = charge.energy();
            energy.is_some_and(|energy| energy.measure().register == Register::Import)
        };
        let numbered = version.charges.iter().enumerate();
        let (energy, others): (Vec<_>, Vec<_>) = numbered.partition(|(_, charge)| is_import(charge));
        let energy = energy.into_iter();
        let energy: Vec<Bands<'_>> = energy
            .map(|(index, charge)| Bands::of(charge, tariff.written(version, index)))
            .collect();
        let others = others.into_iter().map(|(_, charge)| Beside::charge(&charge.id));
        let mut picture = Self::empty(energy.iter().flat_map(Bands::beside).chain(others).collect());
        for (name, weekday) in DAYS {
            if weekday.is_none() && tariff.holidays.is_empty() {
                continue;
            }
            let mut page = Vec::new();
            for month in 1..=MONTHS {
                let day = day_of(month, weekday);
                let holidays = day.filter(|_| weekday.is_none()).into_iter().collect();
                let calendar = Calendar {
                    holidays,
                    events: Vec::new(),
                };
                let price = |minute| price_at(&energy, day.unwrap_or_default(), minute, &calendar);
                let edges: BTreeSet<u32> = energy
                    .iter()
                    .flat_map(|bands| bands.charge.pricing().edges(&calendar))
                    .collect();
                page.push(picture.hours(&edges, price));
            }
            picture.add(name, page);
        }
        picture
    }

    fn of_record(record: &Record) -> Self {
        let mut picture = Self::empty(record.beside().into_iter().map(Beside::charge).collect());
        for (name, weekday) in DAYS {
            let Some(weekday) = weekday else { continue };
            let is_weekend = matches!(weekday, Weekday::Sat | Weekday::Sun);
            let months = (1..=MONTHS).map(|month| {
                let price = |minute: u32| {
                    let hour = minute.checked_div(60).unwrap_or_default();
                    let (name, rate) = record.price_at(month, is_weekend, hour);
                    Price {
                        rate,
                        values: Vec::new(),
                        name,
                    }
                };
                picture.hours(&BTreeSet::new(), price)
            });
            let page = months.collect();
            picture.add(name, page);
        }
        picture
    }

    fn empty(beside: Vec<Beside>) -> Self {
        Self {
            pages: Vec::new(),
            prices: Vec::new(),
            beside,
        }
    }

    /// The hours of a month; prices that are new are added.
    fn hours(&mut self, edges: &BTreeSet<u32>, price: impl Fn(u32) -> Price) -> Vec<Hour> {
        let hours = 0..HOURS;
        let hours = hours.map(|hour| {
            let begin = hour.saturating_mul(60);
            let first = price(begin);
            let mut inside = edges.range(begin.saturating_add(1)..begin.saturating_add(60));
            let changes = inside.any(|minute| price(*minute) != first);
            let known = self.prices.iter().position(|other| *other == first);
            let index = known.unwrap_or_else(|| {
                self.prices.push(first);
                self.prices.len().saturating_sub(1)
            });
            Hour {
                price: index,
                changes,
            }
        });
        hours.collect()
    }

    /// Days that are like others before share their page.
    fn add(&mut self, day: &'static str, hours: Vec<Vec<Hour>>) {
        match self.pages.iter_mut().find(|page| page.hours == hours) {
            Some(page) => page.days.push(day),
            None => self.pages.push(Page {
                days: vec![day],
                hours,
            }),
        }
    }
}

/// A day of a month that is such a day of the week.
fn day_of(month: u32, weekday: Option<Weekday>) -> Option<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(YEAR, month, 1)?;
    let fits = |day: &NaiveDate| weekday.is_none_or(|weekday| day.weekday() == weekday);
    first.iter_days().take(7).find(fits)
}

/// The sum of all charges on imported energy.
fn price_at(charges: &[Bands<'_>], day: NaiveDate, minute: u32, calendar: &Calendar) -> Price {
    let (mut rate, mut values, mut names) = (Exact::ZERO, Vec::new(), Vec::new());
    for bands in charges {
        let pick = bands.pick(day, minute, calendar);
        match bands.value(pick) {
            Some(value) => values.push(value),
            None => rate = rate.plus(bands.rate(pick)),
        }
        names.push(bands.name(pick));
    }
    Price {
        rate,
        values,
        name: names.join(" + "),
    }
}

#[cfg(test)]
mod tests;
