//! Energy at a price, at those of a market, by tiers, packages and steps, in words.

use serde_json::{Value, json};

use super::{IndexedHow, Source, StepHow, TierPart, TiersHow};
use crate::exact::Exact;
use crate::explanation::{Told, limit, listed, number, said, sum, term};
use crate::statement::Line;

impl Source {
    /// All of it at the line's price.
    pub(super) fn at_one_price(&self, line: &Line) -> Told {
        let price = line.price.clone().unwrap_or_default();
        let words = format!("{} at {price} per kWh", self.words(line));
        let formula = format!("{} x {}", term(&self.kwh), term(&price));
        Told::new("energy", words, formula)
            .with("energy", self.facts())
            .with_number("price", &price)
    }
}

impl IndexedHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let Self {
            source,
            market,
            multiplier,
            adder,
            sign,
        } = self;
        let mean = market.over(&source.kwh);
        let mean = mean.map(|mean| format!(" ({} per kWh in the mean)", said(&mean)));
        let words = format!(
            "{}, at the market's price of each interval {} together{}; that x {multiplier}, and {adder} for each kWh",
            source.words(line),
            said(market),
            mean.unwrap_or_default()
        );
        let plain = format!(
            "{} x {} + {} x {}",
            term(market),
            term(multiplier),
            term(&source.kwh),
            term(adder)
        );
        let formula = if *sign == Exact::ONE {
            plain
        } else {
            format!("-({plain})")
        };
        Told::new("indexed", words, formula)
            .with("energy", source.facts())
            .with_number("market", market)
            .with_number("multiplier", multiplier)
            .with_number("adder", adder)
            .with_number("sign", sign)
    }
}

impl TiersHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let tiers = listed(self.parts.iter().map(|part| self.tier(part)));
        let how = if self.by_volume {
            "all at the tier that it reaches"
        } else {
            "by tiers"
        };
        let words = format!("{}, {how}: {tiers}", self.source.words(line));
        let used = self.parts.iter().filter(|part| !part.kwh.is_zero());
        let formula = sum(used.map(|part| format!("{} x {}", term(&part.kwh), term(&part.rate))));
        let part = |part: &TierPart| {
            json!({
                "kwh": number(&part.kwh), "up_to": limit(part.up_to.as_ref()), "limit": limit(part.limit.as_ref()),
                "price": number(&part.rate),
            })
        };
        Told::new("tiers", words, formula)
            .with("energy", self.source.facts())
            .with("mode", if self.by_volume { "volume" } else { "graduated" })
            .with("allowance", self.allowance)
            .with("days", self.days)
            .with("tiers", self.parts.iter().map(part).collect::<Value>())
    }

    /// `up to 100 x 20/30 = 200/3 at 0.25`.
    fn tier(&self, part: &TierPart) -> String {
        let rate = &part.rate;
        let (Some(up_to), Some(limit)) = (&part.up_to, &part.limit) else {
            return if self.parts.len() == 1 {
                format!("without limit at {rate}")
            } else {
                format!("above at {rate}")
            };
        };
        match self.allowance {
            "per_day" => format!("up to {up_to} x {} days = {} at {rate}", self.days, said(limit)),
            "per_30_days" => format!(
                "up to {up_to} x {}/30 days = {} at {rate}",
                self.days,
                said(limit)
            ),
            _ => format!("up to {limit} at {rate}"),
        }
    }
}

/// Packages begun.
pub(super) fn package(line: &Line, source: &Source, size: &Exact) -> Told {
    let price = line.price.clone().unwrap_or_default();
    let words = format!(
        "{} in packages of {size} kWh, of which {} are begun, at {price} each",
        source.words(line),
        line.quantity
    );
    let formula = if source.kwh.is_negative() {
        format!("0 x {}", term(&price))
    } else {
        format!("up({} / {}) x {}", term(&source.kwh), term(size), term(&price))
    };
    Told::new("package", words, formula)
        .with("energy", source.facts())
        .with_number("size", size)
        .with_number("price", &price)
}

/// The fee of a step.
pub(super) fn step(line: &Line, source: &Source, step: &StepHow) -> Told {
    let words = format!(
        "{}; the fee for a use {}",
        source.words(line),
        step.inclusive("kWh")
    );
    Told::new("step", words, line.exact.to_string())
        .with("energy", source.facts())
        .with_limit("above", step.above.as_ref())
        .with_limit("up_to", step.up_to.as_ref())
        .with_number("fee", &line.exact)
}
