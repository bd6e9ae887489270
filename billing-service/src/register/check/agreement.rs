//! Whether an agreement may stand in the register: it names what exists and fits, and overlaps no other at its point.

use chrono_tz::Tz;
use model::Channel;
use proto::billing::{Account, Agreement, Assignment, Calendar};

use super::super::staging::Staging;
use super::{MAX_PARTS, check_decimal, check_id, check_range, conflict, invalid, overlap};
use crate::error::Error;

/// Longest id of an agreement: ids of bills append a date and a revision.
const MAX_AGREEMENT_ID: usize = 48;

pub(in crate::register) async fn agreement(
    register: &mut Staging<'_>,
    agreement: &mut Agreement,
) -> Result<Option<Agreement>, Error> {
    check_id("id", &agreement.id)?;
    if agreement.id.len() > MAX_AGREEMENT_ID {
        return invalid(
            "BAD_ID",
            format!("the id of an agreement has at most {MAX_AGREEMENT_ID} characters"),
        );
    }
    let (from, to) = check_range(&mut agreement.from, &mut agreement.to)?;
    let account: Account = register.find(&agreement.account_id).await?;
    let zone = {
        let index = register.index();
        let Some(point) = index.point(&agreement.service_point_id) else {
            return Err(Error::NotFound {
                what: "service point",
                id: agreement.service_point_id.clone(),
            });
        };
        let others = index
            .agreements_at(&agreement.service_point_id)
            .filter(|(id, _)| *id != agreement.id);
        if let Some((other, _)) = others
            .into_iter()
            .find(|(_, other)| overlap((from, to), (other.from_ms, other.to_ms)))
        {
            let message = format!(
                "{other} covers {} in that time already",
                agreement.service_point_id
            );
            return conflict("AGREEMENT_OVERLAP", message);
        }
        point.zone
    };
    check_order(agreement, zone, from)?;
    for number in 0..agreement.assignments.len() {
        if let Some(assignment) = agreement.assignments.get_mut(number) {
            check_assignment(register, assignment, zone, &account).await?;
        }
    }
    Ok(register.lookup(&agreement.id).await?)
}

/// Assignments follow each other, and the first covers the agreement's beginning.
fn check_order(agreement: &Agreement, zone: Tz, from_ms: i64) -> Result<(), Error> {
    if agreement.assignments.is_empty() || agreement.assignments.len() > MAX_PARTS {
        return invalid(
            "NO_ASSIGNMENT",
            format!("an agreement has 1 to {MAX_PARTS} assignments of tariff and calendar"),
        );
    }
    let mut before: Option<chrono::NaiveDate> = None;
    for (number, assignment) in agreement.assignments.iter().enumerate() {
        if number == 0 && assignment.from.is_empty() {
            continue;
        }
        let Ok(date) = assignment.from.parse::<chrono::NaiveDate>() else {
            return invalid(
                "BAD_DATE",
                format!("{:?} is no date like 2026-01-31", assignment.from),
            );
        };
        let first_day = tariff_engine::local::date(zone, from_ms);
        if number == 0 && first_day.is_none_or(|first| date > first) {
            return invalid("NO_ASSIGNMENT", "the first assignment begins after the agreement");
        }
        if before.is_some_and(|before| date <= before) {
            return invalid("BAD_DATE", "assignments must be in order of from");
        }
        before = Some(date);
    }
    Ok(())
}

async fn check_assignment(
    register: &mut Staging<'_>,
    assignment: &mut Assignment,
    zone: Tz,
    account: &Account,
) -> Result<(), Error> {
    let (tariff_zone, currency) = register.zone_and_currency(&assignment.tariff_id).await?;
    let _calendar: Calendar = register.find(&assignment.calendar_id).await?;
    let tariff = &assignment.tariff_id;
    if tariff_zone != zone {
        let message = format!("tariff {tariff} is of zone {tariff_zone}, the service point of {zone}");
        return conflict("ZONE_MISMATCH", message);
    }
    if currency != account.currency {
        let message = format!(
            "tariff {tariff} is in {currency}, account {} in {}",
            account.id, account.currency
        );
        return conflict("CURRENCY_MISMATCH", message);
    }
    if assignment.recipe.len() > MAX_PARTS {
        return invalid("TOO_MANY", format!("a recipe has at most {MAX_PARTS} terms"));
    }
    for term in &mut assignment.recipe {
        if term.sign != 1 && term.sign != -1 {
            return invalid("BAD_RECIPE", "the sign of a recipe's term must be 1 or -1");
        }
        if term.channel.is_empty() {
            Channel::Import.word().clone_into(&mut term.channel);
        }
        if Channel::from_word(&term.channel).is_none() {
            return invalid(
                "BAD_CHANNEL",
                format!("{:?} is not IMPORT, EXPORT or REACTIVE", term.channel),
            );
        }
        if !register.has_meter(&term.meter_id) {
            return Err(Error::NotFound {
                what: "meter",
                id: term.meter_id.clone(),
            });
        }
    }
    for (name, value) in &assignment.values {
        if name.trim().is_empty() {
            return invalid("VALUE_NAMELESS", "a value has no name: no price can ask for it");
        }
        check_decimal(name, value)?;
    }
    Ok(())
}
