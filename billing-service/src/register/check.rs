//! Whether an object may stand in the register. A check also writes out defaults, so that what is stored says everything.

mod agreement;
mod currency;

use chrono_tz::Tz;
use model::{Channel, is_valid_id};
use proto::billing::{Account, Calendar, Dial, Installation, Meter, Seller, ServicePoint, Tariff};
use tariff_engine::Exact;
use tariff_engine::lint::Finding;

pub(super) use agreement::agreement;

use super::staging::Staging;
use crate::error::Error;
use crate::time;

/// Length of an interval where a meter says none, seconds.
const DEFAULT_INTERVAL_SECONDS: u32 = 900;
/// Seconds of a day; every interval divides it.
const DAY_SECONDS: u32 = 86_400;
/// Longest name, address or other text.
const MAX_TEXT: usize = 500;
/// Most assignments of an agreement, dials of a meter, terms of a recipe.
const MAX_PARTS: usize = 100;
/// Longest text of a tariff, bytes.
const MAX_TARIFF: usize = 256 * 1024;
/// As many warnings are kept with a tariff.
const MAX_WARNINGS: usize = 20;
/// Most days between the end of a cycle and its run or close.
const MAX_DAYS: u32 = 90;

fn invalid<T>(reason: &'static str, message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid {
        reason,
        message: message.into(),
    })
}

fn conflict<T>(reason: &'static str, message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Conflict {
        reason,
        message: message.into(),
    })
}

fn check_id(what: &str, id: &str) -> Result<(), Error> {
    if is_valid_id(id) {
        Ok(())
    } else {
        invalid("BAD_ID", format!("{what} must be 1 to 64 of A-Z a-z 0-9 . _ : -"))
    }
}

fn check_texts(texts: &[(&str, &str)]) -> Result<(), Error> {
    for (what, text) in texts {
        if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
            return invalid(
                "BAD_TEXT",
                format!("{what} is longer than {MAX_TEXT} bytes or has control characters"),
            );
        }
    }
    Ok(())
}

/// Empty, or a name that may become a label.
fn check_label(what: &str, label: &str) -> Result<(), Error> {
    if label.is_empty() {
        Ok(())
    } else {
        check_id(what, label)
    }
}

/// Half-open, `to` empty = open-ended; both written as UTC. A range that ends where it begins claims no time: so a fact that should
/// never have been stated is withdrawn, and stays on record.
fn check_range(from: &mut String, to: &mut String) -> Result<(i64, i64), Error> {
    let start = time::parse("from", from)?;
    let end = if to.is_empty() {
        i64::MAX
    } else {
        time::parse("to", to)?
    };
    if start > end {
        return invalid("BAD_RANGE", "from must not be after to; equal, they withdraw it");
    }
    *from = time::utc(start);
    if end < i64::MAX {
        *to = time::utc(end);
    }
    Ok((start, end))
}

/// Whether two half-open ranges have an instant in common; empty ones have none.
fn overlap(one: (i64, i64), other: (i64, i64)) -> bool {
    one.0.max(other.0) < one.1.min(other.1)
}

fn check_decimal(what: &str, text: &str) -> Result<(), Error> {
    match text.parse::<Exact>() {
        Ok(_) => Ok(()),
        Err(error) => invalid("BAD_NUMBER", format!("{what}: {error}")),
    }
}

pub(super) async fn service_point(
    register: &Staging<'_>,
    point: &mut ServicePoint,
) -> Result<Option<ServicePoint>, Error> {
    check_id("id", &point.id)?;
    check_texts(&[("address", &point.address)])?;
    check_label("region", &point.region)?;
    check_label("feeder", &point.feeder)?;
    check_label("tariff_class", &point.tariff_class)?;
    if point.zone.parse::<Tz>().is_err() {
        return invalid("BAD_ZONE", format!("{:?} is no IANA time zone", point.zone));
    }
    let old = register.lookup::<ServicePoint>(&point.id).await?;
    let moved = old.as_ref().is_some_and(|old| old.zone != point.zone);
    if moved && register.index().agreements_at(&point.id).next().is_some() {
        return conflict(
            "ZONE_IN_USE",
            "the zone of a service point with agreements cannot change",
        );
    }
    Ok(old)
}

pub(super) async fn meter(register: &Staging<'_>, meter: &mut Meter) -> Result<Option<Meter>, Error> {
    check_id("id", &meter.id)?;
    check_texts(&[("serial", &meter.serial)])?;
    if meter.interval_seconds == 0 {
        meter.interval_seconds = DEFAULT_INTERVAL_SECONDS;
    }
    if !DAY_SECONDS.is_multiple_of(meter.interval_seconds) {
        return invalid("BAD_INTERVAL", "interval_seconds must divide a day");
    }
    if meter.channels.is_empty() {
        meter.channels.push(Channel::Import.word().to_owned());
    }
    let mut channels = Vec::new();
    for word in &meter.channels {
        match Channel::from_word(word) {
            Some(channel) => channels.push(channel),
            None => {
                return invalid(
                    "BAD_CHANNEL",
                    format!("{word:?} is not IMPORT, EXPORT or REACTIVE"),
                );
            }
        }
    }
    channels.sort_unstable();
    channels.dedup();
    meter.channels = channels.iter().map(|channel| channel.word().to_owned()).collect();
    if meter.registers.len() > MAX_PARTS {
        return invalid("TOO_MANY", format!("a meter has at most {MAX_PARTS} registers"));
    }
    meter.registers.iter_mut().try_for_each(dial)?;
    Ok(register.lookup(&meter.id).await?)
}

fn dial(dial: &mut Dial) -> Result<(), Error> {
    check_id("the name of a register", &dial.name)?;
    if !(1..=12).contains(&dial.digits) {
        return invalid(
            "BAD_REGISTER",
            format!("register {} must have 1 to 12 digits", dial.name),
        );
    }
    if dial.multiplier.is_empty() {
        "1".clone_into(&mut dial.multiplier);
    }
    check_decimal("multiplier", &dial.multiplier)
}

pub(super) async fn installation(
    register: &Staging<'_>,
    installation: &mut Installation,
) -> Result<Option<Installation>, Error> {
    check_id("id", &installation.id)?;
    let (from, to) = check_range(&mut installation.from, &mut installation.to)?;
    for (name, dial) in installation.opening.iter().chain(&installation.closing) {
        check_decimal(name, dial)?;
    }
    check_place(register, installation, from, to)?;
    Ok(register.lookup(&installation.id).await?)
}

/// The meter and the point exist, and the meter is nowhere else in that time.
fn check_place(register: &Staging<'_>, installation: &Installation, from: i64, to: i64) -> Result<(), Error> {
    let index = register.index();
    let Some(meter) = index.meter(&installation.meter_id) else {
        return Err(Error::NotFound {
            what: "meter",
            id: installation.meter_id.clone(),
        });
    };
    if index.point(&installation.service_point_id).is_none() {
        return Err(Error::NotFound {
            what: "service point",
            id: installation.service_point_id.clone(),
        });
    }
    let others = meter
        .places
        .iter()
        .filter(|place| *place.installation != installation.id);
    if let Some(other) = others
        .into_iter()
        .find(|other| overlap((from, to), (other.from_ms, other.to_ms)))
    {
        let message = format!(
            "meter {} is at {} in that time already ({})",
            installation.meter_id, other.point, other.installation
        );
        return conflict("INSTALLATION_OVERLAP", message);
    }
    Ok(())
}

pub(super) async fn account(register: &Staging<'_>, account: &mut Account) -> Result<Option<Account>, Error> {
    check_id("id", &account.id)?;
    if !currency::is_code(&account.currency) {
        return invalid("BAD_CURRENCY", "currency must be a code of ISO 4217, such as EUR");
    }
    check_texts(&[
        ("name", &account.name),
        ("address", &account.address),
        ("language", &account.language),
        ("tax_number", &account.tax_number),
        ("email", &account.email),
    ])?;
    let old = register.lookup::<Account>(&account.id).await?;
    if old.as_ref().is_some_and(|old| old.currency != account.currency) {
        return conflict(
            "CURRENCY_FIXED",
            "the currency of an account cannot change; open another account",
        );
    }
    Ok(old)
}

pub(super) async fn calendar(
    register: &Staging<'_>,
    calendar: &mut Calendar,
) -> Result<Option<Calendar>, Error> {
    check_id("id", &calendar.id)?;
    if calendar.billing_day == 0 {
        calendar.billing_day = 1;
    }
    if calendar.billing_day > 31 {
        return invalid("BAD_BILLING_DAY", "billing_day must be 1 to 31");
    }
    let run = *calendar
        .run_after_days
        .get_or_insert(crate::cycle::RUN_AFTER_DAYS);
    let close = *calendar
        .window_days
        .get_or_insert(crate::cycle::WINDOW_DAYS.max(run));
    if run > close || close > MAX_DAYS {
        return invalid(
            "BAD_WINDOW",
            format!("run_after_days <= window_days <= {MAX_DAYS}"),
        );
    }
    Ok(register.lookup(&calendar.id).await?)
}

pub(super) async fn tariff(
    register: &Staging<'_>,
    tariff: &mut Tariff,
) -> Result<(Option<Tariff>, tariff_engine::Tariff), Error> {
    check_id("id", &tariff.id)?;
    check_texts(&[("name", &tariff.name)])?;
    if tariff.body.len() > MAX_TARIFF {
        return invalid(
            "TARIFF_INVALID",
            format!("a tariff has at most {MAX_TARIFF} bytes"),
        );
    }
    let parsed = match tariff_engine::Tariff::parse(&tariff.body) {
        Ok(parsed) => parsed,
        Err(problems) => return invalid("TARIFF_INVALID", problems.to_string()),
    };
    parsed.edition().clone_into(&mut tariff.edition);
    let findings = tariff_engine::lint::lint(&tariff.body); // no errors: it is parsed
    let warning = |found: &Finding| format!("{}: {}", found.path, found.text);
    tariff.warnings = findings.iter().take(MAX_WARNINGS).map(warning).collect();
    let old = register.lookup::<Tariff>(&tariff.id).await?;
    if let Some(before) = old
        .as_ref()
        .and_then(|old| tariff_engine::Tariff::parse(&old.body).ok())
        && (before.zone() != parsed.zone() || before.currency() != parsed.currency())
    {
        return conflict(
            "TARIFF_FIXED",
            "zone and currency of a tariff cannot change; make another tariff",
        );
    }
    Ok((old, parsed))
}

pub(super) async fn seller(register: &Staging<'_>, seller: &mut Seller) -> Result<Option<Seller>, Error> {
    check_id("id", &seller.id)?;
    check_texts(&[
        ("name", &seller.name),
        ("tax_number", &seller.tax_number),
        ("bank_account", &seller.bank_account),
    ])?;
    let short = (1..=16).contains(&seller.series.len());
    if !short
        || !seller
            .series
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        return invalid("BAD_SERIES", "series must be 1 to 16 of A-Z 0-9");
    }
    let others = register.sellers(MAX_PARTS).await?;
    if let Some(other) = others.iter().find(|other| other.id != seller.id) {
        return conflict(
            "SELLER_EXISTS",
            format!(
                "this utility is {} already; another seller is another instance",
                other.id
            ),
        );
    }
    let old = register.lookup::<Seller>(&seller.id).await?;
    Ok(old)
}
