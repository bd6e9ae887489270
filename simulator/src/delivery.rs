//! When and how often a reading of the fleet is sent: on time, or late, twice, out of order, with a wrong clock, or never.
//!
//! The plan is as pure as the readings: it follows from seed, meter and interval, and from nothing that happens while sending.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::fleet::{Fleet, Meter};
use crate::random::Draw;
use crate::sample::Sample;
use crate::span::Span;

/// The longest that a late reading is late, in intervals: a day of quarter hours.
const MOST_INTERVALS_LATE: u64 = 96;
/// How many intervals may overtake a reading that is out of order.
const MOST_INTERVALS_OVERTAKEN: u64 = 3;

/// How often something happens to a reading on its way; each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultRates {
    /// Sent twice.
    pub duplicates: f64,
    /// Sent up to 96 intervals late.
    pub late: f64,
    /// Overtaken by up to three later intervals.
    pub reordered: f64,
    /// Never sent.
    pub gaps: f64,
    /// The share of *meters* whose clock is wrong.
    pub skewed: f64,
    /// How far a wrong clock is off at most, in both directions.
    pub skew: Span,
}

impl Default for FaultRates {
    fn default() -> Self {
        Self {
            duplicates: 0.0,
            late: 0.0,
            reordered: 0.0,
            gaps: 0.0,
            skewed: 0.0,
            skew: Span::from_secs(120),
        }
    }
}

impl FaultRates {
    /// Every rate that is none, as a sentence.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let rates = [
            ("duplicates", self.duplicates),
            ("late", self.late),
            ("reordered", self.reordered),
            ("gaps", self.gaps),
            ("skewed", self.skewed),
        ];
        let wrong = rates.into_iter().filter(|(_, rate)| !(0.0..=1.0).contains(rate));
        wrong
            .map(|(name, _)| format!("the rate of {name} must be 0 to 1"))
            .collect()
    }
}

/// What happened to a reading on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// This is the second time.
    Duplicate,
    /// It comes late.
    Late,
    /// Later intervals came before it.
    Reordered,
    /// The meter's clock is wrong.
    Skewed,
}

/// One reading on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Index of the meter in the fleet.
    pub meter: usize,
    /// What is sent; with a wrong clock, its start is wrong.
    pub sample: Sample,
    /// What happened to it.
    pub fault: Option<Fault>,
}

/// What is sent at one instant of the fleet's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// When, milliseconds since 1970 UTC.
    pub due_ms: i64,
    /// What, in order.
    pub deliveries: Vec<Delivery>,
    /// How many readings of this instant are never sent.
    pub withheld: u64,
}

impl Tick {
    /// When the last of its intervals is over, milliseconds since 1970 UTC; as the meters' clocks have it.
    pub(crate) fn last_end_ms(&self) -> i64 {
        let ends = self.deliveries.iter().map(|delivery| delivery.sample.end_ms());
        ends.max().unwrap_or(i64::MIN)
    }
}

/// The plan of a fleet over a period: an iterator over the instants at which something is sent.
#[derive(Debug)]
pub struct Schedule<'a> {
    fleet: &'a Fleet,
    rates: FaultRates,
    next_start: i64,
    end: i64,
    /// Readings that wait, by the instant at which they are sent.
    waiting: BTreeMap<i64, Vec<Delivery>>,
}

impl<'a> Schedule<'a> {
    /// Everything that starts in `period`; what is late comes after its end. An end far away makes a plan without an end.
    #[must_use]
    pub fn new(fleet: &'a Fleet, rates: FaultRates, period: &Range<DateTime<Utc>>) -> Self {
        Self {
            fleet,
            rates,
            next_start: fleet
                .config()
                .interval
                .first_start(period.start.timestamp_millis()),
            end: period.end.timestamp_millis(),
            waiting: BTreeMap::new(),
        }
    }

    /// Plans every reading of the interval at `start_ms`; says how many are withheld.
    fn plan(&mut self, start_ms: i64) -> u64 {
        let mut withheld = 0;
        for (index, meter) in self.fleet.meters().iter().enumerate() {
            for sample in self.fleet.at(meter, start_ms) {
                withheld += u64::from(!self.plan_one(index, meter, sample));
            }
        }
        withheld
    }

    /// Whether the reading is sent at all.
    fn plan_one(&mut self, index: usize, meter: &Meter, mut sample: Sample) -> bool {
        let draw = meter
            .draw()
            .with(DELIVERY)
            .at(sample.start_ms)
            .with(u64::from(sample.channel.code()));
        if draw.with(1).happens(self.rates.gaps) {
            return false;
        }
        let step = self.fleet.config().interval.as_millis();
        let delay = |draw: Draw, most: u64| (1 + draw.below(most)).cast_signed() * step;
        let on_time = sample.end_ms();
        let skew_ms = self.skew_ms(meter);
        sample.start_ms += skew_ms;
        let (due, fault) = if draw.with(2).happens(self.rates.late) {
            (
                on_time + delay(draw.with(3), MOST_INTERVALS_LATE),
                Some(Fault::Late),
            )
        } else if draw.with(4).happens(self.rates.reordered) {
            (
                on_time + delay(draw.with(5), MOST_INTERVALS_OVERTAKEN),
                Some(Fault::Reordered),
            )
        } else {
            (on_time, (skew_ms != 0).then_some(Fault::Skewed))
        };
        self.put(
            due,
            Delivery {
                meter: index,
                sample,
                fault,
            },
        );
        if draw.with(6).happens(self.rates.duplicates) {
            let again = due + delay(draw.with(7), MOST_INTERVALS_OVERTAKEN) - step;
            self.put(
                again,
                Delivery {
                    meter: index,
                    sample,
                    fault: Some(Fault::Duplicate),
                },
            );
        }
        true
    }

    fn put(&mut self, due_ms: i64, delivery: Delivery) {
        self.waiting.entry(due_ms).or_default().push(delivery);
    }

    /// How far the clock of `meter` is off, for ever.
    fn skew_ms(&self, meter: &Meter) -> i64 {
        let draw = meter.draw().with(CLOCK);
        if !draw.with(1).happens(self.rates.skewed) {
            return 0;
        }
        let most = u64::try_from(self.rates.skew.as_millis() / 1_000).unwrap_or_default();
        let seconds = (1 + draw.with(2).below(most)).cast_signed();
        let sign = if draw.with(3).happens(0.5) { -1 } else { 1 };
        sign * seconds * 1_000
    }
}

const DELIVERY: u64 = 0x6465_6c69;
const CLOCK: u64 = 0x636c_6f63;

impl Iterator for Schedule<'_> {
    type Item = Tick;

    fn next(&mut self) -> Option<Tick> {
        if self.next_start >= self.end {
            let (due_ms, deliveries) = self.waiting.pop_first()?;
            return Some(Tick {
                due_ms,
                deliveries,
                withheld: 0,
            });
        }
        let withheld = self.plan(self.next_start);
        self.next_start += self.fleet.config().interval.as_millis();
        // what is delayed waits for the end of a later interval, so nothing planned is due before this instant
        let due_ms = self.next_start;
        let deliveries = self.waiting.remove(&due_ms).unwrap_or_default();
        Some(Tick {
            due_ms,
            deliveries,
            withheld,
        })
    }
}

#[cfg(test)]
mod tests;
