//! Bands that never hold, and bands of which two hold at once.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use super::{Finding, Subject, charge_path};
use crate::charge::{BandRule, Charge};
use crate::event::Calendar;
use crate::rule::DAY_MINUTES;
use crate::tariff::Version;

/// Days that are looked at: two years hold every kind of day in every month, and a leap day among four.
const DAYS: usize = 1461;
/// Where days begin if nothing else says so: a Monday and a leap year.
const FIRST: (i32, u32, u32) = (2024, 1, 1);

pub(super) fn unreachable_and_overlapping(subject: &Subject<'_>) -> Vec<Finding> {
    let tariff = subject.tariff;
    let calendar = Calendar {
        holidays: tariff.holidays.clone(),
        events: Vec::new(),
    };
    let mut findings = Vec::new();
    for (number, version) in tariff.versions.iter().enumerate() {
        let days = days(version, &tariff.holidays);
        for (index, charge) in version.charges.iter().enumerate() {
            let path = charge_path(tariff, number, index);
            findings.extend(of_charge(charge, &path, &days, &calendar));
        }
    }
    findings
}

/// The days of a version, as far as more of them would show nothing new.
fn days(version: &Version, holidays: &BTreeSet<NaiveDate>) -> BTreeSet<NaiveDate> {
    let (year, month, day) = FIRST;
    let usual = || NaiveDate::from_ymd_opt(year, month, day).or(version.to.and_then(|to| to.pred_opt()));
    let inside = |day: &NaiveDate| {
        version.from.is_none_or(|from| *day >= from) && version.to.is_none_or(|to| *day < to)
    };
    let first = version.from.or_else(usual);
    let run = first.into_iter().flat_map(|first| first.iter_days().take(DAYS));
    run.chain(holidays.iter().copied()).filter(inside).collect()
}

fn of_charge(charge: &Charge, path: &str, days: &BTreeSet<NaiveDate>, calendar: &Calendar) -> Vec<Finding> {
    let bands = charge.pricing().bands();
    if bands.len() < 2 || days.is_empty() {
        return Vec::new();
    }
    let mut minutes: BTreeSet<u32> = charge.pricing().edges(calendar).into_iter().collect();
    minutes.insert(0);
    minutes.remove(&DAY_MINUTES);
    let mut reached = vec![false; bands.len()];
    let mut overlaps: Vec<(usize, usize, NaiveDate, u32)> = Vec::new();
    for day in days {
        for minute in &minutes {
            let holds =
                |band: &BandRule<'_>| band.when.is_none_or(|when| when.holds(*day, *minute, calendar));
            // Of the last band, which takes what is left, nothing overlaps.
            let ruled = bands
                .iter()
                .enumerate()
                .filter(|(_, band)| band.when.is_some() && holds(band));
            let mut ruled = ruled.map(|(index, _)| index);
            let first = ruled.next().unwrap_or(bands.len().saturating_sub(1));
            if let Some(reached) = reached.get_mut(first) {
                *reached = true;
            }
            for other in ruled {
                if !overlaps.iter().any(|known| (known.0, known.1) == (first, other)) {
                    overlaps.push((first, other, *day, *minute));
                }
            }
        }
    }
    let name = |index: usize| bands.get(index).map_or("", |band| band.name);
    let place = |index: usize| {
        if bands.get(index).is_some_and(|band| band.when.is_some()) {
            format!("{path}.bands[{index}]")
        } else {
            format!("{path}.otherwise")
        }
    };
    let is_called = |index: usize| {
        bands
            .get(index)
            .and_then(|band| band.when)
            .is_some_and(crate::rule::When::is_called)
    };
    let never = reached
        .iter()
        .enumerate()
        .filter(|(index, reached)| !**reached && !is_called(*index));
    let never = never.map(|(index, _)| {
        let text = format!(
            "{} never holds: what comes before it takes every interval, or no day fits",
            name(index)
        );
        Finding::warning("BAND_UNREACHABLE", place(index), text)
    });
    let both = overlaps.iter().map(|(first, other, day, minute)| {
        let text = format!(
            "{} and {} both hold, for example on {day} ({}) at {:02}:{:02}; {} counts, as it comes first",
            name(*first),
            name(*other),
            day.weekday(),
            minute.checked_div(60).unwrap_or_default(),
            minute.checked_rem(60).unwrap_or_default(),
            name(*first)
        );
        Finding::warning("BAND_OVERLAP", place(*other), text)
    });
    never.chain(both).collect()
}
