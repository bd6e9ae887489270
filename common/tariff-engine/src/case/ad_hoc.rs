//! Cases that nobody wrote down: a tariff and a load, for a person.

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;

use super::cycle::{Cycle, Edge};
use super::neutral::NeutralCase;
use super::urdb::{RecordCase, next_month};
use super::{Case, CaseError, Kind, Paths};
use crate::event::Event;
use crate::load::Rows;
use crate::local;
use crate::reader::Problems;
use crate::tariff::Tariff;
use crate::urdb::{Record, Span};
use crate::values::Values;

/// Whether a text is a rate record rather than a neutral tariff.
#[must_use]
pub fn is_record(text: &str) -> bool {
    Record::looks_like(text)
}

/// What a person may say beside a tariff and a load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// Of a rate record, which has no time zone of its own; of a neutral tariff its own.
    pub zone: Option<Tz>,
    /// The first date of the only cycle and the date after its last; `None` = a cycle for every calendar month that the load touches.
    pub cycle: Option<(NaiveDate, NaiveDate)>,
    /// Numbers that the tariff calls by name.
    pub values: Values,
    /// What was called out; `None` = nobody says, and a tariff about events is refused.
    pub events: Option<Vec<Event>>,
}

impl Case {
    /// A case of a tariff and a load.
    ///
    /// # Errors
    /// [`CaseError`].
    pub fn of_load(tariff: &str, load: &str, given: Given) -> Result<Self, CaseError> {
        let Given {
            zone,
            cycle,
            values,
            events,
        } = given;
        let rows = Rows::parse(load).map_err(CaseError::Load)?;
        let span = rows.as_of(None).span();
        let span = span.ok_or_else(|| CaseError::Load("there are no rows".to_owned()))?;
        let beyond = || CaseError::Load("its time is beyond the calendar".to_owned());
        let kind = if Record::looks_like(tariff) {
            let zone = zone.ok_or_else(|| case_error("a rate record needs a time zone"))?;
            let months = months(zone, span, cycle)?.ok_or_else(beyond)?;
            Kind::Record(Box::new(RecordCase::plain(months)))
        } else {
            let tariff = Tariff::parse(tariff).map_err(CaseError::Tariff)?;
            if zone.is_some_and(|zone| zone != tariff.zone()) {
                return Err(case_error(&format!(
                    "the tariff's time zone is {}",
                    tariff.zone()
                )));
            }
            let cycles = match cycle {
                Some((from, to)) => vec![cycle_of(Edge::of_date(from), Edge::of_date(to))],
                None => cycles(tariff.zone(), span).ok_or_else(beyond)?,
            };
            Kind::Neutral(Box::new(NeutralCase::plain(cycles, values, events)))
        };
        Ok(Self {
            id: String::new(),
            paths: Paths::default(),
            kind,
        })
    }
}

fn case_error(reason: &str) -> CaseError {
    let mut problems = Problems::default();
    problems.add("", reason);
    CaseError::Case(problems)
}

fn cycle_of(from: Edge, to: Edge) -> Cycle {
    Cycle {
        from,
        to,
        as_of_ms: None,
    }
}

/// A cycle for every month; the first and the last begin and end with the load.
fn cycles(zone: Tz, (start, end): (i64, i64)) -> Option<Vec<Cycle>> {
    let mut cycles = Vec::new();
    let mut at = start;
    while at < end {
        let month_end = local::midnight(zone, next_month(local::date(zone, at)?)?)?;
        let until = month_end.min(end);
        cycles.push(cycle_of(edge(zone, at)?, edge(zone, until)?));
        at = until;
    }
    Some(cycles)
}

/// A date where the instant is a midnight.
fn edge(zone: Tz, at: i64) -> Option<Edge> {
    let date = local::date(zone, at)?;
    let is_midnight = local::midnight(zone, date)? == at;
    Some(if is_midnight {
        Edge::of_date(date)
    } else {
        Edge::of_instant(at)
    })
}

/// The whole months of a rate record; `None` beyond the calendar.
fn months(
    zone: Tz,
    (start, end): (i64, i64),
    cycle: Option<(NaiveDate, NaiveDate)>,
) -> Result<Option<Vec<Span>>, CaseError> {
    if let Some((from, to)) = cycle
        && (from.day() != 1 || to.day() != 1 || from >= to)
    {
        return Err(case_error("a rate record bills whole calendar months"));
    }
    let whole = || {
        let last = end.checked_sub(1)?;
        let (from, to) = match cycle {
            Some(cycle) => cycle,
            None => (
                local::date(zone, start)?.with_day(1)?,
                next_month(local::date(zone, last)?)?,
            ),
        };
        let mut months = Vec::new();
        let mut first = from;
        while first < to {
            let next = next_month(first)?;
            let (start_ms, end_ms) = (local::midnight(zone, first)?, local::midnight(zone, next)?);
            months.push(Span {
                first,
                next,
                start_ms,
                end_ms,
                offsets: local::offsets(zone, start_ms, end_ms)?,
            });
            first = next;
        }
        Some(months)
    };
    Ok(whole())
}

/// `FROM..TO` as two dates.
///
/// # Errors
/// A sentence.
pub fn parse_cycle(text: &str) -> Result<(NaiveDate, NaiveDate), String> {
    let date = |text: &str| text.parse::<NaiveDate>().ok();
    let dates = text
        .split_once("..")
        .and_then(|(from, to)| Some((date(from)?, date(to)?)));
    dates.filter(|(from, to)| from < to).ok_or_else(|| {
        "must be two dates like 2026-01-01..2026-02-01, the second after the last day".to_owned()
    })
}
