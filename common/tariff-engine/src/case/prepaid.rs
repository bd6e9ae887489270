//! Prepayment (`RATING` 3.16): a balance that every interval and every midnight draws on.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Component;
use super::output::{Bill, BillLine, Made};
use crate::RatingError;
use crate::charge::Charge;
use crate::compiled::{Compiled, Inputs};
use crate::exact::Exact;
use crate::explanation::{Explanation, Facts, listed, number, product, sum};
use crate::how::stretch;
use crate::instant;
use crate::load::{Load, kwh};
use crate::local;
use crate::reader::{At, Fields, Problems};
use crate::statement::Register;

/// The account of a prepaying customer; it goes from cycle to cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepayment {
    balance: Exact,
    emergency_credit: Exact,
    /// Those that have not counted yet, in order of time.
    topups: Vec<Topup>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Topup {
    at_ms: i64,
    amount: Exact,
}

/// What a cycle did to the balance.
#[derive(Debug, Default)]
struct Course {
    energy: Exact,
    standing: Exact,
    kwh: Exact,
    /// What the energy is made of.
    used: Vec<Part>,
    /// What the daily charges are made of.
    fees: Vec<Part>,
    topups: Exact,
    first_below_zero: Option<i64>,
    first_at_limit: Option<i64>,
    /// The instant of a midnight and the balance when everything of it was taken.
    midnights: Vec<(i64, Exact)>,
}

/// Energy, or days, at one price.
#[derive(Debug)]
struct Part {
    charge: String,
    /// The band's name.
    suffix: Option<String>,
    rate: Exact,
    quantity: Exact,
}

impl Topup {
    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let at_ms = fields.need("utc", problems).and_then(|at| at.instant(problems));
        let amount = fields.number("amount", problems);
        fields.finish(problems);
        Some(Self {
            at_ms: at_ms?,
            amount: amount?,
        })
    }
}

impl Prepayment {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let balance = fields.number("opening_balance", problems);
        let emergency_credit = fields.number_or("emergency_credit", Exact::ZERO, problems);
        let topups = fields.maybe("topups", problems, |at, problems| {
            let read: Vec<_> = at
                .list(problems)?
                .iter()
                .map(|at| Topup::read(at, problems))
                .collect();
            let mut topups = read.into_iter().collect::<Option<Vec<_>>>()?;
            topups.sort_by_key(|topup| topup.at_ms);
            Some(topups)
        });
        Some(Self {
            balance: balance?,
            emergency_credit: emergency_credit?,
            topups: topups?.unwrap_or_default(),
        })
    }

    /// The bill of a cycle.
    pub(super) fn bill(&mut self, compiled: &Compiled, load: Option<&Load>) -> Result<Bill, RatingError> {
        let simple = |charge: &&Charge| {
            let plain = charge.energy().is_some_and(|energy| energy.measure().is_plain());
            plain || charge.daily_amount().is_some()
        };
        if let Some(charge) = compiled.charges().find(|charge| !simple(charge)) {
            return Err(RatingError::not_priced(
                &charge.id,
                "prepayment takes daily fees and energy alone",
            ));
        }
        if compiled.has_bill_charges() {
            return Err(RatingError::not_priced(
                "bill_charges",
                "prepayment has no charges on the bill",
            ));
        }
        compiled.check(Inputs { load, prices: None })?;
        let load = load.ok_or_else(|| RatingError::not_priced("", "prepayment needs intervals"))?;
        let opening = self.balance.clone();
        let course = self.run(compiled, load)?;
        Ok(self.shown(compiled, &opening, &course))
    }

    fn run(&mut self, compiled: &Compiled, load: &Load) -> Result<Course, RatingError> {
        let period = compiled.period();
        let mut course = Course::default();
        let mut cursor = compiled.segments().cursor();
        let midnights = compiled.days().map(|day| local::midnight(period.zone, day));
        let midnights: Vec<i64> = midnights.collect::<Option<_>>().ok_or(RatingError::Period)?;
        let mut midnights = midnights.into_iter().peekable();
        for index in load.range(period.start_ms, period.end_ms) {
            let (start, end) = match (load.starts.get(index), load.end(index)) {
                (Some(start), Some(end)) => (*start, end),
                _ => break,
            };
            self.top_up(start, &mut course);
            let slot = cursor.slot_at(start).and_then(|slot| compiled.slot(slot));
            let (charges, picks) = slot.ok_or(RatingError::Period)?;
            while let Some(midnight) = midnights.next_if(|midnight| *midnight <= start) {
                let fee = Exact::sum(charges.iter().filter_map(Charge::daily_amount));
                course.standing = course.standing.plus(&fee);
                for (charge, amount) in charges
                    .iter()
                    .filter_map(|charge| Some((charge, charge.daily_amount()?)))
                {
                    add(&mut course.fees, (&charge.id, None), amount, &Exact::ONE);
                }
                self.balance = self.balance.minus(&fee);
                course.midnights.push((midnight, self.balance.clone()));
            }
            let mut cost = Exact::ZERO;
            for (charge, pick) in charges.iter().zip(picks) {
                let Some(energy) = charge.energy() else { continue };
                let values = load.column(&energy.measure().register);
                let units = values
                    .and_then(|values| values.get(index))
                    .copied()
                    .unwrap_or_default();
                let (rate, used) = (energy.rate(*pick).cloned().unwrap_or_default(), kwh(units.into()));
                cost = cost.plus(used.times(&rate));
                add(
                    &mut course.used,
                    (&charge.id, charge.pricing().suffix(*pick)),
                    &rate,
                    &used,
                );
            }
            let import = load
                .column(&Register::Import)
                .and_then(|values| values.get(index));
            course.kwh = course.kwh.plus(kwh(import.copied().unwrap_or_default().into()));
            course.energy = course.energy.plus(&cost);
            self.balance = self.balance.minus(&cost);
            if self.balance.is_negative() {
                course.first_below_zero.get_or_insert(end);
            }
            if self.balance <= self.emergency_credit.negated() {
                course.first_at_limit.get_or_insert(end);
            }
        }
        Ok(course)
    }

    /// A top-up counts from the first interval that starts at or after its time.
    fn top_up(&mut self, start: i64, course: &mut Course) {
        let due = self.topups.partition_point(|topup| topup.at_ms <= start);
        for topup in self.topups.drain(..due) {
            self.balance = self.balance.plus(&topup.amount);
            course.topups = course.topups.plus(&topup.amount);
        }
    }

    fn shown(&self, compiled: &Compiled, opening: &Exact, course: &Course) -> Bill {
        let time = |at: Option<i64>| at.map(instant::show);
        let midnight =
            |(at, balance): &(i64, Exact)| json!({"at": instant::show(*at), "balance": balance.to_decimal()});
        let days = course.midnights.len();
        let mut facts = Map::new();
        facts.insert("days".to_owned(), json!(days));
        facts.insert(
            "balance".to_owned(),
            json!({
                "opening": opening.to_decimal(),
                "topups": course.topups.to_decimal(),
                "closing": self.balance.to_decimal(),
                "first_below_zero": time(course.first_below_zero),
                "first_at_or_below_limit": time(course.first_at_limit),
                "at_local_midnight": course.midnights.iter().map(midnight).collect::<Vec<_>>(),
            }),
        );
        Bill {
            from: compiled.from().to_string(),
            to: compiled.to().to_string(),
            lines: vec![
                line(
                    compiled,
                    ("energy", Component::Energy, &course.energy),
                    (&course.kwh, "kWh"),
                    &course.used,
                ),
                line(
                    compiled,
                    ("standing", Component::Fixed, &course.standing),
                    (&Exact::count(days), "days"),
                    &course.fees,
                ),
            ],
            total: course.energy.plus(&course.standing).to_decimal(),
            facts,
        }
    }
}

/// Adds to what is known of a price.
fn add(parts: &mut Vec<Part>, (charge, suffix): (&str, Option<&str>), rate: &Exact, more: &Exact) {
    let same =
        |part: &&mut Part| part.charge == charge && part.suffix.as_deref() == suffix && part.rate == *rate;
    match parts.iter_mut().find(same) {
        Some(part) => part.quantity = part.quantity.plus(more),
        None => parts.push(Part {
            charge: charge.to_owned(),
            suffix: suffix.map(str::to_owned),
            rate: rate.clone(),
            quantity: more.clone(),
        }),
    }
}

fn line(
    compiled: &Compiled,
    (id, component, amount): (&str, Component, &Exact),
    (quantity, unit): (&Exact, &str),
    parts: &[Part],
) -> BillLine {
    let name = |part: &Part| match &part.suffix {
        Some(suffix) => format!("{}.{suffix}", part.charge),
        None => part.charge.clone(),
    };
    let part = |part: &Part| format!("{} {unit} of {} at {}", part.quantity, name(part), part.rate);
    let words = format!(
        "taken from the balance as they came, {}",
        listed(parts.iter().map(part))
    );
    let formula = sum(parts.iter().map(|part| product(&part.quantity, &part.rate)));
    let fact = |part: &Part| json!({"line": name(part), "quantity": number(&part.quantity), "price": number(&part.rate)});
    let facts = Facts::of("prepaid").with("parts", parts.iter().map(fact).collect::<Value>());
    let (from, to) = stretch(compiled.period());
    let explained = Explanation {
        words,
        formula,
        facts: facts.into_map(),
        from,
        to,
        edition: Arc::clone(&compiled.terms().edition),
        version: None,
        unrounded: amount.clone(),
        rounding: None,
        amount: amount.to_decimal(),
        currency: compiled.terms().currency.clone(),
    };
    BillLine {
        id: id.to_owned(),
        component,
        amount: explained.amount.clone(),
        quantity: quantity.to_decimal(),
        unit: unit.to_owned(),
        price: String::new(),
        made: Made::Balance(Box::new(explained)),
    }
}
