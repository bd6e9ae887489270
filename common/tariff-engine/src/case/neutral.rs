//! Cases of the neutral tariff (`RATING` section 3).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::cycle::{self, Cycle};
use super::history;
use super::output::{Bill, Bills};
use super::prepaid::Prepayment;
use super::{CaseError, Files, Subject, check_minutes, reason};
use crate::RatingError;
use crate::carry::Carry;
use crate::charge::PRICE;
use crate::compiled::{Circumstances, Compiled, Inputs};
use crate::estimate::{Clockwork, Estimation, Gap};
use crate::event::{self, Calendar, Event};
use crate::exact::Exact;
use crate::instant;
use crate::load::{Load, Rows};
use crate::period::Period;
use crate::price::Prices;
use crate::reader::{Fields, Problems};
use crate::reads::Reads;
use crate::statement::{Register, Statement};
use crate::tariff::{Tariff, read_trueup};
use crate::values::Values;

/// Cycles of a case: a century of days.
const MAX_CYCLES: usize = 36_600;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NeutralCase {
    pub(super) cycles: Vec<Cycle>,
    circumstances: Circumstances,
    /// Somebody says which events there were, or that there were none.
    events_known: bool,
    estimation: Option<Estimation>,
    trueup: Option<bool>,
    /// What the case says of the load.
    interval_minutes: Option<Exact>,
    carry: Carry,
    billed: Billed,
}

/// What is billed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Billed {
    /// The intervals of a load.
    Intervals,
    Registers(Reads),
    Prepayment(Prepayment),
}

/// What a bill of intervals is made from.
struct View {
    load: Load,
    gaps: Vec<Gap>,
}

impl NeutralCase {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let cycles = read_cycles(fields, problems);
        let values = fields.maybe("values", problems, Values::read);
        let events = fields.maybe("events", problems, Event::read_list);
        let estimation = fields.maybe("estimation", problems, Estimation::read);
        let trueup = fields.maybe("estimated_reads", problems, read_trueup);
        let carry = history::read(fields, problems);
        let interval_minutes = fields.maybe("interval_minutes", problems, |at, problems| at.number(problems));
        // It says nothing that the tariff does not say itself.
        fields.maybe("currency", problems, |at, problems| at.text(problems).map(drop));
        let billed = Billed::read(fields, problems);
        Some(Self {
            cycles: cycles?,
            events_known: events.as_ref()?.is_some(),
            circumstances: Circumstances {
                values: values?.unwrap_or_default(),
                events: events?.unwrap_or_default(),
            },
            estimation: estimation?,
            trueup: trueup?,
            interval_minutes: interval_minutes?,
            carry: carry?,
            billed: billed?,
        })
    }

    /// Cycles of intervals with nothing from before.
    pub(super) fn plain(cycles: Vec<Cycle>, values: Values, events: Option<Vec<Event>>) -> Self {
        Self {
            cycles,
            events_known: events.is_some(),
            circumstances: Circumstances {
                values,
                events: events.unwrap_or_default(),
            },
            estimation: None,
            trueup: None,
            interval_minutes: None,
            carry: Carry::default(),
            billed: Billed::Intervals,
        }
    }

    pub(super) fn bills(&self, id: &str, files: Files<'_>) -> Result<Bills, CaseError> {
        let tariff = Arc::new(Tariff::parse(files.tariff).map_err(CaseError::Tariff)?);
        self.check(&tariff).map_err(CaseError::Case)?;
        let rows = files.load.map(Rows::parse).transpose().map_err(CaseError::Load)?;
        if let Some(rows) = &rows {
            check_minutes(self.interval_minutes.as_ref(), &rows.as_of(None)).map_err(CaseError::Case)?;
        }
        let prices = files.prices.map(|text| Prices::parse(text, &[PRICE]));
        let prices = prices.transpose().map_err(CaseError::Prices)?;
        let bills = match &self.billed {
            Billed::Intervals => self.of_intervals(&tariff, rows.as_ref(), prices.as_ref())?,
            Billed::Registers(reads) => self.of_registers(&tariff, reads)?,
            Billed::Prepayment(prepayment) => {
                let views = self.views(&tariff, rows.as_ref())?;
                self.each_cycle(
                    &tariff,
                    rows.as_ref(),
                    prepayment.clone(),
                    |cycle, compiled, state| {
                        let load = views.get(&cycle.as_of_ms).map(|view| &view.load);
                        state.bill(compiled, load)
                    },
                )?
            }
        };
        Ok(Bills {
            case: id.to_owned(),
            currency: tariff.currency().to_owned(),
            edition: tariff.edition().to_owned(),
            bills,
            warnings: [self.unused_values(&tariff), self.unused_files(files)].concat(),
        })
    }

    /// Values that the tariff does not call: one may be misspelt, and the tariff priced by another.
    fn unused_values(&self, tariff: &Tariff) -> Vec<String> {
        let names = self.circumstances.values.names();
        let unused = names.filter(|name| !tariff.names.contains(*name));
        unused
            .map(|name| format!("values.{name}: the tariff calls no such value"))
            .collect()
    }

    /// Files beside register reads, which alone are billed.
    fn unused_files(&self, files: Files<'_>) -> Vec<String> {
        if !matches!(self.billed, Billed::Registers(_)) {
            return Vec::new();
        }
        let named = [("load", files.load), ("prices", files.prices)];
        let there = named.iter().filter(|(_, text)| text.is_some());
        there
            .map(|(key, _)| format!("{key}: register reads are billed, and nothing takes it"))
            .collect()
    }

    /// Whether the case can be one of this tariff.
    fn check(&self, tariff: &Arc<Tariff>) -> Result<(), Problems> {
        event::check(
            &tariff.events,
            self.events_known.then_some(&self.circumstances.events),
        )?;
        let zone = tariff.zone();
        let mut charges = tariff.versions.iter().flat_map(|version| &version.charges);
        let carries = self.trues_up(tariff)
            || matches!(self.billed, Billed::Prepayment(_))
            || charges.any(|charge| charge.pricing().carries());
        cycle::check(&self.cycles, zone, carries)?;
        let first = self.cycles.first().and_then(|cycle| cycle.period(zone).ok());
        let first = first.and_then(|period| tariff.compile_in(&period, &self.circumstances).ok());
        let days = cycle::shortest_days(&self.cycles, zone);
        history::check(&self.carry, tariff, first.as_ref(), days)
    }

    fn trues_up(&self, tariff: &Tariff) -> bool {
        matches!(self.billed, Billed::Registers(_)) && self.trueup.unwrap_or(tariff.trueup)
    }

    fn of_intervals(
        &self,
        tariff: &Arc<Tariff>,
        rows: Option<&Rows>,
        prices: Option<&Prices>,
    ) -> Result<Vec<Bill>, CaseError> {
        let views = self.views(tariff, rows)?;
        self.each_cycle(tariff, rows, self.carry.clone(), |cycle, compiled, carry| {
            let view = views.get(&cycle.as_of_ms);
            let inputs = Inputs {
                load: view.map(|view| &view.load),
                prices,
            };
            compiled.check(inputs)?;
            let mut statement = compiled.bill(inputs, carry)?;
            let mut bill = Bill::of(compiled.period(), &mut statement);
            if let Some(view) = view {
                view.explain(compiled.period(), &statement, &mut bill.facts);
            }
            *carry = statement.carry;
            Ok(bill)
        })
    }

    fn of_registers(&self, tariff: &Arc<Tariff>, reads: &Reads) -> Result<Vec<Bill>, CaseError> {
        let trueup = self.trues_up(tariff);
        self.each_cycle(tariff, None, self.carry.clone(), |_, compiled, carry| {
            let source = super::registers::Source {
                tariff,
                circumstances: &self.circumstances,
                reads,
                trueup,
            };
            let mut statement = source.bill(compiled, carry)?;
            let bill = Bill::of(compiled.period(), &mut statement);
            *carry = statement.carry;
            Ok(bill)
        })
    }

    /// One bill for every cycle, which begins with the state that its [predecessor](cycle::predecessors) handed on, or with `opening`.
    /// `rows` say more of an interval that is missing.
    fn each_cycle<S: Clone>(
        &self,
        tariff: &Arc<Tariff>,
        rows: Option<&Rows>,
        opening: S,
        mut bill: impl FnMut(&Cycle, &Compiled, &mut S) -> Result<Bill, RatingError>,
    ) -> Result<Vec<Bill>, CaseError> {
        let predecessors = cycle::predecessors(&self.cycles, tariff.zone());
        let numbered = predecessors.iter().enumerate();
        let uses = numbered.filter_map(|(index, before)| Some(((*before)?, index)));
        let last_uses: BTreeMap<usize, usize> = uses.collect();
        // Kept until the last that goes on from it: of a century of days few are needed at a time.
        let mut handed_on: BTreeMap<usize, S> = BTreeMap::new();
        let mut one = |(index, cycle): (usize, &Cycle), before: Option<usize>| {
            let period = cycle.period(tariff.zone())?;
            let state = before.and_then(|before| match last_uses.get(&before) {
                Some(last) if *last == index => handed_on.remove(&before),
                _ => handed_on.get(&before).cloned(),
            });
            let mut state = state.unwrap_or_else(|| opening.clone());
            let compiled = tariff.compile_in(&period, &self.circumstances)?;
            let bill = bill(cycle, &compiled, &mut state)?;
            if last_uses.contains_key(&index) {
                handed_on.insert(index, state);
            }
            Ok(Bill {
                from: cycle.from.text.clone(),
                to: cycle.to.text.clone(),
                ..bill
            })
        };
        let named = |cycle: &Cycle, error: &RatingError| CaseError::Bill {
            from: cycle.from.text.clone(),
            to: cycle.to.text.clone(),
            about: Subject::of(error),
            reason: reason(error, rows),
        };
        let numbered = self.cycles.iter().enumerate().zip(predecessors.iter().copied());
        numbered
            .map(|((index, cycle), before)| one((index, cycle), before).map_err(|error| named(cycle, &error)))
            .collect()
    }

    /// The load as it stood at every instant at which a cycle is billed, with missing intervals estimated if they may be.
    fn views(&self, tariff: &Tariff, rows: Option<&Rows>) -> Result<BTreeMap<Option<i64>, View>, CaseError> {
        let mut views = BTreeMap::new();
        let Some(rows) = rows else { return Ok(views) };
        let calendar = Calendar {
            holidays: tariff.holidays.clone(),
            events: Vec::new(),
        };
        let periods = self
            .cycles
            .iter()
            .filter_map(|cycle| cycle.period(tariff.zone()).ok());
        let mut cycles: Vec<(i64, i64)> = periods.map(|period| (period.start_ms, period.end_ms)).collect();
        cycles.sort_unstable();
        cycles.dedup();
        for cycle in &self.cycles {
            if views.contains_key(&cycle.as_of_ms) {
                continue;
            }
            let load = rows.as_of(cycle.as_of_ms);
            let clockwork = Clockwork {
                zone: tariff.zone(),
                calendar: &calendar,
            };
            let view = match self.estimation.as_ref().or(tariff.estimation.as_ref()) {
                Some(estimation) => {
                    let upto: Vec<(i64, i64)> = self.upto(cycle, tariff, &cycles);
                    let (load, gaps) = estimation
                        .fill(&load, &upto, clockwork)
                        .map_err(CaseError::Estimation)?;
                    View { load, gaps }
                }
                None => View {
                    load,
                    gaps: Vec::new(),
                },
            };
            views.insert(cycle.as_of_ms, view);
        }
        Ok(views)
    }

    /// The cycles that are billed together with this one: of later ones nothing may be there yet.
    fn upto(&self, cycle: &Cycle, tariff: &Tariff, cycles: &[(i64, i64)]) -> Vec<(i64, i64)> {
        let alike = self
            .cycles
            .iter()
            .filter(|other| other.as_of_ms == cycle.as_of_ms);
        let ends = alike.filter_map(|other| Some(other.period(tariff.zone()).ok()?.end_ms));
        let last = ends.max().unwrap_or(i64::MAX);
        cycles.iter().copied().filter(|(_, end)| *end <= last).collect()
    }
}

fn read_cycles(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Vec<Cycle>> {
    let Some(at) = fields.get("cycles") else {
        let reason = "is missing; a case of a rate record has year and utc_offset_hours instead";
        problems.add_as("KEY_MISSING", "cycles", reason);
        return None;
    };
    let cycles = at.several(problems, Cycle::read)?;
    if cycles.len() > MAX_CYCLES {
        return at.wrong(problems, "are too many");
    }
    Some(cycles)
}

impl Billed {
    fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let Some(at) = fields.get("kind") else {
            return Some(Self::Intervals);
        };
        let name = at.text(problems);
        match name {
            Some("registers") => Reads::read(fields, problems).map(Self::Registers),
            Some("prepayment") => Prepayment::read(fields, problems).map(Self::Prepayment),
            Some("intervals") => Some(Self::Intervals),
            _ => {
                // Which of these keys belong here is not known.
                for key in ["meters", "reads", "opening_balance", "emergency_credit", "topups"] {
                    fields.get(key);
                }
                name?;
                at.wrong(problems, "must be registers or prepayment, or be left out")
            }
        }
    }
}

impl View {
    /// What of the bill was estimated.
    fn explain(&self, period: &Period, statement: &Statement, facts: &mut Map<String, Value>) {
        if statement.estimated == 0 {
            return;
        }
        let range = self.load.range(period.start_ms, period.end_ms);
        let values = self.load.column(&Register::Import).unwrap_or_default();
        let estimated = range.filter(|index| self.load.estimated.get(*index) == Some(&true));
        let units = estimated
            .filter_map(|index| values.get(index))
            .map(|value| i128::from(*value))
            .sum();
        let kwh = crate::load::kwh(units).to_decimal();
        facts.insert(
            "estimated".to_owned(),
            json!({"intervals": statement.estimated, "kwh": kwh}),
        );
        let inside = |gap: &&Gap| (period.start_ms..period.end_ms).contains(&gap.start_ms);
        let gap = |gap: &Gap| json!({"start_utc": instant::show(gap.start_ms), "intervals": gap.intervals, "method": gap.method});
        facts.insert(
            "gaps".to_owned(),
            self.gaps.iter().filter(inside).map(gap).collect(),
        );
    }
}
