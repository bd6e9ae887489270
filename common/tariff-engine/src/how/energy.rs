//! Energy at a price, at those of a market, by tiers, packages and steps, in words.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{IndexedHow, Source, StepHow, TierPart, TiersHow, words};
use crate::exact::Exact;
use crate::explanation::{Facts, Told, limit, listed, number, product, said, sum, term};
use crate::rounding::Mode;
use crate::statement::Line;

/// Decimal places of a mean price.
const MEAN_PLACES: u32 = 6;

impl Source {
    /// All of it at the line's price.
    pub(super) fn at_one_price(&self, line: &Line) -> Told {
        let price = line.price_or_zero();
        Told::new(
            format!("{}, at {price} per {}", self.words(line), self.unit()),
            product(&self.kwh, price),
        )
    }

    pub(super) fn at_one_price_facts(&self, line: &Line) -> Facts {
        Facts::of("energy")
            .with("energy", self.facts())
            .with_number("price", line.price_or_zero())
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
        let unit = source.unit();
        let mean = market.over(&source.kwh);
        let mean = mean.map(|mean| format!(" ({} per {unit} in the mean)", mean_price(&mean)));
        let words = format!(
            "{}, each interval's {unit} at the market's price of its time, together {}{}; that x {multiplier}, and {adder} for each {unit}",
            source.words(line),
            said(market),
            mean.unwrap_or_default()
        );
        let plain = format!(
            "{} + {}",
            product(market, multiplier),
            product(&source.kwh, adder)
        );
        let formula = if *sign == Exact::ONE {
            plain
        } else {
            format!("-({plain})")
        };
        Told::new(words, formula)
    }

    pub(super) fn facts(&self) -> Facts {
        Facts::of("indexed")
            .with("energy", self.source.facts())
            .with_number("market", &self.market)
            .with_number("multiplier", &self.multiplier)
            .with_number("adder", &self.adder)
            .with_number("sign", &self.sign)
    }
}

/// A decimal, or about what it is: nothing is computed with it.
fn mean_price(mean: &Exact) -> String {
    let short = mean.rounded(MEAN_PLACES, Mode::HalfUp);
    let about = if short == *mean { "" } else { "about " };
    format!("{about}{short}")
}

impl TiersHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let tiers = listed(self.parts.iter().map(|part| self.tier(part)));
        let how = if self.by_volume {
            "all at the tier that it reaches"
        } else {
            "by tiers"
        };
        let words = format!(
            "{}{}, {how}: {tiers}",
            self.source.words(line),
            self.season_words(line)
        );
        let used = self.parts.iter().filter(|part| !part.kwh.is_zero());
        Told::new(words, sum(used.map(|part| product(&part.kwh, &part.rate))))
    }

    pub(super) fn facts(&self, line: &Line) -> Facts {
        let part = |part: &TierPart| {
            json!({
                "kwh": number(&part.kwh), "up_to": limit(part.up_to.as_ref()), "limit": limit(part.limit.as_ref()),
                "price": number(&part.rate),
            })
        };
        let season = self.months.as_ref().map(|months| {
            let runs = words::days_in(line, months);
            let run = |(first, last): &(NaiveDate, NaiveDate)| json!({"first": first.to_string(), "last": last.to_string()});
            json!({"months": &**months, "days": runs.iter().map(run).collect::<Value>()})
        });
        Facts::of("tiers")
            .with("energy", self.source.facts())
            .with("mode", if self.by_volume { "volume" } else { "graduated" })
            .with("allowance", self.allowance)
            .with("days", self.days)
            .with("season", season)
            .with("tiers", self.parts.iter().map(part).collect::<Value>())
    }

    /// Which days of the line are in its season.
    fn season_words(&self, line: &Line) -> String {
        let Some(months) = &self.months else {
            return String::new();
        };
        let runs = words::days_in(line, months);
        let run = |(first, last): &(NaiveDate, NaiveDate)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first} to {last}")
            }
        };
        let runs = listed(runs.iter().map(run));
        match self.days {
            0 => ", no day of its season".to_owned(),
            days => format!(", {} of its season ({runs})", words::count(days, "day")),
        }
    }

    /// `up to 100 kWh x 20/30 days = 200/3 kWh at 0.25`.
    fn tier(&self, part: &TierPart) -> String {
        let (rate, unit) = (&part.rate, self.source.unit());
        let (Some(up_to), Some(limit)) = (&part.up_to, &part.limit) else {
            return if self.parts.len() == 1 {
                format!("without limit at {rate}")
            } else {
                format!("above at {rate}")
            };
        };
        match self.allowance {
            "per_day" => format!(
                "up to {up_to} x {} = {} {unit} at {rate}",
                words::count(self.days, "day"),
                said(limit)
            ),
            "per_30_days" => format!(
                "up to {up_to} x {}/30 days = {} {unit} at {rate}",
                self.days,
                said(limit)
            ),
            _ => format!("up to {limit} {unit} at {rate}"),
        }
    }
}

/// Packages begun.
pub(super) fn package(line: &Line, source: &Source, size: &Exact) -> Told {
    let price = line.price_or_zero();
    let words = format!(
        "{}, in packages of {size} {}, of which {} begun, at {price} each",
        source.words(line),
        source.unit(),
        if line.quantity == Exact::ONE {
            "1 is".to_owned()
        } else {
            format!("{} are", line.quantity)
        }
    );
    let formula = if source.kwh.is_negative() {
        format!("0 x {}", term(price))
    } else {
        format!("up({} / {}) x {}", term(&source.kwh), term(size), term(price))
    };
    Told::new(words, formula)
}

pub(super) fn package_facts(line: &Line, source: &Source, size: &Exact) -> Facts {
    Facts::of("package")
        .with("energy", source.facts())
        .with_number("size", size)
        .with_number("price", line.price_or_zero())
}

/// The fee of a step.
pub(super) fn step(line: &Line, source: &Source, step: &StepHow) -> Told {
    let words = format!(
        "{}; the fee for a use {}",
        source.words(line),
        step.inclusive(source.unit())
    );
    Told::new(words, term(&line.exact).to_string())
}

pub(super) fn step_facts(line: &Line, source: &Source, step: &StepHow) -> Facts {
    Facts::of("step")
        .with("energy", source.facts())
        .with_limit("above", step.above.as_ref())
        .with_limit("up_to", step.up_to.as_ref())
        .with_number("fee", &line.exact)
}
