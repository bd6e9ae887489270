//! A tariff worked out for one period: which price holds when is looked up, not computed, for every interval.

mod attribution;
mod segments;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use model::Energy;

use self::segments::Segments;
use crate::charge::{self, Draft, Kind};
use crate::exact::{Exact, Overflow};
use crate::period::Period;
use crate::statement::{Line, Register, Statement, Unit};
use crate::tariff::{Tariff, Version};
use crate::{RatingError, local};

/// The energy of one interval. It belongs to the local date, clock and band of its start (`RATING` 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Its start, milliseconds since 1970 UTC.
    pub start_ms: i64,
    /// Its length.
    pub minutes: u32,
    /// Delivered to the customer.
    pub import: Energy,
    /// Received from the customer; positive.
    pub export: Energy,
}

/// A tariff for one period. Making it costs about as much as pricing a month; keep it for every customer of the same cycle.
#[derive(Debug, Clone)]
pub struct Compiled {
    tariff: Arc<Tariff>,
    from: NaiveDate,
    to: NaiveDate,
    days: u32,
    parts: Vec<Part>,
    segments: Segments,
}

/// What one version of the tariff has of the period.
#[derive(Debug, Clone)]
struct Part {
    /// Appended to ids of lines; `None` where the tariff has no versions.
    first_day: Option<NaiveDate>,
    days: Vec<NaiveDate>,
    /// Index of the version.
    version: usize,
}

impl Part {
    /// The id of a charge's line: band and first day appended where there are such.
    fn line_id(&self, charge: &str, band: Option<&str>) -> String {
        let band = band.map(|band| format!(".{band}")).unwrap_or_default();
        let version = self.first_day.map(|day| format!("@{day}")).unwrap_or_default();
        format!("{charge}{band}{version}")
    }
}

/// What was added up of one slot.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    intervals: u32,
    import: i64,
    export: i64,
}

impl Tariff {
    /// Works the tariff out for a period.
    ///
    /// # Errors
    /// [`RatingError::TariffGap`] when no version covers some day.
    pub fn compile(self: &Arc<Self>, period: &Period) -> Result<Compiled, RatingError> {
        let mut parts = Vec::new();
        let mut stretches = Vec::new();
        let mut covered_ms = period.start_ms;
        for (index, version) in self.versions.iter().enumerate() {
            let Some(part) = part_of(version, period)? else {
                continue;
            };
            if part.start_ms > covered_ms {
                break;
            }
            covered_ms = part.end_ms;
            stretches.push((part, version));
            parts.push(Part {
                first_day: if self.versioned {
                    Some(part.from_date()?)
                } else {
                    None
                },
                days: part.days()?,
                version: index,
            });
        }
        if covered_ms < period.end_ms {
            let day = local::date(period.zone, covered_ms).ok_or(RatingError::Period)?;
            return Err(RatingError::TariffGap { day });
        }
        let days = parts
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.days.len()));
        Ok(Compiled {
            tariff: Arc::clone(self),
            from: period.from_date()?,
            to: period.to_date()?,
            days: u32::try_from(days).map_err(|_| RatingError::Period)?,
            parts,
            segments: Segments::new(&stretches, &self.holidays)?,
        })
    }
}

/// The part of the period on which a version holds.
fn part_of(version: &Version, period: &Period) -> Result<Option<Period>, RatingError> {
    let at = |date: Option<NaiveDate>, open: i64| match date {
        Some(date) => local::midnight(period.zone, date).ok_or(RatingError::Period),
        None => Ok(open),
    };
    Ok(period.part(at(version.from, period.start_ms)?, at(version.to, period.end_ms)?))
}

impl Compiled {
    /// The bill of these intervals, in any order. Intervals that start outside the period belong to others and are left out; that
    /// every start comes once is the caller's care.
    ///
    /// # Errors
    /// [`RatingError::Overflow`].
    pub fn price(&self, intervals: &[Interval]) -> Result<Statement, RatingError> {
        let sums = self.add_up(intervals)?;
        let mut lines = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            self.price_part(index, part, &sums, &mut lines)?;
        }
        for charge in &self.tariff.bill_charges {
            let (sum, outcome) = charge.apply(&lines, &self.tariff.rounding)?;
            let draft = Draft {
                band: None,
                quantity: sum,
                unit: Unit::Base,
                price: outcome.price,
                exact: outcome.exact,
                how: outcome.how,
            };
            let mut line = self.line(charge.id.clone(), draft)?;
            line.tax = charge.tax().map(str::to_owned);
            lines.push(line);
        }
        self.statement(lines, &sums)
    }

    /// One pass: every interval is added to the slot of its start.
    fn add_up(&self, intervals: &[Interval]) -> Result<Vec<Sum>, RatingError> {
        let mut sums = vec![Sum::default(); self.segments.slots()];
        let mut cursor = self.segments.cursor();
        for interval in intervals {
            let Some(sum) = cursor
                .slot_at(interval.start_ms)
                .and_then(|slot| sums.get_mut(slot))
            else {
                continue;
            };
            let import = sum.import.checked_add(interval.import.as_milliwatt_hours());
            let export = sum.export.checked_add(interval.export.as_milliwatt_hours());
            *sum = Sum {
                intervals: sum.intervals.saturating_add(1),
                import: import.ok_or(Overflow)?,
                export: export.ok_or(Overflow)?,
            };
        }
        Ok(sums)
    }

    fn price_part(
        &self,
        index: usize,
        part: &Part,
        sums: &[Sum],
        lines: &mut Vec<Line>,
    ) -> Result<(), RatingError> {
        let mut energy_index = 0_usize;
        let version = self.tariff.versions.get(part.version);
        for charge in version.map_or(&[][..], |version| &version.charges) {
            let drafts = match &charge.kind {
                Kind::Energy(energy) => {
                    let by_band = self.by_band(index, energy_index, energy, sums)?;
                    energy_index = energy_index.saturating_add(1);
                    energy.lines(&by_band)?
                }
                Kind::Daily(_) | Kind::Monthly(_) | Kind::Annual(_) => {
                    charge.fee(&part.days)?.into_iter().collect()
                }
            };
            for draft in drafts {
                let id = part.line_id(&charge.id, draft.band.as_deref());
                lines.push(self.line(id, draft)?);
            }
        }
        Ok(())
    }

    /// kWh and intervals of every band of one energy charge, from the slots of its part.
    fn by_band(
        &self,
        part: usize,
        energy_index: usize,
        energy: &charge::Energy,
        sums: &[Sum],
    ) -> Result<Vec<(Exact, u32)>, Overflow> {
        let mut by_band = vec![(Exact::ZERO, 0_u32); energy.bands()];
        for (slot, sum) in self
            .segments
            .slots_of(part)
            .filter_map(|(id, bands)| Some((bands, sums.get(id)?)))
        {
            let band = slot.get(energy_index).and_then(|band| by_band.get_mut(*band));
            let Some((kwh, intervals)) = band else { continue };
            let units = match energy.register {
                Register::Import => sum.import,
                Register::Export => sum.export,
            };
            *kwh = kwh.plus(Exact::from_energy(Energy::from_milliwatt_hours(units))?)?;
            *intervals = intervals.saturating_add(sum.intervals);
        }
        Ok(by_band)
    }

    /// The line of a draft, rounded as the tariff says.
    fn line(&self, id: String, draft: Draft) -> Result<Line, Overflow> {
        let rounding = &self.tariff.rounding;
        let amount = rounding.line(draft.exact)?;
        let amount_text = rounding.show_line(amount)?;
        let currency = &self.tariff.currency;
        let explanation = if amount == draft.exact {
            format!("{} = {amount_text} {currency}", draft.how)
        } else {
            format!(
                "{} = {}, rounded to {amount_text} {currency}",
                draft.how, draft.exact
            )
        };
        Ok(Line {
            id,
            quantity: draft.quantity,
            unit: draft.unit,
            price: draft.price,
            exact: draft.exact,
            amount,
            amount_text,
            explanation,
            tax: None,
        })
    }

    fn statement(&self, lines: Vec<Line>, sums: &[Sum]) -> Result<Statement, RatingError> {
        let rounding = &self.tariff.rounding;
        let sum = lines
            .iter()
            .try_fold(Exact::ZERO, |sum, line| sum.plus(line.amount))?;
        let total = rounding.total(sum)?;
        let add = |pick: fn(&Sum) -> i64| {
            let units = sums
                .iter()
                .try_fold(0_i64, |sum, slot| sum.checked_add(pick(slot)));
            Exact::from_energy(Energy::from_milliwatt_hours(units.ok_or(Overflow)?))
        };
        let totals = BTreeMap::from([
            (Register::Import, add(|sum| sum.import)?),
            (Register::Export, add(|sum| sum.export)?),
        ]);
        Ok(Statement {
            from: self.from,
            to: self.to,
            days: self.days,
            intervals: sums
                .iter()
                .fold(0, |count, sum| count.saturating_add(sum.intervals)),
            totals,
            untaxed: self.untaxed(&lines),
            total,
            total_text: rounding.show_total(total)?,
            lines,
        })
    }

    /// Lines that are not in the `of` of exactly one tax (`RATING` 3.18). A tariff without any tax category says nothing about it.
    fn untaxed(&self, lines: &[Line]) -> Vec<String> {
        let first_bill_line = lines.len().saturating_sub(self.tariff.bill_charges.len());
        let taxes = || {
            let numbered = self.tariff.bill_charges.iter().enumerate();
            numbered.filter(|(_, charge)| charge.tax().is_some())
        };
        if taxes().next().is_none() {
            return Vec::new();
        }
        let taken = |index: usize, line: &Line| {
            let takes = |(at, charge): &(usize, &crate::bill_charge::BillCharge)| {
                first_bill_line.saturating_add(*at) > index && charge.is_of(line)
            };
            taxes().filter(takes).count()
        };
        let wrong = |(index, line): &(usize, &Line)| line.tax.is_none() && taken(*index, line) != 1;
        lines
            .iter()
            .enumerate()
            .filter(wrong)
            .map(|(_, line)| line.id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests;
