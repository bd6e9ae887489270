//! Contracted power, in words.

use super::{BandHow, ExcessHow, moment, words};
use crate::exact::Exact;
use crate::explanation::{Facts, Told, said, term};
use crate::instant;
use crate::statement::Line;

impl BandHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let windows = self.among.words(line);
        let most = match self.at {
            Some(at) => format!(
                "the highest mean of {windows} is {} kW at {}",
                said(&self.measured),
                moment(line.period.zone, at)
            ),
            None => format!("there are no {windows}, so 0 kW"),
        };
        let words = format!(
            "{most}, {}, at {} per kW and day for {}",
            self.billed_words(line),
            self.rate,
            words::days(line, self.days)
        );
        let kw = if self.is_low() {
            format!("{} x {}", term(&self.contracted), term(&self.low))
        } else {
            format!("({} + {})", term(&self.measured), self.excess())
        };
        let (rate, days) = (term(&self.rate), self.days);
        Told::new(words, format!("{kw} x {rate} x {days}"))
    }

    fn is_low(&self) -> bool {
        self.measured < self.contracted.times(&self.low)
    }

    /// The formula of what is added for what is too much.
    fn excess(&self) -> String {
        format!(
            "max(0, {} - {} x {}) x {}",
            term(&self.measured),
            term(&self.contracted),
            term(&self.high),
            term(&self.excess_factor)
        )
    }

    /// What becomes of the measured power.
    fn billed_words(&self, line: &Line) -> String {
        let percent = |share: &Exact| share.times(Exact::whole(100));
        let (low, high, contracted) = (percent(&self.low), percent(&self.high), &self.contracted);
        let billed = said(&line.quantity);
        if self.is_low() {
            return format!("less than {low} % of the {contracted} kW contracted, so these {billed} kW");
        }
        if self.measured <= self.contracted.times(&self.high) {
            return format!("from {low} to {high} % of the {contracted} kW contracted, so as measured");
        }
        format!(
            "more than {high} % of the {contracted} kW contracted, so {} times what is above is added, {billed} kW",
            self.excess_factor
        )
    }

    pub(super) fn facts(&self, line: &Line) -> Facts {
        let facts = Facts::of("contracted_band")
            .with_number("contracted_kw", &self.contracted)
            .with_number("low", &self.low)
            .with_number("high", &self.high)
            .with_number("excess_factor", &self.excess_factor)
            .with_number("measured_kw", &self.measured)
            .with_number("billed_kw", &line.quantity)
            .with("at", self.at.map(instant::show))
            .with_number("price", &self.rate)
            .with("days", self.days);
        self.among.add_to(facts)
    }
}

/// Contracted power, paid always.
pub(super) fn fee(line: &Line, rate: &Exact, days: usize) -> Told {
    let kw = &line.quantity;
    let words = format!(
        "{kw} kW contracted, at {rate} per kW and day for {}",
        words::days(line, days)
    );
    Told::new(words, format!("{} x {} x {days}", term(kw), term(rate)))
}

pub(super) fn fee_facts(line: &Line, rate: &Exact, days: usize) -> Facts {
    Facts::of("contracted_fee")
        .with_number("contracted_kw", &line.quantity)
        .with_number("price", rate)
        .with("days", days)
}

impl ExcessHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let (contracted, count, price) = (&self.contracted, self.windows, line.price_or_zero());
        let verb = if count == 1 { "is" } else { "are" };
        let words = format!(
            "{count} of the {} {verb} above the {contracted} kW contracted; what is above, each squared, is {} together, and the root of that \
             is paid at {price} per kW",
            self.among.words(line),
            said(&self.squares)
        );
        Told::new(words, format!("root({}) x {}", self.squares, term(price)))
    }

    pub(super) fn facts(&self, line: &Line) -> Facts {
        let facts = Facts::of("contracted_excess")
            .with_number("contracted_kw", &self.contracted)
            .with("windows", self.windows)
            .with_number("squares", &self.squares)
            .with_number("price", line.price_or_zero());
        self.among.add_to(facts)
    }
}
