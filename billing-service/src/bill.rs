//! Bills: a statement is a function of its inputs and the tariff, and of nothing else. No clock, no store.

pub(crate) mod draft;
mod fingerprint;
pub(crate) mod load;
pub(crate) mod tariffs;
pub(crate) mod usage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono_tz::Tz;
use model::Channel;
use proto::billing::{Bill, BillLine, Hold};
use tariff_engine::{
    Compiled, Line, Period, RATING_RULES, RatingError, Register, Scope, Statement, Tariff, local,
};

pub(crate) use fingerprint::NOTHING_CARRIED;

use crate::store::{BillInputs, Term};
use crate::time;

/// Not issued yet.
pub(crate) const DRAFT: &str = "draft";
/// Has its number, never changes.
pub(crate) const ISSUED: &str = "issued";
/// A bill to date, which is not a bill.
pub(crate) const OPEN: &str = "open";

/// Why a bill cannot be issued: the stable code and a sentence.
pub(crate) fn hold(reason: &str, detail: impl Into<String>) -> Hold {
    Hold {
        reason: reason.to_owned(),
        detail: detail.into(),
    }
}

/// Whose bill it is, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) bill_id: String,
    pub(crate) account_id: String,
    pub(crate) agreement_id: String,
    pub(crate) service_point_id: String,
    pub(crate) tariff_id: String,
    pub(crate) zone: Tz,
    pub(crate) currency: String,
}

impl Subject {
    /// The subject of a bill made before.
    pub(crate) fn of(bill: &Bill) -> Self {
        Self {
            bill_id: bill.id.clone(),
            account_id: bill.account_id.clone(),
            agreement_id: bill.agreement_id.clone(),
            service_point_id: bill.service_point_id.clone(),
            tariff_id: bill.tariff_id.clone(),
            zone: bill.zone.parse().unwrap_or(Tz::UTC),
            currency: bill.currency.clone(),
        }
    }
}

/// A tariff and what it is for one period.
#[derive(Debug, Clone)]
pub(crate) struct Priced {
    pub(crate) tariff: Arc<Tariff>,
    pub(crate) compiled: Result<Arc<Compiled>, RatingError>,
}

/// The draft of a bill: its statement as far as it can be computed, and everything that holds it. `holds` are those that were found
/// before; the others are found here.
pub(crate) fn plan(subject: &Subject, inputs: &BillInputs, priced: &Priced, mut holds: Vec<Hold>) -> Bill {
    let tariff = &priced.tariff;
    holds.extend(usage::negative(&inputs.terms));
    if tariff.currency() != subject.currency {
        holds.push(hold(
            "CURRENCY",
            format!(
                "the tariff is in {}, the account in {}",
                tariff.currency(),
                subject.currency
            ),
        ));
    }
    let statement = match &priced.compiled {
        Ok(compiled) => compiled.price(&usage::intervals(&inputs.terms)),
        Err(error) => Err(error.clone()),
    };
    let mut bill = frame(subject, inputs, tariff);
    match statement {
        Ok(statement) => {
            holds.extend(issuing_rules(tariff, &statement));
            fill(&mut bill, &statement, &inputs.terms);
        }
        Err(error @ RatingError::TariffGap { .. }) => holds.push(hold("NO_TARIFF", error.to_string())),
        Err(error) => holds.push(hold(error.reason(), error.to_string())),
    }
    bill.holds = holds;
    bill
}

/// Everything of a bill that is known without pricing.
fn frame(subject: &Subject, inputs: &BillInputs, tariff: &Tariff) -> Bill {
    let pieces = local::offsets(subject.zone, inputs.start_ms, inputs.end_ms).unwrap_or_default();
    let period = Period {
        zone: subject.zone,
        start_ms: inputs.start_ms,
        end_ms: inputs.end_ms,
    };
    let date =
        |date: Result<chrono::NaiveDate, RatingError>| date.map(|date| date.to_string()).unwrap_or_default();
    Bill {
        id: subject.bill_id.clone(),
        status: DRAFT.to_owned(),
        account_id: subject.account_id.clone(),
        agreement_id: subject.agreement_id.clone(),
        service_point_id: subject.service_point_id.clone(),
        from: date(period.from_date()),
        to: date(period.to_date()),
        start_utc: time::utc(inputs.start_ms),
        end_utc: time::utc(inputs.end_ms),
        currency: subject.currency.clone(),
        tariff_id: subject.tariff_id.clone(),
        tariff_edition: tariff.edition().to_owned(),
        inputs_hash: fingerprint::hash_with(subject, inputs, tariff, &pieces),
        rating_rules: RATING_RULES,
        zone: subject.zone.name().to_owned(),
        zone_offsets: pieces
            .iter()
            .map(|piece| shown_offset(piece.start_ms, piece.offset_ms))
            .collect(),
        tz_database: chrono_tz::IANA_TZDB_VERSION.to_owned(),
        carry_in: NOTHING_CARRIED.to_owned(),
        carry_out: NOTHING_CARRIED.to_owned(),
        kind: "invoice".to_owned(),
        ..Bill::default()
    }
}

/// `2026-10-25T01:00:00Z +01:00`.
fn shown_offset(from_ms: i64, offset_ms: i64) -> String {
    let minutes = offset_ms.div_euclid(60_000);
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs().div_euclid(60), minutes.abs().rem_euclid(60));
    format!("{} {sign}{hours:02}:{rest:02}", time::utc(from_ms))
}

fn fill(bill: &mut Bill, statement: &Statement, terms: &[Term]) {
    let registers: BTreeSet<Register> = terms.iter().filter_map(usage::register).collect();
    let shown = statement
        .totals
        .iter()
        .filter(|(register, _)| registers.contains(register));
    bill.days = statement.days;
    bill.intervals = statement.intervals;
    bill.totals = shown
        .map(|(register, kwh)| (register.name().to_owned(), kwh.to_decimal()))
        .collect::<BTreeMap<_, _>>();
    bill.lines = statement.lines.iter().map(shown_line).collect();
    bill.total.clone_from(&statement.total_text);
    if statement.total.is_negative() {
        "credit_note".clone_into(&mut bill.kind);
    }
}

fn shown_line(line: &Line) -> BillLine {
    BillLine {
        id: line.id.clone(),
        amount: line.amount_text(),
        quantity: line.quantity.to_decimal(),
        unit: line.unit.word().to_owned(),
        price: line
            .price
            .as_ref()
            .map(tariff_engine::Exact::to_decimal)
            .unwrap_or_default(),
        exact: line.exact.to_decimal(),
        explanation: line.explanation(),
    }
}

/// What a statement must be like to be issued (`BILLING` 3).
fn issuing_rules(tariff: &Tariff, statement: &Statement) -> Vec<Hold> {
    let mut holds = Vec::new();
    let (rounding, places) = (tariff.rounding(), minor_places(tariff.currency()));
    if rounding.scope != Scope::Line || rounding.places != places {
        let detail = format!(
            "what is issued in {} is rounded per line to {places} places",
            tariff.currency()
        );
        holds.push(hold("ROUNDING", detail));
    }
    holds.extend(untaxed(statement));
    holds
}

/// A hold unless every line is taxed exactly once (`RATING` 3.18); where no tax is due, a category with the rate 0 says so.
fn untaxed(statement: &Statement) -> Option<Hold> {
    let no_category = statement.lines.iter().all(|line| line.tax.is_none());
    if no_category && !statement.lines.is_empty() {
        return Some(hold("TAX", "no line is taxed: the tariff names no tax category"));
    }
    let untaxed = &statement.untaxed;
    (!untaxed.is_empty()).then(|| hold("TAX", format!("not taxed exactly once: {}", untaxed.join(", "))))
}

/// Decimal places of a currency (ISO 4217).
fn minor_places(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// The channel of a term.
pub(crate) fn channel(term: &Term) -> Channel {
    Channel::from_code(term.channel).unwrap_or(Channel::Reactive)
}

/// A bill without what issuing adds: number, times, actors.
pub(crate) fn statement_only(bill: &Bill) -> Bill {
    Bill {
        number: String::new(),
        status: String::new(),
        issued_at: String::new(),
        history: Vec::new(),
        ..bill.clone()
    }
}

#[cfg(test)]
mod tests;
