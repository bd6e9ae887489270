//! Reads of registers, and the use between them (`RATING` 3.14).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::RatingError;
use crate::compiled::Compiled;
use crate::exact::Exact;
use crate::how::ReadUse;
use crate::local;
use crate::reader::{At, Fields, Problems};
use crate::statement::Register;
use crate::tally::{SlotRead, Tally};

/// The most dials a register has.
const MAX_DIALS: u32 = 18;

/// The meters of one agreement and what was read from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reads {
    meters: BTreeMap<String, Meter>,
    /// By meter and register, in order of date.
    reads: BTreeMap<(String, Register), Vec<Read>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Meter {
    /// 10^dials: where its registers start again.
    rollover: Exact,
    multiplier: Exact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    date: NaiveDate,
    value: Exact,
    estimated: bool,
}

/// The use of a register between two reads, spread evenly over the days.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    register: Register,
    from: NaiveDate,
    /// Exclusive.
    to: NaiveDate,
    kwh: Exact,
    /// What it was computed from; the days are all of them.
    used: ReadUse,
}

/// How a cycle closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    Actual,
    Estimated,
}

impl Reads {
    /// Reads `meters` and `reads` of a case.
    pub(crate) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let meters = fields.need("meters", problems);
        let meters = meters.and_then(|at| read_meters(&at, problems));
        let reads = fields.need("reads", problems)?;
        let mut found: BTreeMap<(String, Register), Vec<Read>> = BTreeMap::new();
        for at in reads.list(problems)? {
            let Some((meter, register, read)) = read_one(&at, problems) else {
                continue;
            };
            let Some(meters) = &meters else { continue };
            match meters.get(&meter) {
                None => problems.add(&at.path, format!("there is no meter {meter}")),
                Some(facts) if read.value.is_negative() || read.value >= facts.rollover => {
                    let reason = format!("no register of meter {meter} can show {}", read.value);
                    problems.add(&at.path, reason);
                }
                Some(_) => {}
            }
            found.entry((meter, register)).or_default().push(read);
        }
        for ((meter, register), list) in &mut found {
            list.sort_by_key(|read| read.date);
            if let Some([a, _]) = list
                .windows(2)
                .find(|pair| matches!(pair, [a, b] if a.date == b.date))
            {
                let reason = format!("meter {meter} has two reads of {} on {}", register.name(), a.date);
                problems.add(&reads.path, reason);
            }
        }
        Some(Self {
            meters: meters?,
            reads: found,
        })
    }

    /// How the cycle that ends on `to` closes; `None` without a read on that date.
    pub(crate) fn closing(&self, to: NaiveDate) -> Option<Closing> {
        let mut at = self
            .reads
            .values()
            .flatten()
            .filter(|read| read.date == to)
            .peekable();
        at.peek()?;
        Some(if at.any(|read| read.estimated) {
            Closing::Estimated
        } else {
            Closing::Actual
        })
    }

    /// Whether every estimate in this cycle follows an actual read of the same register, so that there is something to settle it from.
    /// The first cycle `is_first` after an actual read, so none of its registers may open with an estimate.
    ///
    /// # Errors
    /// [`RatingError::EstimateUnsettled`].
    pub(crate) fn check_opening(
        &self,
        compiled: &Compiled,
        to: NaiveDate,
        is_first: bool,
    ) -> Result<(), RatingError> {
        let from = compiled.from();
        for (key, list) in self.reads_of(compiled) {
            let before = list.iter().rposition(|read| read.date <= from);
            let opening = match before {
                Some(index) => list.get(index..).filter(|_| is_first),
                None => Some(&list[..]),
            };
            // The last read of a register opens nothing.
            if let Some([read, _, ..]) = opening
                && read.estimated
                && read.date < to
            {
                return Err(unsettled(key, read));
            }
        }
        Ok(())
    }

    /// Whether the actual reads say what was used on all days of `span` on which all reads do, so that a bill which closes with one
    /// leaves no estimate behind.
    ///
    /// # Errors
    /// [`RatingError::EstimateUnsettled`] for the first or last read of a register that is estimated: its energy would be lost.
    pub(crate) fn check_settled(&self, span: &Compiled) -> Result<(), RatingError> {
        for (key, list) in self.reads_of(span) {
            let earliest = list.iter().find(|read| !read.estimated);
            let latest = list.iter().rfind(|read| !read.estimated);
            let (Some(first), Some(last)) = (list.first(), list.last()) else {
                continue;
            };
            let (from, to) = (first.date.max(span.from()), last.date.min(span.to()));
            if from >= to {
                continue;
            }
            if earliest.is_none_or(|read| read.date > from) {
                return Err(unsettled(key, first));
            }
            if latest.is_none_or(|read| read.date < to) {
                return Err(unsettled(key, last));
            }
        }
        Ok(())
    }

    /// The actual reads alone.
    ///
    /// # Errors
    /// As [`Self::check_settled`].
    pub(crate) fn settling(&self, span: &Compiled) -> Result<Self, RatingError> {
        self.check_settled(span)?;
        let actual = |list: &Vec<Read>| list.iter().filter(|read| !read.estimated).cloned().collect();
        let reads = self.reads.iter().map(|(key, list)| (key.clone(), actual(list)));
        Ok(Self {
            meters: self.meters.clone(),
            reads: reads.collect(),
        })
    }

    /// What to say of the estimate of `day` that closed a cycle.
    pub(crate) fn unsettled_on(&self, day: NaiveDate) -> RatingError {
        let mut reads = self
            .reads
            .iter()
            .flat_map(|(key, list)| list.iter().map(move |read| (key, read)));
        let estimate = reads.find(|(_, read)| read.estimated && read.date == day);
        estimate.map_or(RatingError::Period, |(key, read)| unsettled(key, read))
    }

    /// The reads of registers that the charges are about.
    fn reads_of<'a>(
        &'a self,
        compiled: &'a Compiled,
    ) -> impl Iterator<Item = (&'a (String, Register), &'a Vec<Read>)> {
        let is_used =
            |((_, register), _): &(&(String, Register), _)| compiled.days_with(register).next().is_some();
        self.reads.iter().filter(is_used)
    }

    /// The use by slot of a compiled tariff. A register must be covered on the days on which a charge is about it: another meter may
    /// have other registers, and another version other charges.
    pub(crate) fn tally(&self, compiled: &Compiled) -> Result<Tally, RatingError> {
        let stretches = self.stretches();
        let days: BTreeSet<NaiveDate> = compiled.days().collect();
        let registers: BTreeSet<&Register> = stretches.iter().map(|stretch| &stretch.register).collect();
        let (mut sums, mut reads) = (Vec::new(), Vec::new());
        for register in registers {
            let mine = || stretches.iter().filter(|stretch| stretch.register == *register);
            let covered = |day: &NaiveDate| mine().any(|stretch| (stretch.from..stretch.to).contains(day));
            if let Some(day) = compiled.days_with(register).find(|day| !covered(day)) {
                return Err(RatingError::ReadMissing {
                    register: register.name().to_owned(),
                    day,
                });
            }
            let mut by_slot = vec![Exact::ZERO; compiled.segments().slots()];
            for stretch in mine() {
                stretch.add_to((&mut by_slot, &mut reads), &days, compiled)?;
            }
            sums.push((register.clone(), by_slot));
        }
        Ok(Tally::of_reads(sums, reads))
    }

    fn stretches(&self) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        for ((id, register), reads) in &self.reads {
            let Some(meter) = self.meters.get(id) else {
                continue;
            };
            for (earlier, later) in reads.iter().zip(reads.iter().skip(1)) {
                let (kwh, rollover) = meter.used(earlier, later);
                let days = later.date.signed_duration_since(earlier.date).num_days();
                stretches.push(Stretch {
                    register: register.clone(),
                    from: earlier.date,
                    to: later.date,
                    kwh,
                    used: ReadUse {
                        meter: id.clone(),
                        from: earlier.date,
                        to: later.date,
                        earlier: earlier.value.clone(),
                        later: later.value.clone(),
                        rollover,
                        multiplier: meter.multiplier.clone(),
                        estimated: earlier.estimated || later.estimated,
                        days: days.into(),
                        of_days: days.into(),
                    },
                });
            }
        }
        stretches
    }
}

impl Meter {
    /// The use between two reads, and where the register started again if it did.
    fn used(&self, earlier: &Read, later: &Read) -> (Exact, Option<Exact>) {
        let difference = later.value.minus(&earlier.value);
        let most_too_high = self.rollover.over(Exact::whole(2)).unwrap_or_default();
        let estimate_too_high = earlier.estimated && difference.negated() <= most_too_high;
        let has_turned = difference.is_negative() && !estimate_too_high;
        let rollover = has_turned.then(|| self.rollover.clone());
        let turned = rollover
            .as_ref()
            .map_or(difference.clone(), |rollover| difference.plus(rollover));
        (turned.times(&self.multiplier), rollover)
    }
}

impl Stretch {
    /// Adds what falls on `days` to the slots of their first instants.
    fn add_to(
        &self,
        (by_slot, reads): (&mut [Exact], &mut Vec<SlotRead>),
        days: &BTreeSet<NaiveDate>,
        compiled: &Compiled,
    ) -> Result<(), RatingError> {
        let length = self.to.signed_duration_since(self.from).num_days();
        let mut counts = vec![0_i128; by_slot.len()];
        let mut cursor = compiled.segments().cursor();
        for day in days.range(self.from..self.to) {
            let at = local::midnight(compiled.period().zone, *day).ok_or(RatingError::Period)?;
            if let Some(count) = cursor.slot_at(at).and_then(|slot| counts.get_mut(slot)) {
                *count = count.saturating_add(1);
            }
        }
        for (slot, (sum, count)) in by_slot.iter_mut().zip(counts).enumerate() {
            if count == 0 {
                continue;
            }
            let share = Exact::ratio(count, length.into()).unwrap_or_default();
            *sum = sum.plus(self.kwh.times(share));
            reads.push(SlotRead {
                register: self.register.clone(),
                slot,
                used: ReadUse {
                    days: count,
                    ..self.used.clone()
                },
            });
        }
        Ok(())
    }
}

fn unsettled((meter, register): &(String, Register), read: &Read) -> RatingError {
    RatingError::EstimateUnsettled {
        meter: meter.clone(),
        register: register.name().to_owned(),
        day: read.date,
    }
}

fn read_meters(at: &At<'_>, problems: &mut Problems) -> Option<BTreeMap<String, Meter>> {
    let meters = at.several(problems, |at, problems| {
        let mut fields = at.object(problems)?;
        let id = fields.need("id", problems).and_then(|at| at.text(problems));
        let dials = fields.need("dials", problems).and_then(|at| {
            let dials = at.count(MAX_DIALS, problems)?;
            if dials == 0 {
                return at.wrong(problems, "a register has a dial at least");
            }
            Some(dials)
        });
        let multiplier = fields.maybe("multiplier", problems, |at, problems| {
            let multiplier = at.number(problems)?;
            if multiplier <= Exact::ZERO {
                return at.wrong(problems, "must be above zero");
            }
            Some(multiplier)
        });
        let multiplier = multiplier.map(|found| found.unwrap_or(Exact::ONE));
        fields.finish(problems);
        let meter = Meter {
            rollover: Exact::whole(10_i128.checked_pow(dials?)?),
            multiplier: multiplier?,
        };
        Some((id?.to_owned(), meter))
    })?;
    let count = meters.len();
    let by_id: BTreeMap<String, Meter> = meters.into_iter().collect();
    if by_id.len() < count {
        return at.wrong(problems, "two meters have one id");
    }
    Some(by_id)
}

fn read_one(at: &At<'_>, problems: &mut Problems) -> Option<(String, Register, Read)> {
    let mut fields = at.object(problems)?;
    let date = fields.need("date", problems).and_then(|at| at.date(problems));
    let meter = fields.need("meter", problems).and_then(|at| at.text(problems));
    let register = fields
        .maybe("register", problems, Register::read)
        .map(|register| register.unwrap_or(Register::Import));
    let value = fields.number("value", problems);
    let estimated = fields
        .need("kind", problems)
        .and_then(|at| match at.text(problems)? {
            "actual" | "final" | "initial" => Some(false),
            "estimated" => Some(true),
            _ => at.wrong(problems, "must be actual, estimated, final or initial"),
        });
    fields.finish(problems);
    let read = Read {
        date: date?,
        value: value?,
        estimated: estimated?,
    };
    Some((meter?.to_owned(), register?, read))
}
