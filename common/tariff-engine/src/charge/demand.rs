//! A price for the highest power (`RATING` 3.7).

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::fee::Every;
use super::stairstep::{Step, reached, read_steps};
use super::window::{Scale, Window};
use super::{Draft, Pricing};
use crate::RatingError;
use crate::carry::{Carried, Peak};
use crate::event::Calendar;
use crate::exact::Exact;
use crate::how::{DemandHow, How, PowerFactor, PowerPrice, RatchetHow};
use crate::local;
use crate::reader::{At, Fields, Problems};
use crate::rounding::Mode;
use crate::rule::{Hours, When, read_month};
use crate::scene::Scene;
use crate::statement::{Register, Unit};

/// Decimal places of a power factor.
const POWER_FACTOR_PLACES: u32 = 4;
/// The most days or cycles that a charge looks at.
const MAX_COUNT: u32 = 366;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Demand {
    window: Window,
    when: Option<When>,
    /// The same, as a line tells of it.
    hours: Option<Hours>,
    /// The mean of so many daily maxima; `None` = the highest window.
    top_days: Option<usize>,
    /// The reference of a power factor.
    power_factor: Option<Exact>,
    minimum_kw: Option<Exact>,
    ratchet: Option<Ratchet>,
    /// Averaged with this cycle's.
    others_kw: Vec<Exact>,
    price: Price,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Ratchet {
    /// 1 = 100 %.
    share: Exact,
    cycles_back: usize,
    /// `None` = all.
    months: Option<Arc<[u32]>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Price {
    PerKw { rate: Exact, every: Option<Every> },
    Steps(Vec<Step>),
}

impl Demand {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let window = Window::read(fields, problems);
        let when = fields.maybe("when", problems, When::read);
        let top_days = read_top_days(fields, problems);
        let power_factor = fields.maybe("power_factor", problems, |at, problems| {
            let mut fields = at.object(problems)?;
            let path = fields.path_of("reference");
            let reference = fields.number("reference", problems);
            fields.finish(problems);
            let reference = reference?;
            let is_factor = reference > Exact::ZERO && reference <= Exact::ONE;
            problems.judge(&path, is_factor, "must be above 0 and not above 1");
            Some(reference)
        });
        let minimum_kw = fields.maybe("minimum_kw", problems, |at, problems| at.number(problems));
        let ratchet = fields.maybe("ratchet", problems, Ratchet::read);
        let others_kw = fields.maybe("rolling_mean_with_kw", problems, |at, problems| {
            at.several(problems, |at, problems| at.number(problems))
        });
        let price = Price::read(fields, problems);
        Some(Self {
            window: window?,
            hours: when.clone()?.map(|when| Hours::of(Some(when))),
            when: when?,
            top_days: top_days?,
            power_factor: power_factor?,
            minimum_kw: minimum_kw?,
            ratchet: ratchet?,
            others_kw: others_kw?.unwrap_or_default(),
            price: price?,
        })
    }

    /// The windows that set the power, each with its kW, in order of time.
    fn windows(&self, scene: &Scene<'_>) -> Result<Vec<(i64, Exact)>, RatingError> {
        let mut picker = scene.picker();
        let mut counts = |at: i64| self.when.is_none() || picker(at) == Some(1);
        let Some(top) = self.top_days else {
            let mut best: Option<(i64, i128)> = None;
            let scale = self.window.each(scene, |at, units| {
                // Ties go to the earliest. The rule is asked last: most windows are not the highest.
                if best.is_none_or(|(_, most)| units > most) && counts(at) {
                    best = Some((at, units));
                }
            })?;
            return Ok(best
                .map(|(at, units)| (at, scale.kw(units)))
                .into_iter()
                .collect());
        };
        let mut midnights = scene
            .days
            .iter()
            .filter_map(|day| local::midnight(scene.period.zone, *day))
            .peekable();
        let mut days: Vec<(i64, i128)> = Vec::new();
        let mut is_new_day = true;
        let scale = self.window.each(scene, |at, units| {
            while midnights.next_if(|midnight| *midnight <= at).is_some() {
                is_new_day = true;
            }
            if !counts(at) {
                return;
            }
            match days.last_mut().filter(|_| !is_new_day) {
                Some(best) if units <= best.1 => {}
                Some(best) => *best = (at, units),
                None => days.push((at, units)),
            }
            is_new_day = false;
        })?;
        days.sort_by_key(|(at, units)| (std::cmp::Reverse(*units), *at));
        days.truncate(top);
        days.sort_unstable_by_key(|(at, _)| *at);
        Ok(days
            .into_iter()
            .map(|(at, units)| (at, scale.kw(units)))
            .collect())
    }

    /// The kW after the power factor, and the factor if there was energy.
    fn corrected(&self, scene: &Scene<'_>, kw: Exact) -> Result<(Exact, Option<PowerFactor>), RatingError> {
        let Some(reference) = &self.power_factor else {
            return Ok((kw, None));
        };
        let kwh = scene.total_of(Register::Import)?.kwh;
        let kvarh = scene.total_of(Register::Reactive)?.kwh;
        let apparent = kwh.times(&kwh).plus(kvarh.times(&kvarh)).root();
        let Some(factor) = kwh.over(&apparent) else {
            return Ok((kw, None)); // no energy at all
        };
        let factor = factor.rounded(POWER_FACTOR_PLACES, Mode::HalfUp);
        let corrected = if factor >= *reference {
            kw
        } else {
            let corrected = kw.times(reference).over(&factor);
            corrected.ok_or_else(|| RatingError::not_priced(scene.charge, "the power factor is 0"))?
        };
        let factor = PowerFactor {
            kwh,
            kvarh,
            factor,
            reference: reference.clone(),
        };
        Ok((corrected, Some(factor)))
    }

    /// The kW that is paid for, from the one measured.
    fn billed(&self, measured: &Exact, ratchet: Option<&RatchetHow>) -> Exact {
        let least = self.minimum_kw.clone().unwrap_or(Exact::ZERO);
        let mut billed = measured.clone().max(least.clone());
        if let Some(ratchet) = ratchet {
            let shares = ratchet.peaks.iter().map(|peak| peak.kw.times(&ratchet.share));
            billed = billed.max(shares.max().unwrap_or_default());
        }
        if self.others_kw.is_empty() {
            return billed;
        }
        let others = self.others_kw.iter().map(|kw| kw.clone().max(least.clone()));
        mean(others.chain([billed]))
    }
}

/// The mean; 0 of nothing.
fn mean(numbers: impl Iterator<Item = Exact>) -> Exact {
    let numbers: Vec<Exact> = numbers.collect();
    let count = Exact::count(numbers.len());
    Exact::sum(&numbers).over(count).unwrap_or(Exact::ZERO)
}

impl Ratchet {
    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let percent = fields.number("percent", problems);
        let cycles_back = fields
            .need("cycles_back", problems)
            .and_then(|at| at.count(MAX_COUNT, problems));
        let months = fields.maybe("months", problems, |at, problems| {
            at.several(problems, read_month)
        });
        fields.finish(problems);
        Some(Self {
            share: percent?.over(Exact::whole(100))?,
            cycles_back: usize::try_from(cycles_back?).ok()?,
            months: months?.map(Arc::from),
        })
    }

    /// The cycles before that count; `peaks` are oldest first.
    fn over(&self, peaks: &[Peak]) -> RatchetHow {
        let first = peaks.len().saturating_sub(self.cycles_back);
        let counts = |peak: &&Peak| {
            let months = self.months.as_ref();
            months.is_none_or(|months| months.contains(&peak.month.month()))
        };
        let counted = peaks.iter().skip(first).filter(counts);
        RatchetHow {
            share: self.share.clone(),
            cycles_back: self.cycles_back,
            months: self.months.clone(),
            peaks: counted.cloned().collect(),
        }
    }
}

impl Price {
    fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path.clone();
        let every = fields.maybe("rate_per", problems, |at, problems| {
            Some(match at.text(problems)? {
                "cycle" => None,
                "year" => Some(Every::Year),
                _ => return at.wrong(problems, "must be year, or be left out"),
            })
        });
        let rate = fields.get("rate").map(|at| at.number(problems));
        let steps = fields.get("steps").map(|at| read_steps(&at, problems));
        match (rate, steps) {
            (Some(rate), None) => Some(Self::PerKw {
                rate: rate?,
                every: every?.flatten(),
            }),
            (None, Some(steps)) if every == Some(None) => Some(Self::Steps(steps?)),
            _ => {
                problems.add(&path, "must have either rate, with or without rate_per, or steps");
                None
            }
        }
    }

    /// What so many kW cost, and by what.
    fn of(&self, scene: &Scene<'_>, kw: &Exact) -> Result<(Exact, PowerPrice), RatingError> {
        match self {
            Self::PerKw { rate, every: None } => Ok((kw.times(rate), PowerPrice::PerKw(rate.clone()))),
            Self::PerKw {
                rate,
                every: Some(every),
            } => {
                let exact = kw.times(rate).times(every.of(scene.days));
                Ok((exact, PowerPrice::PerKwYear(rate.clone())))
            }
            Self::Steps(steps) => {
                let reaches = |step: &&Step| step.up_to.as_ref().is_none_or(|up_to| *kw < *up_to);
                let (step, fee) = reached(steps, reaches)
                    .ok_or_else(|| RatingError::not_priced(scene.charge, "no step is high enough"))?;
                Ok((fee.clone(), PowerPrice::Step { step, fee }))
            }
        }
    }
}

fn read_top_days(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Option<usize>> {
    let path = fields.path.clone();
    let is_mean = fields.maybe("aggregation", problems, |at, problems| {
        Some(match at.text(problems)? {
            "max" => false,
            "top_days_mean" => true,
            _ => {
                return at.wrong(
                    problems,
                    "must be top_days_mean, or be left out for the highest window",
                );
            }
        })
    });
    let count = fields.maybe("top_n", problems, |at, problems| at.count(MAX_COUNT, problems));
    match (is_mean?.unwrap_or(false), count?) {
        (false, None) => Some(None),
        (true, Some(count)) if count > 0 => Some(usize::try_from(count).ok()),
        _ => {
            problems.add(
                &path,
                "top_n, at least 1, and aggregation top_days_mean belong together",
            );
            None
        }
    }
}

impl Pricing for Demand {
    fn measures(&self) -> Vec<super::Measure> {
        let registers: &[Register] = match &self.power_factor {
            Some(_) => &[Register::Import, Register::Reactive],
            None => &[],
        };
        registers.iter().cloned().map(super::Measure::plain).collect()
    }

    fn is_energy(&self) -> bool {
        false
    }

    fn carries(&self) -> bool {
        self.ratchet.is_some()
    }

    fn is_demand(&self) -> bool {
        true
    }

    fn pick(&self, day: NaiveDate, minute: u32, calendar: &Calendar) -> usize {
        let holds = self
            .when
            .as_ref()
            .is_none_or(|when| when.holds(day, minute, calendar));
        usize::from(holds)
    }

    fn edges(&self, calendar: &Calendar) -> Vec<u32> {
        self.when
            .as_ref()
            .map(|when| when.edges(calendar))
            .unwrap_or_default()
    }

    fn lines(&self, scene: &Scene<'_>, carried: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let windows = self.windows(scene)?;
        let kw = mean(windows.iter().map(|(_, kw)| kw.clone()));
        let (measured, power_factor) = self.corrected(scene, kw)?;
        let ratchet = self.ratchet.as_ref().map(|ratchet| ratchet.over(&carried.peaks));
        let billed = self.billed(&measured, ratchet.as_ref());
        carried.measured(&measured);
        let (exact, price) = self.price.of(scene, &billed)?;
        let per_kw = match &price {
            PowerPrice::PerKw(rate) => Some(rate.clone()),
            PowerPrice::PerKwYear(_) | PowerPrice::Step { .. } => None,
        };
        let how = DemandHow {
            among: self.window.told(scene, self.hours.clone()),
            windows,
            top_days: self.top_days,
            power_factor,
            measured,
            minimum_kw: self.minimum_kw.clone(),
            ratchet,
            others_kw: self.others_kw.clone(),
            price,
        };
        let line = Draft::of(billed, Unit::Kilowatts, exact, How::Demand(Box::new(how)));
        Ok(vec![Draft {
            price: per_kw,
            ..line
        }])
    }
}

/// Start and energy of the highest window, if there is one.
pub(super) type Highest = Option<(i64, i128)>;

/// Highest power by pick, for charges with bands.
pub(super) fn highest_by_pick(
    window: Window,
    scene: &Scene<'_>,
    picks: usize,
) -> Result<(Vec<Highest>, Scale), RatingError> {
    let mut picker = scene.picker();
    let mut best = vec![None; picks];
    let scale = window.each(scene, |at, units| {
        if let Some(best) = picker(at).and_then(|pick| best.get_mut(pick))
            && best.is_none_or(|(_, most)| units > most)
        {
            *best = Some((at, units));
        }
    })?;
    Ok((best, scale))
}
