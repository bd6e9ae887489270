//! How the amount of a line came about: the facts, and the sentence made of them when somebody asks.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::exact::Exact;
use crate::instant;
use crate::local;
use crate::scene::Mix;
use crate::statement::Register;

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

/// What the sentence needs beside the facts.
pub(crate) struct Figures<'a> {
    pub(crate) quantity: &'a Exact,
    pub(crate) price: Option<&'a Exact>,
    pub(crate) zone: Tz,
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

    /// The sentence, up to the amount.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each kind of line: the sentences are read side by side"
    )]
    pub(crate) fn sentence(&self, figures: &Figures<'_>) -> String {
        let quantity = figures.quantity;
        let price = figures.price.map(ToString::to_string).unwrap_or_default();
        match self {
            Self::Energy { register, mix } => {
                format!(
                    "{quantity} kWh of {}{} x {price} per kWh",
                    register.name(),
                    from(*mix)
                )
            }
            Self::Days { times, every, amount } if *every == "day" => {
                format!("{times} days x {amount} a day")
            }
            Self::Days { times, every, amount } => {
                format!("{quantity} days, {times} of a {every} x {amount} a {every}")
            }
            Self::Indexed {
                register,
                mix,
                mean,
                multiplier,
                adder,
            } => {
                let mean = mean.clone().unwrap_or_default();
                format!(
                    "{quantity} kWh of {}{}, each at the price of its time x {multiplier} + {adder}, {mean} per kWh in the mean",
                    register.name(),
                    from(*mix)
                )
            }
            Self::Tiers {
                register,
                mix,
                parts,
                days,
            } => {
                let part = |part: &TierPart| format!("{} x {}", part.kwh, part.rate);
                let tiers: Vec<String> = parts.iter().map(part).collect();
                format!(
                    "{quantity} kWh of {}{} by the tiers of {days} days: {}",
                    register.name(),
                    from(*mix),
                    tiers.join(" + ")
                )
            }
            Self::Package { kwh, mix, size } => {
                format!(
                    "{kwh} kWh{} begin {quantity} packages of {size} kWh x {price}",
                    from(*mix)
                )
            }
            Self::Step { mix, up_to } => {
                let step = match up_to {
                    Some(up_to) => format!("the fee up to {up_to} kWh"),
                    None => "the fee of the highest step".to_owned(),
                };
                format!("{quantity} kWh{}: {step}", from(*mix))
            }
            Self::Demand(how) => how.sentence(figures),
            Self::Coincident { at } => {
                format!(
                    "{quantity} kW in the mean of {} x {price} per kW",
                    times(at, figures.zone)
                )
            }
            Self::Reactive {
                kvarh,
                kwh,
                free_share,
            } => format!(
                "{kvarh} kvarh less {free_share} free for each of {kwh} kWh: {quantity} kvarh x {price} per kvarh"
            ),
            Self::ContractedBand { .. } | Self::ContractedFee { .. } | Self::ContractedExcess { .. } => {
                self.contracted(figures)
            }
            Self::NetEnergy {
                import,
                export,
                banked,
                surplus,
            } => format!(
                "{import} kWh of import less {export} kWh of export, {banked} kWh from the bank and {surplus} kWh into it: \
                 {quantity} kWh x {price} per kWh"
            ),
            Self::Expired => format!("{quantity} kWh of the bank were not used in time x {price} per kWh"),
            Self::Rebates(events) => {
                let event = |event: &Rebate| {
                    format!(
                        "{}: {} kWh in place of {}",
                        event.date, event.used, event.baseline
                    )
                };
                let events: Vec<String> = events.iter().map(event).collect();
                let events = if events.is_empty() {
                    "no event".to_owned()
                } else {
                    events.join(", ")
                };
                format!("{events}; {quantity} kWh saved x {price} per kWh")
            }
            Self::Previous { since } => {
                format!("what the bills on estimated reads since {since} charged for energy")
            }
            Self::Lines(sentence) => sentence.clone(),
        }
    }

    fn contracted(&self, figures: &Figures<'_>) -> String {
        let quantity = figures.quantity;
        if let Self::ContractedBand {
            contracted,
            measured,
            at,
            rate,
            days,
        } = self
        {
            let at = at_times(at.as_slice(), figures.zone);
            return format!(
                "{measured} kW at most{at} against {contracted} kW contracted: {quantity} kW x {rate} per kW and day x {days} days"
            );
        }
        if let Self::ContractedExcess { windows, contracted } = self {
            let price = figures.price.cloned().unwrap_or_default();
            return format!(
                "windows above {contracted} kW: {windows}; the root of their squared excesses is {quantity} kW x {price} per kW"
            );
        }
        if let Self::ContractedFee { rate, days } = self {
            return format!("{quantity} kW contracted x {rate} per kW and day x {days} days");
        }
        String::new()
    }
}

impl DemandHow {
    fn sentence(&self, figures: &Figures<'_>) -> String {
        let factor = match &self.power_factor {
            Some(factor) => format!(" with a power factor of {factor}"),
            None => String::new(),
        };
        let billed = if *figures.quantity == self.measured {
            String::new()
        } else {
            format!(", billed as {} kW", figures.quantity)
        };
        format!(
            "{} kW over {} minutes{}{factor}{billed} x {}",
            self.measured,
            self.window_minutes,
            at_times(&self.at, figures.zone),
            self.price
        )
    }
}

/// ` in 96 intervals`, with those that were estimated.
fn from(mix: Mix) -> String {
    match mix {
        Mix { intervals: 0, .. } => String::new(),
        Mix {
            intervals,
            estimated: 0,
        } => format!(" in {intervals} intervals"),
        Mix { intervals, estimated } => format!(" in {intervals} intervals ({estimated} of them estimated)"),
    }
}

/// ` at 2026-01-31 18:15 and 2026-02-01 07:00`, on the clock of the zone.
fn at_times(at: &[i64], zone: Tz) -> String {
    if at.is_empty() {
        return String::new();
    }
    format!(" at {}", times(at, zone))
}

fn times(at: &[i64], zone: Tz) -> String {
    let time = |at: &i64| {
        let local = at.saturating_add(local::offset_ms(zone, *at).unwrap_or_default());
        let text = instant::show(local).replace('T', " ");
        text.trim_end_matches(":00Z").trim_end_matches('Z').to_owned()
    };
    let times: Vec<String> = at.iter().map(time).collect();
    if times.is_empty() {
        return "no interval".to_owned();
    }
    times.join(" and ")
}
