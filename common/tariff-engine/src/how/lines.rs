//! Lines worked out from other lines, in words.

use serde_json::{Value, json};

use super::{LinesHow, LinesRule};
use crate::exact::Exact;
use crate::explanation::{Told, group, listed, number, rounds, sum, term};
use crate::rounding::{Rounding, Scope};

impl LinesHow {
    pub(super) fn told(&self) -> Told {
        let named = listed(self.of.iter().map(|(id, _)| id.clone()));
        let of = if named.is_empty() {
            "no line".to_owned()
        } else {
            named
        };
        let amounts = || self.of.iter().map(|(_, amount)| term(amount));
        let (sum, grouped) = (sum(amounts()), group(amounts()));
        let percent = |rate: &Exact| rate.times(Exact::whole(100));
        let told = match &self.rule {
            LinesRule::Percent(rate) => {
                let words = format!("{} % of {of}", percent(rate));
                Told::new("percent", words, format!("{grouped} x {}", term(rate))).with_number("rate", rate)
            }
            LinesRule::PercentOfEach(rate, rounding) => {
                let words = format!("{} % of each of {of}", percent(rate));
                Told::new("percent_of_each", words, self.of_each(rate, rounding)).with_number("rate", rate)
            }
            LinesRule::Minimum(amount) => {
                let words = format!("what {of} lacks to {amount}");
                Told::new("minimum", words, format!("max(0, {} - {grouped})", term(amount)))
                    .with_number("minimum", amount)
            }
            LinesRule::Maximum(amount) => {
                let words = format!("what {of} has above {amount}");
                Told::new("maximum", words, format!("-max(0, {sum} - {})", term(amount)))
                    .with_number("maximum", amount)
            }
            LinesRule::MaxPerKwh { rate, register, kwh } => {
                let words = format!(
                    "what {of} has above {rate} for each of {kwh} kWh of {}",
                    register.name()
                );
                let formula = format!("-max(0, {sum} - {} x {})", term(rate), term(kwh));
                Told::new("max_per_kwh", words, formula)
                    .with_number("rate", rate)
                    .with("register", register.name())
                    .with_number("kwh", kwh)
            }
        };
        let line = |(id, amount): &(String, Exact)| json!({"line": id, "amount": number(amount)});
        told.with("of", self.of.iter().map(line).collect::<Value>())
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
