//! The sentence that says how an amount came about: one for every kind of line.

use chrono_tz::Tz;

use super::{DemandHow, How, Rebate, TierPart};
use crate::exact::Exact;
use crate::instant;
use crate::local;
use crate::scene::Mix;

/// Of a register that the load does not have.
const NO_COLUMN: &str = " (the load has no such column)";

/// What the sentence needs beside the facts.
pub(crate) struct Figures<'a> {
    pub(crate) quantity: &'a Exact,
    pub(crate) price: Option<&'a Exact>,
    pub(crate) zone: Tz,
}

impl How {
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
                no_export,
            } => format!(
                "{import} kWh of import less {export} kWh of export{}, {banked} kWh from the bank and {surplus} kWh into it: \
                 {quantity} kWh x {price} per kWh",
                if *no_export { NO_COLUMN } else { "" }
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
        Mix { no_column: true, .. } => NO_COLUMN.to_owned(),
        Mix { intervals: 0, .. } => String::new(),
        Mix {
            intervals,
            estimated: 0,
            ..
        } => format!(" in {intervals} intervals"),
        Mix {
            intervals, estimated, ..
        } => format!(" in {intervals} intervals ({estimated} of them estimated)"),
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
