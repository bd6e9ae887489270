//! How the amount of a line came about: the facts. The sentence is made of them when somebody asks.

mod sentence;

use chrono::NaiveDate;

use crate::exact::Exact;
use crate::scene::Mix;
use crate::statement::Register;
pub(crate) use sentence::Figures;

/// The facts behind a line, by kind of charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Energy at one price.
    Energy {
        /// Of this register.
        register: Register,
        /// From these intervals.
        mix: Mix,
    },
    /// An amount by days.
    Days {
        /// Days, months or years.
        times: Exact,
        /// `day`, `month` or `year`.
        every: &'static str,
        /// For one of them.
        amount: Exact,
    },
    /// Energy at prices of a market.
    Indexed {
        /// Of this register.
        register: Register,
        /// From these intervals.
        mix: Mix,
        /// What a kilowatt-hour cost in the mean; `None` without energy.
        mean: Option<Exact>,
        /// Of the market's price.
        multiplier: Exact,
        /// Per kilowatt-hour.
        adder: Exact,
    },
    /// Energy by tiers.
    Tiers {
        /// Of this register.
        register: Register,
        /// From these intervals.
        mix: Mix,
        /// Lowest first, as far as they were reached.
        parts: Vec<TierPart>,
        /// The days that the limits are for.
        days: usize,
    },
    /// Packages of energy.
    Package {
        /// The energy.
        kwh: Exact,
        /// From these intervals.
        mix: Mix,
        /// kWh of a package.
        size: Exact,
    },
    /// The fee of a step.
    Step {
        /// From these intervals.
        mix: Mix,
        /// kWh up to which it holds; `None` = the highest.
        up_to: Option<Exact>,
    },
    /// The highest power.
    Demand(DemandHow),
    /// Power at given times.
    Coincident {
        /// The starts of the intervals that counted.
        at: Vec<i64>,
    },
    /// Reactive energy beyond a free share.
    Reactive {
        /// All of it.
        kvarh: Exact,
        /// The active energy.
        kwh: Exact,
        /// kvarh that are free for a kWh.
        free_share: Exact,
    },
    /// Contracted power by a band around it.
    ContractedBand {
        /// kW.
        contracted: Exact,
        /// The highest kW.
        measured: Exact,
        /// The start of its window.
        at: Option<i64>,
        /// Per kW and day.
        rate: Exact,
        /// Local days.
        days: usize,
    },
    /// Contracted power, paid always.
    ContractedFee {
        /// Per kW and day.
        rate: Exact,
        /// Local days.
        days: usize,
    },
    /// What exceeds the contracted power.
    ContractedExcess {
        /// How many windows do.
        windows: usize,
        /// kW.
        contracted: Exact,
    },
    /// Import less export, less what the bank gives.
    NetEnergy {
        /// kWh.
        import: Exact,
        /// kWh.
        export: Exact,
        /// kWh taken from the bank.
        banked: Exact,
        /// kWh put into it.
        surplus: Exact,
        /// The load has no column of export: nothing was exported.
        no_export: bool,
    },
    /// Banked energy that was not used in time.
    Expired,
    /// Savings during events.
    Rebates(Vec<Rebate>),
    /// What was billed on estimated reads before.
    Previous {
        /// The last actual read before.
        since: NaiveDate,
    },
    /// Worked out from other lines: the sentence.
    Lines(String),
}

/// What fell into a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierPart {
    /// How much.
    pub kwh: Exact,
    /// The tier's limit; `None` = none.
    pub limit: Option<Exact>,
    /// Its price, with the charge's sign.
    pub rate: Exact,
}

/// The facts behind a line of demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandHow {
    /// kW, after the power factor.
    pub measured: Exact,
    /// The starts of the windows that set it.
    pub at: Vec<i64>,
    /// Their length.
    pub window_minutes: u32,
    /// The power factor, if the charge looks at it.
    pub power_factor: Option<Exact>,
    /// What a kilowatt costs, in words.
    pub price: String,
}

/// One event of a rebate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebate {
    /// Its date.
    pub date: NaiveDate,
    /// kWh in it.
    pub used: Exact,
    /// kWh that would have been usual.
    pub baseline: Exact,
}

impl Rebate {
    /// kWh that were saved.
    pub(crate) fn saved(&self) -> Exact {
        self.baseline.minus(&self.used).at_least_zero()
    }
}

impl How {
    /// Intervals that the quantity comes from; nothing where it comes from none.
    #[must_use]
    pub fn mix(&self) -> Mix {
        if let Self::Energy { mix, .. }
        | Self::Indexed { mix, .. }
        | Self::Tiers { mix, .. }
        | Self::Package { mix, .. }
        | Self::Step { mix, .. } = self
        {
            *mix
        } else {
            Mix::default()
        }
    }
}
