//! Bands that never hold, and bands of which two hold at once.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use super::{Finding, Subject, charge_path};
use crate::charge::{BandRule, Charge};
use crate::event::Calendar;
use crate::rule::{DAY_MINUTES, Open};
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
            let bands = charge.pricing().bands().into_iter().enumerate();
            let bands = bands.map(|(place, band)| (band, band.open(tariff.written(version, index), place)));
            findings.extend(of_charge(
                charge,
                &bands.collect::<Vec<_>>(),
                &path,
                (&days, &calendar),
            ));
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

/// A rule that depends on a value neither holds nor fails.
fn of_charge(
    charge: &Charge,
    bands: &[(BandRule<'_>, Option<Open>)],
    path: &str,
    (days, calendar): (&BTreeSet<NaiveDate>, &Calendar),
) -> Vec<Finding> {
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
            let mut first = None;
            for (index, (reached, (_, open))) in reached.iter_mut().zip(bands).enumerate() {
                let Some(open) = open else {
                    *reached |= first.is_none(); // the last band takes what is left, and nothing overlaps it
                    continue;
                };
                *reached |= first.is_none() && open.perhaps.holds(*day, *minute, calendar);
                if !open.surely.holds(*day, *minute, calendar) {
                    continue;
                }
                let before = *first.get_or_insert(index);
                let is_known = overlaps.iter().any(|known| (known.0, known.1) == (before, index));
                if before != index && !is_known {
                    overlaps.push((before, index, *day, *minute));
                }
            }
        }
    }
    let name = |index: usize| bands.get(index).map_or("", |(band, _)| band.name);
    let place = |index: usize| {
        if bands.get(index).is_some_and(|(band, _)| band.when.is_some()) {
            format!("{path}.bands[{index}]")
        } else {
            format!("{path}.otherwise")
        }
    };
    let is_called = |index: usize| {
        bands
            .get(index)
            .and_then(|(band, _)| band.when)
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
