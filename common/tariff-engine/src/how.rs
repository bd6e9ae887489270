//! How the amount of a line came about: the facts, kept as they were used. They are put into words when somebody asks.

mod balance;
mod contracted;
mod days;
mod demand;
mod energy;
mod facts;
mod lines;
mod power;
mod words;

use chrono::NaiveDate;

use crate::carry::Lot;
use crate::exact::Exact;
use crate::explanation::{Facts, Told};
use crate::scene::Mix;
use crate::statement::Line;
pub use facts::{
    BandHow, BankHow, CoincidentHow, DemandHow, ExcessHow, IndexedHow, LinesHow, LinesRule, NetHow, NotLike,
    PowerFactor, PowerPrice, RatchetHow, ReactiveHow, ReadUse, Rebate, Slot, Source, StepHow, TierPart,
    TiersHow, Windows,
};
pub(crate) use words::{clock, moment, span, stretch};

/// The facts behind a line, by kind of charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Energy at one price.
    Energy(Source),
    /// An amount by days.
    Days {
        /// `day`, `month` or `year`.
        every: &'static str,
        /// For one of them.
        amount: Exact,
    },
    /// Energy at prices of a market.
    Indexed(Box<IndexedHow>),
    /// Energy by tiers.
    Tiers(Box<TiersHow>),
    /// Packages of energy.
    Package {
        /// The energy.
        source: Source,
        /// kWh of a package.
        size: Exact,
    },
    /// The fee of a step.
    Step {
        /// The energy.
        source: Source,
        /// Which.
        step: Box<StepHow>,
    },
    /// The highest power.
    Demand(Box<DemandHow>),
    /// Power at given times.
    Coincident(Box<CoincidentHow>),
    /// Reactive energy beyond a free share.
    Reactive(Box<ReactiveHow>),
    /// Contracted power by a band around it.
    ContractedBand(Box<BandHow>),
    /// Contracted power, paid always.
    ContractedFee {
        /// Per kW and day.
        rate: Exact,
        /// Local days.
        days: usize,
    },
    /// What exceeds the contracted power.
    ContractedExcess(Box<ExcessHow>),
    /// Import less export, less what the bank gives.
    NetEnergy(Box<NetHow>),
    /// Banked energy that was not used in time: what was left of each lot.
    Expired(Vec<Lot>),
    /// Savings during events.
    Rebates(Vec<Rebate>),
    /// What was billed on estimated reads before.
    Previous {
        /// The last actual read before.
        since: NaiveDate,
        /// The first day of each bill, and what it charged for energy.
        bills: Vec<(NaiveDate, Exact)>,
    },
    /// Worked out from other lines.
    Lines(Box<LinesHow>),
}

impl How {
    /// Intervals that the quantity comes from; nothing where it comes from none.
    #[must_use]
    pub fn mix(&self) -> Mix {
        self.source().map(|source| source.mix).unwrap_or_default()
    }

    /// The energy that is the quantity, if it is one.
    pub(crate) fn source(&self) -> Option<&Source> {
        match self {
            Self::Energy(source) | Self::Package { source, .. } | Self::Step { source, .. } => Some(source),
            Self::Indexed(how) => Some(&how.source),
            Self::Tiers(how) => Some(&how.source),
            Self::Days { .. }
            | Self::Demand(_)
            | Self::Coincident(_)
            | Self::Reactive(_)
            | Self::ContractedBand(_)
            | Self::ContractedFee { .. }
            | Self::ContractedExcess(_)
            | Self::NetEnergy(_)
            | Self::Expired(_)
            | Self::Rebates(_)
            | Self::Previous { .. }
            | Self::Lines(_) => None,
        }
    }

    /// In words, and as a formula.
    pub(crate) fn told(&self, line: &Line) -> Told {
        match self {
            Self::Energy(source) => source.at_one_price(line),
            Self::Days { every, amount } => days::told(line, every, amount),
            Self::Indexed(how) => how.told(line),
            Self::Tiers(how) => how.told(line),
            Self::Package { source, size } => energy::package(line, source, size),
            Self::Step { source, step } => energy::step(line, source, step),
            Self::Demand(how) => how.told(line),
            Self::Coincident(how) => how.told(line),
            Self::Reactive(how) => how.told(line),
            Self::ContractedBand(how) => how.told(line),
            Self::ContractedFee { rate, days } => contracted::fee(line, rate, *days),
            Self::ContractedExcess(how) => how.told(line),
            Self::NetEnergy(how) => how.told(line),
            Self::Expired(lots) => balance::expired(line, lots),
            Self::Rebates(events) => balance::rebates(line, events),
            Self::Previous { since, bills } => balance::previous(*since, bills),
            Self::Lines(how) => how.told(),
        }
    }

    /// The same by name.
    pub(crate) fn facts(&self, line: &Line) -> Facts {
        match self {
            Self::Energy(source) => source.at_one_price_facts(line),
            Self::Days { every, amount } => days::facts(line, every, amount),
            Self::Indexed(how) => how.facts(),
            Self::Tiers(how) => how.facts(line),
            Self::Package { source, size } => energy::package_facts(line, source, size),
            Self::Step { source, step } => energy::step_facts(line, source, step),
            Self::Demand(how) => how.facts(line),
            Self::Coincident(how) => how.facts(line),
            Self::Reactive(how) => how.facts(line),
            Self::ContractedBand(how) => how.facts(line),
            Self::ContractedFee { rate, days } => contracted::fee_facts(line, rate, *days),
            Self::ContractedExcess(how) => how.facts(line),
            Self::NetEnergy(how) => how.facts(line),
            Self::Expired(lots) => balance::expired_facts(line, lots),
            Self::Rebates(events) => balance::rebates_facts(line, events),
            Self::Previous { since, bills } => balance::previous_facts(*since, bills),
            Self::Lines(how) => how.facts(),
        }
    }
}
