//! What an agreement's bill is made of: its stretches of time, and the meter channels of its recipe.

use std::collections::HashMap;

use chrono_tz::Tz;
use model::Channel;
use proto::billing::{Agreement, Assignment, Calendar};
use tariff_engine::{Period, local};

use super::index::{Index, MeterFacts};
use crate::cycle::{RUN_AFTER_DAYS, Stretch};
use crate::store::Term;
use crate::time;

/// The stretches of an agreement, one per assignment, in order of time.
pub(crate) fn stretches(
    agreement: &Agreement,
    zone: Tz,
    calendars: &HashMap<String, Calendar>,
) -> Vec<Stretch> {
    let (from_ms, to_ms) = (time::start(&agreement.from), time::end(&agreement.to));
    let begins = |assignment: &Assignment| {
        let date = assignment.from.parse().ok();
        date.and_then(|date| local::midnight(zone, date))
            .map_or(from_ms, |start| start.max(from_ms))
    };
    let mut stretches = Vec::new();
    for (index, assignment) in agreement.assignments.iter().enumerate() {
        let start_ms = if index == 0 { from_ms } else { begins(assignment) };
        let next = agreement.assignments.get(index.saturating_add(1));
        let end_ms = next.map_or(to_ms, |next| begins(next).min(to_ms));
        let calendar = calendars.get(&assignment.calendar_id);
        if start_ms < end_ms {
            stretches.push(Stretch {
                assignment: index,
                start_ms,
                end_ms,
                billing_day: calendar.map_or(1, |calendar| calendar.billing_day),
                run_after_days: calendar
                    .and_then(|calendar| calendar.run_after_days)
                    .unwrap_or(RUN_AFTER_DAYS),
            });
        }
    }
    stretches
}

/// The meter channels whose energy an assignment bills in a period, in a stable order; without their reads.
pub(crate) fn terms(index: &Index, point: &str, assignment: &Assignment, period: &Period) -> Vec<Term> {
    let mut found = Vec::new();
    if assignment.recipe.is_empty() {
        for (meter, facts) in index.meters_at(point) {
            for channel in facts.channels {
                push_terms(&mut found, (1, meter, *channel), facts, Some(point), period);
            }
        }
    } else {
        for term in &assignment.recipe {
            let channel = Channel::from_word(&term.channel).unwrap_or(Channel::Import);
            if let Some(facts) = index.meter(&term.meter_id) {
                push_terms(
                    &mut found,
                    (term.sign, &term.meter_id, channel),
                    facts,
                    None,
                    period,
                );
            }
        }
    }
    found.sort_by(|a, b| {
        let key = |term: &Term| (term.from_ms, term.channel, term.sign);
        key(a).cmp(&key(b)).then_with(|| a.meter_id.cmp(&b.meter_id))
    });
    found
}

/// A term for every stay of the meter, at `point` or, where a recipe names it, anywhere.
fn push_terms(
    found: &mut Vec<Term>,
    (sign, meter, channel): (i32, &str, Channel),
    facts: &MeterFacts,
    point: Option<&str>,
    period: &Period,
) {
    for place in facts
        .places
        .iter()
        .filter(|place| point.is_none_or(|point| *place.point == *point))
    {
        if let Some(part) = period.part(place.from_ms, place.to_ms) {
            found.push(Term {
                sign,
                meter_id: meter.to_owned(),
                channel: channel.code(),
                from_ms: part.start_ms,
                to_ms: part.end_ms,
                default_seconds: facts.interval_seconds,
                sent: Vec::new(),
                contests: Vec::new(),
            });
        }
    }
}
