//! What a month costs, computed in the most pedestrian way: minute by minute, in fractions, with the clock changes written out.
//!
//! It shares nothing with the product but the rules: no code of the billing path, no decimal type, no time-zone library.

use std::collections::BTreeMap;

mod civil;
mod ratio;

pub use civil::{Civil, berlin};
pub use ratio::Ratio;

/// Energy by minute since 1970 UTC at which an interval begins: 10^-6 kWh.
pub type Load = BTreeMap<i64, i64>;

/// A price that holds on some days of the week between two clock times.
#[derive(Debug, Clone)]
pub struct Band {
    /// Its name in the line.
    pub name: &'static str,
    /// Per kWh, a decimal.
    pub rate: &'static str,
    /// 0 = Monday.
    pub weekdays: std::ops::Range<u32>,
    /// Minutes since local midnight.
    pub minutes: std::ops::Range<u32>,
}

/// The simple tariff of a household in Berlin. Lines are rounded half up to the cent.
#[derive(Debug, Clone)]
pub struct Tariff {
    /// First match wins.
    pub bands: Vec<Band>,
    /// When no band matches: name and price.
    pub otherwise: (&'static str, &'static str),
    /// A price on every kWh beside the bands.
    pub flat: &'static str,
    /// A month's fee, shared over its days.
    pub monthly: &'static str,
    /// A day's fee.
    pub daily: &'static str,
    /// Value-added tax on everything.
    pub vat: &'static str,
}

/// Line ids with amounts in cents, in order, and the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// In order.
    pub lines: Vec<(String, i128)>,
    /// Their sum.
    pub total: i128,
}

impl Tariff {
    /// The bill of the local dates `[from, to)` in Berlin.
    #[must_use]
    pub fn bill(&self, load: &Load, from: Civil, to: Civil) -> Bill {
        let mut energy: BTreeMap<&str, i128> = BTreeMap::new();
        let mut monthly = Ratio::zero();
        let mut days: i128 = 0;
        for minute in berlin::midnight(from)..berlin::midnight(to) {
            let (date, of_day) = berlin::wall_clock(minute);
            if of_day == 0 {
                days += 1;
                monthly = monthly.plus(Ratio::decimal(self.monthly).over(i128::from(date.days_of_month())));
            }
            if let Some(used) = load.get(&minute) {
                *energy.entry(self.band(date.weekday(), of_day)).or_default() += i128::from(*used);
            }
        }
        let everything: i128 = energy.values().sum();
        let mut lines: Vec<(String, i128)> = Vec::new();
        let bands = self
            .bands
            .iter()
            .map(|band| (band.name, band.rate))
            .chain([self.otherwise]);
        for (name, rate) in bands {
            if let Some(used) = energy.get(name) {
                let exact = Ratio::decimal(rate).times(*used).over(1_000_000);
                lines.push((format!("energy.{name}"), exact.cents_half_up()));
            }
        }
        let flat = Ratio::decimal(self.flat).times(everything).over(1_000_000);
        lines.push(("levy".to_owned(), flat.cents_half_up()));
        lines.push(("base".to_owned(), monthly.cents_half_up()));
        lines.push((
            "meter".to_owned(),
            Ratio::decimal(self.daily).times(days).cents_half_up(),
        ));
        let net: i128 = lines.iter().map(|(_, cents)| cents).sum();
        lines.push((
            "vat".to_owned(),
            Ratio::decimal(self.vat).times(net).over(100).cents_half_up(),
        ));
        let total = lines.iter().map(|(_, cents)| cents).sum();
        Bill { lines, total }
    }

    fn band(&self, weekday: u32, minute: u32) -> &'static str {
        let found = self
            .bands
            .iter()
            .find(|band| band.weekdays.contains(&weekday) && band.minutes.contains(&minute));
        found.map_or(self.otherwise.0, |band| band.name)
    }
}

/// Cents as the decimal that a bill shows.
#[must_use]
pub fn show(cents: i128) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests;
