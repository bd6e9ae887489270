//! Lines worked out from other lines, in words.

use serde_json::{Value, json};

use super::{LinesHow, LinesRule};
use crate::exact::Exact;
use crate::explanation::{Facts, Told, group, listed, number, rounds, sum, term};
use crate::rounding::{Rounding, Scope};

impl LinesHow {
    pub(super) fn told(&self) -> Told {
        let mut of = listed(self.of.iter().map(|(id, _)| id));
        if of.is_empty() {
            "no line".clone_into(&mut of);
        }
        let amounts = || self.of.iter().map(|(_, amount)| term(amount));
        let percent = |rate: &Exact| rate.times(Exact::whole(100));
        match &self.rule {
            LinesRule::Percent(rate) => Told::new(
                format!("{} % of {of}", percent(rate)),
                format!("{} x {}", group(amounts()), term(rate)),
            ),
            LinesRule::PercentOfEach(rate, rounding) => Told::new(
                format!("{} % of each of {of}", percent(rate)),
                self.of_each(rate, rounding),
            ),
            LinesRule::Minimum(amount) => Told::new(
                format!("what the sum of {of} lacks to {amount}"),
                format!("max(0, {} - {})", term(amount), group(amounts())),
            ),
            LinesRule::Maximum(amount) => Told::new(
                format!("what the sum of {of} has above {amount}"),
                format!("-max(0, {} - {})", sum(amounts()), term(amount)),
            ),
            LinesRule::MaxPerKwh { rate, register, kwh } => Told::new(
                format!(
                    "what the sum of {of} has above {rate} for each of {kwh} {} of {}",
                    register.unit().word(),
                    register.name()
                ),
                format!("-max(0, {} - {} x {})", sum(amounts()), term(rate), term(kwh)),
            ),
        }
    }

    pub(super) fn facts(&self) -> Facts {
        let facts = match &self.rule {
            LinesRule::Percent(rate) => Facts::of("percent").with_number("rate", rate),
            LinesRule::PercentOfEach(rate, _) => Facts::of("percent_of_each").with_number("rate", rate),
            LinesRule::Minimum(amount) => Facts::of("minimum").with_number("minimum", amount),
            LinesRule::Maximum(amount) => Facts::of("maximum").with_number("maximum", amount),
            LinesRule::MaxPerKwh { rate, register, kwh } => Facts::of("max_per_kwh")
                .with_number("rate", rate)
                .with("register", register.name())
                .with_number("kwh", kwh),
        };
        let line = |(id, amount): &(String, Exact)| json!({"line": id, "amount": number(amount)});
        facts.with("of", self.of.iter().map(line).collect::<Value>())
    }

    /// The sum of shares, each rounded as a line is.
    fn of_each(&self, rate: &Exact, rounding: &Rounding) -> String {
        let share = |(_, amount): &(String, Exact)| {
            let share = format!("{} x {}", term(amount), term(rate));
            match rounding.scope {
                Scope::Line => format!("{}({share}, {})", rounds(rounding.mode), rounding.places),
                Scope::Total | Scope::None => share,
            }
        };
        sum(self.of.iter().map(share))
    }
}
