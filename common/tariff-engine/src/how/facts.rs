//! What lines were computed from, by kind of charge.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::carry::{Lot, Peak};
use crate::exact::Exact;
use crate::rounding::{Mode, Rounding};
use crate::rule::Hours;
use crate::scene::Mix;
use crate::statement::Register;

/// Where a quantity of energy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Which series.
    pub register: Register,
    /// How every interval was rounded before it was added.
    pub rounding: Option<(u32, Mode)>,
    /// When its intervals begin; `None` = all of them.
    pub hours: Option<Hours>,
    /// kWh.
    pub kwh: Exact,
    /// Its intervals; none where registers were read.
    pub mix: Mix,
    /// kWh of those that were estimated.
    pub estimated_kwh: Exact,
    /// The reads; none where there are intervals.
    pub reads: Vec<ReadUse>,
}

/// What the use between two reads gave to a line (`RATING` 3.14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadUse {
    /// The meter's id.
    pub meter: String,
    /// The date of the earlier read.
    pub from: NaiveDate,
    /// Of the later one.
    pub to: NaiveDate,
    /// What the register showed first.
    pub earlier: Exact,
    /// What it showed then.
    pub later: Exact,
    /// Where it starts again, if it did.
    pub rollover: Option<Exact>,
    /// kWh of a unit.
    pub multiplier: Exact,
    /// Whether one of both reads is estimated.
    pub estimated: bool,
    /// Days between both reads that the line is about.
    pub days: i128,
    /// All days between both reads.
    pub of_days: i128,
}

/// The facts behind a line at prices of a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedHow {
    /// The energy.
    pub source: Source,
    /// The sum of kWh x price of its time / 1000.
    pub market: Exact,
    /// Of the market's price.
    pub multiplier: Exact,
    /// Per kilowatt-hour.
    pub adder: Exact,
    /// 1, or -1 for credits.
    pub sign: Exact,
}

/// The facts behind a line of tiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TiersHow {
    /// The energy.
    pub source: Source,
    /// All of it at the price of the tier that it reaches.
    pub by_volume: bool,
    /// What limits are multiplied by: `1`, the days, or the days / 30.
    pub allowance: &'static str,
    /// The days that the limits are for.
    pub days: usize,
    /// The months of its season; `None` = there are no seasons.
    pub months: Option<Arc<[u32]>>,
    /// Lowest first, as far as they were reached.
    pub parts: Vec<TierPart>,
}

/// What fell into a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierPart {
    /// How much.
    pub kwh: Exact,
    /// The limit as the tariff writes it; `None` = none.
    pub up_to: Option<Exact>,
    /// The limit for the days of the line.
    pub limit: Option<Exact>,
    /// Its price, with the charge's sign.
    pub rate: Exact,
}

/// A step of a fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepHow {
    /// The limit of the step before; `None` = it is the first.
    pub above: Option<Exact>,
    /// Its own; `None` = it is the highest.
    pub up_to: Option<Exact>,
}

/// Among which windows of time the highest power is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Their length.
    pub minutes: u32,
    /// From the start of one to that of the next.
    pub slide_minutes: u32,
    /// When they begin; `None` = at any time.
    pub hours: Option<Hours>,
    /// Estimated intervals: windows with any of them in it are left out.
    pub estimated: u32,
}

/// The facts behind a line of demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandHow {
    /// Where it was looked for.
    pub among: Windows,
    /// Start and kW of the windows that set it, in order of time.
    pub windows: Vec<(i64, Exact)>,
    /// Of the highest windows of so many days the mean counts; `None` = the highest of all.
    pub top_days: Option<usize>,
    /// The power factor, if the charge looks at it and there was energy.
    pub power_factor: Option<PowerFactor>,
    /// kW after the power factor.
    pub measured: Exact,
    /// kW that are billed at least.
    pub minimum_kw: Option<Exact>,
    /// What cycles before leave as the least.
    pub ratchet: Option<RatchetHow>,
    /// kW that are averaged with this cycle's.
    pub others_kw: Vec<Exact>,
    /// What it costs.
    pub price: PowerPrice,
}

/// How active the energy was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerFactor {
    /// Active energy.
    pub kwh: Exact,
    /// Reactive energy.
    pub kvarh: Exact,
    /// kWh / apparent energy, rounded.
    pub factor: Exact,
    /// What it should be.
    pub reference: Exact,
}

/// A ratchet and the cycles that it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatchetHow {
    /// 1 = 100 %.
    pub share: Exact,
    /// How many cycles it looks back.
    pub cycles_back: usize,
    /// The months of those that count; `None` = all.
    pub months: Option<Arc<[u32]>>,
    /// Those of them whose month counts, oldest first.
    pub peaks: Vec<Peak>,
}

/// What power costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PowerPrice {
    /// For a kilowatt.
    PerKw(Exact),
    /// For a kilowatt and year, by days.
    PerKwYear(Exact),
    /// The fee of a step; a limit is not inside.
    Step {
        /// Which.
        step: StepHow,
        /// What it costs.
        fee: Exact,
    },
}

/// An interval that counted for its power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its start.
    pub at: i64,
    /// Its energy.
    pub kwh: Exact,
    /// Its length.
    pub minutes: Exact,
}

/// The facts behind power at given times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoincidentHow {
    /// The intervals that count.
    pub at: Vec<Slot>,
    /// Starts of those that do not, because their value is estimated.
    pub left_out: Vec<i64>,
}

/// The facts behind reactive energy beyond a free share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactiveHow {
    /// All of it.
    pub kvarh: Source,
    /// The active energy.
    pub kwh: Source,
    /// kvarh that are free for a kWh.
    pub free_share: Exact,
}

/// The facts behind contracted power with a band around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandHow {
    /// kW.
    pub contracted: Exact,
    /// Of the contracted power, 1 = 100 %: what is billed at least.
    pub low: Exact,
    /// From where on the factor counts.
    pub high: Exact,
    /// For what is above.
    pub excess_factor: Exact,
    /// The highest kW.
    pub measured: Exact,
    /// The start of its window.
    pub at: Option<i64>,
    /// Where it was looked for.
    pub among: Windows,
    /// Per kW and day.
    pub rate: Exact,
    /// Local days.
    pub days: usize,
}

/// The facts behind what exceeds contracted power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcessHow {
    /// kW.
    pub contracted: Exact,
    /// How many windows are above it.
    pub windows: usize,
    /// Which windows are looked at.
    pub among: Windows,
    /// The sum of the squares of what is above it, kW x kW.
    pub squares: Exact,
}

/// The facts behind net energy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetHow {
    /// What was taken.
    pub import: Source,
    /// What was given.
    pub export: Source,
    /// What the bank gave, oldest lot first.
    pub banked: Vec<Lot>,
    /// kWh put into it.
    pub surplus: Exact,
    /// What the bank had and has.
    pub bank: BankHow,
}

/// A bank around the days of a line: before less what it gave and what expired, and what was put into it, is after. What is of this
/// bill is of 0 cycles ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankHow {
    /// The id of the charge that has it.
    pub charge: String,
    /// Its lots before, oldest first.
    pub before: Vec<Lot>,
    /// kWh that expired, at the end of the bill.
    pub expired: Exact,
    /// Its lots after, oldest first.
    pub after: Vec<Lot>,
}

/// One event of a rebate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebate {
    /// What it was called.
    pub event: String,
    /// Its date.
    pub date: NaiveDate,
    /// Its local clock, `17:00-20:00`.
    pub clock: String,
    /// kWh in it.
    pub used: Exact,
    /// The days of the most use before, with their kWh, the most first: their mean would have been usual.
    pub before: Vec<(NaiveDate, Exact)>,
    /// The other days that were looked at, with their kWh, likewise.
    pub not_chosen: Vec<(NaiveDate, Exact)>,
    /// Days from Monday to Friday among them that were not looked at, the latest first, and why.
    pub left_out: Vec<(NaiveDate, NotLike)>,
}

/// Why a day is not like that of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotLike {
    /// It is a holiday.
    Holiday,
    /// There was an event of that name.
    Event,
}

impl NotLike {
    /// The word in sentences and facts.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Holiday => "holiday",
            Self::Event => "event",
        }
    }
}

/// The facts behind a line that is worked out from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinesHow {
    /// Ids and amounts of those lines.
    pub of: Vec<(String, Exact)>,
    /// What is done with them.
    pub rule: LinesRule,
}

/// What is done with the sum of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinesRule {
    /// A share of it.
    Percent(Exact),
    /// A share of each line, rounded if the tariff rounds lines.
    PercentOfEach(Exact, Rounding),
    /// What it lacks to an amount.
    Minimum(Exact),
    /// What it has above an amount.
    Maximum(Exact),
    /// What it has above a price of the energy of the cycle.
    MaxPerKwh {
        /// Per kWh.
        rate: Exact,
        /// Of which register.
        register: Register,
        /// kWh.
        kwh: Exact,
    },
}

impl LinesRule {
    /// Whether it is a percentage above zero.
    pub(crate) fn adds_a_share(&self) -> bool {
        match self {
            Self::Percent(rate) | Self::PercentOfEach(rate, _) => *rate > Exact::ZERO,
            Self::Minimum(_) | Self::Maximum(_) | Self::MaxPerKwh { .. } => false,
        }
    }
}

impl Source {
    /// Adds what two reads gave to another part of the same days.
    pub(crate) fn add_read(&mut self, more: &ReadUse) {
        let same = |read: &&mut ReadUse| (&read.meter, read.from) == (&more.meter, more.from);
        match self.reads.iter_mut().find(same) {
            Some(read) => read.days = read.days.saturating_add(more.days),
            None => self.reads.push(more.clone()),
        }
    }
}

impl ReadUse {
    /// kWh that it gave.
    pub(crate) fn kwh(&self) -> Exact {
        let difference = self.later.minus(&self.earlier);
        let turned = self
            .rollover
            .as_ref()
            .map_or(difference.clone(), |rollover| difference.plus(rollover));
        let share = Exact::ratio(self.days, self.of_days).unwrap_or_default();
        turned.times(&self.multiplier).times(share)
    }
}

impl Rebate {
    /// How many days were looked at.
    pub(crate) fn lookback_days(&self) -> usize {
        self.before.len().saturating_add(self.not_chosen.len())
    }

    /// kWh that would have been usual.
    pub(crate) fn baseline(&self) -> Exact {
        let sum = Exact::sum(self.before.iter().map(|(_, kwh)| kwh));
        sum.over(Exact::count(self.before.len())).unwrap_or_default()
    }

    /// kWh that were saved.
    pub(crate) fn saved(&self) -> Exact {
        self.baseline().minus(&self.used).at_least_zero()
    }
}
