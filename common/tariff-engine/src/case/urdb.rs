//! Cases of rate records (`RATING` section 2).

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::output::{Bill, BillLine, Bills};
use super::{CaseError, Component, Files};
use crate::exact::Exact;
use crate::instant;
use crate::load::{MINUTE_MS, Rows};
use crate::local::{OffsetPiece, clock_midnight_ms};
use crate::price::Prices;
use crate::reader::{Fields, Problems};
use crate::urdb::{Facts, MonthBill, Options, PRICES, Record, Span, bills};

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
        // The rows of the load say it themselves.
        fields.maybe("interval_minutes", problems, |at, problems| at.number(problems));
        let months = months(year?, offset?.checked_mul(MINUTE_MS)?)?;
        Some(Self {
            options: options?.unwrap_or_default(),
            months,
            currency: currency?.unwrap_or_else(|| CURRENCY.to_owned()),
        })
    }

    /// Months given by somebody else, with nothing special about export.
    pub(super) fn plain(months: Vec<Span>) -> Self {
        Self {
            options: Options::default(),
            months,
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
        let load = Rows::parse(text).map_err(CaseError::Load)?.as_of(None);
        let prices = files.prices.map(|text| Prices::parse(text, &PRICES));
        let prices = prices.transpose().map_err(CaseError::Prices)?;
        let found = bills(&record, &self.options, &self.months, (&load, prices.as_ref()));
        let found = found.map_err(|error| CaseError::Bill {
            from: self
                .months
                .first()
                .map(|month| month.first.to_string())
                .unwrap_or_default(),
            to: self
                .months
                .last()
                .map(|month| month.next.to_string())
                .unwrap_or_default(),
            reason: error.to_string(),
        })?;
        let shown = self
            .months
            .iter()
            .zip(&found)
            .map(|(span, bill)| self.shown(span, bill));
        Ok(Bills {
            case: id.to_owned(),
            currency: self.currency.clone(),
            edition: Sha256::digest(files.tariff.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            bills: shown.collect(),
        })
    }

    fn shown(&self, span: &Span, bill: &MonthBill) -> Bill {
        let mut facts = Map::new();
        facts.insert("days".to_owned(), json!(bill.facts.days));
        facts.insert("info".to_owned(), info(&bill.facts));
        Bill {
            from: span.first.to_string(),
            to: span.next.to_string(),
            lines: self.lines(bill),
            total: bill.total().to_string(),
            facts,
        }
    }

    fn lines(&self, bill: &MonthBill) -> Vec<BillLine> {
        let facts = &bill.facts;
        let days = Exact::whole(facts.days.into());
        let order = if facts.in_time_order {
            "in time order"
        } else {
            "pro rata"
        };
        let energy = format!(
            "{} kWh by periods and tiers {order}, before credits",
            facts.charged_kwh
        );
        let credit = format!(
            "{} kWh of export earned {}, of old and new credits {} count",
            facts.export_kwh, facts.earned, bill.credit
        );
        let peak_at = instant::show(facts.peak_at_ms);
        let flat = format!(
            "{} kW billed for {} kW at {peak_at}",
            facts.billed_kw, facts.peak_kw
        );
        let tou = "the highest power in every period of demand by its tiers".to_owned();
        let fixed = format!("fixed charge of {days} days");
        let minimum = "what is missing to the minimum".to_owned();
        let payout = "what was left of the banks after December".to_owned();
        let (credited, paid) = (bill.credit.negated(), bill.payout.negated());
        let lines = [
            ("energy", &bill.energy, &facts.charged_kwh, "kWh", energy),
            ("export_credit", &credited, &facts.export_kwh, "kWh", credit),
            ("demand_flat", &bill.demand_flat, &facts.billed_kw, "kW", flat),
            ("demand_tou", &bill.demand_tou, &facts.peak_kw, "kW", tou),
            ("fixed", &bill.fixed, &days, "days", fixed),
            ("minimum", &bill.minimum, &days, "days", minimum),
            ("yearend_payout", &paid, &facts.bank_kwh, "kWh", payout),
        ];
        let line = |(id, amount, quantity, unit, how): (&str, &Exact, &Exact, &str, String)| BillLine {
            id: id.to_owned(),
            component: component(id),
            quantity: quantity.to_string(),
            unit: unit.to_owned(),
            price: String::new(),
            explanation: format!("{how} = {amount} {}, not rounded", self.currency),
            amount: amount.to_string(),
            facts: Map::new(),
        };
        lines.into_iter().map(line).collect()
    }
}

/// What a line of a record is for.
fn component(id: &str) -> Component {
    match id {
        "energy" => Component::Energy,
        "export_credit" | "yearend_payout" => Component::Export,
        "demand_flat" | "demand_tou" => Component::Demand,
        "fixed" => Component::Fixed,
        _ => Component::Other,
    }
}

fn info(facts: &Facts) -> Value {
    json!({
        "import_kwh": facts.import_kwh.to_string(),
        "export_kwh": facts.export_kwh.to_string(),
        "peak_kw": facts.peak_kw.to_string(),
        "billed_kw": facts.billed_kw.to_string(),
        "export_credit_earned": facts.earned.to_string(),
        "bank_usd": facts.bank_usd.to_string(),
        "bank_kwh": facts.bank_kwh.to_string(),
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
