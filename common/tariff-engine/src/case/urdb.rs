//! Cases of rate records (`RATING` section 2).

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::output::{Bill, BillLine, Bills, Made};
use super::{CaseError, Component, Files, Subject, check_minutes, reason};
use crate::RatingError;
use crate::exact::Exact;
use crate::explanation::Explanation;
use crate::load::{MINUTE_MS, Rows};
use crate::local::{OffsetPiece, clock_midnight_ms};
use crate::price::Prices;
use crate::reader::{Fields, Problems};
use crate::urdb::{MonthHow, Options, PRICES, Record, RecordLine, Span, bills, check_year};

/// Keys that a case of a rate record alone has.
pub(super) const KEYS: [&str; 3] = ["year", "utc_offset_hours", "options"];
/// The currency of the database.
const CURRENCY: &str = "USD";
/// Years that have a calendar.
const MAX_YEAR: u32 = 9999;
/// The greatest offset of a clock, in minutes.
const MAX_OFFSET: i128 = 14 * 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordCase {
    options: Options,
    months: Vec<Span>,
    currency: String,
    /// What the case says of the load.
    interval_minutes: Option<Exact>,
}

impl RecordCase {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let year = fields
            .need("year", problems)
            .and_then(|at| at.count(MAX_YEAR, problems));
        let offset = fields.need("utc_offset_hours", problems).and_then(|at| {
            let minutes = at.number(problems)?.times(Exact::whole(60)).to_whole();
            let minutes = minutes.filter(|minutes| minutes.saturating_abs() <= MAX_OFFSET);
            let minutes = minutes.and_then(|minutes| i64::try_from(minutes).ok());
            minutes.or_else(|| at.wrong(problems, "must be hours from -14 to 14, whole minutes"))
        });
        let options = fields.maybe("options", problems, Options::read);
        let currency = fields.maybe("currency", problems, |at, problems| {
            at.text(problems).map(str::to_owned)
        });
        let interval_minutes = fields.maybe("interval_minutes", problems, |at, problems| at.number(problems));
        let months = months(year?, offset?.checked_mul(MINUTE_MS)?)?;
        Some(Self {
            options: options?.unwrap_or_default(),
            months,
            interval_minutes: interval_minutes?,
            currency: currency?.unwrap_or_else(|| CURRENCY.to_owned()),
        })
    }

    /// Months given by somebody else, with nothing special about export.
    pub(super) fn plain(months: Vec<Span>) -> Self {
        Self {
            options: Options::default(),
            months,
            interval_minutes: None,
            currency: CURRENCY.to_owned(),
        }
    }

    pub(super) fn price_file(&self) -> Option<&String> {
        self.options.price_file.as_ref()
    }

    pub(super) fn bills(&self, id: &str, files: Files<'_>) -> Result<Bills, CaseError> {
        let record = Record::parse(files.tariff).map_err(CaseError::Tariff)?;
        let text = files
            .load
            .ok_or_else(|| CaseError::Load("there is none".to_owned()))?;
        let rows = Rows::parse(text).map_err(CaseError::Load)?;
        let load = rows.as_of(None);
        check_minutes(self.interval_minutes.as_ref(), &load).map_err(CaseError::Case)?;
        let prices = files.prices.map(|text| Prices::parse(text, &PRICES));
        let prices = prices.transpose().map_err(CaseError::Prices)?;
        let found = bills(&record, &self.options, &self.months, (&load, prices.as_ref()));
        let found = found.map_err(|error| self.failed(&error, whole_months(&error, &rows)))?;
        let digest = Sha256::digest(files.tariff.as_bytes());
        let edition: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let shared: Arc<str> = Arc::from(edition.as_str());
        let months = self.months.iter().zip(found);
        let shown = months.map(|(span, month)| self.shown(span, month, &shared));
        Ok(Bills {
            case: id.to_owned(),
            currency: self.currency.clone(),
            edition,
            bills: shown.collect(),
            warnings: self.options.unused.iter().map(ToString::to_string).collect(),
        })
    }

    /// See [`Case::check_year`](super::Case::check_year).
    pub(super) fn check_year(&self, tariff: &str) -> Result<(), CaseError> {
        let record = Record::parse(tariff).map_err(CaseError::Tariff)?;
        check_year(&record, &self.months).map_err(|error| self.failed(&error, error.to_string()))
    }

    /// The error of all months.
    fn failed(&self, error: &RatingError, reason: String) -> CaseError {
        let from = self.months.first().map(|month| month.first.to_string());
        let to = self.months.last().map(|month| month.next.to_string());
        CaseError::Bill {
            from: from.unwrap_or_default(),
            to: to.unwrap_or_default(),
            about: Subject::of(error),
            reason,
        }
    }

    fn shown(&self, span: &Span, month: MonthHow, edition: &Arc<str>) -> Bill {
        let mut facts = Map::new();
        facts.insert("days".to_owned(), json!(month.days));
        facts.insert("info".to_owned(), info(&month));
        let month = Arc::new(month);
        let line = |line: &RecordLine| {
            let (amount, (quantity, unit)) = (line.amount(&month), line.quantity(&month));
            BillLine {
                id: line.id().to_owned(),
                component: component(*line),
                amount: amount.to_decimal(),
                quantity: quantity.to_decimal(),
                unit: unit.to_owned(),
                price: String::new(),
                made: Made::Month(Box::new(MonthLine {
                    line: *line,
                    month: Arc::clone(&month),
                    amount,
                    from: span.first,
                    to: span.next,
                    edition: Arc::clone(edition),
                    currency: self.currency.clone(),
                })),
            }
        };
        let total = Exact::sum(RecordLine::ALL.iter().map(|line| line.amount(&month)));
        Bill {
            from: span.first.to_string(),
            to: span.next.to_string(),
            lines: RecordLine::ALL.iter().map(line).collect(),
            total: total.to_decimal(),
            facts,
        }
    }
}

/// A missing interval that has no row is often one of a month that the load has not all of.
fn whole_months(error: &RatingError, rows: &Rows) -> String {
    let why = reason(error, Some(rows));
    if matches!(error, RatingError::IntervalMissing { at_ms } if rows.empty_at(*at_ms).is_none()) {
        return format!("{why}, and a rate record bills whole calendar months");
    }
    why
}

/// A line of a month.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MonthLine {
    line: RecordLine,
    month: Arc<MonthHow>,
    amount: Exact,
    from: NaiveDate,
    to: NaiveDate,
    edition: Arc<str>,
    currency: String,
}

impl MonthLine {
    pub(super) fn explained(&self) -> Explanation {
        let told = self.line.told(&self.month);
        Explanation {
            words: told.words,
            formula: told.formula,
            facts: self.line.facts(&self.month).into_map(),
            from: self.from.to_string(),
            to: self.to.to_string(),
            edition: Arc::clone(&self.edition),
            version: None,
            amount: self.amount.to_decimal(),
            unrounded: self.amount.clone(),
            rounding: None,
            currency: self.currency.clone(),
        }
    }
}

/// What a line of a record is for.
fn component(line: RecordLine) -> Component {
    match line {
        RecordLine::Energy => Component::Energy,
        RecordLine::ExportCredit | RecordLine::YearendPayout => Component::Export,
        RecordLine::DemandFlat | RecordLine::DemandTou => Component::Demand,
        RecordLine::Fixed => Component::Fixed,
        RecordLine::Minimum => Component::Other,
    }
}

fn info(month: &MonthHow) -> Value {
    json!({
        "import_kwh": month.import_kwh.to_decimal(),
        "export_kwh": month.export_kwh.to_decimal(),
        "peak_kw": month.flat.peak_kw.to_decimal(),
        "billed_kw": month.flat.billed_kw.to_decimal(),
        "export_credit_earned": month.credit.earned().to_decimal(),
        "bank_usd": month.bank_usd.to_decimal(),
        "bank_kwh": month.bank_kwh.to_decimal(),
    })
}

/// The twelve months of a year on a clock with a fixed offset.
fn months(year: u32, offset_ms: i64) -> Option<Vec<Span>> {
    let year = i32::try_from(year).ok()?;
    let month = |month: u32| {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        let next = next_month(first)?;
        let start_ms = clock_midnight_ms(first).checked_sub(offset_ms)?;
        let end_ms = clock_midnight_ms(next).checked_sub(offset_ms)?;
        Some(Span {
            first,
            next,
            start_ms,
            end_ms,
            offsets: vec![OffsetPiece {
                start_ms,
                end_ms,
                offset_ms,
            }],
        })
    };
    (1..=12).map(month).collect()
}

/// The first day of the month after that of `day`.
pub(super) fn next_month(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(1)?.checked_add_months(chrono::Months::new(1))
}
