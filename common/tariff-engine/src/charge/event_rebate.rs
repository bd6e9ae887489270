//! A rebate for using less than usual during events (`RATING` 3.13).

use chrono::{Datelike, NaiveDate, Weekday};

use super::{Draft, Pricing};
use crate::RatingError;
use crate::carry::Carried;
use crate::event::Event;
use crate::exact::Exact;
use crate::how::{How, NotLike, Rebate};
use crate::load::{Fault, kwh};
use crate::local;
use crate::reader::{Fields, Problems};
use crate::scene::Scene;
use crate::statement::{Register, Unit};

/// The most days that are looked back at.
const MAX_DAYS: u32 = 366;
/// How far back like days are searched: so many days for each that is wanted, which no run of holidays reaches.
const SEARCH_FACTOR: usize = 10;

/// Days like that of an event, and those that are not.
type DaysBefore = (Vec<NaiveDate>, Vec<(NaiveDate, NotLike)>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRebate {
    event: String,
    rate: Exact,
    lookback_days: usize,
    highest: usize,
}

impl EventRebate {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path.clone();
        let event = fields.need("event", problems).and_then(|at| at.text(problems));
        let rate = fields.number("rate", problems);
        let mut count = |key, problems: &mut Problems| {
            let count = fields.need(key, problems)?.count(MAX_DAYS, problems)?;
            usize::try_from(count).ok()
        };
        let lookback_days = count("lookback_days", problems);
        let highest = count("highest", problems);
        let (lookback_days, highest) = (lookback_days?, highest?);
        let good = highest >= 1 && highest <= lookback_days;
        problems.judge(&path, good, "highest must be from 1 to lookback_days");
        Some(Self {
            event: event?.to_owned(),
            rate: rate?,
            lookback_days,
            highest,
        })
    }

    /// The latest days before an event that it is compared with, and those from Monday to Friday between that are not like it.
    fn days_before(&self, scene: &Scene<'_>, date: NaiveDate) -> Result<DaysBefore, RatingError> {
        let before = std::iter::successors(date.pred_opt(), NaiveDate::pred_opt);
        let before = before.take(self.lookback_days.saturating_mul(SEARCH_FACTOR));
        let (mut like, mut left_out) = (Vec::new(), Vec::new());
        for day in before.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)) {
            if scene.calendar.is_holiday(day) {
                left_out.push((day, NotLike::Holiday));
            } else if scene.calendar.named(&self.event).any(|event| event.date == day) {
                left_out.push((day, NotLike::Event));
            } else {
                like.push(day);
            }
            if like.len() == self.lookback_days {
                return Ok((like, left_out));
            }
        }
        let reason = format!("too few like days before {date}");
        Err(RatingError::not_priced(scene.charge, reason))
    }

    /// The energy in the clock window of `event`, as if it were on `date`.
    fn used(scene: &Scene<'_>, event: &Event, date: NaiveDate) -> Result<Exact, RatingError> {
        let (load, values) = (scene.load()?, scene.values(&Register::Import)?);
        let beyond = || RatingError::Period;
        let from = local::midnight(scene.period.zone, date).ok_or_else(beyond)?;
        let day_after = date
            .succ_opt()
            .and_then(|day| day.succ_opt())
            .ok_or_else(beyond)?;
        let to = local::midnight(scene.period.zone, day_after).ok_or_else(beyond)?;
        let mut units = 0_i128;
        for piece in local::offsets(scene.period.zone, from, to).ok_or_else(beyond)? {
            if let Some((start, end)) = piece.clock_stretch(date, event.clock) {
                match load.first_fault(start, end) {
                    Some(Fault::Missing(at_ms)) => return Err(RatingError::IntervalMissing { at_ms }),
                    Some(Fault::Twice(at_ms)) => return Err(RatingError::IntervalTwice { at_ms }),
                    None => {}
                }
                let inside = values.get(load.range(start, end)).unwrap_or_default();
                units = units.saturating_add(inside.iter().map(|value| i128::from(*value)).sum());
            }
        }
        Ok(kwh(units))
    }

    fn rebate(&self, scene: &Scene<'_>, event: &Event) -> Result<Rebate, RatingError> {
        let used = Self::used(scene, event, event.date)?;
        let (days, left_out) = self.days_before(scene, event.date)?;
        let before = days
            .into_iter()
            .map(|day| Ok::<_, RatingError>((day, Self::used(scene, event, day)?)));
        let mut before: Vec<(NaiveDate, Exact)> = before.collect::<Result<_, _>>()?;
        before.sort_by(|(_, a), (_, b)| b.cmp(a));
        let not_chosen = before.split_off(self.highest.min(before.len()));
        Ok(Rebate {
            event: event.name.clone(),
            date: event.date,
            clock: event.clock.to_string(),
            used,
            before,
            not_chosen,
            left_out,
        })
    }
}

impl Pricing for EventRebate {
    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let mine = scene.calendar.named(&self.event);
        let rebates = mine
            .filter(|event| scene.days.contains(&event.date))
            .map(|event| self.rebate(scene, event));
        let rebates: Vec<Rebate> = rebates.collect::<Result<_, _>>()?;
        let saved = Exact::sum(rebates.iter().map(Rebate::saved));
        let how = How::Rebates(rebates);
        Ok(vec![Draft::priced(
            saved,
            Unit::KilowattHours,
            &self.rate.negated(),
            how,
        )])
    }
}
